"""The laboratory's own rows as a table of OUT: blanks, control materials and duplicates, and the way each came."""

from __future__ import annotations

import polars as pl

# What a person asks of a control; everything else that the run kept is its lineage.
CLEAN = (
    "row_id",
    "kind",
    "level",
    "sample_id",
    "analyte",
    "substance",
    "method",
    "measures",
    "batch",
    "run",
    "run_date",
    "run_order",
    "raw",
    "raw_unit",
    "factor",
    "value",
    "unit",
    "censored",
    "limit",
    "missing_reason",
    "target_mean",
    "target_sd",
)
_LINEAGE = ("row_id", "block", "source_file", "source_row")


def split_controls(controls: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The laboratory's own rows in canonical values as (clean, lineage), both sorted by row_id, one row each.

    clean: CLEAN, units as in the milk table. lineage: block, source file and row, then everything else that was read
    (number and limit in the raw unit, density, fat), and the cell's raw text again.
    """
    frame = controls.sort("row_id")
    rest = sorted(set(frame.columns) - set(CLEAN) - set(_LINEAGE))
    return frame.select(CLEAN), frame.select(*_LINEAGE, "raw", "raw_unit", *rest)
