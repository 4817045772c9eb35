"""Ages, the length that is scored and the body mass index of a growth row explained."""

from __future__ import annotations

from milkqc.derive.ages import DAYS_PER_MONTH, DUE_DATE_DAYS, STANDING_FROM_DAYS, TERM_FROM_DAYS
from milkqc.explain.child import Find, cell, fact, there, value_of
from milkqc.explain.model import Cell, shown
from milkqc.explain.store import Row, Store

# WHO Child Growth Standards, as growth.md of docs says it.
_SHIFT_CM = 0.7


def age(store: Store, row: Row, find: Find) -> Cell:
    """Age in days: from two dates, else as reported, else as the schedule plans."""
    visited, born = find("growth", row, "visit_date"), fact(store, row, "infant_birth_date", find)
    reported = find("growth", row, "age_reported_days")
    if visited.value is not None and value_of(born) is not None:
        says = f"{visited.value} - {value_of(born)} = {shown(row['age_days'])} days"
        return cell(row, "age_days", says, there(visited, born))
    if reported.value is not None:
        return cell(row, "age_days", "as the source reports it: a date is missing", (reported,))
    planned = store.trace["schedule"].get(row["visit"])
    if planned is not None:
        says = (
            f"the schedule plans the visit {row['visit']} for day {shown(planned)}: nothing else says the age"
        )
        return cell(row, "age_days", says, there(visited, born), planned=planned)
    return cell(
        row,
        "age_days",
        "neither two dates, nor an age, nor a planned day is known",
        there(visited, born, reported),
    )


def months(_store: Store, row: Row, find: Find) -> Cell:
    """Age in months of 30.4375 days."""
    age = find("growth", row, "age_days")
    says = f"{shown(age.value)} / {DAYS_PER_MONTH}" if age.value is not None else "the age is unknown"
    return cell(row, "age_months", says, (age,), days_per_month=DAYS_PER_MONTH)


def basis(_store: Store, row: Row, find: Find) -> Cell:
    """What the age rests on."""
    words = {"dates": "from two dates", "reported": "from the reported age", "nominal": "from the schedule"}
    says = words.get(row["age_basis"], "the age is unknown")
    return cell(row, "age_basis", says, (find("growth", row, "age_days"),))


def corrected(store: Store, row: Row, find: Find) -> Cell:
    """The age of a preterm as if born at term."""
    age, gestation = find("growth", row, "age_days"), fact(store, row, "gestational_age_days", find)
    weeks = value_of(gestation)
    if age.value is None or weeks is None:
        says = "the age is unknown" if age.value is None else "gestation at birth is unknown"
    elif weeks >= TERM_FROM_DAYS:
        says = f"born at term ({shown(weeks)} days of gestation): only the age of preterms is corrected"
    else:
        says = f"{shown(age.value)} - ({DUE_DATE_DAYS} - {shown(weeks)}) = {shown(row['age_corrected_days'])}"
    return cell(row, "age_corrected_days", says, there(age, gestation))


def length(_store: Store, row: Row, find: Find) -> Cell:
    """The length that is scored: lying under two years, standing from then on."""
    length, position, age = (find("growth", row, name) for name in ("length_cm", "measured", "age_days"))
    made = row["length_for_score_cm"]
    if made is None:
        says = "there is no length" if length.value is None else "a length of 0 or less is none"
        return cell(row, "length_for_score_cm", says, (length,))
    shift = made - length.value
    if abs(shift) < 1e-9:
        says = "as measured"
        if position.value == "standing" and age.value is not None and age.value < STANDING_FROM_DAYS:
            says = "as measured: a child under 9 months cannot have stood"
    else:
        way = "lying" if shift > 0 else "standing"
        says = f"{shown(length.value)} {'+' if shift > 0 else '-'} {_SHIFT_CM} = {shown(made)}: WHO's table of this age is of {way} children"
    return cell(row, "length_for_score_cm", says, (length, position, age))


def assumed(_store: Store, row: Row, find: Find) -> Cell:
    """Whether the position had to be assumed."""
    says = (
        "the position is missing, or a child under 9 months is said to stand"
        if row["measured_assumed"]
        else "the position is known and possible"
    )
    return cell(
        row, "measured_assumed", says, (find("growth", row, "measured"), find("growth", row, "age_days"))
    )


def bmi(_store: Store, row: Row, find: Find) -> Cell:
    """Weight over the square of the length that is scored."""
    weight, length = find("growth", row, "weight_kg"), find("growth", row, "length_for_score_cm")
    if row["bmi"] is None:
        lacks = "weight" if weight.value is None else "length"
        return cell(row, "bmi", f"there is no {lacks}", (weight, length))
    says = f"{shown(weight.value)} / ({shown(length.value)} / 100)^2 = {shown(row['bmi'])}"
    return cell(row, "bmi", says, (weight, length))
