"""Mothers: parity and age, height and weight from visit to visit, and whether these go together."""

from __future__ import annotations

import datetime as dt

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Judgement, rule
from milkqc.checks.phrases import UNVERIFIED


@rule(
    "participants.parity.for_age",
    table="participants",
    columns=("parity", "mother_age_years"),
    severity="warning",
    source=f"a birth a year from 13 on is the most; {UNVERIFIED}",
    expected="at most a birth a year from the age of 13; the mother is {mother_age_years}",
    passes={"parity": [0, 2, 5], "mother_age_years": [15.0, 18.0, 19.0]},
    fails={"parity": [4, 12], "mother_age_years": [16.0, 22.0]},
    site="Ask for the age and for the number of births again; check codes for missing.",
    analyst="Use neither before one is corrected.",
)
def parity_for_age() -> nw.Expr:
    """More births before this one than the mother's age leaves room for."""
    return (nw.col("parity") > 0) & (nw.col("parity") > nw.col("mother_age_years") - 13)


@rule(
    "participants.mother_age_years.differs",
    table="participants",
    columns=("mother_age_years", "mother_birth_date", "infant_birth_date"),
    severity="warning",
    source=f"age at enrolment and at the birth lie within two years; {UNVERIFIED}",
    expected="within two years of that at the birth, by {mother_birth_date}",
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
def mother_age_differs() -> nw.Expr:
    """The mother's age and her birth date do not agree."""
    born = nw.col("infant_birth_date").dt.year() - nw.col("mother_birth_date").dt.year()
    apart = nw.col("mother_age_years") - born
    return (apart > 2) | (apart < -2.5)


@rule(
    "participants.mother_age_years.at_birth",
    table="participants",
    columns=("mother_birth_date", "infant_birth_date"),
    severity="warning",
    source=f"10 to 60 years at a birth; {UNVERIFIED}",
    expected="10 to 60 years before the infant's, {infant_birth_date}",
    passes={"mother_birth_date": [dt.date(2004, 5, 1)], "infant_birth_date": [dt.date(2024, 6, 1)]},
    fails={
        "mother_birth_date": [dt.date(2019, 5, 1), dt.date(1954, 5, 1)],
        "infant_birth_date": [dt.date(2024, 6, 1)] * 2,
    },
    site="Check the year of both birth dates.",
    analyst="Do not use the mother's age.",
)
def mother_age_at_birth() -> Judgement:
    """By her birth date the mother was a child, or too old, at this birth."""
    years = nw.col("infant_birth_date").dt.year() - nw.col("mother_birth_date").dt.year()
    # Not older than the infant is participants.mother.not_older.
    older = nw.col("mother_birth_date") < nw.col("infant_birth_date")
    return Judgement((years < 10) | (years > 60), among=older)


@rule(
    "visits.mother_height_cm.changes",
    table="visits",
    columns=("mother_height_measured_cm", "height_change_cm"),
    severity="warning",
    source=f"more than 2 cm between two measurements of one adult is an error in one of them; {UNVERIFIED}",
    expected="within 2 cm of the height before, not {height_change_cm} cm from it",
    passes={"mother_height_measured_cm": [155.0, 157.0], "height_change_cm": [None, 2.0]},
    fails={"mother_height_measured_cm": [158.0, 150.0], "height_change_cm": [3.0, -2.1]},
    site="Measure again, without shoes; check that it is the same woman.",
    analyst="Use the height that two measurements confirm.",
)
def mother_height_changes() -> nw.Expr:
    """The mother's height differs by more than 2 cm from before; adults do not grow."""
    return (nw.col("height_change_cm") > 2.001) | (nw.col("height_change_cm") < -2.001)


@rule(
    "visits.mother_weight_kg.changes",
    table="visits",
    columns=("mother_weight_kg", "weight_change_kg", "visit_age_days"),
    needs=("mother_weight_kg", "weight_change_kg"),
    severity="warning",
    source=f"more than 10 kg between visits after the birth is unusual; {UNVERIFIED}",
    expected="within 10 kg of the weight before, not {weight_change_kg} kg from it",
    passes={
        "mother_weight_kg": [55.0, 60.0, 45.0],
        "weight_change_kg": [None, 10.0, -15.0],
        "visit_age_days": [0.0, 90.0, -5.0],
    },
    fails={"mother_weight_kg": [70.0], "weight_change_kg": [12.0], "visit_age_days": [90.0]},
    site="Weigh again, or check the form; check that it is the same woman.",
    analyst="Confirm before using the change of weight.",
)
def mother_weight_changes() -> Judgement:
    """The mother's weight differs by more than 10 kg from the visit before."""
    change = nw.col("weight_change_kg")
    # Pregnancy and birth change a weight as much.
    among = nw.col("visit_age_days").is_null() | (nw.col("visit_age_days") >= 0)
    return Judgement((change > 10.001) | (change < -10.001), among=among)


@rule(
    "visits.mother_bmi.range",
    table="visits",
    columns=("mother_weight_kg", "participant_mother_height_cm"),
    severity="warning",
    source=f"body mass index of 13 to 60 kg/m2; {UNVERIFIED}",
    value="{mother_weight_kg} kg at {participant_mother_height_cm} cm",
    expected="a body mass index of 13 to 60 kg/m2",
    passes={"mother_weight_kg": [50.0, 120.0], "participant_mother_height_cm": [154.0, 160.0]},
    fails={"mother_weight_kg": [30.0, 150.0], "participant_mother_height_cm": [160.0, 150.0]},
    site="Check both the weight and the height, and their units.",
    analyst="Do not use the index before it is confirmed.",
)
def mother_bmi() -> nw.Expr:
    """Weight and height of the mother do not go together."""
    height = nw.col("participant_mother_height_cm") / 100
    bmi = nw.col("mother_weight_kg") / (height * height)
    return (bmi < 13) | (bmi > 60)
