"""Cells of the analysis file: copied from a harmonised table, or computed from other cells (milk: `wide`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from milkqc.derive.analysis import places
from milkqc.explain.mapped import unit_of
from milkqc.explain.model import Cell, shown
from milkqc.explain.store import Row, Store
from milkqc.explain.wide import FACTS, Wide

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
_KEYS = ("participant_id", "infant_id", "visit")


class Analysis:
    """The cells of the analysis file."""

    def __init__(self, store: Store, find: Find):
        self.store, self.find = store, find
        self.places = places(store.columns)
        self.milk = Wide(store, find, self._cell)

    def cell(self, row: Row, column: str) -> Cell:
        """The explanation of one cell."""
        if column in _KEYS:
            return self._key(row, column)
        if column in self.milk.columns:
            return self.milk.cell(row, column)
        if column in _SCORES:
            return self._score(row, column)
        if column in _PERSON:
            return self._person(row, column)
        if column in FACTS:
            return self.milk.sample(row, column)
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
        if unit is None and isinstance(value, float) and len({one.unit for one in inputs}) == 1:
            unit = inputs[0].unit if how in {"copied", "combined"} else None
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
        milk = self.milk.every(row)
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
        rows = [(one["infant_id"], bool(self.milk.every(one))) for one in same]
        says = "the mother's only row at this visit"
        if len(same) > 1:
            place = "the first" if row["mother_first_row"] else "not the first"
            listed = ", ".join(
                f"{infant} {'with' if milk else 'without'} milk" for infant, milk in sorted(rows)
            )
            says = f"{place} of the mother's {len(same)} rows at this visit ({listed}): rows with milk come first, then by infant_id"
        inputs = (self.cell(row, "mother_id" if row.get("mother_id") else "participant_id"),)
        return self._cell(row, "mother_first_row", "computed", says, inputs, rows=sorted(rows))

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

    def _counted(self, row: Row, column: str) -> Cell:
        wanted = self.store.trace["mae_set"]
        names = {analyte: name for name, (analyte, part) in self.milk.columns.items() if part == "below_mae"}
        cells = tuple(self.cell(row, names[analyte]) for analyte in wanted if analyte in names)
        if not wanted:
            return self._cell(row, column, "missing", "`mae:` of the mapping declares no set of analytes")
        if not self.milk.every(row):
            return self._cell(row, column, "missing", "there is no milk at this visit")
        judged = [one for one in cells if one.value is not None]
        below = [one for one in judged if one.value]
        counts = {"below": len(below), "judged": len(judged), "set": len(wanted)}
        says = f"{len(below)} of {len(judged)} judged are below, of a set of {len(wanted)}"
        if column == "all_below_mae" and row[column] is None:
            says = f"{says}: all that are judged are below, and not all are judged"
        return self._cell(row, column, "computed", says, cells, **counts)
