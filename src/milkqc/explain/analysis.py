"""Cells of the analysis file: copied from a harmonised table, chosen among results, or computed from other cells."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from milkqc.derive.analysis import places
from milkqc.explain.mapped import unit_of
from milkqc.explain.milk import result
from milkqc.explain.model import Cell, shown
from milkqc.explain.store import Row, Store
from milkqc.reference.wide import columns_of
from milkqc.reference.wide import unit_of as unit_seen

Find = Callable[[str, Row, str], Cell]
_SCORES = {
    "stunted": ("laz", "<", -2),
    "wasted": ("wlz", "<", -2),
    "underweight": ("waz", "<", -2),
    "overweight": ("wlz", ">", 2),
}
_PERSON = {
    "preterm": ("gestational_age_days", 259, "days"),
    "low_birth_weight": ("birth_weight_kg", 2.5, "kg"),
}
_SHARE = {"limit/2": 1 / 2, "limit/sqrt2": 1 / math.sqrt(2)}
_FACTS = {"milk_sample_date": "sample_date", "milk_days_postpartum": "days_postpartum", "milk_stage": "stage"}
_KEYS = ("participant_id", "infant_id", "visit")


class Analysis:
    """The cells of the analysis file."""

    def __init__(self, store: Store, find: Find):
        self.store, self.find = store, find
        self.places = places(store.columns)
        self.wide = self._wide()

    def _wide(self) -> dict[str, tuple[str, str]]:
        """analyte and part (value, censored, limit, below_mae) by column."""
        import polars as pl

        found: dict[str, tuple[str, str]] = {}
        units: dict[str, set[str]] = {}
        for row in self.store.tables["milk"]:
            units.setdefault(row["analyte"], set()).update([row["unit"]] if row["unit"] else [])
        for analyte, seen in units.items():
            names = columns_of(analyte, unit_seen(analyte, pl.Series(sorted(seen), dtype=pl.String)))
            found |= {name: (analyte, part) for part, name in names.items()}
        return found

    def cell(self, row: Row, column: str) -> Cell:
        """The explanation of one cell."""
        if column in _KEYS:
            return self._key(row, column)
        if column in self.wide:
            return self._milk(row, column, *self.wide[column])
        if column in _SCORES:
            return self._score(row, column)
        if column in _PERSON:
            return self._person(row, column)
        if column in _FACTS:
            return self._sample(row, column)
        if column in {"n_below_mae", "n_mae_judged", "all_below_mae"}:
            return self._counted(row, column)
        if column == "season":
            return self._season(row)
        if column == "mother_first_row":
            return self._first(row)
        if column == "visit_date":
            return self._date(row)
        table, name = self.places[column]
        return self._copied(row, column, table, name)

    def _cell(
        self, row: Row, column: str, how: str, says: str, inputs: tuple[Cell, ...] = (), **numbers: Any
    ) -> Cell:
        value, unit = row[column], unit_of("analysis", column)
        unit = inputs[0].unit if unit is None and len(inputs) == 1 and how == "copied" else unit
        row_id = f"{row['infant_id']}|{row['visit']}"
        if value is None:
            return Cell(
                "analysis", row_id, column, None, unit, "missing", "", says, (), None, numbers, inputs
            )
        return Cell("analysis", row_id, column, value, unit, how, says, "", (), None, numbers, inputs)  # type: ignore[arg-type]

    def rows(self, row: Row, table: str) -> list[Row]:
        """The rows of a table that stand behind a row of the analysis file."""
        if table == "participants":
            return self.store.people.get((row["infant_id"],), [])
        if table == "visits":
            return self.store.visits.get((row["participant_id"], row["visit"]), [])
        return self.store.growth.get((row["infant_id"], row["visit"]), [])

    def _key(self, row: Row, column: str) -> Cell:
        for table in ("growth",):
            for one in self.rows(row, table)[:1]:
                return self._cell(
                    row, column, "copied", "the key of the growth row", (self.find(table, one, column),)
                )
        milk = self._results(row, None)
        found = [one for one in milk if one.get(column) == row[column]][:1]
        if found:
            return self._cell(
                row, column, "copied", "the key of the milk row", (self.find("milk", found[0], column),)
            )
        for one in self.rows(row, "participants")[:1]:
            return self._cell(row, column, "copied", "milk is of all infants of its participant", (self.find("participants", one, column),))  # fmt: skip
        return self._cell(row, column, "copied", "the participant itself: no infant is known", tuple(self.find("milk", one, "participant_id") for one in milk[:1]))  # fmt: skip

    def _copied(self, row: Row, column: str, table: str, name: str) -> Cell:
        rows = self.rows(row, table)
        if not rows:
            return self._cell(
                row,
                column,
                "missing",
                f"there is no {table} row for this {'infant' if table == 'participants' else 'visit'}",
            )
        inputs = tuple(self.find(table, one, name) for one in rows)
        if len(rows) == 1:
            one = inputs[0]
            says = f"{table}.{name}, as it is" if one.value is not None else one.because
            return self._cell(row, column, "copied", says, inputs)
        there = {one.value for one in inputs if one.value is not None}
        if row[column] is None and len(there) > 1:
            return self._cell(
                row,
                column,
                "missing",
                f"the {len(rows)} rows of {table} disagree, and none of them is chosen",
                inputs,
            )
        if row[column] is None:
            return self._cell(
                row, column, "missing", f"none of the {len(rows)} rows of {table} has a value", inputs
            )
        says = (
            f"the {len(rows)} rows of {table} agree"
            if len(there) == 1
            else f"the mean of {len(rows)} replicate rows of {table}"
        )
        return self._cell(row, column, "combined", says, inputs)

    def _date(self, row: Row) -> Cell:
        own = self._copied(row, "visit_date", "growth", "visit_date")
        if any(one["visit_date"] is not None for one in self.rows(row, "growth")) and own.value is not None:
            return own
        return self._copied(row, "visit_date", "visits", "visit_date")

    def _season(self, row: Row) -> Cell:
        column = "visit_date" if row["visit_date"] is not None else "milk_sample_date"
        if column not in row or row.get(column) is None:
            return self._cell(
                row,
                "season",
                "missing",
                "no date of the visit or its sample is known",
                (self.cell(row, "visit_date"),),
            )
        return self._cell(
            row,
            "season",
            "computed",
            f"month {row[column].month} of {row[column]}",
            (self.cell(row, column),),
            month=row[column].month,
        )

    def _first(self, row: Row) -> Cell:
        mother = row.get("mother_id") or row["participant_id"]
        same = self._mothers().get((mother, row["visit"]), [])
        others = [one["infant_id"] for one in same if one["infant_id"] != row["infant_id"]]
        says = "the mother's only row at this visit"
        if others:
            place = "the first" if row["mother_first_row"] else "not the first"
            says = f"{place} of the mother's {len(same)} rows at this visit (rows with milk come first, then by infant_id)"
        return self._cell(
            row,
            "mother_first_row",
            "computed",
            says,
            (),
            mother=mother,
            rows=sorted(one["infant_id"] for one in same),
        )

    def _mothers(self) -> dict[tuple[str, str], list[Row]]:
        if not hasattr(self, "_by_mother"):
            self._by_mother: dict[tuple[str, str], list[Row]] = {}
            for one in self.store.analysis:
                key = (one.get("mother_id") or one["participant_id"], one["visit"])
                self._by_mother.setdefault(key, []).append(one)
        return self._by_mother

    def _score(self, row: Row, column: str) -> Cell:
        name, sign, limit = _SCORES[column]
        score, flag = self.cell(row, name), self.cell(row, f"{name}_flag")
        if score.value is None:
            return self._cell(row, column, "missing", f"{name} is missing: {score.because}", (score,))
        if flag.value:
            return self._cell(
                row, column, "missing", f"{name} is flagged as implausible: {flag.says}", (score, flag)
            )
        says = f"{name} {shown(score.value)} {sign} {limit}: {shown(row[column])}"
        return self._cell(row, column, "computed", says, (score, flag), limit=limit)

    def _person(self, row: Row, column: str) -> Cell:
        name, limit, unit = _PERSON[column]
        own = self.cell(row, name)
        if own.value is None:
            return self._cell(row, column, "missing", f"{name} is missing: {own.because}", (own,))
        return self._cell(
            row,
            column,
            "computed",
            f"{shown(own.value)} < {limit} {unit}: {shown(row[column])}",
            (own,),
            limit=limit,
        )

    def _results(self, row: Row, analyte: str | None) -> list[Row]:
        """Reported milk rows of this infant and visit."""
        if analyte is None:
            return [one for key in {key for _, key in self._keys(row)} for one in self._results(row, key)]
        rows = self.store.milk.get((row["participant_id"], row["visit"], analyte), [])
        return [
            one
            for one in rows
            if one["reported"] is not False and one["infant_id"] in {None, row["infant_id"]}
        ]

    def _keys(self, row: Row) -> list[tuple[str, str]]:
        return [(row["visit"], analyte) for analyte in sorted({analyte for analyte, _ in self.wide.values()})]

    def _chosen(self, row: Row, analyte: str) -> tuple[list[Row], str]:
        """The results that count, and what was said of the others."""
        rows = self._results(row, analyte)
        given = [one for one in rows if one["value"] is not None or one["censored"] is not None]
        order = (self.store.trace["analysis"].get("milk") or {}).get("expression") or []
        if not given:
            return [], ""
        rank = {name: place for place, name in enumerate(order)}
        ranked = [
            (rank.get(one["expression"]) if one["expression"] is not None else len(order), one)
            for one in given
        ]
        if not order:
            ranked = [(0, one) for one in given]
        kept = [pair for pair in ranked if pair[0] is not None]
        if not kept:
            return [], f"its samples are of an expression that `analysis:` does not list ({', '.join(order)})"
        best = min(place for place, _ in kept if place is not None)
        return [one for place, one in kept if place == best], ""

    def _milk(self, row: Row, column: str, analyte: str, part: str) -> Cell:
        chosen, why = self._chosen(row, analyte)
        every = self._results(row, analyte)
        rows = chosen or every
        inputs = tuple(
            self.find("milk", one, "below_mae")
            if part == "below_mae"
            else result(self.store, "milk", one, part)
            for one in rows
        )
        if not every:
            return self._cell(row, column, "missing", f"no sample of this visit was analysed for {analyte}")
        if not chosen:
            told = (
                why
                or "; ".join(dict.fromkeys(one.because for one in inputs if one.because))
                or "there is no result"
            )
            return self._cell(row, column, "missing", told, inputs)
        if row[column] is None:
            blank = len(chosen) > 1 and not any(self._given(row, analyte))
            told = (
                f"{len(chosen)} results of this visit are not to be combined: `analysis:` in the mapping can choose"
                if blank
                else inputs[0].because
            )
            return self._cell(row, column, "missing", told or "the results together have none", inputs)
        if len(chosen) == 1:
            substituted = part == "value" and chosen[0]["value"] is None
            share = _SHARE.get(self.store.trace["analysis"].get("censored", ""))
            if substituted and share is not None:
                says = f"{shown(chosen[0]['limit'])} x {shown(share)}: `analysis: {{censored: ...}}` puts it in the place of a result below the limit"
                return self._cell(
                    row, column, "computed", says, inputs, share=share, limit=chosen[0]["limit"]
                )
            return self._cell(
                row, column, "copied", f"milk {part} of sample {chosen[0]['sample_id']}", inputs
            )
        return self._cell(row, column, "combined", self._combined(chosen, part), inputs)

    def _given(self, row: Row, analyte: str) -> list[bool]:
        return [
            row[name] is not None
            for name, (one, part) in self.wide.items()
            if one == analyte and part in {"value", "censored"}
        ]

    @staticmethod
    def _combined(rows: list[Row], part: str) -> str:
        n = len(rows)
        if part == "value":
            numbers = ", ".join(shown(one["value"]) for one in rows)
            return f"the mean of {n} results ({numbers}), to 10 significant digits"
        if part == "limit":
            return f"the limit of {n} results together"
        if part == "censored":
            return f"some of {n} results are censored on this side"
        return f"the {n} results together against their estimate"

    def _sample(self, row: Row, column: str) -> Cell:
        name = _FACTS[column]
        counting = [one for _, analyte in self._keys(row) for one in self._chosen(row, analyte)[0]]
        rows = counting or [one for _, analyte in self._keys(row) for one in self._results(row, analyte)]
        by_value = {one[name]: one for one in rows if one[name] is not None}
        if not rows:
            return self._cell(row, column, "missing", "there is no milk at this visit")
        inputs = tuple(self.find("milk", one, name) for one in by_value.values()) or (
            self.find("milk", rows[0], name),
        )
        if row[column] is None:
            told = "the samples of this visit disagree" if len(by_value) > 1 else inputs[0].because
            return self._cell(row, column, "missing", told, inputs)
        return self._cell(row, column, "copied", "what all samples of this visit say", inputs)

    def _counted(self, row: Row, column: str) -> Cell:
        wanted = self.store.trace["mae_set"]
        names = {analyte: name for name, (analyte, part) in self.wide.items() if part == "below_mae"}
        cells = tuple(self.cell(row, names[analyte]) for analyte in wanted if analyte in names)
        if not wanted:
            return self._cell(row, column, "missing", "`mae:` of the mapping declares no set of analytes")
        if not self._results(row, None):
            return self._cell(row, column, "missing", "there is no milk at this visit")
        judged = [one for one in cells if one.value is not None]
        below = [one for one in judged if one.value]
        counts = {"below": len(below), "judged": len(judged), "set": len(wanted)}
        says = f"{len(below)} of {len(judged)} judged are below, of a set of {len(wanted)}"
        if column == "all_below_mae" and row[column] is None:
            says = f"{says}: all that are judged are below, and not all are judged"
        return self._cell(row, column, "computed", says, cells, **counts)
