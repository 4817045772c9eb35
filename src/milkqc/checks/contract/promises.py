"""What the data dictionary promises of each table: its checks, and the pandera schema that makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import polars as pl

from milkqc.checks.ledger import written
from milkqc.checks.spark import without_spark
from milkqc.reference import Column, columns, polars_type

Backend = Literal["polars", "pandas"]
# What a pandas frame is converted to: each holds missing values, and text takes categories.
_PANDAS: Mapping[str, str] = {
    "text": "string",
    "enum": "string",
    "number": "float64",
    "integer": "Int64",
    "boolean": "boolean",
    "date": "datetime64[ns]",
}


@dataclass(frozen=True)
class Promise:
    """One check of the contract. `column` is "*" for a check of the whole table; `expected` as findings say it."""

    id: str
    table: str
    column: str
    expected: str


def promises(table: str) -> tuple[Promise, ...]:
    """Every check of one table, in order of its columns."""
    found = [
        Promise(f"{table}.columns.absent", table, "*", "present"),
        Promise(f"{table}.columns.type", table, "*", "the dictionary's type"),
        Promise(f"{table}.row_id.unique", table, "row_id", "once"),
        Promise(f"{table}.numbers.finite", table, "*", "a finite number"),
    ]
    for column in columns(table):
        stem = f"{table}.{column.column}"
        if not column.nullable:
            found.append(Promise(f"{stem}.missing", table, column.column, "not empty"))
        if column.type == "enum":
            found.append(Promise(f"{stem}.code", table, column.column, "one of " + ", ".join(column.codes)))
        if column.min is not None or column.max is not None:
            found.append(Promise(f"{stem}.impossible", table, column.column, _range(column)))
    return tuple(found)


@cache
def schema(table: str) -> Any:
    """The pandera.polars DataFrameSchema of one table; other columns may stand beside the promised ones."""
    return schema_of(table, columns(table))


def schema_of(
    name: str, promised: Sequence[Column], *, optional: Sequence[Column] = (), backend: Backend = "polars"
) -> Any:
    """A pandera schema of these columns; the optional ones may be absent. On pandas values are converted first."""
    pa = _pandera(backend)
    made = {
        column.column: pa.Column(
            _type(column, backend),
            checks=_value_checks(column, backend),
            nullable=column.nullable,
            unique=column.column == "row_id",
            required=column in promised,
            coerce=backend == "pandas",
            title=column.label,
        )
        for column in (*promised, *optional)
    }
    return pa.DataFrameSchema(made, name=name, strict=False, coerce=False)


def _type(column: Column, backend: Backend) -> Any:
    if backend == "pandas":
        return _PANDAS[column.type]
    # Counts of the analysis table come as Int32 or UInt32, as polars counts; a cast would cut 2.5 to 2 without a word.
    return None if (column.table, column.type) == ("analysis", "integer") else polars_type(column)


def model_of(
    name: str, promised: Sequence[Column], *, optional: Sequence[Column] = (), backend: Backend = "polars"
) -> Any:
    """The same as a pandera DataFrameModel, for annotations of `pa.check_types`."""
    made = schema_of(name, promised, optional=optional, backend=backend)
    said = f"{name} as the data dictionary promises it, for {backend} frames."
    return type(
        name, (_pandera(backend).DataFrameModel,), {"__doc__": said, "to_schema": classmethod(lambda _: made)}
    )


def _pandera(backend: Backend) -> Any:
    with without_spark():
        if backend == "polars":
            import pandera.polars as pa
        else:
            import pandera.pandas as pa
    return pa


def as_promised(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` in the promised types where that loses nothing; any other column keeps its type and fails for it.

    Narrower numbers widen, floats that are all whole become integers (a column with nulls comes so from pandas
    and CSV), categories become text, and a column of nothing gets its type.
    """
    casts = []
    for column in columns(table):
        if column.column not in frame.columns:
            continue
        kind, wanted = frame.schema[column.column], polars_type(column)
        if kind != wanted and (kind == pl.Null or _lossless(frame[column.column], wanted)):
            casts.append(pl.col(column.column).cast(wanted))
    return frame.with_columns(casts)


def _lossless(series: pl.Series, wanted: pl.DataType) -> bool:
    if wanted == pl.Float64:
        return series.dtype.is_numeric()
    if wanted == pl.Int64:
        return series.dtype.is_integer() or (
            series.dtype.is_float()
            and bool((series.is_finite() & (series == series.round(0))).all(ignore_nulls=True))
        )
    return wanted == pl.String and isinstance(series.dtype, (pl.Categorical, pl.Enum))


def _range(column: Column) -> str:
    unit = "" if column.unit in {None, "", "by analyte", "1", "{z}"} else f" {column.unit}"
    if column.max is None:
        return f"at least {written(column.min)}{unit}"
    if column.min is None:
        return f"at most {written(column.max)}{unit}"
    return f"{written(column.min)} to {written(column.max)}{unit}"


def _value_checks(column: Column, backend: Backend) -> list[Any]:
    pa = _pandera(backend)
    stem = f"{column.table}.{column.column}"
    checks = []
    if column.type == "enum":
        checks.append(pa.Check.isin(list(column.codes), error=f"{stem}.code"))
    if column.type == "number":
        finite = _finite if backend == "polars" else _finite_in_pandas
        checks.append(pa.Check(finite, error=f"{column.table}.numbers.finite"))
    if column.min is not None and column.max is not None:
        checks.append(pa.Check.in_range(column.min, column.max, error=f"{stem}.impossible"))
    elif column.min is not None:
        checks.append(pa.Check.ge(column.min, error=f"{stem}.impossible"))
    elif column.max is not None:
        checks.append(pa.Check.le(column.max, error=f"{stem}.impossible"))
    return checks


def _finite(data: Any) -> pl.LazyFrame:
    judged: pl.LazyFrame = data.lazyframe.select(pl.col(data.key).is_finite())
    return judged


def _finite_in_pandas(series: Any) -> Any:
    return ~series.isin([float("inf"), float("-inf")])
