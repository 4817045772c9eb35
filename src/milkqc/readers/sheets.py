"""Excel .xlsx: each column as what its cells are; a column of several kinds is text, and says so."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from milkqc.errors import SourceError
from milkqc.model import Origin, Source, Variable
from milkqc.readers.answers import Outbox, RefusedError
from milkqc.readers.carry import carry, unpacked
from milkqc.readers.files import File
from milkqc.readers.frames import (
    check_names,
    check_size,
    header_notes,
    name_columns,
    side_table,
)
from milkqc.readers.headers import Span, names_of, unit_texts
from milkqc.readers.layout import Layout, arrange
from milkqc.readers.options import Plate, ReadOptions
from milkqc.readers.package import Survey, Workbook
from milkqc.readers.plates import wells
from milkqc.readers.sheet_cells import ERRORS, Column, Texts, column_of
from milkqc.readers.workbook import opened

_ENDINGS = {".xlsx": "xlsx", ".xlsm": "xlsx", ".xls": "xls", ".xlsb": "xlsb", ".ods": "ods"}


def pull(path: Path, out: Outbox, *, name: str, options: dict[str, Any]) -> dict[str, Any]:
    """`sheet_source` as the child process is asked for it; `name` is what messages call the file."""
    try:
        return carry(sheet_source(File(path, name), unpacked(options)), out)
    except SourceError as error:
        raise RefusedError(error.what, error.todo) from None


def sheet_source(file: File, options: ReadOptions) -> Source:
    """A Source from one worksheet, hidden rows and columns included.

    A column of numbers is Int64 or Float64, of dates Date or Datetime; any other is String, with numbers in
    their shortest text, dates in ISO 8601 and source_type `mixed` or `mixed with dates`. Error cells are null
    and faults. Rows without any value at the end are dropped and counted in the notes.
    """
    with opened(file) as book:
        sheet, survey = _choose(file, book, options)
        check_size(file, survey.rows, survey.columns, options.max_cells)
        grid, spans = _load(file, sheet, survey)
    notes = [f"sheet: {sheet}", *survey.notes]
    if _ENDINGS.get(file.path.suffix.lower(), book.format) != book.format:
        notes.insert(0, f"the file is .{book.format}, whatever its ending")
    if options.plate is not None:
        columns = _plate(file, grid, survey, options.plate, notes)
        return _source(file, columns, {}, rows=len(grid), width=survey.columns, notes=notes)
    where = f"sheet {sheet!r}: "
    texts = Texts(grid)
    layout = arrange(file, texts, options, where=where)
    header = _header(file, where, texts, spans, layout, options)
    names = name_columns(header)
    check_names(file, names)
    first = layout.first - 1
    data = grid[first : layout.last]
    errors = {
        (row - first, column): raw
        for (row, column), raw in survey.errors.items()
        if first <= row < first + len(data)
    }
    filled = {at for at, row in enumerate(data) if any(cell != "" for cell in row)} | {
        row for row, _ in errors
    }
    rows = max(filled, default=-1) + 1
    columns = {}
    for place, (name, title) in enumerate(zip(names, header, strict=True)):
        cells = [row[place] for row in data[:rows]]
        wrong = {row: raw for (row, column), raw in errors.items() if column == place}
        wrong |= {row: cell for row, cell in enumerate(cells) if isinstance(cell, str) and cell in ERRORS}
        wrong |= _impossible(cells, survey, first=first, place=place)
        if title.strip() or wrong or any(cell != "" for cell in cells):
            columns[name] = column_of(name, cells, wrong)
    notes += [*layout.notes, *header_notes(header, names, kept=list(columns))]
    if len(data) > rows:
        notes.append(f"{len(data) - rows} rows without any value at the end were left out")
    below = sum(any(cell != "" for cell in row) for row in grid[first + len(data) :])
    if below:
        notes.append(f"{below} filled rows below the table asked for are no rows of it")
    merged = sum(bottom >= first and top < first + rows for (top, _), (bottom, _) in spans)
    if merged:
        notes.append(f"{merged} merged ranges among the rows: only the first cell of each has the value")
    unit_row = texts[layout.units - 1] if layout.units is not None and layout.units <= len(grid) else None
    found = unit_texts(names, [texts[row - 1] for row in layout.header], unit_row)
    units = {name: unit for name, unit in zip(names, found, strict=True) if unit}
    return _source(file, columns, units, rows=len(data), width=len(names), notes=notes)


def _source(
    file: File,
    columns: Mapping[str, Column],
    units: Mapping[str, str],
    *,
    rows: int,
    width: int,
    notes: Sequence[str],
) -> Source:
    table = pl.DataFrame([column.values for column in columns.values()])
    return Source(
        table=table,
        variables=tuple(
            Variable(name, source_type=column.kind, unit_text=units.get(name, ""))
            for name, column in columns.items()
        ),
        reasons=side_table({name: column.reasons for name, column in columns.items()}, table),
        codes=side_table({}, table),
        origin=Origin(
            file=file.name,
            sha256=file.sha256,
            format="excel",
            encoding="",
            encoding_basis="none",
            rows=rows,
            columns=width,
            reader="python-calamine",
            reader_version=version("python-calamine"),
            notes=tuple(notes),
        ),
        faults=tuple(fault for column in columns.values() for fault in column.faults),
    )


def _plate(
    file: File, grid: list[list[Any]], survey: Survey, plate: Plate, notes: list[str]
) -> dict[str, Column]:
    """The sheet's plate grids as columns; an error cell in a well is a fault there."""
    shown = [list(row) for row in grid]
    for (row, column), raw in survey.errors.items():
        shown[row][column] = _Wrong(raw)
    listed = wells(file, shown, plate)
    notes += listed.notes
    columns = {}
    for name, cells in listed.columns.items():
        wrong = {row: cell.raw for row, cell in enumerate(cells) if isinstance(cell, _Wrong)}
        wrong |= {row: cell for row, cell in enumerate(cells) if isinstance(cell, str) and cell in ERRORS}
        columns[name] = column_of(name, ["" if cell is None else cell for cell in cells], wrong)
    return columns


