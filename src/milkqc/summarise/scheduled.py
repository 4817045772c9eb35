"""Who stands behind the counts of completeness: everybody who is not simply there, measure by measure, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from milkqc.summarise.completeness import (
    LEFT,
    MEASURES,
    OUTSIDE,
    PRESENT,
    STATES,
    Due,
    Measure,
    Places,
    Planned,
    each_measure,
    placed,
)
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
    Texts are enumerations: a study of many measures has millions of these rows.
    """
    texts: dict[str, int] = {}
    parts, whys = [], []
    said: tuple[str, dict[tuple[str, str], tuple[Places, list[str]]]] = ("", {})
    for due, measures in each_measure(tables, planned, until=until):
        if due.table != said[0]:
            said = due.table, _by_measure(_said(due.table, tables[due.table]), due.persons)
        part, why = _told(due, measures, said[1], texts)
        parts.append(part)
        whys.append(why)
    if not parts:
        return pl.DataFrame(schema=PEOPLE)
    kinds = {
        name: pl.Enum(
            pl.concat([part[name].unique().cast(pl.String) for part in parts]).drop_nulls().unique().sort()
        )
        for name in _TEXTS
    }
    whole = pl.concat([part.cast(kinds) for part in parts])  # type: ignore[arg-type]
    reasons = pl.Series(list(texts), dtype=pl.Enum(list(texts)))
    return whole.with_columns(why=reasons.gather(np.concatenate(whys)))


_TEXTS = ("visit", "table", "variable", "state", "participant_id", "infant_id", "site")


def _told(
    due: Due,
    measures: list[Measure],
    said: Mapping[tuple[str, str], tuple[Places, list[str]]],
    texts: dict[str, int],
) -> tuple[pl.DataFrame, npt.NDArray[np.uint32]]:
    """The people of one visit and table (PEOPLE but for `why`), and the places of their reasons in `texts`, which grow."""
    persons, visit = due.persons, due.visit.name

    def known(text: str) -> int:
        return texts.setdefault(text, len(texts))

    left = np.array([known(each or NO_REASON) for each in persons["exit_reason"]], dtype=np.uint32)
    ranked = (
        persons.select(pl.arg_sort_by("site", "participant", "person", nulls_last=True))
        .to_series()
        .to_numpy()
    )
    people, states, reasons, ages = [], [], [], []
    for one in measures:
        own = np.where(one.state == LEFT, left, np.uint32(known(NO_ROW))).astype(np.uint32)
        at, told = said.get((visit, one.variable), (np.empty(0, dtype=np.int64), []))
        if len(at):
            waits = one.state[at] != LEFT
            own[at[waits]] = np.array([known(each) for each in told], dtype=np.uint32)[waits]
        age = np.full(persons.height, np.nan)
        beyond = one.state[one.there] == OUTSIDE
        if beyond.any():
            outside = one.there[beyond]
            age[outside] = one.age[beyond]
            far = pl.DataFrame({"age": one.age[beyond]}).select(_beyond(due.visit)).to_series()
            own[outside] = np.array([known(each) for each in far], dtype=np.uint32)
        order = np.argsort(one.state[ranked], kind="stable")
        chosen = ranked[order[: int((one.state != PRESENT).sum())]]
        people.append(chosen)
        states.append(one.state[chosen])
        reasons.append(own[chosen])
        ages.append(age[chosen])
    counts = [len(each) for each in people]
    of = np.concatenate(people)
    variables = pl.Series(
        [one.variable for one in measures], dtype=pl.Enum([one.variable for one in measures])
    )
    names = {
        "participant_id": _enum(persons["participant"]),
        "infant_id": _enum(persons["person"] if due.key == "infant_id" else persons["person"].clear()),
        "site": _enum(persons["site"]),
    }
    if due.key != "infant_id":
        names["infant_id"] = names["infant_id"].extend_constant(None, persons.height)
    made = {
        "visit": pl.Series([visit], dtype=pl.Enum([visit])).new_from_index(0, len(of)),
        "table": pl.Series([due.table], dtype=pl.Enum([due.table])).new_from_index(0, len(of)),
        "variable": variables.gather(np.repeat(np.arange(len(measures)), counts)),
        "state": pl.Series(list(STATES), dtype=pl.Enum(STATES)).gather(np.concatenate(states)),
        **{name: column.gather(of) for name, column in names.items()},
        "window_from": persons["opens"].gather(of),
        "window_to": persons["closes"].gather(of),
        "age_days": pl.Series(np.concatenate(ages)).fill_nan(None),
    }
    return pl.DataFrame(made), np.concatenate(reasons)


def _enum(column: pl.Series) -> pl.Series:
    return column.cast(pl.Enum(column.drop_nulls().unique().sort()))


def _by_measure(said: pl.DataFrame, persons: pl.DataFrame) -> dict[tuple[str, str], tuple[Places, list[str]]]:
    """By visit and variable the places of the persons whose row says something, and what."""
    grouped = placed(said, persons).group_by("visit", "variable").agg("place", "why")
    return {
        (visit, variable): (np.asarray(places, dtype=np.int64), whys)
        for visit, variable, places, whys in grouped.iter_rows()
    }


def _beyond(visit: Planned) -> pl.Expr:
    """`2 days early`, `1 day late`."""
    begins, ends = visit.window or (visit.day, visit.day)
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
