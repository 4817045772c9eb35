"""Milk in the analysis file: which results of a visit count, and what its columns of an analyte were made of."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import polars as pl

from milkqc.explain.milk import result
from milkqc.explain.model import Cell, How, shown
from milkqc.explain.pooled import Pooled, pooled, says
from milkqc.explain.store import Row, Store
from milkqc.reference.wide import columns_of, unit_of

Find = Callable[[str, Row, str], Cell]
# `cell(row, column, how, says, inputs, **numbers)`: a cell of the analysis file.
Make = Callable[..., Cell]
FACTS = {"milk_sample_date": "sample_date", "milk_days_postpartum": "days_postpartum", "milk_stage": "stage"}
_SHARE = {"limit/2": 1 / 2, "limit/sqrt2": 1 / math.sqrt(2)}


class Wide:
    """The columns that the analysis file has of milk; `columns` are analyte and part (value ...) by name."""

    def __init__(self, store: Store, find: Find, make: Make):
        self.store, self.find, self.make = store, find, make
        self.columns = self._columns()
        self.analytes = sorted({analyte for analyte, _ in self.columns.values()})
        self.share = _SHARE.get(store.trace["analysis"].get("censored", ""))

    def _columns(self) -> dict[str, tuple[str, str]]:
        found: dict[str, tuple[str, str]] = {}
        units: dict[str, set[str]] = {}
        for row in self.store.tables["milk"]:
            units.setdefault(row["analyte"], set()).update([row["unit"]] if row["unit"] else [])
        for analyte, seen in units.items():
            names = columns_of(analyte, unit_of(analyte, pl.Series(sorted(seen), dtype=pl.String)))
            found |= {name: (analyte, part) for part, name in names.items()}
        return found

    def results(self, row: Row, analyte: str) -> list[Row]:
        """Reported results of this infant and visit."""
        rows = self.store.milk.get((row["participant_id"], row["visit"], analyte), [])
        return [
            one
            for one in rows
            if one["reported"] is not False and one["infant_id"] in {None, row["infant_id"]}
        ]

    def every(self, row: Row) -> list[Row]:
        """Those of all analytes."""
        return [one for analyte in self.analytes for one in self.results(row, analyte)]

    def chosen(self, row: Row, analyte: str) -> tuple[list[Row], str]:
        """The results that count; where none does, why not."""
        rows = self.results(row, analyte)
        given = [one for one in rows if one["value"] is not None or one["censored"] is not None]
        order = (self.store.trace["analysis"].get("milk") or {}).get("expression") or []
        if not given or not order:
            return given, ""
        rank = {name: place for place, name in enumerate(order)}
        ranked = [
            (rank.get(one["expression"]) if one["expression"] is not None else len(order), one)
            for one in given
        ]
        kept = [(place, one) for place, one in ranked if place is not None]
        if not kept:
            return [], f"its samples are of an expression that `analysis:` does not list ({', '.join(order)})"
        best = min(place for place, _ in kept)
        return [one for place, one in kept if place == best], ""

    def cell(self, row: Row, column: str) -> Cell:
        """A column of an analyte: its concentration, which side of a limit, the limit, below its estimate."""
        analyte, part = self.columns[column]
        chosen, why = self.chosen(row, analyte)
        every = self.results(row, analyte)
        if not every:
            return self.make(row, column, "missing", f"no sample of this visit was analysed for {analyte}")
        if len(chosen) > 1:
            return self._several(row, column, chosen)
        inputs = tuple(
            self.find("milk", one, "below_mae")
            if part == "below_mae"
            else result(self.store, "milk", one, part)
            for one in chosen or every
        )
        told = why or "; ".join(dict.fromkeys(one.because for one in inputs if one.because))
        if not chosen:
            return self.make(row, column, "missing", told or "there is no result", inputs)
        if row[column] is None:
            return self.make(row, column, "missing", told, inputs)
        if part == "value" and chosen[0]["value"] is None and self.share is not None:
            said = f"{shown(chosen[0]['limit'])} x {shown(self.share)}: `analysis: {{censored: ...}}` puts it in the place of a result below the limit"
            return self.make(
                row, column, "computed", said, inputs, share=self.share, limit=chosen[0]["limit"]
            )
        return self.make(row, column, "copied", f"milk {part} of sample {chosen[0]['sample_id']}", inputs)

    def _several(self, row: Row, column: str, chosen: list[Row]) -> Cell:
        """Several results that count: put together, or blank where nothing says how."""
        analyte, part = self.columns[column]
        inputs = tuple(result(self.store, "milk", one) for one in chosen)
        if not any(self._given(row, analyte)):
            told = f"{len(chosen)} results of this visit are not to be combined: `analysis:` in the mapping can choose"
            return self.make(row, column, "missing", told, inputs)
        found = pooled(chosen, self.share)
        numbers: dict[str, Any] = {
            "results": [one.plain for one in found.results],
            "samples": [one.plain for one in found.samples],
        }
        if self.share is not None:
            numbers["share"] = self.share
        if part == "below_mae":
            return self._below(row, column, chosen, found, numbers)
        how: How = "combined" if row[column] is not None else "missing"
        told = says(found, part) if row[column] is not None else _nothing(found, part)
        return self.make(row, column, how, told, inputs, **numbers)

    def _below(
        self, row: Row, column: str, chosen: list[Row], found: Pooled, numbers: dict[str, Any]
    ) -> Cell:
        """All results together against the estimate: what all of them say, else their mean or its limit."""
        inputs = tuple(self.find("milk", one, "below_mae") for one in chosen)
        estimates = {one["mae"] for one in chosen}
        numbers |= {"mae": next(iter(estimates))} if len(estimates) == 1 and None not in estimates else {}
        said = [one["below_mae"] for one in chosen]
        if row[column] is None:
            told = "the results together do not say on which side of their estimate the mean lies"
            return self.make(row, column, "missing", told, inputs, **numbers)
        if len(set(said)) == 1:
            told = f"all {len(said)} results say so"
        else:
            told = f"together {found.whole.text} against {shown(numbers.get('mae'))}"
        return self.make(row, column, "combined", told, inputs, **numbers)

    def _given(self, row: Row, analyte: str) -> list[bool]:
        return [
            row[name] is not None
            for name, (one, part) in self.columns.items()
            if one == analyte and part in {"value", "censored"}
        ]

    def sample(self, row: Row, column: str) -> Cell:
        """What the samples of a visit agree on: date, day, stage."""
        name = FACTS[column]
        counting = [one for analyte in self.analytes for one in self.chosen(row, analyte)[0]]
        rows = counting or self.every(row)
        if not rows:
            return self.make(row, column, "missing", "there is no milk at this visit")
        by_value = {one[name]: one for one in rows if one[name] is not None}
        inputs = tuple(self.find("milk", one, name) for one in by_value.values()) or (
            self.find("milk", rows[0], name),
        )
        if row[column] is None:
            told = "the samples of this visit disagree" if len(by_value) > 1 else inputs[0].because
            return self.make(row, column, "missing", told, inputs)
        return self.make(row, column, "copied", "what all samples of this visit say", inputs)


def _nothing(found: Pooled, part: str) -> str:
    """Why a part of several results together is null."""
    if part == "value" and found.whole.censored is not None:
        side = "below" if found.whole.censored == "<" else "above"
        return f"censored: the results together lie {side} {shown(found.whole.limit)}"
    if part == "censored":
        return "the results are numbers"
    if part == "limit":
        return "the results have no limit, or different ones and none lies beyond its own"
    return "the results together have none"
