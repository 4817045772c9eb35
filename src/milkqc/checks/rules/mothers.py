"""Mothers: parity and age, height and weight from visit to visit, and whether these go together."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Judgement, Limits, rule
from milkqc.checks.phrases import UNVERIFIED


@rule(
    "participants.parity.for_age",
    table="participants",
    columns=("parity", "mother_age_years"),
    severity="warning",
    source=f"a birth every {{years_each}} years from {{from_age}} on is the most; {UNVERIFIED}",
    expected="at most a birth every {years_each} years from the age of {from_age}; the mother is {mother_age_years}",
    limits={"from_age": 13.0, "years_each": 1.25},
    passes={"parity": [0, 2, 4], "mother_age_years": [15.0, 18.0, 18.0]},
    fails={"parity": [4, 5, 12], "mother_age_years": [16.0, 18.0, 26.0]},
    site="Ask for the age and for the number of births again; check codes for missing.",
    analyst="Use neither before one is corrected.",
)
def parity_for_age(limits: Limits) -> nw.Expr:
    """More births before this one than the mother's age leaves room for."""
    room = nw.col("mother_age_years") - limits["from_age"]
    return (nw.col("parity") > 0) & (nw.col("parity") * limits["years_each"] > room)


@rule(
    "participants.mother_age_years.differs",
    table="participants",
    columns=("mother_age_years", "mother_birth_date", "infant_birth_date"),
    severity="warning",
    source=f"age at enrolment and at the birth lie within {{max}} years; {UNVERIFIED}",
    expected="within {max} years of that at the birth, by {mother_birth_date}",
    limits={"max": 2.0},
    passes={
        "mother_age_years": [20.0, 22.0],
        "mother_birth_date": [dt.date(2004, 5, 1), None],
        "infant_birth_date": [dt.date(2024, 6, 1), dt.date(2024, 6, 1)],
    },
    fails={
        "mother_age_years": [25.0, 17.0],
        "mother_birth_date": [dt.date(2004, 5, 1)] * 2,
        "infant_birth_date": [dt.date(2024, 6, 1)] * 2,
    },
    site="Look at an identity card; correct the age or the birth date.",
    analyst="Prefer the birth date only where it is documented.",
)
def mother_age_differs(limits: Limits) -> nw.Expr:
    """The mother's age and her birth date do not agree."""
    born = nw.col("infant_birth_date").dt.year() - nw.col("mother_birth_date").dt.year()
    apart = nw.col("mother_age_years") - born
    # Ages are whole years more often than not.
    return (apart > limits["max"]) | (apart < -limits["max"] - 0.5)


@rule(
    "participants.mother_age_years.at_birth",
    table="participants",
    columns=("mother_birth_date", "infant_birth_date"),
    severity="warning",
    source=f"{{min}} to {{max}} years at a birth; {UNVERIFIED}",
    expected="{min} to {max} years before the infant's, {infant_birth_date}",
    limits={"min": 10.0, "max": 60.0},
    passes={"mother_birth_date": [dt.date(2004, 5, 1)], "infant_birth_date": [dt.date(2024, 6, 1)]},
    fails={
        "mother_birth_date": [dt.date(2019, 5, 1), dt.date(1954, 5, 1)],
        "infant_birth_date": [dt.date(2024, 6, 1)] * 2,
    },
    site="Check the year of both birth dates.",
    analyst="Do not use the mother's age.",
)
def mother_age_at_birth(limits: Limits) -> Judgement:
    """By her birth date the mother was a child, or too old, at this birth."""
    years = nw.col("infant_birth_date").dt.year() - nw.col("mother_birth_date").dt.year()
    # Not older than the infant is participants.mother.not_older.
    older = nw.col("mother_birth_date") < nw.col("infant_birth_date")
    return Judgement((years < limits["min"]) | (years > limits["max"]), among=older)


@rule(
    "visits.mother_height_cm.changes",
    table="visits",
    columns=("mother_height_measured_cm", "height_change_cm"),
    severity="warning",
    source=f"more than {{max}} cm between two measurements of one adult is an error in one of them; {UNVERIFIED}",
    expected="within {max} cm of the height before, not {change} cm from it",
    limits={"max": 2.0},
    passes={"mother_height_measured_cm": [155.0, 157.0], "height_change_cm": [None, 2.0]},
    fails={"mother_height_measured_cm": [158.0, 150.0], "height_change_cm": [3.0, -2.1]},
    site="Measure again, without shoes; check that it is the same woman.",
    analyst="Use the height that two measurements confirm.",
)
def mother_height_changes(limits: Limits) -> Judgement:
    """The mother's height differs by more than {max} cm from before; adults do not grow."""
    return _changes("height_change_cm", limits)


@rule(
    "visits.mother_weight_kg.changes",
    table="visits",
    columns=("mother_weight_kg", "weight_change_kg", "visit_age_days"),
    needs=("mother_weight_kg", "weight_change_kg"),
    severity="warning",
    source=f"more than {{max}} kg between visits after the birth is unusual; {UNVERIFIED}",
    expected="within {max} kg of the weight before, not {change} kg from it",
    limits={"max": 10.0},
    passes={
        "mother_weight_kg": [55.0, 60.0, 45.0],
        "weight_change_kg": [None, 10.0, -15.0],
        "visit_age_days": [0.0, 90.0, -5.0],
    },
    fails={"mother_weight_kg": [70.0], "weight_change_kg": [12.0], "visit_age_days": [90.0]},
    site="Weigh again, or check the form; check that it is the same woman.",
    analyst="Confirm before using the change of weight.",
)
def mother_weight_changes(limits: Limits) -> Judgement:
    """The mother's weight differs by more than {max} kg from the visit before."""
    # Pregnancy and birth change a weight as much.
    among = nw.col("visit_age_days").is_null() | (nw.col("visit_age_days") >= 0)
    return replace(_changes("weight_change_kg", limits), among=among)


@rule(
    "visits.mother_bmi.range",
    table="visits",
    columns=("mother_weight_kg", "participant_mother_height_cm"),
    severity="warning",
    source=f"body mass index of {{min}} to {{max}} kg/m2; {UNVERIFIED}",
    value="{mother_weight_kg} kg at {participant_mother_height_cm} cm",
    expected="a body mass index of {min} to {max} kg/m2",
    limits={"min": 13.0, "max": 60.0},
    passes={"mother_weight_kg": [50.0, 120.0], "participant_mother_height_cm": [154.0, 160.0]},
    fails={"mother_weight_kg": [30.0, 150.0], "participant_mother_height_cm": [160.0, 150.0]},
    site="Check both the weight and the height, and their units.",
    analyst="Do not use the index before it is confirmed.",
)
def mother_bmi(limits: Limits) -> nw.Expr:
    """Weight and height of the mother do not go together."""
    height = nw.col("participant_mother_height_cm") / 100
    bmi = nw.col("mother_weight_kg") / (height * height)
    return (bmi < limits["min"]) | (bmi > limits["max"])


def _changes(change: str, limits: Limits) -> Judgement:
    """Further from the measurement before than the limit, give or take what binary fractions add."""
    apart, most = nw.col(change), limits["max"] + 1e-3
    return Judgement((apart > most) | (apart < -most), shows={"change": apart.round(2)})
