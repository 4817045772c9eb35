"""Columns of one thing held against each other: readings of it, or the same in other words."""

from __future__ import annotations

import polars as pl

from milkqc.cells import numbers
from milkqc.drafting.columns import Guess
from milkqc.drafting.plan import Table
from milkqc.drafting.words import take_apart

# Readings of one thing differ by less than this share of their mean; visits by more.
_READINGS = 0.03


def numbers_of(table: Table, column: str) -> pl.Series:
    """A column's cells as numbers, null where they are none."""
    series = table.upload.source.table[column]
    return (
        numbers(series.str.strip_chars())["number"] if series.dtype == pl.String else series.cast(pl.Float64)
    )


def combine(table: Table, several: list[Guess]) -> str:
    """How columns of one thing become one value: readings of it (`mean_of` ...), or whichever is filled (`first_of`)."""
    if len({str(one.spec.get("unit")) for one in several}) > 1:
        return ""
    frame = pl.DataFrame({one.column: numbers_of(table, one.column) for one in several})
    filled = pl.sum_horizontal(pl.all().is_not_null())
    spread = frame.select(
        share=(pl.max_horizontal(pl.all()) - pl.min_horizontal(pl.all())) / pl.mean_horizontal(pl.all()),
        filled=filled,
    )
    both = spread.filter(pl.col("filled") > 1)["share"].drop_nulls()
    alone = int((spread["filled"] == 1).sum())
    middle = float(both.median() or 0) if len(both) else 0.0  # type: ignore[arg-type]  # a share
    if middle > _READINGS:
        return ""
    numbered = {take_apart(one.column).number for one in several}
    if len(numbered) == len(several) and "" not in numbered and len(both) > alone:
        return "mean_of_closest_two" if len(several) > 2 else "mean_of"
    return "first_of" if alone >= len(both) or (both == 0).mean() > 0.95 else ""  # type: ignore[operator]  # a share


def same(table: Table, one: str, other: str) -> bool:
    """Whether two columns say the same in other words: each value of one goes with one value of the other."""
    frame = table.upload.source.table.select(a=pl.col(one), b=pl.col(other)).drop_nulls()
    pairs = frame.unique()
    return bool(pairs.height) and pairs["a"].n_unique() == pairs.height == pairs["b"].n_unique()
