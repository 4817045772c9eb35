"""Within a child: lengths and heads that shrink, heads above lengths, positions against the age."""

from __future__ import annotations

from dataclasses import replace

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Judgement, Limits, rule
from milkqc.checks.habits import HABIT_ROWS, MEASURED_IN, SHRUNK_CM, SHRUNK_SHARE
from milkqc.checks.phrases import holds
from milkqc.checks.views import MEASURED_BY

# WHO Child Growth Standards: standing height is 0.7 cm below recumbent length; lying below 24 months (731 d).
LYING_ABOVE_STANDING_CM = 0.7
TWO_YEARS_DAYS = 731
# Ages count in whole days, half up: 24 reported months are 730.5 d, and scored as day 731.
TWO_YEARS_FROM = TWO_YEARS_DAYS - 0.5
# WHO anthro: a height "standing" before 9 months is not believed.
NINE_MONTHS_DAYS = 9 * 30.4375
# A team is named from this share and number of its rows on; the rows themselves inform.
TEAM_SHARE, TEAM_ROWS = 0.10, 5.0
# Odds (log10) from which a value has a finding of its own as one in another unit or swapped (rules/suspicion.py).
SUSPECTED_FROM = 2.0
_CHILD = ("infant_id", "age_days")
_FLAGS = {"length_cm": "laz_flag", "head_circumference_cm": "hcz_flag"}
_ODDS = {
    "length_cm": ("length_cm__odds", "weight_length__odds", "length_head__odds"),
    "head_circumference_cm": ("head_circumference_cm__odds", "length_head__odds"),
}
# Two careful observers differ by up to 0.7 cm in length and 0.5 cm in head circumference (the largest differences
# that the WHO Multicentre Growth Reference Study accepted; from general knowledge, unverified).
_AGREEMENT = "milkqc: beyond what two measurements of one child differ by (WHO MGRS accepted 0.7 and 0.5 cm; unverified)"


def lying_length() -> nw.Expr:
    """Length as if lying, so that the change of position is not taken for shrinking."""
    return (
        nw.when(nw.col("measured") == "standing")
        .then(nw.col("length_cm") + LYING_ABOVE_STANDING_CM)
        .otherwise(nw.col("length_cm"))
    )


def _shrinks(measure: nw.Expr, column: str, flag: str, *, above: float, up_to: float | None) -> Judgement:
    """Against the infant's previous measurement (rows without one are left out before), at a lower age.

    A measurement that WHO flags, or that is suspected of another unit or a swap, is left out as well: it has a finding of its own, and the next good one would
    look as if the child had shrunk.
    """
    order = ("age_days", "row_id")
    before = measure.shift(1).over("infant_id", order_by=order)
    earlier = nw.col("age_days").shift(1).over("infant_id", order_by=order)
    # 0.3 - 0.1 is not 0.2 in binary: a hundredth of a millimetre keeps differences of one decimal exact.
    lost = before - measure
    fails = (lost > above + 1e-3) & (earlier < nw.col("age_days"))
    if up_to is not None:
        fails = fails & (lost <= up_to + 1e-3)
    shown = nw.col(column).shift(1).over("infant_id", order_by=order)
    # A visit before birth has a finding of its own; in the order of ages it would make others shrink.
    # Cast, because pandas keeps a column with nulls as objects, which `~` does not take.
    believed = ~nw.col(flag).cast(nw.Boolean).fill_null(value=False)
    for odds in _ODDS[column]:
        believed = believed & (nw.col(odds).cast(nw.Float64).fill_null(0.0) < SUSPECTED_FROM)
    among = (nw.col("age_days") >= 0) & believed
    return Judgement(fails, among=among, shows={"before": shown, "day": earlier})


for _id, _column, _severity, _above, _up_to, _second in (
    ("growth.length.shrinks", "length_cm", "warning", 1.0, None, 58.9),
    ("growth.length.shrinks_slightly", "length_cm", "info", 0.5, 1.0, 59.2),
    ("growth.head.shrinks", "head_circumference_cm", "warning", 1.0, None, 58.9),
    ("growth.head.shrinks_slightly", "head_circumference_cm", "info", 0.5, 1.0, 59.2),
):
    _more = "by more than {above} cm" + (", up to {max} cm" if _up_to else "")

    @rule(
        _id,
        table="growth",
        columns=(
            _column,
            *_CHILD,
            _FLAGS[_column],
            *_ODDS[_column],
            *(("measured",) if _column == "length_cm" else ()),
        ),
        needs=(_column, *_CHILD),
        severity=_severity,  # type: ignore[arg-type]
        source=_AGREEMENT,
        expected="about {before} cm or more, as on day {day}",
        limits={"above": _above, **({"max": _up_to} if _up_to else {})},
        passes={
            _column: [60.0, None, 95.0, 59.5, 58.0],
            "infant_id": ["a", "a", "a", "a", "b"],
            "age_days": [90.0, 100.0, 110.0, 120.0, 150.0],
            "measured": ["lying", "lying", "lying", "lying", "lying"],
            _FLAGS[_column]: [False, None, True, False, False],
        },
        fails={
            _column: [_second, None, 60.0],
            "infant_id": ["a", "a", "a"],
            "age_days": [120.0, 100.0, 90.0],
            "measured": ["lying", "lying", "lying"],
            "!": [True, False, False],
        },
        says=f"The measurement is lower than this infant's previous one {_more}; children do not shrink.",
    )
    def shrinks(limits: Limits, column: str = _column) -> Judgement:
        """Children do not shrink; the sentence of each rule says from what difference on."""
        measure = lying_length() if column == "length_cm" else nw.col(column)
        return _shrinks(measure, column, _FLAGS[column], above=limits["above"], up_to=limits.get("max"))


