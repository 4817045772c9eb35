"""Cells of the growth table that milkqc computed: ages, scores and flags, with the figures of their tables."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable
from functools import cache
from typing import Any, Literal

import numpy as np

from milkqc.derive import newborn, preterm
from milkqc.derive.ages import (
    DAYS_PER_MONTH,
    DUE_DATE_DAYS,
    FIVE_YEARS_DAYS,
    HEIGHT_FROM_DAY,
    STANDING_FROM_DAYS,
    TERM_FROM_DAYS,
)
from milkqc.explain.mapped import unit_of
from milkqc.explain.model import Cell, How, shown
from milkqc.explain.store import Row, Store
from milkqc.reference.growth import GrowthIndex, growth_indices, who_lms

Find = Callable[[str, Row, str], Cell]
INDICES = {index.name: index for index in growth_indices()}
NEWBORN: dict[str, tuple[str, Literal["weight", "length", "head"], str]] = {
    "ig_waz": ("weight_kg", "weight", "waz"),
    "ig_laz": ("length_cm", "length", "laz"),
    "ig_hcz": ("head_circumference_cm", "head", "hcz"),
}
DERIVED = (
    *("age_days", "age_months", "age_basis", "age_corrected_days", "length_for_score_cm", "measured_assumed", "bmi"),
    *(f"{name}{end}" for name in INDICES for end in ("", "_flag")),
    *(f"{name}{end}" for name in NEWBORN for end in ("", "_centile", "_flag")),
    *("growth_standard", "laz_routed", "waz_routed", "hcz_routed"),
)  # fmt: skip
# WHO Child Growth Standards, as growth.md of docs says it.
_SHIFT_CM, _LYING_BELOW_CM = 0.7, 87.0


def derived(store: Store, row: Row, column: str, find: Find) -> Cell:
    """The cell of a computed growth column."""
    stem = column.removesuffix("_flag").removesuffix("_centile")
    if column.endswith("_routed"):
        return _routed(store, row, column, find)
    if stem in INDICES:
        return (
            _flag(row, column, stem, find)
            if column.endswith("_flag")
            else _who(store, row, INDICES[stem], find)
        )
    if stem in NEWBORN:
        return _intergrowth(store, row, stem, column, find)
    return {
        "age_days": _age,
        "age_months": _months,
        "age_basis": _basis,
        "age_corrected_days": _corrected,
        "length_for_score_cm": _length,
        "measured_assumed": _assumed,
        "bmi": _bmi,
        "growth_standard": _standard,
    }[column](store, row, find)


def _cell(row: Row, column: str, says: str, inputs: tuple[Cell, ...] = (), **numbers: Any) -> Cell:
    value = row[column]
    how: How = "computed" if value is not None else "missing"
    told = {name: one for name, one in numbers.items() if one is not None}
    if value is None:
        return Cell(
            "growth",
            row["row_id"],
            column,
            None,
            unit_of("growth", column),
            how,
            "",
            says,
            (),
            None,
            told,
            inputs,
        )
    return Cell(
        "growth",
        row["row_id"],
        column,
        value,
        unit_of("growth", column),
        how,
        says,
        "",
        (),
        None,
        told,
        inputs,
    )


def fact(store: Store, row: Row, column: str, find: Find) -> Cell | None:
    """Sex, birth date or gestation of the child: the row's own, else the participant's where all agree."""
    if column != "gestational_age_days" and row.get(column) is not None:
        return find("growth", row, column)
    people = store.people.get((row["infant_id"],), [])
    known = [one for one in people if one[column] is not None]
    if not known or len({one[column] for one in known}) > 1:
        return find("participants", people[0], column) if len(people) == 1 else None
    return find("participants", known[0], column)


def _value(cell: Cell | None) -> Any:
    return None if cell is None else cell.value


def _parts(*cells: Cell | None) -> tuple[Cell, ...]:
    return tuple(cell for cell in cells if cell is not None)


def _age(store: Store, row: Row, find: Find) -> Cell:
    visited, born = find("growth", row, "visit_date"), fact(store, row, "infant_birth_date", find)
    reported = find("growth", row, "age_reported_days")
    if visited.value is not None and _value(born) is not None:
        says = f"{visited.value} - {_value(born)} = {shown(row['age_days'])} days"
        return _cell(row, "age_days", says, _parts(visited, born))
    if reported.value is not None:
        return _cell(row, "age_days", "as the source reports it: a date is missing", (reported,))
    planned = store.trace["schedule"].get(row["visit"])
    if planned is not None:
        says = (
            f"the schedule plans the visit {row['visit']} for day {shown(planned)}: nothing else says the age"
        )
        return _cell(row, "age_days", says, _parts(visited, born), planned=planned)
    return _cell(
        row,
        "age_days",
        "neither two dates, nor an age, nor a planned day is known",
        _parts(visited, born, reported),
    )


def _months(_store: Store, row: Row, find: Find) -> Cell:
    age = find("growth", row, "age_days")
    says = f"{shown(age.value)} / {DAYS_PER_MONTH}" if age.value is not None else "the age is unknown"
    return _cell(row, "age_months", says, (age,), days_per_month=DAYS_PER_MONTH)


def _basis(_store: Store, row: Row, find: Find) -> Cell:
    words = {"dates": "from two dates", "reported": "from the reported age", "nominal": "from the schedule"}
    says = words.get(row["age_basis"], "the age is unknown")
    return _cell(row, "age_basis", says, (find("growth", row, "age_days"),))


def _corrected(store: Store, row: Row, find: Find) -> Cell:
    age, gestation = find("growth", row, "age_days"), fact(store, row, "gestational_age_days", find)
    weeks = _value(gestation)
    if age.value is None or weeks is None:
        says = "the age is unknown" if age.value is None else "gestation at birth is unknown"
    elif weeks >= TERM_FROM_DAYS:
        says = f"born at term ({shown(weeks)} days of gestation): only the age of preterms is corrected"
    else:
        says = f"{shown(age.value)} - ({DUE_DATE_DAYS} - {shown(weeks)}) = {shown(row['age_corrected_days'])}"
    return _cell(row, "age_corrected_days", says, _parts(age, gestation))


def _length(_store: Store, row: Row, find: Find) -> Cell:
    length, position, age = (find("growth", row, name) for name in ("length_cm", "measured", "age_days"))
    made = row["length_for_score_cm"]
    if made is None:
        says = "there is no length" if length.value is None else "a length of 0 or less is none"
        return _cell(row, "length_for_score_cm", says, (length,))
    shift = made - length.value
    if abs(shift) < 1e-9:
        says = "as measured"
        if position.value == "standing" and age.value is not None and age.value < STANDING_FROM_DAYS:
            says = "as measured: a child under 9 months cannot have stood"
    else:
        way = "lying" if shift > 0 else "standing"
        says = f"{shown(length.value)} {'+' if shift > 0 else '-'} {_SHIFT_CM} = {shown(made)}: WHO's table of this age is of {way} children"
    return _cell(row, "length_for_score_cm", says, (length, position, age))


def _assumed(_store: Store, row: Row, find: Find) -> Cell:
    says = (
        "the position is missing, or a child under 9 months is said to stand"
        if row["measured_assumed"]
        else "the position is known and possible"
    )
    return _cell(
        row, "measured_assumed", says, (find("growth", row, "measured"), find("growth", row, "age_days"))
    )


def _bmi(_store: Store, row: Row, find: Find) -> Cell:
    weight, length = find("growth", row, "weight_kg"), find("growth", row, "length_for_score_cm")
    if row["bmi"] is None:
        lacks = "weight" if weight.value is None else "length"
        return _cell(row, "bmi", f"there is no {lacks}", (weight, length))
    says = f"{shown(weight.value)} / ({shown(length.value)} / 100)^2 = {shown(row['bmi'])}"
    return _cell(row, "bmi", says, (weight, length))


def whole_days(days: float) -> float:
    """Age as a whole number of days, a half up."""
    floor = math.floor(days)
    return float(floor + (days - floor >= 0.5))


@cache
def _lms() -> dict[tuple[str, str], tuple[list[float], list[tuple[float, float, float]]]]:
    """x, and l, m, s, of each (indicator, sex)."""
    found = {}
    for (indicator, sex), part in who_lms().group_by("indicator", "sex", maintain_order=True):
        rows = list(part.select("l", "m", "s").iter_rows())
        found[str(indicator), str(sex)] = (part["x"].cast(float).to_list(), rows)
    return found


def table_row(
    index: GrowthIndex, sex: str, age: float | None, length: float | None, position: str | None
) -> dict[str, Any] | str:
    """The row of WHO's tables for a child (indicator, sex, x, l, m, s), or why there is none."""
    if sex not in {"male", "female"}:
        return "the sex is unknown"
    if age is not None and not 0 <= age < FIVE_YEARS_DAYS:
        return f"the age ({shown(age)} days) is outside WHO's standards (0 to under 60 months)"
    if index.axis == "age":
        if age is None:
            return "the age is unknown"
        xs, rows = _lms()[index.tables[0], sex]
        at = bisect.bisect_left(xs, whole_days(age))
        if at >= len(xs) or xs[at] != whole_days(age):
            return f"WHO's table begins at day {shown(xs[0])}"
        l, m, s = rows[at]
        return {"indicator": index.tables[0], "sex": sex, "x": xs[at], "l": l, "m": m, "s": s}
    if length is None:
        return "there is no length"
    lying = position == "lying" or (position is None and length < _LYING_BELOW_CM)
    lying = whole_days(age) < HEIGHT_FROM_DAY if age is not None else lying
    indicator = index.tables[0 if lying else 1]
    xs, rows = _lms()[indicator, sex]
    tenths = length * 10
    tenths = round(tenths) if abs(tenths - round(tenths)) < 1e-7 else tenths
    first = round(xs[0] * 10)
    low = math.floor(tenths) - first
    if low < 0 or tenths > round(xs[-1] * 10):
        return (
            f"the length ({shown(length)} cm) is outside WHO's table ({shown(xs[0])} to {shown(xs[-1])} cm)"
        )
    share = tenths - math.floor(tenths)
    values = rows[low]
    if share > 0:
        values = tuple(a + share * (b - a) for a, b in zip(rows[low], rows[low + 1], strict=True))  # type: ignore[assignment]
    l, m, s = values
    return {"indicator": indicator, "sex": sex, "x": length, "l": l, "m": m, "s": s}


