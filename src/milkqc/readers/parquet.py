"""Parquet, as milkqc itself and most data tools write it: typed columns, no labels, nothing to guess."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from milkqc.errors import SourceError
from milkqc.model import Origin, Source, Variable
from milkqc.readers.answers import Outbox, RefusedError
from milkqc.readers.carry import carried, carry
from milkqc.readers.files import File
from milkqc.readers.frames import check_names, check_size, side_table
from milkqc.readers.isolation import CHILD, Limits
from milkqc.readers.options import ReadOptions
from milkqc.readers.registry import Format

_MARK = b"PAR1"
_TEXTS = (pl.String, pl.Categorical, pl.Enum)


def read(file: File, options: ReadOptions) -> Source:
    """A Source from one Parquet file, opened in a child process.

    Whole numbers are Int64, others Float64 (NaN is null), decimals, booleans, times of day and numbers beyond Int64 text,
    moments lose their time zone and keep their clock. A null, and an empty text, is missing for the reason `empty`.
    Lists, structures and bytes are refused, by name.
    """
    if not file.head(4).startswith(_MARK):
        raise file.error(
            "is not a Parquet file, whatever its name.", "Export it again, or say its `format:`."
        )
    if file.tail(4) != _MARK:
        raise file.error("is cut off: its end mark is missing.", "Export or copy it again.")
    return carried(
        CHILD.call(
            file,
            "milkqc.readers.parquet:pull",
            {"name": file.name, "max_cells": options.max_cells},
            limits=Limits.of(options),
        )
    )


def pull(path: Path, out: Outbox, *, name: str, max_cells: int) -> dict[str, Any]:
    """`read` as the child process is asked for it; `name` is what messages call the file."""
    file = File(path, name)
    try:
        try:
            schema = pl.read_parquet_schema(path)
            rows = pl.scan_parquet(path).select(pl.len()).collect().item()
            check_size(file, rows, len(schema), max_cells)
            check_names(file, list(schema))
            _check_types(file, schema)
            table = pl.read_parquet(path, glob=False, hive_partitioning=False)
        except (pl.exceptions.PolarsError, OSError, ValueError) as error:
            raise file.error("is damaged.", "Export or copy it again.") from error
        return carry(_source(file, table), out)
    except SourceError as error:
        raise RefusedError(error.what, error.todo) from None


def _check_types(file: File, schema: Mapping[str, pl.DataType]) -> None:
    nested = [name for name, kind in schema.items() if kind.is_nested() or kind in {pl.Binary, pl.Object}]
    if nested:
        raise file.error(
            f"columns hold lists, structures or bytes: {', '.join(nested[:5])}{' ...' if len(nested) > 5 else ''}.",
            "Write them as text, or leave them out.",
        )


def _source(file: File, table: pl.DataFrame) -> Source:
    columns = {name: _plain(table[name]) for name in table.columns}
    plain = pl.DataFrame(columns)
    reasons = {
        name: pl.select(pl.when(column.is_null()).then(pl.lit("empty"))).to_series()
        for name, column in columns.items()
    }
    return Source(
        table=plain,
        variables=tuple(
            Variable(name, source_type=str(table.schema[name]).lower()) for name in table.columns
        ),
        reasons=side_table(reasons, plain),
        codes=side_table({}, plain),
        origin=Origin(
            file=file.name,
            sha256=file.sha256,
            format="parquet",
            encoding="",
            encoding_basis="none",
            rows=plain.height,
            columns=plain.width,
            reader="polars",
            reader_version=pl.__version__,
        ),
    )


def _plain(column: pl.Series) -> pl.Series:
    """The column in one of the few types of a Source."""
    kind = column.dtype
    if isinstance(kind, _TEXTS):
        text = column.cast(pl.String)
        return pl.select(pl.when(text != "").then(text).alias(column.name)).to_series()
    if kind.is_integer():
        if kind.is_unsigned_integer() and (column.max() or 0) > 2**63 - 1:  # type: ignore[operator]
            return column.cast(pl.String)
        return column.cast(pl.Int64)
    if kind == pl.Float32:
        # 9.6 as a 32-bit number is 9.600000381...; its shortest text is what was meant.
        return column.fill_nan(None).cast(pl.String).cast(pl.Float64)
    if kind.is_float():
        return column.fill_nan(None)
    if kind == pl.Datetime:
        return column.dt.replace_time_zone(None).cast(pl.Datetime("us"))
    if kind in {pl.Date, pl.Null}:
        return column.cast(pl.String) if kind == pl.Null else column
    if kind == pl.Boolean:
        return column.cast(pl.String)
    return column.cast(pl.String)


FORMAT = Format("parquet", (".parquet", ".pq"), read, isolated=("milkqc.readers.parquet",))
