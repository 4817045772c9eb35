"""CSV and JSON, one way for every file: UTF-8, `\\n`, null empty, true/false, ISO dates, shortest floats."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs

# What a spreadsheet runs when a cell begins with it (OWASP, CSV injection); the wide forms are Excel's in Japan.
RUNS = r"^[=+\-@\t\r\n＝＋－＠]"
# A plain number is never run, and -3.2 should stay a number in the spreadsheet.
_NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\z"

_SLICE = 100_000


def write_csv(frame: pl.DataFrame, path: Path, *, for_people: bool = False) -> None:
    """One CSV file. A float keeps its shortest text that reads back the same (55.0, 0.1, 1e300).

    An empty text is `""`, a null is nothing between the commas. In files for people, text that a spreadsheet
    would run gets a `'` before it; data files keep every value as it is.
    """
    # In slices through a Python file: bounded memory, and a full disk is an OSError with its number.
    with path.open("wb") as file:
        file.write(frame.clear().write_csv(line_terminator="\n").encode())
        for part in frame.iter_slices(_SLICE):
            # An enumeration is text too, which a spreadsheet would run.
            part = guarded(part.cast({cs.enum(): pl.String})) if for_people else part
            file.write(part.write_csv(include_header=False, line_terminator="\n", null_value="").encode())


def guarded(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with `'` before every text that begins with = + - @, tab, CR or LF, plain numbers excepted."""
    return frame.with_columns(
        pl.when(runs(column)).then(pl.lit("'") + column).otherwise(column).alias(name)
        for name in frame.select(cs.string()).columns
        for column in [pl.col(name)]
    )


def runs(text: pl.Expr) -> pl.Expr:
    """Whether a spreadsheet would run this text as a formula; null is not text."""
    return (text.str.contains(RUNS) & ~text.str.contains(_NUMBER)).fill_null(value=False)


def write_json(content: Mapping[str, Any], path: Path) -> None:
    """One JSON file: two spaces, keys as given, no NaN."""
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
    path.write_bytes(f"{text}\n".encode())
