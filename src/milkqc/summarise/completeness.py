"""What the schedule asks for and what is there: visit by visit, measure by measure, over all and by site."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
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
MISSING, NOT_DUE, LEFT, OUTSIDE, PRESENT = range(len(STATES) + 1)
Codes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Due:
    """A planned visit of a table's `persons` (one row each: person, participant, site, exit_reason, and the window's
    dates `opens` and `closes`, null where unknown). `key` is the column that says who a person is.

    `state` is what becomes of whoever has no measure: LEFT before the window began, NOT_DUE while it is open, else
    MISSING.
    """

    visit: Planned
    table: str
    key: str
    persons: pl.DataFrame
    state: Codes


@dataclass(frozen=True)
class Measure:
    """A measure of a planned visit, and everybody enrolled: `state` is one code (of STATES, or PRESENT) per person of `due`.

    Whoever has the measure is present, or outside the window when the age is known and beyond it. `there` are their
    places among the persons and `age` their ages in days, NaN where unknown.
    """

    due: Due
    variable: str
    state: Codes
    there: Places
    age: Floats


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
    rows = [
        row for due, measures in each_measure(tables, planned, until=until) for row in _counted(due, measures)
    ]
    expected = pl.col("expected")
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").with_columns(
        percent_present=pl.when(expected > 0).then((100 * pl.col("present") / expected).round_sig_figs(10))
    )


def each_measure(
    tables: Mapping[str, pl.DataFrame], planned: tuple[Planned, ...], *, until: dt.date | None
) -> Iterator[tuple[Due, list[Measure]]]:
    """Everybody enrolled against each measure of each planned visit, table by table; nothing without participants."""
    people = tables.get("participants", pl.DataFrame())
    if people.is_empty() or not planned or not {"participant_id", "infant_id"} <= set(people.columns):
        return
    people = with_site(people, tables)
    for table, key, rows in _present(tables, people):
        persons = _persons(people, key)
        variables = rows["variable"].unique(maintain_order=True).to_list()
        there = _there(rows, persons)
        for visit in planned:
            due = _due(persons, visit, until, table=table, key=key)
            yield due, [_measured(due, str(name), there.get((name, visit.name))) for name in variables]


def placed(rows: pl.DataFrame, persons: pl.DataFrame) -> pl.DataFrame:
    """`rows` of known persons with their `place` among `persons`, in their order."""
    known = persons.select("person").with_row_index("place").cast({"place": pl.Int64})
    return rows.join(known, on="person", how="inner", maintain_order="left")


def _there(rows: pl.DataFrame, persons: pl.DataFrame) -> dict[tuple[str, str], tuple[Places, Floats]]:
    """By variable and visit the places of whoever has the measure, each once with the first age."""
    grouped = placed(rows, persons).group_by("variable", "visit", maintain_order=True).agg("place", "age")
    told = {}
    for variable, visit, places, ages in grouped.iter_rows():
        once, first = np.unique(np.asarray(places, dtype=np.int64), return_index=True)
        told[variable, visit] = once, np.asarray(ages, dtype=np.float64)[first]
    return told


def _measured(due: Due, variable: str, seen: tuple[Places, Floats] | None) -> Measure:
    there, age = seen or (np.empty(0, dtype=np.int64), np.empty(0))
    state = due.state.copy()
    state[there] = PRESENT
    if due.visit.window is not None:
        first, last = due.visit.window
        # an unknown age (NaN) is beyond nothing
        state[there[(age < first) | (age > last)]] = OUTSIDE
    return Measure(due, variable, state, there, age)


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


def _due(persons: pl.DataFrame, visit: Planned, until: dt.date | None, *, table: str, key: str) -> Due:
    """Everybody with the window's dates, who left before it began, and whose window is still open."""
    begins, ends = visit.window or (visit.day, visit.day)
    opens, closes = (pl.col("born") + pl.duration(days=day) for day in (begins, ends))
    told = persons.select(
        "person",
        "participant",
        "site",
        "exit_reason",
        opens=opens.cast(pl.Date),
        closes=closes.cast(pl.Date),
        gone=(pl.col("left") < opens).fill_null(value=False),
        late=(closes > pl.lit(until, dtype=pl.Date)).fill_null(value=False),
    )
    gone, late = told["gone"].to_numpy(), told["late"].to_numpy()
    state = np.where(gone, LEFT, np.where(late, NOT_DUE, MISSING)).astype(np.uint8)
    return Due(visit, table, key, told.drop("gone", "late"), state)


def _counted(due: Due, measures: list[Measure]) -> Iterator[dict[str, Any]]:
    """Rows of SCHEMA without the share: of each measure all sites together, then site by site."""
    sites = due.persons["site"]
    names = sites.drop_nulls().unique().sort().to_list()
    places = sites.replace_strict(names, list(range(len(names))), default=len(names), return_dtype=pl.Int64)
    # whoever has no site is the last one, and counted in the whole only
    at = places.to_numpy()
    many, kinds = len(names) + 1, len(STATES) + 1
    for one in measures:
        counts = np.bincount(at * kinds + one.state, minlength=many * kinds).reshape(many, kinds)
        inside = one.there[(one.state[one.there] == PRESENT) & ~np.isnan(one.age)]
        aged = np.bincount(at[inside], minlength=many)
        shared = {
            "visit": due.visit.name,
            "table": due.table,
            "variable": one.variable,
            "label": label(due.table, one.variable),
        }
        yield {**shared, **_line(due, counts.sum(axis=0), int(aged.sum()), None)}
        for site, count, n in zip(names, counts, aged, strict=False):
            yield {**shared, **_line(due, count, int(n), site)}


def _line(due: Due, counts: Places, aged: int, site: str | None) -> dict[str, Any]:
    missing, not_due, left, outside, present = map(int, counts)
    windowed = due.visit.window is not None
    return {
        "site": site,
        "enrolled": int(counts.sum()),
        "left": left,
        "not_due": not_due,
        "expected": present + outside + missing,
        "present": present + outside,
        "missing": missing,
        "in_window": aged if windowed else None,
        "outside_window": outside if windowed else None,
    }


def label(table: str, variable: str) -> str:
    """What a measure is called; an analyte by its name, a seen visit as such."""
    if table == "visits":
        return "Visit seen"
    known = reference.dictionary().get((table, variable))
    if known is not None:
        return known.label
    analyte = reference.analytes().get(variable)
    return analyte.name.split(" (")[0] if analyte is not None else variable.replace("_", " ")
