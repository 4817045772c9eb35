"""Who is due at a visit and not there: the people behind each count of missing measurements, as far as they fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from milkqc.model import Result
from milkqc.report.limits import Limits, listing

_KEY = ["visit", "table", "variable"]


def absent(result: Result, limits: Limits) -> dict[str, Any]:
    """A listing of `statistics["absent"]`; `total` is the sum of what completeness counts as missing at all sites.

    Each visit and measure gets at most `rows_per_rule` rows and all together `people`, one in turn each. A measure
    that nobody has at a visit is most likely not taken there, so it comes last.
    """
    rows = result.statistics.get("absent", pl.DataFrame())
    counted = result.statistics.get("completeness", pl.DataFrame())
    if rows.is_empty() or counted.is_empty():
        return listing(rows, 0, limits=limits)
    # a count that is not shown needs no list
    counted = counted.filter(pl.col("site").is_null())
    shown = counted.head(limits.table).select(*_KEY, "present")
    kept = (
        rows.with_row_index("place")
        .join(shown, on=_KEY, how="inner", maintain_order="left")
        .with_columns(turn=pl.int_range(pl.len()).over(_KEY))
        .filter(pl.col("turn") < limits.rows_per_rule)
        .sort(pl.col("present") == 0, "turn", maintain_order=True)
        .head(limits.people)
        .sort("place")
        .select(rows.columns)
    )
    told = listing(kept, kept.height, limits=limits)
    total = int(counted["missing"].sum())
    return {**told, "total": total, "left_off": total - kept.height}


def behind(
    counts: Iterable[Mapping[str, Any]], people: Iterable[Mapping[str, Any]]
) -> list[tuple[str, list[dict[str, Any]]]]:
    """By visit, the measures that somebody lacks: the row of completeness over all sites, with its `people`."""
    lists: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for one in people:
        lists.setdefault(_key(one), []).append(one)
    visits: dict[str, list[dict[str, Any]]] = {}
    for row in counts:
        own = visits.setdefault(row["visit"], [])  # also where nobody is missing: visits keep their order
        if row["site"] is None and row["missing"]:
            own.append({**row, "people": lists.get(_key(row), [])})
    return [(visit, own) for visit, own in visits.items() if own]


def _key(row: Mapping[str, Any]) -> tuple[str, ...]:
    names: Sequence[str] = _KEY
    return tuple(str(row[name]) for name in names)
