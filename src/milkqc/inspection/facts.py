"""What an inspection says: of the file, of each column, and what a person should look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from milkqc.cells import number_text
from milkqc.model import Origin
from milkqc.readers.listing import Sheet

Holds = Literal["nothing", "text", "number", "whole number", "date", "date and time"]
# The reason given to NA and the like, where the target of a mapping would take them for missing.
WORDS = "said in words"
# In the order in which a person should look at them.
KINDS = (
    "unreadable_cell",
    "missing_code_candidate",
    "ids_as_dates",
    "ids_scientific",
    "ambiguous_dates",
    "unfit_dates",
    "text_among_numbers",
    "ambiguous_numbers",
    "decimal_comma",
    "mixed",
    "numbers_as_text",
    "unlabelled_values",
    "spellings",
    "two_units",
    "same_rows",
    "empty",
    "constant",
    "censored",
    "dropped",
    "note",
)


@dataclass(frozen=True)
class Gap:
    """Cells that are missing for one reason; `code` is what the file holds there ("99", ".a", "NA"), or empty."""

    reason: str
    code: str
    cells: int


@dataclass(frozen=True)
class Value:
    """One value of a column with few of them, its label ("" without one) and in how many cells it stands."""

    value: str
    label: str
    cells: int


@dataclass(frozen=True)
class Remark:
    """One thing to look at. `kind` is a word of KINDS; `column` is empty for the whole file; `cells` counts the
    cells (or rows) meant. `text` never holds a value of an identifier-like column."""

    kind: str
    column: str
    cells: int
    text: str


@dataclass(frozen=True)
class Column:
    """One column. `holds` is what its cells are, whatever they are stored as: a text file holds numbers too.

    `minimum`, `median` and `maximum` are of the numbers, without `apart` (candidates for undeclared missing
    codes), at the file's precision; of dates only `first` and `last` (ISO). `date_formats` are those that fit text.
    `values` are there for labelled columns and for those with few values. `identifier` says why a column seems to
    tell who somebody is; such a column has no values, range or dates here.
    """

    name: str
    holds: Holds
    label: str = ""
    source_type: str = ""
    source_format: str = ""
    unit: str = ""
    filled: int = 0
    missing: int = 0
    distinct: int = 0
    gaps: tuple[Gap, ...] = ()
    minimum: float | None = None
    median: float | None = None
    maximum: float | None = None
    first: str = ""
    last: str = ""
    apart: tuple[str, ...] = ()
    date_formats: tuple[str, ...] = ()
    values: tuple[Value, ...] = ()
    value_labels: Mapping[str, str] = field(default_factory=dict)
    missing_codes: Mapping[str, str] = field(default_factory=dict)
    missing_ranges: tuple[tuple[float, float], ...] = ()
    identifier: str = ""

    @property
    def unique(self) -> bool:
        """Whether no two rows share a value and every row has one: the column could be a key."""
        return self.filled > 1 and self.distinct == self.filled and self.missing == 0


@dataclass(frozen=True)
class Inspection:
    """What is in one table of one file. `rows` are those of the table (`origin.rows` the file's, trailing blank
    ones and other forms included); `dropped` are identifier columns that the reader left out."""

    origin: Origin
    rows: int
    columns: tuple[Column, ...]
    remarks: tuple[Remark, ...]
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """A workbook in which a sheet must be chosen before anything else can be said."""

    file: str
    sha256: str
    sheets: tuple[Sheet, ...]


def number(value: float | None) -> str:
    """A number for people: its shortest form, of at most six digits after rounding where it has a fraction."""
    if value is None:
        return ""
    return str(number_text(pl.Series([value if value == int(value) else float(f"{value:.6g}")]))[0])
