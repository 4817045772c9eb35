"""Plate grids (8 x 12, 16 x 24 ...) as a list: a row for each well, with its plate and what stands in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from milkqc.readers.files import File
from milkqc.readers.options import Plate

_CELL = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
Grid = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Wells:
    """Equally long columns: plate, title, well, row, column, value, and those beside; null where nothing stands."""

    columns: dict[str, list[Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Found:
    """The place of a grid's first well, from 0; its plate, and what is written above it besides."""

    row: int
    column: int
    plate: str
    title: str


def wells(file: File, grid: Grid, plate: Plate) -> Wells:
    """The declared plates of `grid` (all cells from A1 on; blank is ''), in their order from top to bottom.

    `plate` is the nearest line above a grid (else its number), `title` the line before that. SourceError where a
    grid is not there, is cut off, or its letters and numbers are not those of a plate.
    """
    wanted = [
        corner for corner in (plate.corner, *(corner for _, corner in plate.beside)) if corner is not None
    ]
    corners = _corners(file, grid, wanted, plate) if wanted else {}
    if plate.start:
        found = [_at(file, grid, cell, number, plate) for number, cell in enumerate(plate.start, 1)]
    else:
        found = corners[plate.corner or ""]
    for one in found:
        _check(file, grid, one, plate)
    beside = {name: corners[corner] for name, corner in plate.beside}
    columns: dict[str, list[Any]] = {
        name: [] for name in ("plate", "title", "well", "row", "column", "value", *beside)
    }
    for one in found:
        matched = {name: _same_plate(file, name, one, others) for name, others in beside.items()}
        for other in matched.values():
            _check(file, grid, other, plate)
        for row in range(plate.rows):
            for column in range(plate.columns):
                letter = row_letters(row)
                values = (one.plate, one.title or None, f"{letter}{column + 1}", letter, column + 1)
                for name, value in zip(columns, values, strict=False):
                    columns[name].append(value)
                columns["value"].append(_cell(grid, one.row + row, one.column + column))
                for name, other in matched.items():
                    columns[name].append(_cell(grid, other.row + row, other.column + column))
    if not any(columns["title"]):
        del columns["title"]
    size = f"{plate.rows} x {plate.columns}"
    return Wells(columns, (f"{len(found)} plate grid{'s' * (len(found) > 1)} of {size} wells became a list",))


def row_letters(row: int) -> str:
    """The letters of a plate's row, from 0: A to Z, then AA (1,536 wells have 32 rows)."""
    return chr(65 + row) if row < 26 else chr(64 + row // 26) + chr(65 + row % 26)


def cell_place(text: str) -> tuple[int, int] | None:
    """Row and column, from 0, of a cell such as `B11`; null when it is none."""
    match = _CELL.fullmatch(text.strip().upper())
    if match is None:
        return None
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - 64
    return int(match[2]) - 1, column - 1


def _cell(grid: Grid, row: int, column: int) -> Any:
    value = grid[row][column] if row < len(grid) and column < len(grid[row]) else ""
    return None if value is None or (isinstance(value, str) and not value.strip()) else value


def _text(grid: Grid, row: int, column: int) -> str:
    value = _cell(grid, row, column) if row >= 0 and column >= 0 else None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).strip()


def _at(file: File, grid: Grid, cell: str, number: int, plate: Plate) -> _Found:
    place = cell_place(cell)
    if place is None:
        raise file.error(f"{cell!r} is no cell.", "Write `start` like B11: the first well's cell.")
    nearest, title = _above(grid, place[0] - 1, place[1] - 1, plate, floor=0)
    return _Found(*place, nearest or str(number), title)


def _corners(file: File, grid: Grid, wanted: Sequence[str], plate: Plate) -> dict[str, list[_Found]]:
    """Every grid by what its corner, left of 1 and above A, reads; one without a line above is of the plate before."""
    texts = {corner.strip().casefold(): corner for corner in wanted}
    found: dict[str, list[_Found]] = {corner: [] for corner in wanted}
    label, floor, last = "", 0, -1
    for row in range(len(grid)):
        for column in range(len(grid[row])):
            corner = texts.get(_text(grid, row, column).casefold())
            if corner is None or _text(grid, row, column + 1) not in ("1", "01"):
                continue
            if _text(grid, row + 1, column).upper() != "A":
                continue
            if row != last:
                floor, last = last + 1, row
            nearest, title = _above(grid, row, column, plate, floor=floor)
            label = nearest or label or str(len(found[corner]) + 1)
            found[corner].append(_Found(row + 1, column + 1, label, title))
    for corner, grids in found.items():
        if not grids:
            raise file.error(
                f"holds no plate grid with {corner!r} in its corner.",
                "Write the corner as the cell left of 1 and above A reads, or `start`.",
            )
    return found


def _above(grid: Grid, row: int, left: int, plate: Plate, *, floor: int) -> tuple[str, str]:
    """The two nearest lines of text above `row` and over the grid (not of another grid): nearest, and the one before."""
    lines: list[str] = []
    for at in range(row - 1, floor - 1, -1):
        said = [
            text
            for column in range(max(left, 0), left + plate.columns + 1)
            if (text := _text(grid, at, column))
        ]
        if len(said) > 3 or (said and re.fullmatch(r"[A-Z]{1,2}", said[0])):
            break
        if said:
            lines.append(" ".join(said))
        if len(lines) == 2:
            break
    nearest, before, *_ = *lines, "", ""
    return nearest, before


def _same_plate(file: File, name: str, one: _Found, others: Sequence[_Found]) -> _Found:
    """The grid beside `one`: of the same plate, else the only one, else SourceError."""
    same = [other for other in others if other.plate == one.plate]
    if len(same) != 1 and len(others) != 1:
        raise file.error(
            f"the plate grid at row {one.row} has {len(same)} grids of {name!r} beside it.",
            "Check `beside`: each plate needs one such grid.",
        )
    return same[0] if len(same) == 1 else others[0]


def _check(file: File, grid: Grid, one: _Found, plate: Plate) -> None:
    """SourceError when the grid runs out of the sheet or the signs beside it are not a plate's."""
    where = f"the plate grid whose first well is in row {one.row + 1}, column {one.column + 1}"
    if one.row + plate.rows > len(grid) or one.column + plate.columns > max(map(len, grid), default=0):
        raise file.error(
            f"{where} is smaller than {plate.rows} x {plate.columns}.",
            "Check `rows`, `columns` and where it starts.",
        )
    letters = [_text(grid, one.row + row, one.column - 1).upper() for row in range(plate.rows)]
    if any(letters) and letters != [row_letters(row) for row in range(plate.rows)]:
        raise file.error(
            f"{where} has no A to {row_letters(plate.rows - 1)} left of it.",
            "Check `rows` and where it starts: `start` is the cell of the first well.",
        )
    numbers = [_text(grid, one.row - 1, one.column + column).lstrip("0") for column in range(plate.columns)]
    if any(numbers) and numbers != [str(column + 1) for column in range(plate.columns)]:
        raise file.error(
            f"{where} has no 1 to {plate.columns} above it.",
            "Check `columns` and where it starts: `start` is the cell of the first well.",
        )
    # A further letter or number says that the plate goes on where the declared one ends.
    if all(letters) and _text(grid, one.row + plate.rows, one.column - 1).upper() == row_letters(plate.rows):
        raise file.error(f"{where} has more than {plate.rows} rows.", "Correct `rows`.")
    if all(numbers) and _text(grid, one.row - 1, one.column + plate.columns) == str(plate.columns + 1):
        raise file.error(f"{where} has more than {plate.columns} columns.", "Correct `columns`.")
