"""The words of a mapping about source tables: where a file is, and what its format needs told."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator

from milkqc.mapping.language_columns import Model, Words

REDCAP_FORMATS = ("redcap", "redcap_labels", "redcap_odm", "redcap_syntax", "redcap_api")
FORMATS = (
    *("dta", "sav", "por", "xpt", "sas7bdat"),
    *("csv", "xlsx", "xls", "xlsb", "ods"),
    *REDCAP_FORMATS,
)

Row = Annotated[int, Field(ge=1)]


def _header(value: Any) -> Any:
    """`3` and `[3, 4]` are rows from 1; `none` is a file without names."""
    if value == "none":
        return value
    rows = value if isinstance(value, list | tuple) else [value]
    if not rows or not all(re.fullmatch("[1-9][0-9]{0,6}", str(row)) for row in rows):
        raise ValueError("a row from 1, several such as [3, 4], or none")
    return tuple(int(row) for row in rows)


HeaderRow = Annotated[
    tuple[int, ...] | Literal["none"], PlainValidator(_header, json_schema_input_type=int | list[int] | str)
]


class Plate(Model):
    """Plate grids read as a list of wells: where the first wells stand, or what the grids' corners read."""

    rows: Annotated[int, Field(ge=1, le=64)] = 8
    columns: Annotated[int, Field(ge=1, le=64)] = 12
    start: Words = ()
    corner: str | None = None
    beside: dict[str, str] = Field(default_factory=dict)


class Table(Model):
    """A source table: its file under the data folder, and what its format needs told.

    `format` is one of FORMATS, or of a package that brings a reader of its own.
    """

    file: str | None = None
    url: str | None = None
    project: str | None = None
    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    decimal: Literal[".", ","] | None = None
    thousands: Literal[".", ",", " ", "'"] | None = None
    header_row: HeaderRow | None = None
    separator: str | None = None
    unit_row: Row | None = None
    first_row: Row | None = None
    last_row: Row | None = None
    until: str | None = None
    section: str | None = None
    plate: Plate | None = None
    names: tuple[str, ...] | None = None
    sheet: str | None = None
    dictionary: str | None = None
    catalog: str | None = None
    event_forms: str | None = None
    form: str | None = None
    mixed: Literal["allow"] | None = None
    missing_codes: dict[str, str] | None = None
    syntax: str | None = None
