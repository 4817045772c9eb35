"""WHO's scores and flags explained: the row of the table (l, m, s), and the formula with its numbers."""

from __future__ import annotations

import bisect
import math
from functools import cache
from typing import Any

from milkqc.derive.ages import FIVE_YEARS_DAYS, HEIGHT_FROM_DAY
from milkqc.explain.child import Find, cell, fact, there, value_of
from milkqc.explain.model import Cell, shown
from milkqc.explain.store import Row, Store
from milkqc.reference.growth import GrowthIndex, growth_indices, who_lms

INDICES = {index.name: index for index in growth_indices()}
# Lying below this length where neither age nor position is known: WHO Child Growth Standards, as docs/growth.md says.
_LYING_BELOW_CM = 87.0


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


def score(
    store: Store,
    row: Row,
    index: GrowthIndex,
    find: Find,
    *,
    column: str | None = None,
    age: Cell | None = None,
) -> Cell:
    """A score by WHO (as `column`, at `age`, where it is the routed one), with the row of its table and the formula."""
    column = column or index.name
    measure = "length_for_score_cm" if index.measure == "length_for_score_cm" else index.measure
    size, sex = find("growth", row, measure), fact(store, row, "infant_sex", find)
    age = find("growth", row, "age_days") if age is None else age
    inputs = [size, sex, age]
    if index.axis == "length":
        inputs += [find("growth", row, "length_for_score_cm"), find("growth", row, "measured")]
    if index.oedema_voids:
        inputs.append(find("growth", row, "oedema"))
    given = there(*inputs)
    if size.value is None or size.value <= 0:
        return cell(row, column, f"there is no {measure}", given)
    if index.oedema_voids and row["oedema"]:
        return cell(row, column, "oedema: a swollen child's weight is not scored", given)
    found = table_row(index, str(value_of(sex)), age.value, row["length_for_score_cm"], row["measured"])
    if isinstance(found, str):
        return cell(row, column, found, given)
    says, more = lms_says(size.value, found, index.restricted)
    where = "day" if index.axis == "age" else "cm"
    says = f"WHO {found['indicator']}, {found['sex']}, {where} {shown(found['x'])}: {says}; rounded to 2 decimals: {shown(row[column])}"
    return cell(row, column, says, given, **found, **more, restricted=index.restricted)


def flag(row: Row, column: str, stem: str, find: Find) -> Cell:
    """Whether a score lies outside what WHO takes for possible."""
    index, score = INDICES[stem], find("growth", row, stem)
    if score.value is None:
        return cell(row, column, "there is no score", (score,))
    sign = "outside" if row[column] else "within"
    says = f"{shown(score.value)} is {sign} WHO's {shown(index.flag_below)} to {shown(index.flag_above)}"
    return cell(row, column, says, (score,), flag_below=index.flag_below, flag_above=index.flag_above)