for _id, _column in (
    ("growth.length.shrinks_often", "length_cm"),
    ("growth.head.shrinks_often", "head_circumference_cm"),
):

    @rule(
        _id,
        table="growth",
        columns=(
            _column,
            MEASURED_IN,
            *_CHILD,
            f"{_column}__shrinks_often",
            _FLAGS[_column],
            *_ODDS[_column],
            *(("measured",) if _column == "length_cm" else ()),
        ),
        needs=(_column, MEASURED_IN, *_CHILD),
        level="group",
        per=(MEASURED_IN,),
        severity="warning",
        source=f"milkqc: from {SHRUNK_SHARE:.0%} and {HABIT_ROWS} of a group's measurements on; the limit is unverified",
        value="{n_rows} children",
        expected="nearly none",
        limits={"above": SHRUNK_CM},
        passes={
            _column: [60.0, 57.0],
            MEASURED_IN: ["*", "*"],
            "infant_id": ["a", "a"],
            "age_days": [90.0, 120.0],
            f"{_column}__shrinks_often": [False, False],
        },
        fails={
            _column: [60.0, 57.0],
            MEASURED_IN: ["*", "*"],
            "infant_id": ["a", "a"],
            "age_days": [90.0, 120.0],
            f"{_column}__shrinks_often": [True, True],
            "!": [False, True],
        },
        says="In one group children often shrink by more than {above} cm: measuring is imprecise, or records are mixed up.",
        site="Measure some children twice, by two people; look at the board or tape, and at whose forms they are.",
        analyst="Compute no growth between two visits of this group before it is settled.",
    )
    def shrinks_often(limits: Limits, column: str = _column) -> Judgement:
        """A habit of the group; the rows are those of the rule about one child, which then inform."""
        measure = lying_length() if column == "length_cm" else nw.col(column)
        said = _shrinks(measure, column, _FLAGS[column], above=limits["above"], up_to=None)
        return replace(said, fails=said.fails & holds(f"{column}__shrinks_often"))


@rule(
    "growth.head.above_length",
    table="growth",
    columns=("head_circumference_cm", "length_cm"),
    severity="critical",
    source="definition: at birth the head is about 70 % of the length, later less",
    expected="below the length, {length_cm} cm",
    passes={"head_circumference_cm": [35.0, None], "length_cm": [50.0, 50.0]},
    fails={"head_circumference_cm": [50.0], "length_cm": [35.0]},
)
def head_above_length() -> nw.Expr:
    """The head circumference is above the length: the two were probably swapped."""
    return nw.col("head_circumference_cm") > nw.col("length_cm")


@rule(
    "growth.position.not_believed",
    table="growth",
    columns=("measured", "age_days"),
    severity="info",
    source="WHO anthro: standing before 9 months is not believed, the length is used as given",
    expected="lying at {age_days} d",
    passes={"measured": ["standing", "lying"], "age_days": [274.0, 100.0]},
    fails={"measured": ["standing"], "age_days": [273.0]},
)
def position_not_believed() -> nw.Expr:
    """Standing before nine months is not believed; the length was scored as given."""
    return (nw.col("measured") == "standing") & (nw.col("age_days") < NINE_MONTHS_DAYS)


@rule(
    "growth.position.age",
    table="growth",
    columns=("measured", "age_days"),
    severity="info",
    source="WHO Child Growth Standards: lying under 24 months, standing from 24 months",
    expected="lying under 24 months, standing from then; age {age_days} d",
    passes={
        "measured": ["lying", "standing", "standing", "standing"],
        "age_days": [730.0, 731.0, 730.5, 100.0],
    },
    fails={"measured": ["standing", "lying", "lying"], "age_days": [730.0, 731.0, 730.5]},
)
def position_against_age() -> Judgement:
    """The position does not go with the age; 0.7 cm was added or taken off before scoring."""
    standing, old = nw.col("measured") == "standing", nw.col("age_days") >= TWO_YEARS_FROM
    return Judgement(
        (standing & ~old) | (~standing & old), among=~standing | (nw.col("age_days") >= NINE_MONTHS_DAYS)
    )


@rule(
    "growth.position.often",
    table="growth",
    columns=("measured", MEASURED_BY, "age_days"),
    level="group",
    per=(MEASURED_BY,),
    severity="warning",
    source="milkqc: from a share of {share} and {rows} of a team's measured rows on; WHO/UNICEF reporting asks for the table, the limit is unverified",
    limits={"share": TEAM_SHARE, "rows": TEAM_ROWS},
    value="{n_rows} children",
    expected="lying under 24 months, standing from then",
    passes={"measured": ["standing"] * 4, MEASURED_BY: ["team=1"] * 4, "age_days": [300.0] * 4},
    fails={
        "measured": [*["standing"] * 5, "lying"],
        MEASURED_BY: ["team=1"] * 6,
        "age_days": [300.0] * 6,
        "!": [True, True, True, True, True, False],
    },
)
def position_against_age_often(limits: Limits) -> nw.Expr:
    """One team often measures in the other position; growth.position.age lists the rows."""
    standing, old = nw.col("measured") == "standing", nw.col("age_days") >= TWO_YEARS_FROM
    other = (standing & ~old) | (~standing & old)
    counted = other.cast(nw.Int64).sum().over(MEASURED_BY)
    rows = nw.col("age_days").count().over(MEASURED_BY)
    return other & (counted >= limits["rows"]) & (counted >= rows * limits["share"])
