"""Who stands behind the counts of completeness: everybody who is not simply there, measure by measure, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from milkqc.summarise.completeness import MEASURES, STATES, Measure, Planned, each_measure
from milkqc.summarise.overview import reported

PEOPLE = pl.Schema(
    {
        **dict.fromkeys(
            ("visit", "table", "variable", "state", "participant_id", "infant_id", "site"), pl.String()
        ),
        "window_from": pl.Date(),
        "window_to": pl.Date(),
        "age_days": pl.Float64(),
        "why": pl.String(),
    }
)
NO_ROW, NO_VALUE, NO_REASON = "no row", "no value", "no reason given"
_SAID = pl.Schema(dict.fromkeys(("person", "visit", "variable", "why"), pl.String()))


def scheduled_people(
    tables: Mapping[str, pl.DataFrame], planned: tuple[Planned, ...], *, until: dt.date | None
) -> pl.DataFrame:
    """One row (PEOPLE) per planned visit, measure and person whom `completeness` counts under one of STATES.

    Who is not in it is there, and inside the window as far as the age is known. Visits and measures stand as in
    `completeness`, then states in their order, sites, participants, infants. `infant_id` is null in tables of dyads;
    the window is null without a birth date, and is the day itself where the schedule gives none. `age_days` is the
    age of whoever came outside the window. `why`: `no row`, else what the row says (the outcome of a visit, the
    reason for missing, or `no value`); of who left the reason for leaving; outside the window by how many days.
    """
    parts = [pl.DataFrame(schema=PEOPLE)]
    said: dict[str, pl.DataFrame] = {}
    for measure in each_measure(tables, planned, until=until):
        if measure.table not in said:
            said[measure.table] = _said(measure.table, tables[measure.table])
        parts.append(_told(measure, said[measure.table]))
    return pl.concat(parts)


def _told(measure: Measure, said: pl.DataFrame) -> pl.DataFrame:
    visit = measure.visit
    own = said.filter(pl.col("visit") == visit.name, pl.col("variable") == measure.variable)
    order = pl.col("state").replace_strict(STATES, list(range(len(STATES))), return_dtype=pl.Int8)
    left = pl.col("exit_reason").fill_null(NO_REASON)
    return (
        measure.people.filter(pl.col("state").is_in(STATES))
        .join(own.select("person", "why"), on="person", how="left", maintain_order="left")
        .sort(order, "site", "participant", "person", nulls_last=True)
        .select(
            visit=pl.lit(visit.name),
            table=pl.lit(measure.table),
            variable=pl.lit(measure.variable),
            state="state",
            participant_id="participant",
            infant_id=pl.col("person") if measure.key == "infant_id" else pl.lit(None),
            site="site",
            window_from="opens",
            window_to="closes",
            age_days=pl.when(pl.col("state") == "outside_window").then("age"),
            why=pl.when(pl.col("state") == "outside_window")
            .then(_beyond(visit))
            .when(pl.col("state") == "left")
            .then(left)
            .otherwise(pl.col("why").fill_null(NO_ROW)),
        )
        .cast(PEOPLE)
    )


def _beyond(visit: Planned) -> pl.Expr:
    """`2 days early`, `1 day late`."""
    if visit.window is None:
        return pl.lit(None, dtype=pl.String)
    begins, ends = visit.window
    early = pl.col("age") < begins
    days = pl.when(early).then(begins - pl.col("age")).otherwise(pl.col("age") - ends).round_sig_figs(10)
    whole = pl.when(days == days.round(0)).then(days.cast(pl.Int64, strict=False).cast(pl.String))
    unit = pl.when(days == 1).then(pl.lit("day")).otherwise(pl.lit("days"))
    word = pl.when(early).then(pl.lit("early")).otherwise(pl.lit("late"))
    return pl.format("{} {} {}", whole.otherwise(days.cast(pl.String)), unit, word)


def _said(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """One row per person, visit and variable with a row but no measurement: what the row says of it."""
    if table == "visits":
        parts = [_of_rows(frame, "participant_id", pl.lit("visit"), _or_null(frame, "outcome"))]
    elif table == "growth":
        parts = [
            _of_rows(frame, "infant_id", pl.lit(name), _or_null(frame, f"{name}__missing"), value=name)
            for name in MEASURES
            if name in frame.columns
        ]
    else:
        rows = reported(frame).filter(pl.col("value").is_null() & pl.col("censored").is_null())
        parts = [_of_rows(rows, "participant_id", pl.col("analyte"), _or_null(rows, "missing_reason"))]
    told = pl.concat([pl.DataFrame(schema=_SAID), *parts])
    return told.sort(_SAID.names(), nulls_last=True).unique(
        ("person", "visit", "variable"), keep="first", maintain_order=True
    )


def _of_rows(
    frame: pl.DataFrame, person: str, variable: pl.Expr, why: pl.Expr, *, value: str | None = None
) -> pl.DataFrame:
    rows = frame.filter(pl.col(value).is_null()) if value else frame
    return rows.select(
        person=pl.col(person), visit=pl.col("visit"), variable=variable, why=why.fill_null(NO_VALUE)
    ).cast(_SAID)


def _or_null(frame: pl.DataFrame, column: str) -> pl.Expr:
    return pl.col(column) if column in frame.columns else pl.lit(None, dtype=pl.String)
