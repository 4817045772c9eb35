"""One table as an Excel workbook: values only, nothing that Excel would run, the same bytes for the same table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from milkqc.errors import OutputError

# Excel: rows of a sheet, columns of a sheet, characters of a cell.
_ROWS, _COLUMNS, _TEXT = 1_048_576, 16_384, 32_767
_EPOCH = dt.datetime(1970, 1, 1)
# Excel holds 15 digits: a larger integer would change.
_EXACT = 10**15


def write_xlsx(frame: pl.DataFrame, path: Path, *, sheet: str = "data") -> None:
    """One .xlsx file with a header row. Dates are dates, booleans TRUE and FALSE, null an empty cell; text is text,
    even where it begins with `=`. Integers beyond 15 digits are written as text.

    Raises OutputError for a table or a text that Excel cannot hold.
    """
    import xlsxwriter

    if frame.height + 1 > _ROWS or frame.width > _COLUMNS:
        raise OutputError(
            f"{path.name}: {frame.height:,} rows and {frame.width:,} columns do not fit a sheet of Excel. Choose .csv or .parquet."
        )
    for name in frame.select(pl.col(pl.String)).columns:
        if (frame[name].str.len_chars() > _TEXT).any():
            raise OutputError(
                f"{path.name}: column {name} has a text of more than {_TEXT:,} characters. Choose .csv or .parquet."
            )
    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"created": _EPOCH})
        page = book.add_worksheet(sheet)
        formats = {
            pl.Date: book.add_format({"num_format": "yyyy-mm-dd"}),
            pl.Datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }
        for place, name in enumerate(frame.columns):
            column = frame[name]
            page.write_string(0, place, name)
            write = _writer(page, column, formats)
            for row, value in enumerate(column, start=1):
                if value is not None:
                    write(row, place, value)


def _writer(page: Any, column: pl.Series, formats: dict[Any, Any]) -> Callable[[int, int, Any], Any]:
    kind = column.dtype
    if kind == pl.Boolean:
        return page.write_boolean  # type: ignore[no-any-return]
    if kind in {pl.Date, pl.Datetime}:
        look = formats[kind.base_type()]
        return lambda row, place, value: page.write_datetime(row, place, value, look)
    if kind.is_float() or (kind.is_integer() and not (column.abs() >= _EXACT).any()):
        return page.write_number  # type: ignore[no-any-return]
    return lambda row, place, value: page.write_string(row, place, str(value))
