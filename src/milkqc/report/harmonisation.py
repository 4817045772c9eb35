"""Which variables the study gives and how far each is the dictionary's: what can be pooled with another study."""

from __future__ import annotations

from typing import Any

import polars as pl

from milkqc.model import Result
from milkqc.report.limits import Limits, listing

FILE = "harmonisation.csv"
# What is not there at all stays in the file: a list of everything that the study never meant to have tells nothing.
_SILENT = "not_mapped"
_SHOWN = ("table", "variable", "label", "unit", "status", "said", "note", "source", "rows", "values")
_EMPTY = pl.DataFrame(schema={**dict.fromkeys(_SHOWN, pl.String), "rows": pl.Int64, "values": pl.Int64})


def harmonisation(result: Result, limits: Limits) -> dict[str, Any]:
    """`counts` of variables by status, and the `table` of those that the mapping speaks of."""
    frame = result.statistics.get("harmonisation", _EMPTY)
    said = frame.filter(pl.col("status") != _SILENT).select(_SHOWN)
    counts = said.group_by("status").agg(n=pl.len()).sort("status")
    return {
        "counts": dict(counts.iter_rows()),
        "silent": frame.height - said.height,
        "table": listing(said, limits.checks, limits=limits, file=FILE),
    }
