"""From each count of completeness to its people: the first of them, how many in all, and where all of them stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from milkqc.model import Result
from milkqc.report.limits import Limits, listing

FILE = "completeness.csv"
# The columns of completeness that count people, and what is said of those people.
STATES = {
    "missing": "missing",
    "outside_window": "outside the window",
    "not_due": "not yet due",
    "left": "left before",
}
_KEY = ["visit", "table", "variable"]
_GROUP = [*_KEY, "state"]
_COUNTED = pl.Schema({**dict.fromkeys(_KEY, pl.String()), "present": pl.Int64(), "site": pl.String()})


def scheduled(result: Result, limits: Limits) -> dict[str, Any]:
    """A listing of `statistics["scheduled_people"]`, of which completeness.csv is the whole.

    Each visit, measure and state gets at most `rows_per_rule` rows, every site's first ones in turn, and all
    together `people`, one in turn each. A measure that nobody has at a visit is most likely not taken there, so it
    comes last; a count that is not shown needs no list.
    """
    rows = result.statistics.get("scheduled_people", pl.DataFrame())
    counted = result.statistics.get("completeness", pl.DataFrame(schema=_COUNTED))
    if rows.is_empty():
        return listing(rows, 0, limits=limits, file=FILE)
    shown = counted.filter(pl.col("site").is_null()).head(limits.table).select(*_KEY, "present")
    kept = (
        _first_of_runs(rows, limits.rows_per_rule)
        .join(shown, on=_KEY, how="inner", maintain_order="left")
        .with_columns(of_site=pl.int_range(pl.len()).over(*_GROUP, "site"))
        .sort("of_site", "place")
        .with_columns(turn=pl.int_range(pl.len()).over(_GROUP))
        .filter(pl.col("turn") < limits.rows_per_rule)
        .sort(pl.col("present") == 0, "turn", "place")
        .head(limits.people)
        .sort("place")
        .select(rows.columns)
    )
    told = listing(kept, kept.height, limits=limits, file=FILE)
    return {**told, "total": rows.height, "left_off": rows.height - kept.height}


def _first_of_runs(rows: pl.DataFrame, most: int) -> pl.DataFrame:
    """The first `most` rows of every run of one visit, measure, state and site, with their `place`, as plain text.

    No list takes more, and there may be millions.
    """
    place = pl.int_range(pl.len(), dtype=pl.UInt32)
    changed = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in (*_GROUP, "site"))
    started = pl.when(changed | (place == 0)).then(place).forward_fill()
    taken = rows.select((place - started < most).alias("taken")).to_series()
    texts = {name: pl.String for name, kind in rows.schema.items() if kind == pl.Enum}
    return rows.with_row_index("place").filter(taken).cast(texts)  # type: ignore[arg-type]


def behind(counts: Iterable[Mapping[str, Any]], people: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """`visits`: by visit the counts of people over all sites, each with its `people`; `anchors`: where each stands.

    A count carries its row of completeness, `state`, `said`, `n`, `anchor`, and `sites`: of each site how many of
    its people are in the list, and how many there are.
    """
    lists: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for one in people:
        lists.setdefault(_key(one, str(one["state"])), []).append(one)
    counts = list(counts)
    sited: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in counts:
        if row["site"] is not None:
            sited.setdefault(_key(row, ""), []).append(row)
    visits: dict[str, list[dict[str, Any]]] = {}
    anchors: dict[tuple[str, ...], str] = {}
    for row in counts:
        own = visits.setdefault(row["visit"], [])  # also where nobody is to be named: visits keep their order
        for state, said in STATES.items() if row["site"] is None else ():
            if not row[state]:
                continue
            key = _key(row, state)
            anchors[key] = f"who-{len(anchors) + 1}"
            listed = lists.get(key, [])
            sites = [_of_site(each, state, listed) for each in sited.get(_key(row, ""), ()) if each[state]]
            own.append(
                {
                    **row,
                    "state": state,
                    "said": said,
                    "n": row[state],
                    "anchor": anchors[key],
                    "people": listed,
                }
                | {"sites": sites}
            )
    return {"visits": [(visit, own) for visit, own in visits.items() if own], "anchors": anchors}


def anchor_of(row: Mapping[str, Any], state: str, anchors: Mapping[tuple[str, ...], str]) -> str | None:
    """Where the people behind one count of completeness are listed; None where nobody is counted."""
    return anchors.get(_key(row, state)) if row[state] else None


def _of_site(row: Mapping[str, Any], state: str, listed: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    shown = sum(one["site"] == row["site"] for one in listed)
    return {"site": row["site"], "shown": shown, "n": row[state]}


def _key(row: Mapping[str, Any], state: str) -> tuple[str, ...]:
    return (*(str(row[name]) for name in _KEY), state)
