"""Values that do not fit the unit that the mapping gives them: most of a file's lie where none can."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from milkqc import reference, units
from milkqc.errors import UnitError
from milkqc.reference import plausible

# Units that a file may have instead, tried in this order where values do not fit the declared one.
OTHERS = ("kg", "g", "lb", "cm", "mm", "m", "day", "week", "month", "year", "g/dL", "g/L", "mL", "L")
CONCENTRATIONS = (
    *("g/L", "g/dL", "mg/L", "mg/dL", "ug/L", "ug/dL", "ng/L", "ng/dL", "mg/mL", "ug/mL", "ng/mL", "pg/mL"),
    *("mmol/L", "umol/L", "nmol/L", "pmol/L"),
)
MOST = 0.5  # the share of values that must lie outside before the unit is doubted
BELOW = 5  # how far under the low limit a result must be, as hard_high is over soft_high


@dataclass(frozen=True)
class Unfit:
    """One variable or analyte of one file whose values do not fit their unit."""

    name: str
    file: str
    what: str
    todo: str


def measures(table: str, frame: pl.DataFrame) -> Iterator[Unfit]:
    """Variables of a normalised table whose values mostly lie outside what the dictionary says can be true."""
    for column in reference.columns(table):
        name = column.column
        if f"{name}__raw_unit" not in frame.columns or (column.min is None and column.max is None):
            continue
        low = -float("inf") if column.min is None else column.min
        high = float("inf") if column.max is None else column.max
        known = frame.filter(pl.col(name).is_not_null() & pl.col(f"{name}__raw_unit").is_not_null())
        for (unit, file), group in known.group_by(f"{name}__raw_unit", "source_file", maintain_order=True):
            outside = group.filter((pl.col(name) < low) | (pl.col(name) > high)).height
            if outside <= MOST * group.height:
                continue
            median = float(group.select(pl.col(f"{name}__number").median()).item())
            fitting = _fitting(OTHERS, median, str(unit), column.unit, low, high)
            yield Unfit(
                "age_days" if name == "age_reported_days" else name,
                str(file),
                f"{outside} of {group.height} values of {file}, read in {unit}, cannot be true: their median is "
                f"{median:g} {unit}, and {name} lies between {low:g} and {high:g} {column.unit}.",
                f"{_hint(fitting)}Check the unit of the file.",
            )


def results(frame: pl.DataFrame) -> Iterator[Unfit]:
    """Analytes of milk whose results mostly lie far outside what was published of milk (reference.plausible).

    Results are judged wherever they are numbers; what is below a limit is not. Nothing is published here of serum,
    plasma or urine, so that other specimens are not judged.
    """
    if frame.is_empty() or "value" not in frame.columns:
        return
    limits = plausible.limits()
    known = frame.filter(pl.col("value").is_not_null() & pl.col("raw_unit").is_not_null())
    if "specimen" in known.columns:
        known = known.filter((pl.col("specimen") == "milk").fill_null(True))
    for (analyte, unit, file), group in known.group_by(
        "analyte", "raw_unit", "source_file", maintain_order=True
    ):
        own = limits.filter(pl.col("analyte") == analyte)
        if own.is_empty():
            continue
        to = own["unit"][0]
        bounds = own.select(
            pl.col("soft_low").min(), pl.col("soft_high").max(), pl.col("hard_high").max()
        ).row(0)
        usual_low, usual_high, high = (float(bound) for bound in bounds)
        low = usual_low / BELOW
        outside = group.filter((pl.col("value") < low) | (pl.col("value") > high)).height
        if outside <= MOST * group.height:
            continue
        median = float(group.select(pl.col("number").median()).item())
        substance = next((one for one in group["substance"].to_list() if one), None)
        fitting = _fitting(
            CONCENTRATIONS, median, str(unit), to, usual_low, usual_high, substance or str(analyte)
        )
        yield Unfit(
            str(analyte),
            str(file),
            f"{outside} of {group.height} results of {file}, read in {unit}, are far from what was seen in milk: their "
            f"median is {median:g} {unit}, and {analyte} lies between {low:g} and {high:g} {to}.",
            f"{_hint(fitting)}Check the unit of the file.",
        )


def _hint(fitting: list[str]) -> str:
    return f"In {' or '.join(fitting)} they would fit. " if fitting else ""


def _fitting(
    others: tuple[str, ...],
    median: float,
    unit: str,
    to: str,
    low: float,
    high: float,
    substance: str | None = None,
) -> list[str]:
    """The units in which the median would fit; of two spellings of one unit the first."""
    found: dict[object, str] = {}
    for other in others:
        try:
            factor = units.unit_factor(other, to, substance=substance)
            same = other == unit or factor == units.unit_factor(unit, to, substance=substance)
        except UnitError:
            continue
        if not same and low <= median * factor <= high:
            found.setdefault(round(factor, 15), other)
    return list(found.values())
