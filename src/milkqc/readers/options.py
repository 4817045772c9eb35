"""What a mapping may say of how a file is to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ReadOptions:
    """How to read one file; every default means "as the file says".

    `header_row` counts the file's rows from 1; `names` are given for a file without a header. `dictionary` is a
    REDCap data dictionary, `form` one of its instruments, `keep` the identifier fields not to drop; `mixed` takes a
    form that repeats in one event and not in another, `missing_codes` are the project's (None: not declared),
    `syntax` is the SPSS, SAS, Stata or R file that names the columns of an export.
    `decimal` and `thousands` belong to the cells, which stay as written; a reader hands them on.
    `max_cells` (rows x columns) keeps a small file that unpacks into a huge table from filling the memory.
    """

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    header_row: int | None = None
    names: tuple[str, ...] | None = None
    sheet: str | None = None
    dictionary: Path | None = None
    form: str | None = None
    keep: tuple[str, ...] = ()
    mixed: bool = False
    missing_codes: Mapping[str, str] | None = None
    syntax: Path | None = None
    max_cells: int = 100_000_000


DEFAULTS = ReadOptions()
