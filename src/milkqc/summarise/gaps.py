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
        for name in [column.removesuffix("__raw") for column in rows.columns if column.endswith("__raw")]:
            if name in rows.columns:
                yield _first(
                    rows, table, pl.lit(name), pl.col(name).is_null(), _or_null(rows, f"{name}__missing")
                )
        if table in _RESULTS and {"analyte", "value", "censored"} <= set(rows.columns):
            sides = pl.col("censored").replace_strict(
                {"<": "below the limit", ">": "above the range"}, default=None, return_dtype=pl.String
            )
            why = pl.coalesce(sides, _or_null(rows, "missing_reason"))
            yield _first(rows, table, pl.col("analyte"), pl.col("value").is_null(), why)


def _first(rows: pl.DataFrame, table: str, variable: pl.Expr, gone: pl.Expr, why: pl.Expr) -> pl.DataFrame:
    return (
        rows.filter(gone)
        .select(
            table=pl.lit(table),
            variable=variable.cast(pl.String),
            participant_id=_or_null(rows, "participant_id"),
            visit=_or_null(rows, "visit"),
            sample_id=_or_null(rows, "sample_id"),
            why=why.fill_null("no reason given"),
        )
        .sort(
            pl.col("why") != "no reason given",
            "variable",
            "participant_id",
            "visit",
            "sample_id",
            nulls_last=True,
        )
        .group_by("variable", maintain_order=True)
        .head(MOST)
        .select(pl.col(name).cast(kind) for name, kind in GAPS.items())
        .sort("variable", maintain_order=True)
    )


def _or_null(frame: pl.DataFrame, column: str) -> pl.Expr:
    return pl.col(column) if column in frame.columns else pl.lit(None, dtype=pl.String)
