"""What the rows above the values say: column names over one or several rows, and the units that stand with them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from milkqc import units
from milkqc.errors import UnitError

Rows = Sequence[Sequence[str]]
# A block of merged cells: first and last (row, column), both from 0 and inclusive.
Span = tuple[tuple[int, int], tuple[int, int]]

# Units that instruments write and no target of ours has: kept as text all the same, for people to read.
_OTHERS = re.compile(
    r"[µμun]m|°\s?[CF]|min|sec|[0-9]{0,3}\s?[x×]\s?10\^?[0-9]+\)?\s?\S+/\S+"
    r"|(?:cells|copies|events|counts?|m?k?I?U|RLU|RFU|[µμumnpf]?(?:g|mol|L))\s?/\s?[µμumndc]?[A-Za-z0-9]+",
    re.IGNORECASE,
)
_CLOSING = re.compile(r"(?:\(([^()]*)\)|\[([^\[\]]*)\])\s*\Z")
_TIMES = re.compile(r"\(([x×]\s?10\^?[0-9]+)\)\s*(\S+/\S+)\s*\Z")
_WORDS = {"", "-", "unit", "units", "unité", "unités", "unidad", "unidades", "einheit", "einheiten"}


def names_of(rows: Rows, *, separator: str, spans: Sequence[Span] | None, top: int = 0) -> list[str]:
    """One name for each column from one or several header rows, joined by `separator`; equal parts once.

    In text (`spans` null) an upper cell holds for the blank ones right of it, as far as the rows below name something
    and no row above changes. In a workbook it holds for the cells that were merged with it; `top` is the place of
    the first of `rows` in the sheet.
    """
    width = max(map(len, rows), default=0)
    grid = [[*row, *[""] * (width - len(row))] for row in rows]
    if spans is not None:
        _spread(grid, spans, top)
    elif len(grid) > 1:
        _carry(grid)
    names = []
    for column in zip(*grid, strict=True):
        parts: list[str] = []
        for cell in column:
            if cell.strip() and (not parts or parts[-1].strip() != cell.strip()):
                parts.append(cell)
        names.append(parts[0] if len(parts) == 1 else separator.join(part.strip() for part in parts))
    return names


def _spread(grid: list[list[str]], spans: Sequence[Span], top: int) -> None:
    """A merged cell's value in all header cells it covers; in a single header row only from above, never sideways."""
    for (first, left), (last, right) in spans:
        reach = right if len(grid) > 1 else left
        rows = [row - top for row in range(first, last + 1) if 0 <= row - top < len(grid)]
        value = next(
            (grid[row][left] for row in rows if left < len(grid[row]) and grid[row][left].strip()), ""
        )
        for row in rows:
            for column in range(left, min(reach, len(grid[row]) - 1) + 1):
                grid[row][column] = grid[row][column] or value


def _carry(grid: list[list[str]]) -> None:
    started: set[int] = set()  # columns at which a row above begins something new
    for place, row in enumerate(grid[:-1]):
        begun = {column for column, cell in enumerate(row) if cell.strip()}
        for column in range(1, len(row)):
            named = any(below[column].strip() for below in grid[place + 1 :])
            if not row[column].strip() and named and column not in started:
                row[column] = row[column - 1]
        started |= begun


def unit_text(name: str) -> str:
    """The unit in a column's name as written (`Zinc [mg/L]`, `Weight, kg`, `Diameter (µm)`); '' where there is none,
    or where two stand."""
    times = _TIMES.search(name)
    if times:  # `Total (x10^6) cells/mL`: what stands in the brackets is half of the unit
        return f"{times[1]} {times[2]}"
    try:
        known = units.header_unit(name)
    except UnitError:
        return ""
    if known:
        return known
    closing = _CLOSING.search(name)
    text = (
        (closing[1] or closing[2] or "") if closing else name.rpartition(",")[2] if "," in name else ""
    ).strip()
    return text if _OTHERS.fullmatch(text) else ""


def is_unit(text: str) -> bool:
    """Whether a cell holds a unit and nothing else."""
    plain = text.strip().removeprefix("(").removesuffix(")").removeprefix("[").removesuffix("]").strip()
    return bool(plain) and bool(unit_text(f"x [{plain}]"))


def is_unit_row(row: Sequence[str], below: Rows) -> bool:
    """Whether the row under a header can be nothing but units: at least two, one longer than a letter or sign,
    beside blanks and words such as `units`, and none of them found again further down its column."""
    found = [place for place, cell in enumerate(row) if cell.strip().lower() not in _WORDS]
    if len(found) < 2 or not all(is_unit(row[place]) for place in found):
        return False
    if all(len(row[place].strip()) < 2 for place in found):
        return False
    return not any(
        place < len(other) and other[place].strip() == row[place].strip()
        for other in below
        for place in found
    )


def unit_texts(names: Sequence[str], parts: Rows, unit_row: Sequence[str] | None) -> list[str]:
    """The unit text of each column: of the unit row, of the name, or of the lowest header cell that is a unit."""
    texts = []
    for place, name in enumerate(names):
        below = unit_row[place].strip() if unit_row is not None and place < len(unit_row) else ""
        lowest = parts[-1][place].strip() if len(parts) > 1 and place < len(parts[-1]) else ""
        bare = re.sub(r"\A[(\[](.*)[)\]]\Z", r"\1", lowest)
        texts.append(below or unit_text(name) or (bare if is_unit(lowest) else ""))
    return texts
