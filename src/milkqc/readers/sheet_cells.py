"""The cells of one column of a sheet, as calamine gives them: typed where they are of one kind, else text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import polars as pl

from milkqc.cells import number_text
from milkqc.model import CellFault
from milkqc.readers.frames import whole_numbers

ERRORS = (
    "#NULL!",
    "#DIV/0!",
    "#VALUE!",
    "#REF!",
    "#NAME?",
    "#NUM!",
    "#N/A",
    "#GETTING_DATA",
    "#SPILL!",
    "#CALC!",
)
_KINDS: Mapping[type, str] = {
    str: "text",
    bool: "boolean",
    int: "number",
    float: "number",
    datetime: "datetime",
    date: "date",
    time: "time",
    timedelta: "duration",
}


@dataclass(frozen=True)
class Column:
    """A column's values, the reasons of its nulls, its source_type, and its faults."""

    values: pl.Series
    reasons: pl.Series
    kind: str
    faults: tuple[CellFault, ...]


class Texts(Sequence[Sequence[str]]):
    """A grid's rows as text, each made when it is asked for: a layout looks at few of them."""

    def __init__(self, grid: Sequence[Sequence[Any]]):
        self._grid = grid

    def __len__(self) -> int:
        return len(self._grid)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [[cell_text(cell) for cell in row] for row in self._grid[place]]
        return [cell_text(cell) for cell in self._grid[place]]


def _why(raw: str) -> str:
    return {
        "#": "an error that Excel shows in the cell",
        "=": "a formula without a stored result: open the file in Excel and save it",
    }.get(raw[:1], "a negative number formatted as a date")


def column_of(name: str, cells: Sequence[Any], wrong: Mapping[int, str]) -> Column:
    """The cells of one column, blank ones ''; `wrong` are those (by row, from 0) that show an error instead."""
    clean = [None if cell == "" or row in wrong else cell for row, cell in enumerate(cells)]
    values, kind = _typed(name, clean)
    reasons = [None if cell is not None or row in wrong else "empty" for row, cell in enumerate(clean)]
    faults = tuple(CellFault(row + 1, name, raw, _why(raw)) for row, raw in sorted(wrong.items()))
    return Column(values, pl.Series(reasons, dtype=pl.String), kind, faults)


def _typed(name: str, cells: Sequence[Any]) -> tuple[pl.Series, str]:
    """The column of what its cells are, and its source_type."""
    kinds = {_KINDS[type(cell)] for cell in cells if cell is not None}
    if kinds == {"number"}:
        numbers = pl.Series(name, [None if c is None else float(c) for c in cells], dtype=pl.Float64)
        return whole_numbers(numbers), "number"
    if kinds == {"date"}:
        return pl.Series(name, cells, dtype=pl.Date), "date"
    if kinds in ({"datetime"}, {"date", "datetime"}):
        # calamine gives a moment at midnight as a date.
        moments = [datetime.combine(c, time()) if type(c) is date else c for c in cells]
        return pl.Series(name, moments, dtype=pl.Datetime("us")), "datetime"
    texts = pl.Series(name, [None if cell is None else cell_text(cell) for cell in cells], dtype=pl.String)
    if len(kinds) < 2:
        return texts, next(iter(kinds), "empty")
    return texts, "mixed with dates" if kinds & {"date", "datetime"} else "mixed"


def cell_text(cell: Any) -> str:
    """A cell of a mixed column, or of the header, as text."""
    match cell:
        case bool():
            return "true" if cell else "false"
        case int() | float():
            return str(number_text(pl.Series([float(cell)]))[0])
        case datetime() | date() | time():
            return cell.isoformat()
        case timedelta():
            minutes, seconds = divmod(round(cell.total_seconds()), 60)
            return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
        case _:
            return str(cell)
