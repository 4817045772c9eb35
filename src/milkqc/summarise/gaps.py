"""The first missing, censored and absent rows of each variable, by participant and visit: counts lead to rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from milkqc.summarise.overview import reported

GAPS: dict[str, Any] = {
    **dict.fromkeys(("table", "variable", "participant_id", "visit", "sample_id", "why"), pl.String),
}
MOST = 25
NO_REASON = "no reason given"
_WHO = ("participant_id", "visit", "sample_id")
_RESULTS = ("milk", "biomarkers")


def gaps(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """At most 25 rows (GAPS) per mapped variable or analyte without a number, those that lack a reason first.

    `why` is the reason for missing, or `below the limit` and `above the range` for a censored result.
    """
    return pl.concat([pl.DataFrame(schema=GAPS), *_parts(tables)])


def _parts(tables: Mapping[str, pl.DataFrame]) -> Iterator[pl.DataFrame]:
    for table, frame in tables.items():
        if frame.is_empty():
            continue
        rows = reported(frame) if table in _RESULTS else frame
        names = [column.removesuffix("__raw") for column in rows.columns if column.endswith("__raw")]
        # Once for all columns: people and visits in order, so that of each column the first gaps need no sorting.
        keys = [_or_null(rows, name).alias(name) for name in _WHO]
        ordered = rows.with_columns(keys).sort(*_WHO, nulls_last=True, maintain_order=True)
        for name in names:
            if name in rows.columns:
                yield _of_column(ordered, table, name)
        if table in _RESULTS and {"analyte", "value", "censored"} <= set(rows.columns):
            yield _of_results(ordered, table)


def _of_column(ordered: pl.DataFrame, table: str, name: str) -> pl.DataFrame:
    """The first gaps of a column, those without a reason before the others."""
    # Selected first: a filter gathers every column it is given, and there may be a thousand.
    own = list(dict.fromkeys([*_WHO, name, *({f"{name}__missing"} & set(ordered.columns))]))
    gone = ordered.select(own).filter(pl.col(name).is_null())
    told = _said(gone, table, pl.lit(name), _or_null(ordered, f"{name}__missing"))
    silent = pl.col("why") == NO_REASON
    first = told.filter(silent).head(MOST)
    return pl.concat([first, told.filter(~silent).head(MOST - first.height)])


def _of_results(ordered: pl.DataFrame, table: str) -> pl.DataFrame:
    """The same of each analyte."""
    sides = pl.col("censored").replace_strict(
        {"<": "below the limit", ">": "above the range"}, default=None, return_dtype=pl.String
    )
    why = pl.coalesce(sides, _or_null(ordered, "missing_reason"))
    told = _said(ordered.filter(pl.col("value").is_null()), table, pl.col("analyte"), why)
    return (
        told.sort(pl.col("why") != NO_REASON, "variable", nulls_last=True, maintain_order=True)
        .group_by("variable", maintain_order=True)
        .head(MOST)
        .select(list(GAPS))
        .sort("variable", maintain_order=True)
    )


def _said(gone: pl.DataFrame, table: str, variable: pl.Expr, why: pl.Expr) -> pl.DataFrame:
    return gone.select(
        table=pl.lit(table),
        variable=variable.cast(pl.String),
        **{name: pl.col(name) for name in _WHO},
        why=why.fill_null(NO_REASON),
    ).select(pl.col(name).cast(kind) for name, kind in GAPS.items())


def _or_null(frame: pl.DataFrame, column: str) -> pl.Expr:
    return pl.col(column) if column in frame.columns else pl.lit(None, dtype=pl.String)
