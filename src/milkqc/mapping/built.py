"""What a block of the mapping is made into: rows of a target table, their columns and the problems of their cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from milkqc.mapping.values import Mapped

PLACED_PROBLEMS = {
    "place": pl.UInt32,
    "rule_id": pl.String,
    "variable": pl.String,
    "value": pl.String,
    "expected": pl.String,
    "n_rows": pl.Int64,
    "source_row": pl.Int64,
}


@dataclass(frozen=True)
class Built:
    """Rows of a target table, the problems of their cells, the rows that have no place, and who fills what.

    `problems` point at rows of `frame` by `place`; `judged` counts by (rule, variable) what reading looked at;
    `columns` names the source columns of each variable.
    """

    frame: pl.DataFrame
    problems: pl.DataFrame
    rejected: pl.DataFrame
    read: int
    used: int
    set_aside: int
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    judged: Mapping[tuple[str, str], int] = field(default_factory=dict)
    controls: Mapping[str, int] = field(default_factory=dict)


def stored_columns(name: str, kind: str, mapped: Mapped) -> list[pl.Series]:
    """The internal columns of one mapped variable (docs/architecture.md)."""
    height = mapped.raw.len()
    parts = [mapped.raw.alias(f"{name}__raw"), mapped.missing.alias(f"{name}__missing")]
    if kind in {"number", "integer", "let"}:
        unit = (
            mapped.unit if mapped.unit is not None else pl.repeat(None, height, dtype=pl.String, eager=True)
        )
        number = mapped.value.cast(pl.Float64)
        return [number.alias(f"{name}__number"), unit.cast(pl.String).alias(f"{name}__raw_unit"), *parts]
    kinds = {"boolean": pl.Boolean, "date": pl.Date}
    return [mapped.value.cast(kinds.get(kind, pl.String)).alias(name), *parts]


def conflict_problems(conflicts: pl.DataFrame, merged: pl.DataFrame) -> pl.DataFrame:
    """The conflicts of merged rows as problems."""
    return conflicts.select(
        place="group",
        rule_id=pl.lit("reading.repeat.conflict"),
        variable="variable",
        value="value",
        expected=pl.lit("one value"),
        n_rows="n_rows",
        source_row=merged["source_row"].gather(conflicts["group"]),
    ).select(pl.col(name).cast(kind) for name, kind in PLACED_PROBLEMS.items())
