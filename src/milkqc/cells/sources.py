"""What a source's cell said and why it is missing, whatever the format it came from."""

from __future__ import annotations

import polars as pl

from milkqc.cells.text import number_text
from milkqc.model import Source


def source_text(source: Source, column: str) -> pl.Series:
    """The raw text of each cell of `column`; null where the cell was blank.

    Numbers as their shortest decimal (at the precision they were stored in), dates in ISO 8601 (a time of day
    after `T`), a cell missing by code as its code, a cell the format could not give as the file held it.
    """
    values = source.table[column]
    text = _text(values, single=source.variable(column).source_type == "float").rename(column)
    if column in source.codes.columns:
        text = pl.select(pl.coalesce(text, source.codes[column])).to_series().rename(column)
    faults = [fault for fault in source.faults if fault.column == column]
    if faults:
        text = text.scatter([fault.row - 1 for fault in faults], [fault.raw for fault in faults])
    return text


def source_reason(source: Source, column: str) -> pl.Series:
    """Why each cell of `column` is missing; null where there is a value.

    The reader's own reason (a code's label, `structural` ...); `unreadable` where the format could not give
    the cell; else `empty` for text and `system` for numbers and dates.
    """
    values = source.table[column]
    known = source.reasons[column] if column in source.reasons.columns else pl.Series([None], dtype=pl.String)
    default = "empty" if values.dtype == pl.String else "system"
    reasons = pl.select(
        pl.when(values.is_null()).then(pl.coalesce(known, pl.lit(default))).otherwise(None).alias(column)
    ).to_series()
    faults = [fault.row - 1 for fault in source.faults if fault.column == column]
    return reasons.scatter(faults, "unreadable") if faults else reasons


def _text(values: pl.Series, *, single: bool) -> pl.Series:
    if values.dtype.is_numeric():
        # Stata's float holds 999.9 as 999.9000244140625; the text that a code is compared with is 999.9.
        return number_text(values.cast(pl.Float32) if single and values.dtype.is_float() else values)
    if values.dtype == pl.Date:
        return values.dt.to_string("%Y-%m-%d")
    if values.dtype == pl.Datetime:
        return (
            values.dt.to_string("%Y-%m-%dT%H:%M:%S%.f")
            .str.replace(r"(\.[0-9]*?)0+$", "${1}")
            .str.strip_suffix(".")
        )
    return values.cast(pl.String)
