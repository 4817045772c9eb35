"""Results go to the table of their specimen, also where a block names the specimen row by row."""

from __future__ import annotations

import polars as pl

from milkqc.mapping.built import Built

_OTHER = {"milk": "biomarkers", "biomarkers": "milk"}


def split(table: str, done: Built) -> dict[str, tuple[pl.DataFrame, pl.DataFrame]]:
    """The block's rows and problems by the table they belong to: `table` first, the other one only if it has any.

    A row without a specimen stays in the section it was mapped in.
    """
    if table not in _OTHER or "specimen" not in done.frame.columns:
        return {table: (done.frame, done.problems)}
    specimen = done.frame["specimen"]
    milk = specimen == "milk"
    moved = (~milk if table == "milk" else milk).fill_null(False)
    if not moved.any():
        return {table: (done.frame, done.problems)}
    return {table: _chosen(done, ~moved), _OTHER[table]: _chosen(done, moved)}


def _chosen(done: Built, rows: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    places = pl.select(pl.when(rows).then(rows.cast(pl.UInt32).cum_sum() - 1)).to_series()
    problems = done.problems.with_columns(place=places.gather(done.problems["place"]))
    return done.frame.filter(rows), problems.filter(pl.col("place").is_not_null())


def judged(frame: pl.DataFrame, variable: str) -> int:
    """How many source rows of `frame` hold something that reading judged for `variable` (a column or an analyte)."""
    if variable == "limit":
        return frame.filter(pl.col("limit_text").is_not_null()).height
    missing = f"{variable}__missing"
    read = pl.col(missing if missing in frame.columns else "missing_reason")
    rows = frame.filter(read.is_null() | (read == "unreadable"))
    if missing not in frame.columns:
        return rows.filter(pl.col("analyte") == variable).height
    return rows.select("source_file", "source_row").unique().height
