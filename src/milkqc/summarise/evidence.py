"""What a report needs beyond the overview: spreads with limits, codes, dates, units, completeness, flagged children."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

import polars as pl

from milkqc.model import Rule
from milkqc.summarise.attempt import Attempt, at_once
from milkqc.summarise.codes import CODES, DATES, codes, dates
from milkqc.summarise.completeness import SCHEMA as COMPLETENESS
from milkqc.summarise.completeness import Planned, completeness
from milkqc.summarise.declared import UNITS, units
from milkqc.summarise.flagged import BY_SITE, CHILDREN, flagged_children, zscores_by_site
from milkqc.summarise.gaps import GAPS, gaps
from milkqc.summarise.limits import SCHEMA as LIMITS
from milkqc.summarise.limits import limits
from milkqc.summarise.scheduled import PEOPLE, scheduled_people
from milkqc.summarise.spread import BINS, SPREAD, spread

WATCHED: dict[str, Any] = {"rule_id": pl.String, "table": pl.String, "column": pl.String}
_NONE: Mapping[str, str] = MappingProxyType({})


def evidence(
    tables: Mapping[str, pl.DataFrame],
    *,
    rules: Sequence[Rule],
    schedule: Mapping[str, Any],
    off: Mapping[str, str] = _NONE,
    watched: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType({}),
    data_cutoff: dt.date | None = None,
    attempt: Attempt = at_once,
) -> dict[str, pl.DataFrame]:
    """The tables by name: `spread`, `bins`, `limits`, `codes`, `gaps`, `dates`, `units`, `completeness`,
    `scheduled_people`, `zscores_by_site`, `flagged_children` and `watched`; each is described in its module.

    `tables` are the internal tables after normalise and derive; `schedule` maps visits to an object or mapping
    with `day` and `window`. `watched` gives, by rule id, the table and all the columns that a rule with several
    columns looks at; the participant's columns come with the prefix `participant_`. The day of the data is
    `data_cutoff`, else the latest date found in them; no clock is asked. `attempt` decides what becomes of a table
    that raises.
    """

    def one(name: str, make: Callable[[], pl.DataFrame], schema: Any) -> pl.DataFrame:
        return attempt(name, make, pl.DataFrame(schema=schema))

    days = cache(lambda: dates(tables))

    @cache
    def plan() -> tuple[tuple[Planned, ...], dt.date | None]:
        planned = tuple(_planned(name, visit) for name, visit in schedule.items())
        return planned, data_cutoff or _latest(days(), tables)

    def due(figure: Callable[..., pl.DataFrame]) -> pl.DataFrame:
        planned, until = plan()
        return figure(tables, planned, until=until)

    nothing = pl.DataFrame(schema=SPREAD), pl.DataFrame(schema=BINS)
    quartiles, bins = attempt("spread", lambda: spread(tables), nothing)
    return {
        "spread": quartiles,
        "bins": bins,
        "limits": one("limits", lambda: limits(rules, off=off), LIMITS),
        "codes": one("codes", lambda: codes(tables), CODES),
        "gaps": one("gaps", lambda: gaps(tables), GAPS),
        "dates": one("dates", days, DATES),
        "units": one("units", lambda: units(tables), UNITS),
        "completeness": one("completeness", lambda: due(completeness), COMPLETENESS),
        "scheduled_people": one("scheduled_people", lambda: due(scheduled_people), PEOPLE),
        "zscores_by_site": one("zscores_by_site", lambda: zscores_by_site(tables), BY_SITE),
        "flagged_children": one("flagged_children", lambda: flagged_children(tables), CHILDREN),
        "watched": one("watched", lambda: _watched(watched), WATCHED),
    }


def _latest(found: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> dt.date | None:
    """The latest date in the data, or the latest day on which an infant with a birth date was of a recorded age."""
    known = [day for day in (found["last"].max(), _oldest(tables)) if isinstance(day, dt.date)]
    return max(known, default=None)


def _oldest(tables: Mapping[str, pl.DataFrame]) -> object:
    # a study may record ages and no dates of visits; its latest date alone would be a birth
    people, growth = tables.get("participants", pl.DataFrame()), tables.get("growth", pl.DataFrame())
    born = {"infant_id", "infant_birth_date"}
    if not born <= set(people.columns) or not {"infant_id", "age_days"} <= set(growth.columns):
        return None
    reach = 200 * 366  # an age beyond any life is a fault, and no date
    aged = growth.filter(pl.col("age_days").is_between(0, reach)).join(
        people.select(*sorted(born)).drop_nulls(), on="infant_id", suffix="_of_participant"
    )
    birth = pl.col(
        "infant_birth_date_of_participant"
        if "infant_birth_date_of_participant" in aged.columns
        else "infant_birth_date"
    )
    return aged.select(birth + pl.duration(days=pl.col("age_days").cast(pl.Int64))).to_series().max()


def _planned(name: str, visit: Any) -> Planned:
    known = visit if isinstance(visit, Mapping) else {"day": visit.day, "window": visit.window}
    window = known.get("window")
    return Planned(name, float(known["day"]), (float(window[0]), float(window[1])) if window else None)


def _watched(rules: Mapping[str, tuple[str, tuple[str, ...]]]) -> pl.DataFrame:
    rows = [
        ("participants", column.removeprefix("participant_"), rule)
        if column.startswith("participant_") and column not in {"participant_id", "participant_found"}
        else (table, column, rule)
        for rule, (table, columns) in rules.items()
        for column in columns
    ]
    told = [{"rule_id": rule, "table": table, "column": column} for table, column, rule in sorted(set(rows))]
    return pl.DataFrame(told, schema=WATCHED, orient="row")
