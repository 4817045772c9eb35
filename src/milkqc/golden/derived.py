"""The scores, ages and estimates of a golden row, beside the participants of the uploads."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Words

import polars as pl

from milkqc import reference
from milkqc.derive import adequacy
from milkqc.derive import growth as scores
from milkqc.mapping.language import Mapping
from milkqc.reference.mae import MaeChoice

# What a run computes of a row: the dictionary's columns that no mapping fills.
DERIVED: Words[str, frozenset[str]] = {
    table: frozenset(column.column for column in reference.columns(table) if column.origin == "derived")
    for table in ("growth", "milk", "biomarkers")
}


def scored(
    table: str,
    frame: pl.DataFrame,
    people: pl.DataFrame | None,
    mapping: Mapping,
    estimates: Callable[[], MaeChoice | None],
) -> pl.DataFrame:
    """`frame` with its derived columns. Without `people` only what the row says itself (sex, birth date) is known.

    A row stands alone: which standard counts for a newborn can hang on the child's other rows.
    """
    known, whole = _whole("participants", people), _whole(table, frame)
    schedule = {name: visit.day for name, visit in mapping.schedule.items()}
    if table == "growth":
        made = scores.score(whole, known, schedule=schedule, preterm_age=mapping.preterm_age)
    elif table == "milk":
        made = adequacy.compare(whole, known, estimates(), schedule=schedule)
    else:
        made = adequacy.days_postpartum(whole, known)
    return frame.hstack(made.select(name for name in made.columns if name not in whole.columns))


def _whole(table: str, frame: pl.DataFrame | None) -> pl.DataFrame:
    """The table with every mapped column of the dictionary, null where nothing fills it."""
    frame = pl.DataFrame() if frame is None else frame
    lacking = [
        pl.lit(None, dtype=reference.polars_type(column)).alias(column.column)
        for column in reference.columns(table)
        if column.column not in frame.columns and column.column not in DERIVED.get(table, frozenset())
    ]
    if not frame.width:
        return pl.select(lacking).clear()
    return frame.with_columns(lacking)