@dataclass(frozen=True)
class _Wrong:
    """A cell that shows an error, with what it shows."""

    raw: str


def _header(
    file: File, where: str, texts: Texts, spans: Sequence[Span], layout: Layout, options: ReadOptions
) -> list[str]:
    """The cells that name the columns."""
    width = len(texts[0]) if len(texts) else 0  # all rows have been made equally long
    if options.names is not None:
        if width != len(options.names):
            raise file.error(
                f"{where}has {width} columns where `names` lists {len(options.names)}.", "List all of them."
            )
        return list(options.names)
    rows = [texts[row - 1] if 1 <= row <= len(texts) else [] for row in layout.header]
    for row, cells in zip(layout.header, rows, strict=True):
        if not any(cell.strip() for cell in cells):
            raise file.error(
                f"{where}row {row} holds no column names.",
                "Give `header_row` (the row with the names, from 1), or `names` if the sheet has none.",
            )
    if layout.header != tuple(range(layout.header[0], layout.header[0] + len(layout.header))):
        spans = ()
    return names_of(rows, separator=options.separator, spans=spans, top=layout.header[0] - 1)


def _choose(file: File, book: Workbook, options: ReadOptions) -> tuple[str, Survey]:
    """The sheet asked for, or the only visible one with anything in it."""
    listed = ", ".join(repr(name) + (" (hidden)" if name in book.hidden else "") for name in book.sheets)
    if options.sheet is not None:
        if options.sheet not in book.sheets:
            raise file.error(f"has no sheet {options.sheet!r}.", f"Its sheets are {listed}.")
        return options.sheet, book.sheets[options.sheet]()
    surveys = {name: survey() for name, survey in book.sheets.items() if name not in book.hidden}
    filled = {name: survey for name, survey in surveys.items() if survey.rows}
    if not filled:
        raise file.error("has no visible sheet with anything in it.", f"Its sheets are {listed}.")
    if len(filled) > 1:
        raise file.error(f"has several sheets: {listed}.", "Say `sheet:` in the mapping.")
    return next(iter(filled.items()))


def _load(file: File, sheet: str, survey: Survey) -> tuple[list[list[Any]], list[Span]]:
    """All cells from A1 on, so that row and column numbers are those that Excel shows; and the merged ranges."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        # calamine believes the ending, and uploads are .xls by name only: from memory it looks at the content.
        with CalamineWorkbook.from_filelike(io.BytesIO(file.content)) as book:
            found = book.get_sheet_by_name(sheet)
            grid = found.to_python(skip_empty_area=False)
            merged = list(survey.merged if survey.merged is not None else found.merged_cell_ranges or ())
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
