"""Each variable's card: how its values are spread against its limits, what is missing and why, what was found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from milkqc.model import SEVERITIES, Result
from milkqc.report import rows
from milkqc.report.found import rank
from milkqc.report.limits import Limits, plain
from milkqc.report.variables import WHOLE, Cell, Key, kinds_of, label, mapped_of, row_of, unit, worst

_STAGES = ("colostrum", "transitional", "mature")
Groups = Mapping[tuple[Any, ...], list[dict[str, Any]]]


def cards(
    result: Result, findings: pl.DataFrame, cells: Mapping[Key, Mapping[str, Cell]], limits: Limits
) -> dict[str, Any]:
    """The variables in order, each with its row of the matrix (`cells`), figures and first findings.

    Beyond the limit the variables without open findings are left off first. Figures come from
    `Result.statistics`; what a study does not have is empty.
    """
    order = list(cells)
    grave = sorted(order, key=lambda key: _GRAVE[worst(cells[key])])
    kept = set(grave[: limits.variables])
    mapped = dict.fromkeys(order, "")
    known = findings.with_columns(rank=rank())
    keys = [
        row_of(table, variable, mapped) for table, variable in known.select("table", "variable").iter_rows()
    ]
    known = known.with_columns(
        pl.Series("_table", [key[0] for key in keys], dtype=pl.String),
        pl.Series("_variable", [key[1] for key in keys], dtype=pl.String),
    )
    shown = pl.DataFrame(sorted(kept), schema={"_table": pl.String, "_variable": pl.String}, orient="row")
    carded = known.join(shown, on=["_table", "_variable"], how="semi", maintain_order="left")
    lists = rows.first(carded, ["_table", "_variable"], limits.rows_per_rule, limits.rows, limits)
    named = pl.col("table").eq_missing("_table") & pl.col("variable").eq_missing("_variable")
    counted = known.group_by("_table", "_variable").agg(pl.len(), named.all().alias("named"))
    totals = {(table, variable): (n, alike) for table, variable, n, alike in counted.iter_rows()}
    figures = _Figures(result, shown, limits)
    told = [
        figures.card(key, cells[key], lists.get(key, []), *totals.get(key, (0, False)), place=place)
        for place, key in enumerate((key for key in order if key in kept), start=1)
    ]
    return {
        "kinds": kinds_of(cells),
        "list": told,
        "left_off": len(order) - len(told),
        "file": "findings.csv",
    }


_GRAVE = {
    name: place for place, name in enumerate((*SEVERITIES, "could_not_run", "decided", "passed", "nothing"))
}


class _Figures:
    """The statistics of the variables `shown` (columns _table, _variable), so that each is walked once."""

    def __init__(self, result: Result, shown: pl.DataFrame, limits: Limits):
        self.result, self.shown, self.limits = result, shown, limits
        self.mapped = mapped_of(result)
        self.missing = self._by("missing")
        self.censored = self._by("censored", variable="analyte")
        self.spread = self._by("spread")
        self.bins = self._by("bins", extra=("stage", "site"))
        self.limited = self._by("limits")
        self.codes = self._by("codes")
        self.dates = self._by("dates")
        self.gaps = self._by("gaps")

    def _by(self, name: str, *, variable: str = "variable", extra: tuple[str, ...] = ()) -> Groups:
        frame = self.result.statistics.get(name, pl.DataFrame())
        told: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        if frame.is_empty():
            return told
        # of the thousands of bins of a study with hundreds of variables, those of the cards; and `value`, whose hard
        # limits are those of every result
        own = pl.struct(table=pl.col("table"), variable=pl.col(variable).cast(pl.String))
        kept = self.shown.select(pl.struct(table="_table", variable="_variable")).to_series()
        frame = frame.filter(own.is_in(kept.implode()) | (pl.col(variable) == "value"))
        for row in frame.iter_rows(named=True):
            told.setdefault(tuple(row[key] for key in ("table", variable, *extra)), []).append(row)
        return told

    def card(
        self,
        key: Key,
        cells: Mapping[str, Cell],
        shown: list[dict[str, Any]],
        total: int,
        named: bool,
        *,
        place: int,
    ) -> dict[str, Any]:
        """One card, JSON-safe; `named`: its `total` findings all carry its own table and variable."""
        gaps = self.missing.get(key, [])
        beyond = self.censored.get(key, [])
        of, censored = sum(row["results"] for row in beyond), sum(row["censored"] for row in beyond)
        told = {
            "anchor": f"v-{place}",
            "table": key[0],
            "variable": key[1],
            "label": label(key, self.mapped),
            "unit": unit(key),
            "worst": worst(cells),
            "cells": {kind: {"state": cell.worst, "findings": cell.findings} for kind, cell in cells.items()},
            "missing": {name: gaps[0][name] for name in _MISSING} if gaps else None,
            "gaps": [
                {name: row[name] for name in ("participant_id", "visit", "sample_id", "why")}
                for row in self.gaps.get(key, [])[: self.limits.rows_per_rule]
            ],
            "censored": {"results": of, "censored": censored, "percent": 100 * censored / of} if of else None,
            "spread": list(self._spreads(key)),
            "limits": self._limits(key),
            "codes": _codes(self.codes.get(key, []), self.limits.sites),
            "dates": [
                {name: row[name] for name in ("n", "first", "last")} for row in self.dates.get(key, [])
            ],
        }
        return {
            **plain(told, limits=self.limits),
            "findings": total,
            "list": shown,
            "left_off": total - len(shown),
            "filter": {"table": key[0], "variable": key[1]} if named else None,
        }

    def _limits(self, key: Key) -> list[dict[str, Any]]:
        own = self.limited.get(key, [])
        if key[0] in {"milk", "biomarkers"} and self.spread.get(key) and key[1] != WHOLE:
            own = [*own, *(row for row in self.limited.get((key[0], "value"), []) if row["kind"] == "hard")]
        names = ("stage", "kind", "low", "high", "unit", "condition", "rule_id")
        return [{name: row[name] for name in names} for row in own]

    def _spreads(self, key: Key) -> Iterator[dict[str, Any]]:
        """One spread per stage of lactation, or one in all; the sites with most values, by name."""
        own = self.spread.get(key, [])
        stages = sorted({row["stage"] for row in own}, key=_stage_order)
        for stage in stages:
            here = [row for row in own if row["stage"] == stage]
            whole = next(row for row in here if row["site"] is None)
            sited = sorted((row for row in here if row["site"] is not None), key=lambda row: -row["n"])
            sites = sorted(sited[: self.limits.sites], key=lambda row: row["site"]) if len(sited) > 1 else []
            yield {
                "stage": stage,
                **{name: whole[name] for name in ("scale", "not_drawn", "start", "step", "bins")},
                **self._figure(key, whole),
                "sites": [{"site": row["site"], **self._figure(key, row)} for row in sites],
                "sites_left_off": len(sited) - len(sites) if len(sited) > 1 else 0,
            }

    def _figure(self, key: Key, row: dict[str, Any]) -> dict[str, Any]:
        """Quartiles and the counts of the bins, from the first bin to the last; `below` and `above` the axis."""
        at = {each["at"]: each["n"] for each in self.bins.get((*key, row["stage"], row["site"]), [])}
        many = row["bins"] or 0
        return {
            **{name: row[name] for name in ("n", "min", "q25", "median", "q75", "max")},
            "below": at.get(-1, 0),
            "above": at.get(many, 0),
            "counts": [at.get(place, 0) for place in range(many)],
        }


_MISSING = ("rows", "present", "missing", "percent_missing", "reasons")


def _stage_order(stage: str | None) -> tuple[int, str]:
    return (_STAGES.index(stage) if stage in _STAGES else len(_STAGES), stage or "")


def _codes(counted: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """Each code with its rows in all and by site."""
    sites = sorted({row["site"] for row in counted if row["site"] is not None})
    shown = sites[:most] if len(sites) > 1 else []
    by = {(row["code"], row["site"]): row["n"] for row in counted}
    return [
        {
            "code": row["code"],
            "n": row["n"],
            "sites": {site: by.get((row["code"], site), 0) for site in shown},
        }
        for row in counted
        if row["site"] is None
    ]
