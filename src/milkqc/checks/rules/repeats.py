"""Within a child: values that repeat: twice on one day, carried forward from the visit before."""

from __future__ import annotations

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Judgement, rule
from milkqc.checks.habits import HABIT_ROWS, HABIT_SHARE, HEAD_GROWS_DAYS, LATER_DAYS, MEASURED_IN, SAME_DAY
from milkqc.checks.phrases import holds

_CHILD = ("infant_id", "age_days")
_ORDER = ("age_days", "row_id")
_MEASURES = {"weight_kg": "kg", "length_cm": "cm", "head_circumference_cm": "cm"}
_HABIT = f"milkqc: from {HABIT_SHARE:.0%} and {HABIT_ROWS} of a group's rows on; the limit is unverified"
_SOURCE = "milkqc: 17 % of pairs in clinic data repeat, so one alone informs (growthcleanr's clinic data; unverified)"


def _before(column: str, steps: int = 1) -> nw.Expr:
    return nw.col(column).shift(steps).over("infant_id", order_by=_ORDER)


def _carried(column: str) -> nw.Expr:
    """The same number as at the measurement before, two weeks or more earlier; never null."""
    same = (_before(column) - nw.col(column)).abs() < 1e-9
    later = _before("age_days") <= nw.col("age_days") - LATER_DAYS
    return (same & later).fill_null(value=False)


def _carried_before(column: str) -> nw.Expr:
    """The measurement before was carried forward from the one before it; never null."""
    same = (_before(column, 2) - _before(column)).abs() < 1e-9
    later = _before("age_days", 2) <= _before("age_days") - LATER_DAYS
    return (same & later).fill_null(value=False)


def _apart(measure: str) -> nw.Expr:
    """Further from the value before it, on the same day, than measuring explains; never null."""
    most = nw.col(measure) * 0.05 if measure == "weight_kg" else nw.lit(1.0)
    today = _before("age_days") == nw.col("age_days")
    return (today & ((_before(measure) - nw.col(measure)).abs() > most + 1e-9)).fill_null(value=False)


def _growing(column: str) -> nw.Expr:
    if column == "head_circumference_cm":
        return (nw.col("age_days") >= 0) & (nw.col("age_days") <= HEAD_GROWS_DAYS)
    return nw.col("age_days") >= 0


for _measure, _unit in _MEASURES.items():

    @rule(
        f"growth.{_measure}.carried_forward",
        table="growth",
        columns=(_measure, *_CHILD, "copied_often"),
        needs=(_measure, *_CHILD),
        severity="info",
        source=_SOURCE,
        expected=f"another value than on day {{day}}, {{{_measure}}} {_unit}",
        passes={_measure: [60.0, 60.5, 60.5], "infant_id": ["a", "a", "b"], "age_days": [90.0, 120.0, 150.0]},
        fails={
            _measure: [60.0, 60.0],
            "infant_id": ["a", "a"],
            "age_days": [90.0, 120.0],
            "!": [False, True],
        },
        says="The same number as at the child's previous measurement, two weeks or more before.",
    )
    def carried_forward(measure: str = _measure) -> Judgement:
        """Carried forward once; three in a row is another rule, unless the whole group is told."""
        once = _carried(measure) & (~_carried_before(measure) | holds("copied_often"))
        return Judgement(once, among=_growing(measure), shows={"day": _before("age_days")})

    @rule(
        f"growth.{_measure}.carried_on",
        table="growth",
        columns=(_measure, *_CHILD, "copied_often"),
        needs=(_measure, *_CHILD),
        severity="warning",
        source="milkqc: three equal measurements in a row, two weeks or more apart, are no growth; unverified",
        expected=f"other values than on day {{day}} and before, {{{_measure}}} {_unit}",
        passes={
            _measure: [60.0, 60.0, 60.5],
            "infant_id": ["a", "a", "a"],
            "age_days": [90.0, 120.0, 150.0],
        },
        fails={
            _measure: [60.0, 60.0, 60.0],
            "infant_id": ["a", "a", "a"],
            "age_days": [90.0, 120.0, 150.0],
            "!": [False, False, True],
        },
        says="The same number stands three times or more in a row: it was probably copied from visit to visit.",
    )
    def carried_on(measure: str = _measure) -> Judgement:
        """Three equal measurements in a row, where that is no habit (growth.visit.copied_often)."""
        thrice = _carried(measure) & _carried_before(measure) & ~holds("copied_often")
        return Judgement(thrice, among=_growing(measure), shows={"day": _before("age_days")})

    for _where, _severity in (("", "warning"), ("_in_group", "info")):

        @rule(
            f"growth.{_measure}.same_day{_where}",
            table="growth",
            columns=(_measure, *_CHILD, f"{_measure}__same_day_often"),
            needs=(_measure, *_CHILD),
            severity=_severity,  # type: ignore[arg-type]
            source="milkqc: beyond what two measurements of one day differ by; unverified",
            expected=f"within {SAME_DAY[_measure]} of {{before}} {_unit}, measured the same day",
            passes={
                _measure: [10.0, 10.4, 12.0, 10.0, 11.5],
                "infant_id": ["a", "a", "b", "c", "c"],
                "age_days": [90.0] * 5,
                f"{_measure}__same_day_often": [bool(_where)] * 3 + [not _where] * 2,
            },
            fails={
                _measure: [10.0, 11.5],
                "infant_id": ["a", "a"],
                "age_days": [90.0, 90.0],
                f"{_measure}__same_day_often": [bool(_where)] * 2,
                "!": [False, True],
            },
            says="The child was measured twice on one day, with results too different for both to be right"
            + (": one row of the group that is named for it." if _where else "."),
        )
        def same_day(measure: str = _measure, *, listed: bool = bool(_where)) -> Judgement:
            """Two values of one day that differ by more than measuring does."""
            often = holds(f"{measure}__same_day_often")
            fails = _apart(measure) & (often if listed else ~often)
            return Judgement(fails, among=nw.col("age_days") >= 0, shows={"before": _before(measure)})

    @rule(
        f"growth.{_measure}.same_day_often",
        table="growth",
        columns=(_measure, MEASURED_IN, *_CHILD, f"{_measure}__same_day_often"),
        level="group",
        per=(MEASURED_IN,),
        severity="warning",
        source=_HABIT,
        value="{n_rows} values",
        expected=f"within {SAME_DAY[_measure]}",
        passes={
            _measure: [10.0, 11.5],
            MEASURED_IN: ["*", "*"],
            "infant_id": ["a", "a"],
            "age_days": [90.0, 90.0],
            f"{_measure}__same_day_often": [False, False],
        },
        fails={
            _measure: [10.0, 11.5],
            MEASURED_IN: ["*", "*"],
            "infant_id": ["a", "a"],
            "age_days": [90.0, 90.0],
            f"{_measure}__same_day_often": [True, True],
            "!": [False, True],
        },
        says="Children are often measured twice on one day with results too different for both to be right: one cause.",
    )
    def same_day_often(measure: str = _measure) -> Judgement:
        """A habit of the group; growth.<measure>.same_day_in_group lists the rows."""
        fails = _apart(measure) & holds(f"{measure}__same_day_often")
        return Judgement(fails, among=nw.col("age_days") >= 0)


