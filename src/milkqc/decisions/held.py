"""What the cell of each finding holds now: its raw text, and its value as findings write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Held:
    """`raw` is the text of the source cell, `own` its value. `cell` is false where a finding is about no single cell
    (a score, a batch); `raw` is then the finding's own value.
    """

    raw: str | None
    own: str | None
    cell: bool


def held(findings: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> dict[str, Held]:
    """By finding_id. `tables` are the internal tables, or those of a run's folder with their lineage beside them."""
    found = {
        one: Held(value, value, cell=False)
        for one, value in findings.select("finding_id", "value").iter_rows()
    }
    known = findings.filter(pl.col("variable").is_not_null()).group_by(
        "table", "variable", maintain_order=True
    )
    for (table, variable), part in known:
        frame = tables.get(str(table))
        if frame is None or "row_id" not in frame.columns:
            continue
        cells = _cells(frame, str(variable))
        if cells is not None:
            mine = part.select("finding_id", "row_id").join(cells, on="row_id", how="inner")
            found |= {one: Held(raw, _written(own), cell=True) for one, _, raw, own in mine.iter_rows()}
    return found


def _cells(frame: pl.DataFrame, variable: str) -> pl.DataFrame | None:
    """row_id, raw and own of a variable; in milk and biomarkers it may be an analyte. None where there is no such cell."""
    for name in (variable, f"let_{variable}"):
        for raw in (f"{name}__raw", f"{name}__key"):
            if raw in frame.columns:
                own = name if name in frame.columns else f"{name}__number"
                return frame.select(
                    "row_id", raw=pl.col(raw), own=pl.col(own) if own in frame.columns else pl.lit(None)
                )
    if "analyte" not in frame.columns:
        return None
    mine = frame.filter(pl.col("analyte") == variable)
    return mine.select("row_id", raw=pl.col("raw"), own=pl.col("value")) if mine.height else None


def _written(value: Any) -> str | None:
    """A value as findings write it: at most 10 significant digits."""
    if value is None or isinstance(value, bool):
        return None if value is None else str(value).lower()
    return f"{value:.10g}" if isinstance(value, float) else str(value)
