"""The data dictionary: every column of every harmonised table, from variables.csv. Said nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

import polars as pl

from milkqc.units.tables import rows

Type = Literal["text", "number", "integer", "boolean", "date", "enum"]

_POLARS: dict[str, Any] = {
    "text": pl.String,
    "enum": pl.String,
    "number": pl.Float64,
    "integer": pl.Int64,
    "boolean": pl.Boolean,
    "date": pl.Date,
}


@dataclass(frozen=True)
class Column:
    """One column of a harmonised table.

    `unit` is a code of units.csv, `{z}` for z-scores, `by analyte`, or empty. `codes` are an enumeration's
    values in their order; `min` and `max` bound what can be true (null: no bound); `origin` is `key`,
    `mapped` or `derived`.
    """

    table: str
    column: str
    type: Type
    unit: str
    codes: tuple[str, ...]
    nullable: bool
    min: float | None
    max: float | None
    label: str
    origin: str


@cache
def dictionary() -> Mapping[tuple[str, str], Column]:
    """Every column by (table, column), in the order of the file, which is the order of the outputs."""
    return MappingProxyType({(row["table"], row["column"]): _column(row) for row in rows("variables.csv")})


@cache
def columns(table: str) -> tuple[Column, ...]:
    """The columns of one table, in order. KeyError for a table that the dictionary does not have."""
    found = tuple(column for column in dictionary().values() if column.table == table)
    if not found:
        raise KeyError(table)
    return found


def polars_type(column: Column) -> pl.DataType:
    """The type of a column in a polars frame: enumerations are text, numbers Float64, integers Int64."""
    kind: pl.DataType = _POLARS[column.type]()
    return kind


def _column(row: Mapping[str, str]) -> Column:
    kind = row["type"]
    if kind not in _POLARS:
        raise ValueError(f"variables.csv: {row['table']}.{row['column']} has the unknown type {kind!r}")
    return Column(
        table=row["table"],
        column=row["column"],
        type=kind,  # type: ignore[arg-type]
        unit=row["unit"],
        codes=tuple(row["codes"].split("|")) if row["codes"] else (),
        nullable=row["nullable"] == "true",
        min=float(row["min"]) if row["min"] else None,
        max=float(row["max"]) if row["max"] else None,
        label=row["label"],
        origin=row["origin"],
    )
