"""Which standard counts for a row, and INTERGROWTH-21st's scores, explained."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from milkqc.derive import newborn, preterm
from milkqc.derive.intergrowth import FLAG_BEYOND
from milkqc.explain import who
from milkqc.explain.child import Find, cell, fact, there, value_of
from milkqc.explain.model import Cell, shown
from milkqc.explain.store import Row, Store

NEWBORN: dict[str, tuple[str, Literal["weight", "length", "head"], str]] = {
    "ig_waz": ("weight_kg", "weight", "waz"),
    "ig_laz": ("length_cm", "length", "laz"),
    "ig_hcz": ("head_circumference_cm", "head", "hcz"),
}


def standard(store: Store, row: Row, find: Find) -> Cell:
    """Which standard counts: by the gestation at birth and the weeks since the last menstruation."""
    age, gestation = find("growth", row, "age_days"), fact(store, row, "gestational_age_days", find)
    days = None if value_of(gestation) is None else math.floor(gestation.value + 0.5)  # type: ignore[union-attr]
    weeks = None if days is None or age.value is None else (days + age.value) / 7
    words = {
        "intergrowth_newborn": "the first measure, less than 3 days after birth, of an infant born at 24+0 to 42+6 weeks",
        "intergrowth_preterm": f"born preterm, and {shown(weeks)} weeks after the last menstruation (27 to 64)",
        "who_corrected": "born preterm, beyond 64 weeks after the last menstruation, up to 730 days of age",
        "who": "not a preterm of an age that another standard is made for, and not a first measure at birth",
    }
    if row["growth_standard"] is None:
        says = "the age is unknown, negative or 60 months and more, or a preterm is under 27 weeks"
    else:
        says = words[row["growth_standard"]]
    return cell(
        row, "growth_standard", says, there(age, gestation), gestation_days=days, postmenstrual_weeks=weeks
    )


def score(store: Store, row: Row, stem: str, column: str, find: Find) -> Cell:
    """A z-score of INTERGROWTH-21st, its centile or its flag, with the figures of its distribution."""
    measure, what, _ = NEWBORN[stem]
    norm, size = find("growth", row, "growth_standard"), find("growth", row, measure)
    sex, gestation = fact(store, row, "infant_sex", find), fact(store, row, "gestational_age_days", find)
    age = find("growth", row, "age_days")
    given = there(norm, size, sex, gestation, age)
    if norm.value not in {"intergrowth_newborn", "intergrowth_preterm"}:
        return cell(row, column, "the standard that counts for this row is not INTERGROWTH's", (norm,))
    if size.value is None or size.value <= 0 or (what == "weight" and row["oedema"]):
        return cell(row, column, f"there is no {measure} that can be scored", given)
    if value_of(sex) is None:
        return cell(row, column, "the sex is unknown", given)
    numbers = _figures(norm.value, what, str(value_of(sex)), gestation.value, age.value)  # type: ignore[union-attr]
    says = _distributed(what, size.value, numbers)
    if column.endswith("_flag"):
        says = f"{'beyond' if row[column] else 'within'} {shown(FLAG_BEYOND)} either way: {says}"
        numbers |= {"flag_beyond": FLAG_BEYOND}
    elif column.endswith("_centile"):
        says = f"100 times the share of the standard's infants below the z-score: {says}"
    return cell(row, column, says, given, y=size.value, **numbers)


def _figures(
    standard: str, what: Literal["weight", "length", "head"], sex: str, gestation: float, age: float
) -> dict[str, Any]:
    """The distribution of the measure: skew-t (mu, sigma, nu, tau) or normal (mean, sd) of it or its logarithm."""
    days = math.floor(gestation + 0.5)
    boy = np.array([sex == "male"])
    if standard == "intergrowth_preterm":
        weeks = (days + age) / 7
        mean, sd = preterm.distribution(np.array([weeks]), boy, what)
        return {"distribution": "normal", "postmenstrual_weeks": weeks, "mean": float(mean[0]), "sd": float(sd[0]),
                "logarithm": what != "head", "sex": sex}  # fmt: skip
    if days < newborn.SKEW_FROM_DAY:
        mean, variance = newborn.very_preterm(np.array([days / 7]), boy, what)
        return {"distribution": "normal", "gestation_days": days, "mean": float(mean[0]), "sd": math.sqrt(variance),
                "logarithm": what == "weight", "sex": sex}  # fmt: skip
    at = (sex == "female") * (newborn.LAST_DAY - newborn.SKEW_FROM_DAY + 1) + days - newborn.SKEW_FROM_DAY
    names = ("mu", "sigma", "nu", "tau")
    values = (float(column[at]) for column in newborn.figures(what))
    return {
        "distribution": "skew-t",
        "gestation_days": days,
        "sex": sex,
        **dict(zip(names, values, strict=True)),
    }


def _distributed(what: str, y: float, numbers: dict[str, Any]) -> str:
    if numbers["distribution"] == "skew-t":
        figures = ", ".join(f"{name} {shown(numbers[name])}" for name in ("mu", "sigma", "nu", "tau"))
        return f"INTERGROWTH-21st newborn {what} at {numbers['gestation_days']} days, {numbers['sex']}: the normal quantile of {shown(y)} in a skew-t (type 3) with {figures}"
    at = (
        f"{numbers['gestation_days']} days"
        if "gestation_days" in numbers
        else f"{shown(numbers['postmenstrual_weeks'])} weeks"
    )
    size = f"ln {shown(y)}" if numbers["logarithm"] else shown(y)
    return f"INTERGROWTH-21st {what} at {at}, {numbers['sex']}: z = ({size} - {shown(numbers['mean'])}) / {shown(numbers['sd'])}"


def routed(store: Store, row: Row, column: str, find: Find) -> Cell:
    """The score that the standard of the row points to; at corrected age one of WHO's, worked out anew."""
    name = column.removesuffix("_routed")
    standard = find("growth", row, "growth_standard")
    if standard.value is None:
        return cell(row, column, "no standard counts for this row", (standard,))
    if standard.value == "who_corrected":
        return who.score(
            store, row, who.INDICES[name], find, column=column, age=find("growth", row, "age_corrected_days")
        )
    pointed = name if standard.value == "who" else f"ig_{name}"
    other = find("growth", row, pointed)
    if row[column] is None:
        return cell(row, column, f"{pointed} is missing: {other.because}", (standard, other))
    return cell(row, column, f"{pointed}, since the standard is {standard.value}", (standard, other))
