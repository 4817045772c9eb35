"""Excel .xlsx: each column as what its cells are; a column of several kinds is text, and says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from importlib.metadata import version
from typing import Any

import polars as pl

from milkqc.cells import number_text
from milkqc.model import CellFault, Origin, Source, Variable
from milkqc.readers.files import File
from milkqc.readers.frames import (
    check_names,
    check_size,
    header_notes,
    name_columns,
    side_table,
    whole_numbers,
)
from milkqc.readers.options import ReadOptions
from milkqc.readers.registry import Format
from milkqc.readers.workbook import Survey, Workbook, inspect

_ERRORS = (
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
class _Column:
    values: pl.Series
    reasons: pl.Series
    kind: str
    faults: tuple[CellFault, ...]


def read(file: File, options: ReadOptions) -> Source:
    """A Source from one worksheet, hidden rows and columns included.

    A column of numbers is Int64 or Float64, of dates Date or Datetime; any other is String, with numbers in
    their shortest text, dates in ISO 8601 and source_type `mixed` or `mixed with dates`. Error cells are null
    and faults. Rows without any value at the end are dropped and counted in the notes.
    """
    book = inspect(file)
    sheet, survey = _choose(book, options)
    check_size(file, survey.rows, survey.columns, options.max_cells)
    grid, merged = _load(file, sheet, survey)
    header, first = _header(file, sheet, grid, options)
    names = name_columns(header)
    check_names(file, names)
    errors = {(row - first, column): raw for (row, column), raw in survey.errors.items() if row >= first}
    data = grid[first:]
    filled = {at for at, row in enumerate(data) if any(cell != "" for cell in row)} | {
        row for row, _ in errors
    }
    rows = max(filled, default=-1) + 1
    columns: dict[str, _Column] = {}
    for place, (name, title) in enumerate(zip(names, header, strict=True)):
        cells = [row[place] for row in data[:rows]]
        wrong = {row: raw for (row, column), raw in errors.items() if column == place}
        wrong |= {row: cell for row, cell in enumerate(cells) if isinstance(cell, str) and cell in _ERRORS}
        wrong |= _impossible(cells, survey, first=first, place=place)
        if title.strip() or wrong or any(cell != "" for cell in cells):
            columns[name] = _column(name, cells, wrong)
    table = pl.DataFrame([column.values for column in columns.values()])
    notes = [f"sheet: {sheet}", *header_notes(header, names, kept=list(columns))]
    if len(data) > rows:
        notes.append(f"{len(data) - rows} rows without any value at the end were left out")
    spans = sum(bottom >= first and top < first + rows for (top, _), (bottom, _) in merged)
    if spans:
        notes.append(f"{spans} merged ranges among the rows: only the first cell of each has the value")
    return Source(
        table=table,
        variables=tuple(Variable(name, source_type=column.kind) for name, column in columns.items()),
        reasons=side_table({name: column.reasons for name, column in columns.items()}, table),
        codes=side_table({}, table),
        origin=Origin(
            file=file.name,
            sha256=file.sha256,
            format="excel",
            encoding="",
            encoding_basis="none",
            rows=len(data),
            columns=len(names),
            reader="python-calamine",
            reader_version=version("python-calamine"),
            notes=tuple(notes),
        ),
        faults=tuple(fault for column in columns.values() for fault in column.faults),
    )


def _header(file: File, sheet: str, grid: list[list[Any]], options: ReadOptions) -> tuple[list[str], int]:
    """The cells that name the columns, and the place of the first data row."""
    if options.names is not None:
        width = max(map(len, grid), default=0)
        if width != len(options.names):
            raise file.error(
                f"sheet {sheet!r} has {width} columns where `names` lists {len(options.names)}.",
                "List all of them.",
            )
        return list(options.names), 0
    row = 1 if options.header_row is None else options.header_row
    header = [_text(cell) for cell in grid[row - 1]] if 1 <= row <= len(grid) else []
    if not any(cell.strip() for cell in header):
        raise file.error(
            f"sheet {sheet!r}: row {row} holds no column names.",
            "Give `header_row` (the row with the names, from 1), or `names` if the sheet has none.",
        )
    return header, row


def _choose(book: Workbook, options: ReadOptions) -> tuple[str, Survey]:
    """The sheet asked for, or the only visible one with anything in it."""
    listed = ", ".join(repr(name) + (" (hidden)" if name in book.hidden else "") for name in book.parts)
    if options.sheet is not None:
        if options.sheet not in book.parts:
            raise book.file.error(f"has no sheet {options.sheet!r}.", f"Its sheets are {listed}.")
        return options.sheet, book.survey(options.sheet)
    surveys = {name: book.survey(name) for name in book.parts if name not in book.hidden}
    filled = {name: survey for name, survey in surveys.items() if survey.rows}
    if not filled:
        raise book.file.error("has no visible sheet with anything in it.", f"Its sheets are {listed}.")
    if len(filled) > 1:
        raise book.file.error(f"has several sheets: {listed}.", "Say `sheet:` in the mapping.")
    return next(iter(filled.items()))


def _load(file: File, sheet: str, survey: Survey) -> tuple[list[list[Any]], list[Any]]:
    """All cells from A1 on, so that row and column numbers are those that Excel shows; and the merged ranges."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(str(file.path)) as book:
            found = book.get_sheet_by_name(sheet)
            grid = found.to_python(skip_empty_area=False)
            merged = list(found.merged_cell_ranges or ())
    except CalamineError as error:
        raise file.error(
            f"sheet {sheet!r} cannot be read ({error}).", "Open it in Excel and save it again."
        ) from None
    # calamine's block may end before an error cell, which it takes for a blank one.
    width = max([survey.columns, *map(len, grid)])
    grid += [[] for _ in range(survey.rows - len(grid))]
    return [row + [""] * (width - len(row)) for row in grid], merged


def _impossible(cells: Sequence[Any], survey: Survey, *, first: int, place: int) -> dict[int, str]:
    """Negative numbers formatted as dates: Excel shows ######## and calamine gives midnight."""
    return {
        row: survey.negatives[row + first, place]
        for row, cell in enumerate(cells)
        if isinstance(cell, time) and (row + first, place) in survey.negatives
    }


def _why(raw: str) -> str:
    return {
        "#": "an error that Excel shows in the cell",
        "=": "a formula without a stored result: open the file in Excel and save it",
    }.get(raw[:1], "a negative number formatted as a date")


def _column(name: str, cells: Sequence[Any], wrong: Mapping[int, str]) -> _Column:
    clean = [None if cell == "" or row in wrong else cell for row, cell in enumerate(cells)]
    values, kind = _typed(name, clean)
    reasons = [None if cell is not None or row in wrong else "empty" for row, cell in enumerate(clean)]
    faults = tuple(CellFault(row + 1, name, raw, _why(raw)) for row, raw in sorted(wrong.items()))
    return _Column(values, pl.Series(reasons, dtype=pl.String), kind, faults)


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
    texts = pl.Series(name, [None if cell is None else _text(cell) for cell in cells], dtype=pl.String)
    if len(kinds) < 2:
        return texts, next(iter(kinds), "empty")
    return texts, "mixed with dates" if kinds & {"date", "datetime"} else "mixed"


def _text(cell: Any) -> str:
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


FORMAT = Format("excel", (".xlsx",), read)
