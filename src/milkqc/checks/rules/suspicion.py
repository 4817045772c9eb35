"""Within a child: a measure in another unit, two that were swapped, a speed no child grows at, a date of another visit.

The scores come from derive.suspicion, the method and its error rates stand in docs/growth_suspicion.md; here is what counts
as too much. A finding suggests what would make the value plausible; the value stays as it is.
"""

from __future__ import annotations

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Judgement, Limits, rule
from milkqc.checks.views import MEASURED_BY, SUSPECTED

# Odds of a hundred to one (log10) for another reading against the value as it stands.
SURE = 2.0
# Odds of ten to one that the date is another: two measures or more must say so together, and the finding only informs.
DATE_SURE = 1.0
# SD from what a child's own visits lead one to expect. In the CPP 4 of 2,478 measurements with another visit lie beyond; a
# limit of 5 would leave 1 and miss half as many planted errors again (docs/growth_suspicion.md).
FASTEST = 4.0
# A team is named from this share and number of its rows on.
TEAM_SHARE, TEAM_ROWS = 0.05, 3.0
_METHOD = "milkqc: likelihood ratio against WHO/INTERGROWTH scores and the child's other visits (docs/growth_suspicion.md)"
_FLAG = {"weight_kg": "waz_flag", "length_cm": "laz_flag", "head_circumference_cm": "hcz_flag"}

for _measure in SUSPECTED:
    _unit = _measure.rpartition("_")[2]
    _would = f"{{{_measure}__would_be}} {_unit} (z {{{_measure}__would_score}}) if {{{_measure}__reading}}"

    @rule(
        f"growth.{_measure}.unit",
        table="growth",
        columns=(
            _measure,
            *(f"{_measure}__{part}" for part in ("odds", "reading", "would_be", "would_score")),
        ),
        needs=(_measure, f"{_measure}__odds"),
        severity="warning",
        source=_METHOD,
        expected=_would,
        limits={"odds": SURE},
        passes={_measure: [12.0, 12.0], f"{_measure}__odds": [0.0, 1.9]},
        fails={
            _measure: [12.0, 12.0],
            f"{_measure}__odds": [2.0, None],
            f"{_measure}__reading": ["written in pounds", None],
            f"{_measure}__would_be": [5.44, None],
            f"{_measure}__would_score": [-1.0, None],
            "!": [True, False],
        },
        says="The value hardly fits this child, but fits well if it is in another unit or its point is misplaced.",
    )
    def another_unit(limits: Limits, measure: str = _measure) -> nw.Expr:
        """At odds of 100 to 1 the number is right in another unit or with its point elsewhere."""
        return nw.col(f"{measure}__odds") >= limits["odds"]

    @rule(
        f"growth.{_measure}.unit_batch",
        table="growth",
        columns=(_measure, f"{_measure}__batch", f"{_measure}__reading"),
        level="group",
        per=(f"{_measure}__batch", f"{_measure}__reading"),
        severity="warning",
        source=_METHOD,
        value=f"{{n_rows}} values {{{_measure}__reading}}",
        expected=_unit,
        needs=(_measure,),
        passes={_measure: [12.0, 12.0]},
        fails={
            _measure: [12.0, 12.0],
            f"{_measure}__batch": ["site=A; visit=month_3", None],
            f"{_measure}__reading": ["written in pounds", None],
            "!": [True, False],
        },
        says="A whole file, site, team or visit has values that hardly any child has, and that fit in another unit.",
    )
    def batch_in_another_unit(measure: str = _measure) -> nw.Expr:
        """The group's median is far from any population, and near the standard in another unit: one cause."""
        return ~nw.col(f"{measure}__batch").is_null()

    @rule(
        f"growth.{_measure}.unit_in_batch",
        table="growth",
        columns=(
            _measure,
            *(f"{_measure}__{part}" for part in ("batch", "reading", "would_be", "would_score")),
        ),
        needs=(_measure,),
        severity="info",
        source=_METHOD,
        expected=f"{_would}, as all of {{{_measure}__batch}}",
        passes={_measure: [12.0]},
        fails={
            _measure: [12.0, 12.0],
            f"{_measure}__batch": ["site=A; visit=month_3", None],
            "!": [True, False],
        },
        says="The row belongs to a group that was written in another unit as a whole.",
    )
    def row_of_a_batch(measure: str = _measure) -> nw.Expr:
        """A row of such a group."""
        return ~nw.col(f"{measure}__batch").is_null()


