"""Codes and dates of the mapped columns: how often each code, from when to when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from milkqc import reference
from milkqc.summarise.people import with_site

CODES: dict[str, Any] = {
    "table": pl.String,
    "variable": pl.String,
    "site": pl.String,
    "code": pl.String,
    "n": pl.Int64,
}
DATES: dict[str, Any] = {
    "table": pl.String,
    "variable": pl.String,
    "n": pl.Int64,
    "first": pl.Date,
    "last": pl.Date,
}


def codes(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Rows by code (CODES) of each mapped enumeration and yes/no column, `site` null for all sites together.

    Free text is never counted by its words: it may hold what no report should.
    """
    parts = [pl.DataFrame(schema=CODES)]
    for table, frame in tables.items():
        sited = with_site(frame, tables)
        for name, kind in frame.schema.items():
            column = reference.dictionary().get((table, name))
            coded = kind == pl.Boolean or (column is not None and column.type == "enum")
            if not coded or f"{name}__raw" not in frame.columns:
                continue
            known = sited.select("site", code=pl.col(name).cast(pl.String)).drop_nulls("code")
            whole = known.with_columns(site=pl.lit(None, dtype=pl.String))
            counted = pl.concat([whole, known.drop_nulls("site")]).group_by("site", "code").agg(n=pl.len())
            parts.append(
                counted.with_columns(table=pl.lit(table), variable=pl.lit(name)).select(
                    pl.col(key).cast(of) for key, of in CODES.items()
                )
            )
    return pl.concat(parts).sort(
        "table", "variable", "site", "n", "code", descending=[False] * 3 + [True, False]
    )


def dates(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The first and the last of each date column (DATES); columns without a date are left out."""
    rows = [
        {
            "table": table,
            "variable": name,
            "n": frame[name].count(),
            "first": frame[name].min(),
            "last": frame[name].max(),
        }
        for table, frame in tables.items()
        for name, kind in frame.schema.items()
        if kind == pl.Date and frame[name].count()
    ]
    return pl.DataFrame(rows, schema=DATES, orient="row").sort("table", "variable")
