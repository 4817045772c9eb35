"""What the schedule asks for and what is there: visit by visit, measure by measure, over all and by site."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from milkqc import reference
from milkqc.summarise.overview import reported
from milkqc.summarise.people import with_site

SCHEMA: dict[str, Any] = {
    "visit": pl.String,
    "table": pl.String,
    "variable": pl.String,
    "label": pl.String,
    "site": pl.String,
    **dict.fromkeys(
        ("enrolled", "left", "not_due", "expected", "present", "missing", "in_window", "outside_window"),
        pl.Int64,
    ),
    "percent_present": pl.Float64,
}
MEASURES = (
    "weight_kg",
    "length_cm",
    "head_circumference_cm",
    "muac_cm",
    "triceps_skinfold_mm",
    "subscapular_skinfold_mm",
)


@dataclass(frozen=True)
class Planned:
    """A visit of the schedule: its day of life and its window in days (null when the study gave none)."""

    name: str
    day: float
    window: tuple[float, float] | None = None


# Whom a count of completeness names one by one; whoever is `present` stands in the harmonised tables.
STATES = ("missing", "not_due", "left", "outside_window")


@dataclass(frozen=True)
class Measure:
    """A measure of a planned visit, and everybody enrolled in `people`: person, participant, site, state.

    `state` is one of STATES or `present`: whoever has the measure is present, or outside the window when the age is
    known and beyond it; of the others who left before the window began has left, whose window is still open is
    not due, and the rest is missing. Beside it `opens` and `closes` (dates of the window), `age` in days at the
    measure and `exit_reason`, each null where unknown. `key` is the column that says who a person is.
    """

    visit: Planned
    table: str
    key: str
    variable: str
    people: pl.DataFrame


def completeness(
    tables: Mapping[str, pl.DataFrame], planned: tuple[Planned, ...], *, until: dt.date | None
) -> pl.DataFrame:
    """One row per planned visit, measure and site (SCHEMA), `site` null for all sites together.

    Everybody enrolled is expected, but those whose window was still open on `until` (the day of the data; null:
    everybody's is over) and those who left before it began; a person with the measure counts as present in any
    case. Without a birth date nobody can be said to be not yet due. Persons are infants in growth, dyads
    elsewhere. `in_window` and `outside_window` count those present whose age is known, null without a window. A
    censored result is present, a missed visit is not.
    """
    told = (_counted(one) for one in each_measure(tables, planned, until=until))
    return pl.concat([pl.DataFrame(schema=SCHEMA), *told])


def each_measure(
    tables: Mapping[str, pl.DataFrame], planned: tuple[Planned, ...], *, until: dt.date | None
) -> Iterator[Measure]:
    """Everybody enrolled against each measure of each planned visit, table by table; nothing without participants."""
    people = tables.get("participants", pl.DataFrame())
    if people.is_empty() or not planned or not {"participant_id", "infant_id"} <= set(people.columns):
        return
    people = with_site(people, tables)
    for table, person, rows in _present(tables, people):
        persons = _persons(people, person)
        for visit in planned:
            state = _due(persons, visit, until)
            for (variable,), seen in rows.group_by("variable", maintain_order=True):
                here = (
                    seen.filter(pl.col("visit") == visit.name).group_by("person").agg(pl.col("age").first())
                )
                joined = state.join(
                    here.with_columns(there=pl.lit(value=True)),
                    on="person",
                    how="left",
                    maintain_order="left",
                )
                yield Measure(visit, table, person, str(variable), joined.with_columns(state=_state(visit)))


def _present(
    tables: Mapping[str, pl.DataFrame], people: pl.DataFrame
) -> Iterator[tuple[str, str, pl.DataFrame]]:
    """Per table: its name, the column that says who, and person, visit, variable, age of whatever is there."""
    visits = tables.get("visits", pl.DataFrame())
    if {"participant_id", "visit"} <= set(visits.columns) and visits.height:
        seen = visits
        if "outcome" in visits.columns:
            seen = visits.filter(pl.col("outcome").fill_null("seen") == "seen")
        yield "visits", "participant_id", _rows(_aged(seen, people), "participant_id", pl.lit("visit"), None)
    growth = tables.get("growth", pl.DataFrame())
    if {"infant_id", "visit"} <= set(growth.columns):
        mapped = [name for name in MEASURES if name in growth.columns and growth[name].count()]
        if mapped:
            parts = [_rows(growth, "infant_id", pl.lit(name), "age_days", value=name) for name in mapped]
            yield "growth", "infant_id", pl.concat(parts)
    for table in ("milk", "biomarkers"):
        frame = tables.get(table, pl.DataFrame())
        if {"participant_id", "visit", "analyte", "value", "censored"} <= set(frame.columns) and frame.height:
            there = reported(frame).filter(pl.col("value").is_not_null() | pl.col("censored").is_not_null())
            yield (
                table,
                "participant_id",
                _rows(there.sort("analyte"), "participant_id", pl.col("analyte"), "days_postpartum"),
            )


def _rows(
    frame: pl.DataFrame, person: str, variable: pl.Expr, age: str | None, *, value: str | None = None
) -> pl.DataFrame:
    kept = frame.filter(pl.col(value).is_not_null()) if value else frame
    column = age if age and age in kept.columns else ("_age" if "_age" in kept.columns else None)
    return kept.select(
        person=pl.col(person),
        visit=pl.col("visit"),
        variable=variable.cast(pl.String),
        age=(pl.col(column) if column else pl.lit(None)).cast(pl.Float64),
    )


def _aged(visits: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Visits with the infant's age in days, where both dates are there."""
    if "visit_date" not in visits.columns or "infant_birth_date" not in people.columns:
        return visits
    born = (
        people.drop_nulls("infant_birth_date")
        .group_by("participant_id")
        .agg(_born=pl.col("infant_birth_date").min())
    )
    joined = visits.join(born, on="participant_id", how="left", maintain_order="left")
    return joined.with_columns(_age=(pl.col("visit_date") - pl.col("_born")).dt.total_days())


def _persons(people: pl.DataFrame, person: str) -> pl.DataFrame:
    """One row per person: site, birth and exit date, reason for leaving (null where unknown)."""

    def first(name: str, kind: type[pl.DataType] = pl.Date) -> pl.Expr:
        column = pl.col(name) if name in people.columns else pl.lit(None, dtype=kind)
        return column.drop_nulls().first() if name in people.columns else column.first()

    return (
        people.drop_nulls(person)
        .group_by(person, maintain_order=True)
        .agg(
            participant=pl.col("participant_id").first(),
            site=pl.col("site").first(),
            born=first("infant_birth_date"),
            left=first("exit_date"),
            exit_reason=first("exit_reason", pl.String),
        )
        .rename({person: "person"})
    )


def _due(persons: pl.DataFrame, visit: Planned, until: dt.date | None) -> pl.DataFrame:
    """Everybody with the window's dates: `gone` who left before it began, `late` whose window is still open."""
    begins, ends = visit.window or (visit.day, visit.day)
    opens, closes = (pl.col("born") + pl.duration(days=day) for day in (begins, ends))
    return persons.select(
        "person",
        "participant",
        "site",
        "exit_reason",
        opens=opens.cast(pl.Date),
        closes=closes.cast(pl.Date),
        gone=(pl.col("left") < opens).fill_null(value=False),
        late=(closes > pl.lit(until, dtype=pl.Date)).fill_null(value=False),
    )


def _state(visit: Planned) -> pl.Expr:
    """The word for a person who may be `there` with an `age`, `gone` or `late`."""
    first, last = visit.window or (None, None)
    inside = pl.col("age").is_between(pl.lit(first), pl.lit(last)) if visit.window else pl.lit(value=True)
    return (
        pl.when(pl.col("there") & ~inside)
        .then(pl.lit("outside_window"))
        .when("there")
        .then(pl.lit("present"))
        .when("gone")
        .then(pl.lit("left"))
        .when("late")
        .then(pl.lit("not_due"))
        .otherwise(pl.lit("missing"))
    )


def _counted(measure: Measure) -> pl.DataFrame:
    joined, visit = measure.people, measure.visit
    state, there = pl.col("state"), pl.col("state").is_in(["present", "outside_window"])
    windowed = visit.window is not None
    counts = {
        "enrolled": pl.len(),
        "left": (state == "left").sum(),
        "not_due": (state == "not_due").sum(),
        "present": there.sum(),
        "missing": (state == "missing").sum(),
        "in_window": ((state == "present") & pl.col("age").is_not_null()).sum()
        if windowed
        else pl.lit(None, dtype=pl.Int64),
        "outside_window": (state == "outside_window").sum() if windowed else pl.lit(None, dtype=pl.Int64),
    }
    whole = joined.select(**counts).with_columns(site=pl.lit(None, dtype=pl.String))
    sited = joined.drop_nulls("site").group_by("site").agg(**counts).sort("site")
    told = pl.concat(
        [whole.select(sorted(whole.columns)), sited.select(sorted(sited.columns))], how="vertical_relaxed"
    )
    expected = pl.col("present") + pl.col("missing")
    return told.with_columns(
        visit=pl.lit(visit.name),
        table=pl.lit(measure.table),
        variable=pl.lit(measure.variable),
        label=pl.lit(label(measure.table, measure.variable)),
        expected=expected,
        percent_present=pl.when(expected > 0).then((100 * pl.col("present") / expected).round_sig_figs(10)),
    ).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())


def label(table: str, variable: str) -> str:
    """What a measure is called; an analyte by its name, a seen visit as such."""
    if table == "visits":
        return "Visit seen"
    known = reference.dictionary().get((table, variable))
    if known is not None:
        return known.label
    analyte = reference.analytes().get(variable)
    return analyte.name.split(" (")[0] if analyte is not None else variable.replace("_", " ")