for _pair, _first, _second, _about in (
    ("weight_length", "weight_kg", "length_cm", "weight_kg"),
    ("length_head", "length_cm", "head_circumference_cm", "head_circumference_cm"),
):

    @rule(
        f"growth.{_pair}.swapped",
        table="growth",
        columns=(
            *((_first, _second) if _about == _first else (_second, _first)),
            *(f"{_pair}__{part}" for part in ("odds", "first", "second")),
        ),
        needs=(_first, _second, f"{_pair}__odds"),
        severity="warning",
        source=_METHOD,
        value=f"{{{_first}}} and {{{_second}}}",
        expected=f"{{{_pair}__first}} {_first.rpartition('_')[2]} and {{{_pair}__second}} cm, the two exchanged",
        limits={"odds": SURE},
        passes={_first: [6.0], _second: [61.0], f"{_pair}__odds": [0.0]},
        fails={
            _first: [61.0],
            _second: [6.0],
            f"{_pair}__odds": [20.0],
            f"{_pair}__first": [6.0],
            f"{_pair}__second": [61.0],
        },
        says="Neither value fits this child, and both do when they are exchanged.",
    )
    def swapped(limits: Limits, pair: str = _pair) -> nw.Expr:
        """At odds of 100 to 1 the two numbers stand in each other's place."""
        return nw.col(f"{pair}__odds") >= limits["odds"]


for _measure, _flag in _FLAG.items():

    @rule(
        f"growth.{_measure}.velocity",
        table="growth",
        columns=(_measure, f"{_measure}__velocity", f"{_measure}__odds", _flag),
        needs=(_measure, f"{_measure}__velocity"),
        severity="warning",
        source="milkqc: conditional z-score, correlations fitted to the US Collaborative Perinatal Project (docs/growth_suspicion.md)",
        limits={"max": FASTEST},
        expected=f"within {{max}} SD of this child's visits before and after, not {{{_measure}__velocity}}",
        passes={_measure: [9.0, 4.0], f"{_measure}__velocity": [-3.9, 6.0], _flag: [False, True]},
        fails={_measure: [9.0, 4.0], f"{_measure}__velocity": [4.1, -4.1]},
        says="The child would have grown faster, or lost more, than children do; neither neighbouring visit explains it.",
    )
    def too_fast(limits: Limits, measure: str = _measure, flag: str = _flag) -> Judgement:
        """Conditional z-score beyond the limit, where nothing else has been said of the value."""
        column = nw.col(f"{measure}__velocity")
        told = nw.col(flag).cast(nw.Boolean).fill_null(value=False) | (
            nw.col(f"{measure}__odds").fill_null(0.0) >= SURE
        )
        return Judgement((column > limits["max"]) | (column < -limits["max"]), among=~told)


@rule(
    "growth.visit.fits_next",
    table="growth",
    columns=("visit_date", "fits_next__odds", "fits_next__day", "age_days"),
    needs=("age_days", "fits_next__odds"),
    severity="info",
    source=_METHOD,
    value="{age_days} d",
    expected="about {fits_next__day} d, the age at this child's next visit",
    limits={"odds": DATE_SURE},
    passes={"age_days": [30.0], "fits_next__odds": [0.9]},
    fails={"age_days": [30.0], "fits_next__odds": [1.0], "fits_next__day": [91.0]},
)
def fits_the_next_visit(limits: Limits) -> nw.Expr:
    """Measures of the visit fit the age at the child's next visit better than their own; a date may be mixed up."""
    return nw.col("fits_next__odds") >= limits["odds"]


def _often(fails: nw.Expr, limits: Limits) -> nw.Expr:
    counted = fails.cast(nw.Int64).sum().over(MEASURED_BY)
    rows = nw.col("age_days").count().over(MEASURED_BY)
    return fails & (counted >= limits["rows"]) & (counted >= rows * limits["share"])


@rule(
    "growth.visit.fits_next_often",
    table="growth",
    columns=("visit_date", MEASURED_BY, "age_days", "fits_next__odds"),
    needs=(MEASURED_BY, "age_days", "fits_next__odds"),
    level="group",
    per=(MEASURED_BY,),
    severity="warning",
    source="milkqc: from a share of {share} and {rows} of a team's rows on (growth.visit.fits_next lists them); unverified",
    limits={"odds": DATE_SURE, "share": TEAM_SHARE, "rows": TEAM_ROWS},
    value="{n_rows} visits",
    expected="each measure at its own visit's age",
    passes={MEASURED_BY: ["team=1"] * 2, "age_days": [30.0] * 2, "fits_next__odds": [9.0, 9.0]},
    fails={
        MEASURED_BY: ["team=1"] * 4,
        "age_days": [30.0] * 4,
        "fits_next__odds": [9.0, 9.0, 9.0, 0.0],
        "!": [True, True, True, False],
    },
)
def fits_the_next_visit_often(limits: Limits) -> nw.Expr:
    """In one team many visits fit the next visit's age better: its dates, or its forms, may be mixed up."""
    return _often(nw.col("fits_next__odds") >= limits["odds"], limits)
