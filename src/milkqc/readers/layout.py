"""Which rows of a sheet or text file are header, units and data: as declared, or as they cannot be otherwise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from milkqc.readers.files import File
from milkqc.readers.headers import Rows, is_unit_row
from milkqc.readers.options import ReadOptions

# As many rows are looked at to find a header below other lines.
SAMPLE = 400
_VALUE = re.compile(
    r"[<>≤≥]?\s*[-+\u2212]?[.,]?[0-9][0-9.,:/\s'\u00a0\u202f%eE+-]*(?:[AaPp]\.?[Mm]\.?)?"
    r"|[0-9]{1,2}[-/ .](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[-/ .][0-9]{2,4}.*"
    r"|nan|na|n/a|null|true|false|-+",
    re.IGNORECASE,
)
_ASK = "Say `header_row`: {}; add `last_row`, `until` or `section` if more follows."


@dataclass(frozen=True)
class Layout:
    """Rows counted from 1. `header` is empty where `names` stand for it; `last` is null where the end is the file's."""

    header: tuple[int, ...]
    units: int | None
    first: int
    last: int | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A row that may name the columns of those below it: its place from 0, its names, the rows that fit."""

    place: int
    names: int
    fits: int


def reads(row: Sequence[str]) -> str:
    """A row as one text: its filled cells, trimmed, with spaces between."""
    return " ".join(cell.strip() for cell in row if cell.strip())


def filled(row: Sequence[str]) -> frozenset[int]:
    """The places of the cells that hold something."""
    return frozenset(place for place, cell in enumerate(row) if cell.strip())


def arrange(file: File, rows: Rows, options: ReadOptions, *, where: str = "", find: bool = True) -> Layout:
    """The layout of a file that begins with `rows`; `section`, `until` and `last_row` need all of it.

    Without `header_row`, `names` or `section` the first row is the header, unless it cannot be: then the one that
    can, and a note, or SourceError naming the likely one. Not `find`: the first row, whatever it holds.
    """
    notes: list[str] = []
    if options.names is not None:
        header = _declared(options)
    elif options.section is not None:
        header = (_section(file, rows, options.section, where) + 1,)
    elif options.header_row is not None:
        header = _declared(options)
    else:
        header, notes = _found(file, rows, where) if find else ((1,), [])
    below = max(header, default=0)
    unit_row = options.unit_row
    if unit_row is None and find and header and options.names is None and len(header) == 1:
        at = below
        if at < len(rows) and is_unit_row(rows[at], rows[at + 1 : at + 1 + SAMPLE]):
            unit_row = at + 1
            notes.append(f"row {unit_row} holds the units of the columns and is no row of data")
    first = options.first_row or max(below, unit_row or 0) + 1
    if first <= max(below, unit_row or 0):
        raise file.error(
            f"{where}the first row of data ({first}) is not below the header.", "Correct `first_row`."
        )
    last = _last(file, rows, options, first, where)
    return Layout(header, unit_row, first, last, tuple(notes))


def _declared(options: ReadOptions) -> tuple[int, ...]:
    row = options.header_row
    if row is None:
        return ()
    return (row,) if isinstance(row, int) else tuple(row)


def _section(file: File, rows: Rows, text: str, where: str) -> int:
    """The place, from 0, of the first filled row under the line that reads `text`."""
    wanted = " ".join(text.split()).casefold()
    places = [at for at, row in enumerate(rows) if " ".join(reads(row).split()).casefold() == wanted]
    if len(places) != 1:
        what = f"{len(places)} lines read" if places else "no line reads"
        near = next((at + 1 for at, row in enumerate(rows) if wanted in reads(row).casefold()), None)
        todo = "Write `section` as the whole line above the table reads" + (
            f"; row {near} contains the text." if near and not places else "."
        )
        raise file.error(f"{where}{what} {text!r}.", todo)
    below = next((at for at in range(places[0] + 1, len(rows)) if filled(rows[at])), None)
    if below is None:
        raise file.error(f"{where}nothing follows the line {text!r}.", "Check that the file is whole.")
    return below


def _last(file: File, rows: Rows, options: ReadOptions, first: int, where: str) -> int | None:
    if options.last_row is not None:
        if options.last_row < first:
            raise file.error(f"{where}`last_row` stands above the first row of data.", "Correct `last_row`.")
        return options.last_row
    until = options.until if options.until is not None else "blank" if options.section is not None else None
    if until is None:
        return None
    wanted = " ".join(until.split()).casefold()
    for at in range(first - 1, len(rows)):
        text = " ".join(reads(rows[at]).split())
        if (not text) if wanted == "blank" else (text.casefold() == wanted):
            return at
    if wanted != "blank":
        raise file.error(f"{where}no line below the header reads {until!r}.", "Check that the file is whole.")
    return None


def _found(file: File, rows: Rows, where: str) -> tuple[tuple[int, ...], list[str]]:
    """The header of a file that nothing is said of, with a note where it is not the first row."""
    rows = rows[:SAMPLE]
    best = _better(rows)
    if best is None:
        _names_enough(file, rows, where)
        return (1,), []
    row = best.place + 1
    if not _certain(rows, best):
        raise file.error(f"{where}row 1 does not name the columns, row {row} may.", _ASK.format(row))
    above = [at for at in range(best.place) if filled(rows[at])]
    return (row,), [
        f"the header is row {row}: the {len(above)} filled rows above it are no rows of data"
    ] if above else [f"the header is row {row}"]


def _names_enough(file: File, rows: Rows, where: str) -> None:
    """SourceError when the first row leaves most columns without a name: it is a title, and nothing else is a header."""
    places = [filled(row) for row in rows]
    used = frozenset().union(*places[1:])
    nameless = used - {0} - places[0] if places else used
    if not places or not places[0] or 2 * len(nameless) <= len(used):
        return
    corner = next(
        (
            (at, left)
            for at, row in enumerate(rows)
            for left in sorted(places[at])[:1]
            if [cell.strip() for cell in row[left + 1 : left + 7]] == ["1", "2", "3", "4", "5", "6"]
            and at + 1 < len(rows)
            and row[left].strip()
            and list(rows[at + 1])[left : left + 1] == ["A"]
        ),
        None,
    )
    if corner is not None:
        raise file.error(
            f"{where}row 1 does not name the columns; a plate grid begins in row {corner[0] + 1}.",
            f"Say `plate: {{start: {_letters(corner[1] + 1)}{corner[0] + 2}}}`, or `header_row`.",
        )
    raise file.error(
        f"{where}row 1 names {len(used) - len(nameless)} of {len(used)} columns, and no row below looks like names.",
        "Say `header_row` (1 if it is right), or `names`.",
    )


def _letters(column: int) -> str:
    """The letters of a column, from 0, as a spreadsheet names it."""
    text = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        text = chr(65 + letter) + text
    return text


def likely_header(rows: Rows) -> int | None:
    """The row, from 1, that names the columns better than the first one; null where there is none."""
    best = _better(rows[:SAMPLE])
    return None if best is None else best.place + 1


def _better(rows: Rows) -> Candidate | None:
    """The row that names the columns below it while the first row cannot be their header; else null."""
    if len(rows) < 3:
        return None
    places = [filled(row) for row in rows]
    used = frozenset().union(*places[1:])
    # A first column without a name is how R writes row names; it says nothing against the rest.
    if used - places[0] <= {0} and places[0]:
        return None
    found = [
        candidate
        for place in range(1, len(rows) - 1)
        if (candidate := _candidate(rows, places, place)) is not None and _apart(places, place)
    ]
    if not found:
        return None
    wide = [candidate for candidate in found if candidate.names > 2] or found
    return max(wide, key=lambda candidate: (candidate.fits, candidate.names, -candidate.place))


def _candidate(rows: Rows, places: Sequence[frozenset[int]], place: int) -> Candidate | None:
    names = [cell.strip() for cell in rows[place] if cell.strip()]
    if len(names) < 2 or len(set(names)) < len(names) or any(_VALUE.fullmatch(name) for name in names):
        return None
    fits = 0
    for below in places[place + 1 :]:
        if not below or not below <= places[place]:
            break
        fits += 1
    return Candidate(place, len(names), fits) if fits else None


def _apart(places: Sequence[frozenset[int]], place: int) -> bool:
    """Whether the row above is blank or a line of another shape: a title, or a pair of words below a blank row."""
    above, wide = len(places[place - 1]), len(places[place])
    titled = place > 1 and not places[place - 2] and above <= 2
    return 2 * above <= wide or (titled and above < wide)


def _certain(rows: Rows, best: Candidate) -> bool:
    """Whether all that stands above are titles and pairs, and all that follows is one table with values in it."""
    places = [filled(row) for row in rows]
    header = places[best.place]
    if any(len(above) > 2 or len(above) >= len(header) for above in places[: best.place]):
        return False
    below = places[best.place + 1 :]
    while below and not below[-1]:
        below = below[:-1]
    if not all(row and row <= header for row in below):
        return False
    # Words over words may as well be sentences with commas in them: numbers or dates make it a table.
    data = rows[best.place + 1 :]
    return any(_VALUE.fullmatch(cell.strip()) for row in data for cell in row if cell.strip())