def lms_says(y: float, numbers: dict[str, Any], restricted: bool) -> tuple[str, dict[str, Any]]:
    """The formula with its numbers, and what it gives on the way."""
    l, m, s = numbers["l"], numbers["m"], numbers["s"]
    z = ((y / m) ** l - 1) / (l * s)
    says = f"z = ((y/m)^l - 1) / (l*s) = (({shown(y)}/{shown(m)})^{shown(l)} - 1) / ({shown(l)}*{shown(s)}) = {z:.6g}"
    more: dict[str, Any] = {"y": y, "unrounded": z}
    if restricted and abs(z) > 3:
        side = math.copysign(1, z)
        third = m * (1 + l * s * 3 * side) ** (1 / l)
        second = m * (1 + l * s * 2 * side) ** (1 / l)
        z = side * 3 + (y - third) / abs(third - second)
        says += (
            f"; beyond 3, counted in steps of SD3 - SD2: {shown(side * 3)} + ({shown(y)} - {third:.6g}) / "
            f"{abs(third - second):.6g} = {z:.6g}"
        )
        more |= {"sd3": third, "sd2": second, "unrounded": z}
    return says, more


def _who(
    store: Store,
    row: Row,
    index: GrowthIndex,
    find: Find,
    *,
    column: str | None = None,
    age: Cell | None = None,
) -> Cell:
    column = column or index.name
    measure = "length_for_score_cm" if index.measure == "length_for_score_cm" else index.measure
    size, sex = find("growth", row, measure), fact(store, row, "infant_sex", find)
    age = find("growth", row, "age_days") if age is None else age
    inputs = [size, sex, age]
    if index.axis == "length":
        inputs += [find("growth", row, "length_for_score_cm"), find("growth", row, "measured")]
    if index.oedema_voids:
        inputs.append(find("growth", row, "oedema"))
    given = _parts(*inputs)
    if size.value is None or size.value <= 0:
        return _cell(row, column, f"there is no {measure}", given)
    if index.oedema_voids and row["oedema"]:
        return _cell(row, column, "oedema: a swollen child's weight is not scored", given)
    found = table_row(index, str(_value(sex)), age.value, row["length_for_score_cm"], row["measured"])
    if isinstance(found, str):
        return _cell(row, column, found, given)
    says, more = lms_says(size.value, found, index.restricted)
    where = "day" if index.axis == "age" else "cm"
    says = f"WHO {found['indicator']}, {found['sex']}, {where} {shown(found['x'])}: {says}; rounded to 2 decimals: {shown(row[column])}"
    return _cell(row, column, says, given, **found, **more, restricted=index.restricted)