@rule(
    "growth.visit.carried_forward",
    table="growth",
    columns=("weight_kg", "length_cm", *_CHILD, "copied_often"),
    needs=("weight_kg", "length_cm", *_CHILD),
    severity="warning",
    source="milkqc: weight and length both repeat (growth.md: several measures at once)",
    value="{weight_kg} kg and {length_cm} cm",
    expected="other values than on day {day}",
    passes={
        "weight_kg": [6.0, 6.0],
        "length_cm": [60.0, 61.0],
        "infant_id": ["a", "a"],
        "age_days": [90.0, 120.0],
    },
    fails={
        "weight_kg": [6.0, 6.0],
        "length_cm": [60.0, 60.0],
        "infant_id": ["a", "a"],
        "age_days": [90.0, 120.0],
        "!": [False, True],
    },
)
def visit_carried_forward() -> Judgement:
    """Weight and length are both exactly those of the visit before: the visit was probably copied."""
    both = _carried("weight_kg") & _carried("length_cm") & ~holds("copied_often")
    return Judgement(both, among=nw.col("age_days") >= 0, shows={"day": _before("age_days")})


@rule(
    "growth.visit.copied_often",
    table="growth",
    columns=("visit", MEASURED_IN, "copied", "copied_often"),
    needs=(MEASURED_IN, "copied"),
    level="group",
    per=(MEASURED_IN,),
    severity="warning",
    source=_HABIT,
    value="{n_rows} visits",
    expected="new numbers at each visit",
    passes={
        "visit": ["m3", "m4"],
        MEASURED_IN: ["*", "*"],
        "copied": [True, False],
        "copied_often": [False, False],
    },
    fails={
        "visit": ["m3", "m4"],
        MEASURED_IN: ["*", "*"],
        "copied": [True, False],
        "copied_often": [True, True],
        "!": [True, False],
    },
)
def copied_often() -> nw.Expr:
    """Measurements that stand three times in a row, or whole visits that are copied, are a habit of the group.

    The rules of carried-forward values list the rows.
    """
    return holds("copied") & holds("copied_often")


@rule(
    "growth.day.two_visits",
    table="growth",
    columns=("visit", *_CHILD),
    severity="warning",
    source="definition: a child is at one visit a day",
    value="{visit}",
    expected="another day than {other}",
    passes={"visit": ["m3", "m3", "m6"], "infant_id": ["a", "a", "a"], "age_days": [90.0, 90.0, 180.0]},
    fails={
        "visit": ["m3", "m6"],
        "infant_id": ["a", "a"],
        "age_days": [90.0, 90.0],
        "!": [False, True],
    },
)
def two_visits_in_a_day() -> Judgement:
    """Two different visits of one child have the same day: one of the dates, or of the visits, is wrong."""
    other = _before("visit")
    today = _before("age_days") == nw.col("age_days")
    fails = (today & (other != nw.col("visit"))).fill_null(value=False)
    return Judgement(fails, among=nw.col("age_days") >= 0, shows={"other": other})
