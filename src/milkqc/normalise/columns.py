"""Mapped columns that hold numbers: `X__number` in the unit of the dictionary."""

from __future__ import annotations

import polars as pl

from milkqc import reference
from milkqc.errors import UnitError
from milkqc.normalise.faults import UNIT, WHOLE, failing_rows, perhaps, shown_unit
from milkqc.units import unit_factor

# What the dictionary writes where a column has no unit of its own to be converted to.
_UNITLESS = ("", "1", "{z}", "by analyte")
# Beyond this a float no longer tells neighbouring whole numbers apart.
_LARGEST_WHOLE = 2**53


def numbers(frame: pl.DataFrame) -> list[str]:
    """The mapped columns that came as numbers; the mapping's intermediates (`let_...`) stay as they are."""
    names = [name.removesuffix("__number") for name in frame.columns if name.endswith("__number")]
    return [name for name in names if not name.startswith("let_")]


def is_count(table: str, name: str) -> bool:
    """Whether the dictionary counts in this column: whole numbers only."""
    column = reference.dictionary().get((table, name))
    return column is not None and column.type == "integer"


def convert(table: str, frame: pl.DataFrame, name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`frame` with the column `name` and its `name__factor`, the reason where there is no value; and the drafts."""
    number, raw_unit, missing = f"{name}__number", f"{name}__raw_unit", f"{name}__missing"
    column = reference.dictionary().get((table, name))
    if missing not in frame.columns:
        frame = frame.with_columns(pl.lit(None, pl.String).alias(missing))
    if column is None:
        factor = pl.lit(1.0)
    else:
        # None is always there: with nothing to replace, polars leaves text as text
        units = {None, *frame[raw_unit].unique()}
        factors = {unit: _factor(unit, column.unit) for unit in units}
        factor = pl.col(raw_unit).replace_strict(factors, return_dtype=pl.Float64)
    frame = frame.with_columns(factor.alias(f"{name}__factor"))
    value = pl.col(number) * pl.col(f"{name}__factor")
    no_unit = pl.col(number).is_not_null() & pl.col(f"{name}__factor").is_null()
    split = pl.lit(value=False)
    if is_count(table, name):
        whole = (value == value.round()) & (value.abs() < _LARGEST_WHOLE)
        split = value.is_not_null() & ~whole
        value = pl.when(whole).then(value).cast(pl.Int64)
    target = column.unit if column is not None else ""
    found = [
        failing_rows(
            table,
            failing := frame.filter(no_unit),
            UNIT,
            pl.lit(name),
            shown_unit(raw_unit),
            pl.lit(target or "1") + perhaps(failing, raw_unit),
        ),
        failing_rows(
            table,
            frame.filter(split),
            WHOLE,
            pl.lit(name),
            pl.col(number).cast(pl.String),
            pl.lit("a whole number"),
        ),
    ]
    reason = (
        pl.when(no_unit)
        .then(pl.lit("unit_unreadable"))
        .when(split)
        .then(pl.lit("unreadable"))
        .otherwise(missing)
        .alias(missing)
    )
    return frame.with_columns(value.alias(name), reason), pl.concat(found)


def _factor(unit: str | None, to: str) -> float | None:
    """The factor of a column's unit, None where it cannot be converted; 1 where neither side has a unit."""
    if unit is None:
        return 1.0 if to in _UNITLESS else None
    try:
        return unit_factor(unit, "1" if to in _UNITLESS else to)
    except UnitError:
        return None