def _flag(row: Row, column: str, stem: str, find: Find) -> Cell:
    index, score = INDICES[stem], find("growth", row, stem)
    if score.value is None:
        return _cell(row, column, "there is no score", (score,))
    sign = "outside" if row[column] else "within"
    says = f"{shown(score.value)} is {sign} WHO's {shown(index.flag_below)} to {shown(index.flag_above)}"
    return _cell(row, column, says, (score,), flag_below=index.flag_below, flag_above=index.flag_above)


def _standard(store: Store, row: Row, find: Find) -> Cell:
    age, gestation = find("growth", row, "age_days"), fact(store, row, "gestational_age_days", find)
    days = None if _value(gestation) is None else math.floor(gestation.value + 0.5)  # type: ignore[union-attr]
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
    return _cell(
        row, "growth_standard", says, _parts(age, gestation), gestation_days=days, postmenstrual_weeks=weeks
    )


def _intergrowth(store: Store, row: Row, stem: str, column: str, find: Find) -> Cell:
    measure, what, _ = NEWBORN[stem]
    standard, size = find("growth", row, "growth_standard"), find("growth", row, measure)
    sex, gestation = fact(store, row, "infant_sex", find), fact(store, row, "gestational_age_days", find)
    age = find("growth", row, "age_days")
    given = _parts(standard, size, sex, gestation, age)
    if standard.value not in {"intergrowth_newborn", "intergrowth_preterm"}:
        return _cell(row, column, "the standard that counts for this row is not INTERGROWTH's", (standard,))
    if size.value is None or size.value <= 0 or (what == "weight" and row["oedema"]):
        return _cell(row, column, f"there is no {measure} that can be scored", given)
    if _value(sex) is None:
        return _cell(row, column, "the sex is unknown", given)
    numbers = _figures(standard.value, what, str(_value(sex)), gestation.value, age.value)  # type: ignore[union-attr]
    says = _distributed(what, size.value, numbers)
    if column.endswith("_flag"):
        says = f"beyond what the standard can tell apart, or a gross error: {says}" if row[column] else says
    elif column.endswith("_centile"):
        says = f"100 times the share of the standard's infants below the z-score: {says}"
    return _cell(row, column, says, given, y=size.value, **numbers)


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


def _routed(store: Store, row: Row, column: str, find: Find) -> Cell:
    name = column.removesuffix("_routed")
    standard = find("growth", row, "growth_standard")
    if standard.value is None:
        return _cell(row, column, "no standard counts for this row", (standard,))
    if standard.value == "who_corrected":
        return _who(
            store, row, INDICES[name], find, column=column, age=find("growth", row, "age_corrected_days")
        )
    score = name if standard.value == "who" else f"ig_{name}"
    other = find("growth", row, score)
    if row[column] is None:
        return _cell(row, column, f"{score} is missing: {other.because}", (standard, other))
    return _cell(row, column, f"{score}, since the standard is {standard.value}", (standard, other))
