"""Ages: reported against dates, below zero, outside the visit's window, or missing altogether."""

from __future__ import annotations

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Judgement, Limits, Settings, rule

# WHO Multicentre Growth Reference Study: 365.25 / 12 days a month.
DAYS_IN_MONTH = 30.4375
MEASURES = ("weight_kg", "length_cm", "head_circumference_cm")


@rule(
    "growth.age.negative",
    table="growth",
    columns=("age_days", "age_basis"),
    severity="critical",
    source="definition",
    expected="0 d or more",
    passes={"age_days": [0.0, -3.0, None], "age_basis": ["reported", "dates", "reported"]},
    fails={"age_days": [-1.0], "age_basis": ["reported"]},
)
def age_below_zero() -> Judgement:
    """The age given is below zero, and no dates say better; the row cannot be scored."""
    # From dates the same error is growth.visit.before_birth: one cause, one finding.
    return Judgement(nw.col("age_days") < 0, among=nw.col("age_basis") != "dates")


@rule(
    "growth.age.disagrees",
    table="growth",
    columns=("age_reported_days", "age_days", "age_basis"),
    severity="warning",
    source="milkqc: completed weeks explain up to {max} days, completed months up to {months_max}",
    limits={"max": 7.0, "months_max": 31.0},
    expected="{age_days} d from the dates",
    passes={
        "age_reported_days": [90.0, 91.3125, 90.0, None],
        "age_days": [97.0, 120.0, 400.0, 30.0],
        "age_basis": ["dates", "dates", "reported", "dates"],
    },
    fails={
        "age_reported_days": [90.0, 104.1, 91.3125],
        "age_days": [98.0, 96.0, 123.0],
        "age_basis": ["dates", "dates", "dates"],
    },
)
def age_disagrees(limits: Limits) -> Judgement:
    """The age reported and the age from the dates differ by more than rounding explains; one of them is wrong."""
    reported, dated = nw.col("age_reported_days"), nw.col("age_days")
    months = reported / DAYS_IN_MONTH
    whole_months = (months - months.round(0)).abs() < 1e-6
    apart = (reported - dated).abs()
    return Judgement(
        ((apart > limits["max"]) & ~whole_months) | (apart > limits["months_max"]),
        among=nw.col("age_basis") == "dates",
    )


@rule(
    "growth.age.missing",
    table="growth",
    columns=("age_days", *MEASURES),
    needs=(),
    severity="warning",
    source="definition",
    expected="dates of birth and visit, or an age",
    passes={"age_days": [10.0, None], "weight_kg": [4.0, None]},
    fails={"age_days": [None, None], "weight_kg": [4.0, None], "length_cm": [None, 60.0]},
)
def age_missing() -> Judgement:
    """Something was measured, but no age is known, so almost no z-score can be computed."""
    return Judgement(nw.col("age_days").is_null(), among=_measured())


@rule(
    "growth.sex.missing",
    table="growth",
    columns=("infant_sex", "participant_infant_sex", "infant_id", *MEASURES),
    needs=(),
    per=("infant_id",),
    severity="warning",
    source="definition",
    expected="male or female",
    passes={
        "infant_sex": ["male", None, None],
        "participant_infant_sex": [None, "female", None],
        "infant_id": ["a", "b", "c"],
        "weight_kg": [4.0, 4.0, None],
    },
    fails={
        "infant_sex": [None],
        "participant_infant_sex": [None],
        "infant_id": ["a"],
        "weight_kg": [4.0],
    },
)
def sex_missing() -> Judgement:
    """The infant was measured, but neither the row nor the participant says the sex; no z-score can be computed."""
    return Judgement(
        nw.col("infant_sex").is_null() & nw.col("participant_infant_sex").is_null(), among=_measured()
    )


for _table, _age, _id, _per in (
    ("growth", "age_days", "growth.visit.outside_window", ()),
    ("milk", "days_postpartum", "milk.sample.outside_window", ("participant_id", "visit", "sample_id")),
):

    @rule(
        _id,
        table=_table,
        columns=(_age, "visit"),
        per=_per,
        severity="info",
        source="the study's mapping: schedule",
        requires="schedule",
        expected="day {first} to {last} for {visit}",
        passes={_age: [61.0, 121.0, 0.0, 9000.0], "visit": ["month_3", "month_3", "birth", "unplanned"]},
        fails={_age: [60.0, 122.0, 4.0], "visit": ["month_3", "month_3", "birth"]},
    )
    def outside_window(settings: Settings, age: str = _age) -> Judgement:
        """The visit lies outside its window in the study's schedule."""
        windows = {name: (first, last) for name, (_, first, last) in sorted(settings.schedule.items())}
        days, visit = nw.col(age), nw.col("visit")
        return Judgement(
            nw.any_horizontal(
                *(
                    (visit == name) & ((days < first) | (days > last))
                    for name, (first, last) in windows.items()
                ),
                ignore_nulls=True,
            ),
            among=visit.is_in(list(windows)),
            shows={
                "first": _of_visit({name: first for name, (first, _) in windows.items()}),
                "last": _of_visit({name: last for name, (_, last) in windows.items()}),
            },
        )


def _of_visit(figures: dict[str, float]) -> nw.Expr:
    """The figure that belongs to the row's visit."""
    expression = nw.lit(None, dtype=nw.Float64)
    for name, figure in figures.items():
        expression = nw.when(nw.col("visit") == name).then(nw.lit(float(figure))).otherwise(expression)
    return expression


def _measured() -> nw.Expr:
    return nw.any_horizontal(*(~nw.col(name).is_null() for name in MEASURES), ignore_nulls=True)
