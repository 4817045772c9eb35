"""Small steps that all readers share: blanks, reasons, and refusing tables that nobody could map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import polars as pl

from milkqc.readers.files import File


def check_names(file: File, names: Sequence[str], *, todo: str = "Rename one of them in the file.") -> None:
    """SourceError when two columns have the same name: nobody could tell them apart."""
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        shown = ", ".join(repr(name) for name in twice[:5]) + (" ..." if len(twice) > 5 else "")
        raise file.error(f"columns have the same name: {shown}.", todo)


def check_size(file: File, rows: int, columns: int, max_cells: int) -> None:
    """SourceError when the table would hold more than `max_cells` cells."""
    if rows * columns > max_cells:
        raise file.error(*too_large(rows, columns, max_cells))


def too_large(rows: int, columns: int, max_cells: int) -> tuple[str, str]:
    """What is wrong with a table of more than `max_cells` cells, and what to do."""
    return (
        f"holds {rows:,} rows x {columns:,} columns, more than the {max_cells:,} cells allowed.",
        "Check that it is the right file, or raise `max_cells`.",
    )


def name_columns(header: Sequence[str]) -> list[str]:
    """Header cells as column names: trimmed; a blank one is called `column_` and its place, from 1."""
    return [cell.strip() or f"column_{place}" for place, cell in enumerate(header, 1)]


def header_notes(header: Sequence[str], names: Sequence[str], *, kept: Sequence[str]) -> list[str]:
    """What is to be said of the names that were given, trimmed, or left out with an empty column."""
    notes = []
    trimmed = [repr(name) for cell, name in zip(header, names, strict=True) if cell.strip() and cell != name]
    if trimmed:
        notes.append(f"spaces were left out around the column names {', '.join(trimmed)}")
    unnamed = [name for cell, name in zip(header, names, strict=True) if not cell.strip()]
    called = [name for name in unnamed if name in kept]
    if called:
        notes.append(f"columns without a name in the header are called {', '.join(called)}")
    if len(unnamed) > len(called):
        notes.append(f"{len(unnamed) - len(called)} columns without a name or any value were left out")
    return notes


def blanks(table: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """A table of text with '' made null, and for each column that has such cells the reason `empty`."""
    cleaned = table.with_columns(pl.when(pl.col(pl.String) != "").then(pl.col(pl.String)).name.keep())
    return cleaned, {
        name: cleaned.select(pl.when(pl.col(name).is_null()).then(pl.lit("empty")).alias(name)).to_series()
        for name in cleaned.columns
        if cleaned[name].null_count()
    }


def side_table(columns: Mapping[str, pl.Series], like: pl.DataFrame) -> pl.DataFrame:
    """The `reasons` or `codes` of a Source: columns in the table's order, as long as it, all-null ones left out."""
    kept = [
        columns[name].cast(pl.String).alias(name)
        for name in like.columns
        if name in columns and columns[name].null_count() < like.height
    ]
    return pl.DataFrame(kept) if kept else pl.DataFrame(height=like.height)


def whole_numbers(values: pl.Series) -> pl.Series:
    """Int64 where every number is integral and exact as such; anything else, and an all-null column, stays."""
    if values.dtype != pl.Float64 or values.null_count() == len(values):
        return values
    # Above 2**53 neighbouring integers share a double.
    if ((values.floor() == values) & (values.abs() <= 2**53)).all():
        return values.cast(pl.Int64)
    return values
