"""What a mapping may say of how a file is to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

READER_SECONDS = 300.0
READER_MEMORY = 8 * 1024**3


@dataclass(frozen=True)
class Plate:
    """Plate grids that become a list of wells: where they start (`B11`, the first well), or what their corner reads.

    `beside` names further grids of the same plates by their corners: their cells become columns of the list.
    """

    rows: int = 8
    columns: int = 12
    start: tuple[str, ...] = ()
    corner: str | None = None
    beside: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ReadOptions:
    """How to read one file; every default means "as the file says".

    All row options count the file's rows from 1. Cells of several `header_row`s are joined by `separator`; `names`
    stand for a header, or replace the one at `header_row`. `unit_row` holds units. The rows are those from
    `first_row` (else after the header) to `last_row`, or to the row before `until` (`blank`, or what a row reads).
    `section` is what the line above one of several tables reads; the table ends at a blank line.
    `dictionary` is a REDCap data dictionary, `form` one of its instruments, `keep` the identifier fields not to drop;
    `mixed` takes a form that repeats in one event and not in another, `missing_codes` are the project's (None: not
    declared), `syntax` is the SPSS, SAS, Stata or R file that names the columns of an export,
    `event_forms` the list of which events have which forms.
    `decimal` and `thousands` belong to the cells, which stay as written; a reader hands them on.
    `max_cells` (rows x columns) keeps a small file that unpacks into a huge table from filling the memory.
    `reader_seconds` and `reader_memory` (bytes) limit the process that opens binary files, for each file.
    `catalog` is a SAS format catalogue with the value labels of a .sas7bdat.
    """

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    header_row: int | tuple[int, ...] | None = None
    separator: str = " "
    unit_row: int | None = None
    first_row: int | None = None
    last_row: int | None = None
    until: str | None = None
    section: str | None = None
    plate: Plate | None = None
    names: tuple[str, ...] | None = None
    sheet: str | None = None
    dictionary: Path | None = None
    form: str | None = None
    keep: tuple[str, ...] = ()
    mixed: bool = False
    missing_codes: Mapping[str, str] | None = None
    syntax: Path | None = None
    event_forms: Path | None = None
    catalog: Path | None = None
    max_cells: int = 100_000_000
    reader_seconds: float = READER_SECONDS
    reader_memory: int = READER_MEMORY


DEFAULTS = ReadOptions()
