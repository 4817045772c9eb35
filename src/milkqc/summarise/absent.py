"""Who is due at a visit of the schedule and has no measurement: the people behind a count of completeness."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from milkqc.summarise.completeness import MEASURES, Measure, Planned, each_measure
from milkqc.summarise.overview import reported

ABSENT = pl.Schema(
    dict.fromkeys(("visit", "table", "variable", "participant_id", "infant_id", "site", "why"), pl.String())
)
MOST = 25
NO_ROW, NO_VALUE = "no row", "no value"
_WHY = pl.Schema(dict.fromkeys(("person", "visit", "variable", "why"), pl.String()))


def absent(
    tables: Mapping[str, pl.DataFrame], planned: tuple[Planned, ...], *, until: dt.date | None
) -> pl.DataFrame:
    """At most 25 rows (ABSENT) per planned visit and measure, of those whom `completeness` counts as missing.

    Where there are more, every site gives its first ones in turn; rows stand by site, participant and infant.
    `infant_id` is null in tables of dyads. `why` is `no row`, else what the row says: the outcome of a visit, the
    reason for missing, or `no value`.
    """
    parts = [pl.DataFrame(schema=ABSENT)]
    reasons: dict[str, pl.DataFrame] = {}
    for measure in each_measure(tables, planned, until=until):
        if measure.table not in reasons:
            reasons[measure.table] = _reasons(measure.table, tables[measure.table])
        parts.append(_first(measure, reasons[measure.table]))
    return pl.concat(parts)


def _first(measure: Measure, reasons: pl.DataFrame) -> pl.DataFrame:
    order = ("site", "participant", "person")
    infant = pl.col("person") if measure.key == "infant_id" else pl.lit(None, dtype=pl.String)
    why = reasons.filter(
        pl.col("visit") == measure.visit.name, pl.col("variable") == measure.variable
    ).select("person", "why")
    return (
        measure.missing.sort(order, nulls_last=True)
        .with_columns(turn=pl.int_range(pl.len()).over("site"))
        .sort("turn", maintain_order=True)
        .head(MOST)
        .sort(order, nulls_last=True)
        .join(why, on="person", how="left", maintain_order="left")
        .select(
            visit=pl.lit(measure.visit.name),
            table=pl.lit(measure.table),
            variable=pl.lit(measure.variable),
            participant_id=pl.col("participant"),
            infant_id=infant,
            site=pl.col("site"),
            why=pl.col("why").fill_null(NO_ROW),
        )
        .cast(ABSENT)
    )


def _reasons(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """One row per person, visit and variable with a row but no measurement: what the row says of it."""
    if table == "visits":
        parts = [_said(frame, "participant_id", pl.lit("visit"), _or_null(frame, "outcome"))]
    elif table == "growth":
        parts = [
            _said(frame, "infant_id", pl.lit(name), _or_null(frame, f"{name}__missing"), value=name)
            for name in MEASURES
            if name in frame.columns
        ]
    else:
        rows = reported(frame).filter(pl.col("value").is_null() & pl.col("censored").is_null())
        parts = [_said(rows, "participant_id", pl.col("analyte"), _or_null(rows, "missing_reason"))]
    told = pl.concat([pl.DataFrame(schema=_WHY), *parts])
    return told.sort(_WHY.names(), nulls_last=True).unique(
        ("person", "visit", "variable"), keep="first", maintain_order=True
    )


def _said(
    frame: pl.DataFrame, person: str, variable: pl.Expr, why: pl.Expr, *, value: str | None = None
) -> pl.DataFrame:
    rows = frame.filter(pl.col(value).is_null()) if value else frame
    return rows.select(
        person=pl.col(person), visit=pl.col("visit"), variable=variable, why=why.fill_null(NO_VALUE)
    ).cast(_WHY)


def _or_null(frame: pl.DataFrame, column: str) -> pl.Expr:
    return pl.col(column) if column in frame.columns else pl.lit(None, dtype=pl.String)
