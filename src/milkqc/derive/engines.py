"""Frames of any kind to a scorer and back: the same kind, rows and order, with columns added.

Eager frames hand their columns to the kernel; lazy polars, DuckDB and Spark hand it batches. No row's score
depends on another row, so every engine and every size of batch gives the same bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
import polars as pl

from milkqc.derive.columns import (
    BOOLEANS,
    WORDS,
    FrameError,
    Outcome,
    Scorer,
    Truths,
    check_polars_types,
    check_polars_words,
    polars_arrays,
    polars_series,
    refuse_type,
    refuse_words,
)

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

FrameT = TypeVar("FrameT")
_POLARS_TYPES = {"number": pl.Float64(), "boolean": pl.Boolean()}
# Arrow batches of this many rows keep both threads of the kernel busy and cost a few MB.
BATCH_ROWS = 100_000


def scored(frame: FrameT, scorer: Scorer) -> FrameT:
    """`frame` with the scorer's columns added; FrameError for what cannot be scored or is no known frame."""
    from narwhals.stable.v2 import dependencies as known

    anything = cast("Any", frame)
    if isinstance(frame, pl.DataFrame):
        result: object = _polars(frame, scorer)
    elif isinstance(frame, pl.LazyFrame):
        result = _lazy(frame, scorer)
    elif known.is_pandas_dataframe(anything):
        result = _pandas(anything, scorer)
    elif known.is_duckdb_relation(anything):
        result = _duckdb(anything, scorer)
    elif known.is_pyspark_dataframe(anything) or known.is_pyspark_connect_dataframe(anything):
        result = _spark(anything, scorer)
    else:
        kinds = "a pandas frame, a polars frame (eager or lazy), a DuckDB relation or a Spark frame"
        raise FrameError(scorer.name, f"cannot read a {type(frame).__name__}.", f"Give {kinds}.")
    return cast("FrameT", result)


def _polars(frame: pl.DataFrame, scorer: Scorer) -> pl.DataFrame:
    inputs = scorer.inputs(frame.columns)
    check_polars_types(frame.schema, inputs, scorer.name)
    return frame.with_columns(polars_series(_polars_outcome(frame, inputs, scorer)))


def _polars_outcome(frame: pl.DataFrame, inputs: list[str], scorer: Scorer) -> Outcome:
    arrays = polars_arrays(frame, inputs)
    check_polars_words(frame, arrays, scorer.name)
    return scorer.score(arrays)


def _lazy(frame: pl.LazyFrame, scorer: Scorer) -> pl.LazyFrame:
    """Types are checked now, words when the frame is collected."""
    schema = frame.collect_schema()
    inputs = scorer.inputs(schema.names())
    check_polars_types(schema, inputs, scorer.name)
    added = {name: _POLARS_TYPES[kind] for name, kind in scorer.outputs(inputs).items()}
    return frame.map_batches(
        lambda batch: batch.with_columns(polars_series(_polars_outcome(batch, inputs, scorer))),
        schema=pl.Schema({**schema, **added}),
        streamable=True,
    )


def _pandas(frame: pd.DataFrame, scorer: Scorer) -> pd.DataFrame:
    """A new frame with the same index; the caller's is left as it is."""
    import pandas as pd

    inputs = scorer.inputs(list(frame.columns))
    outcome = scorer.score({name: _pandas_array(frame[name], scorer.name) for name in inputs})
    added: dict[str, Any] = {
        name: pd.arrays.BooleanArray(column.values, ~column.known) if isinstance(column, Truths) else column
        for name, column in outcome.items()
    }
    return frame.assign(**added)


def _pandas_array(column: pd.Series[Any], where: str) -> npt.NDArray[Any]:
    """One pandas column as the kernel takes it; FrameError for another type or other words."""
    import pandas as pd

    name = str(column.name)
    inferred = pd.api.types.infer_dtype(column.astype(object) if column.dtype == "category" else column)
    if name in WORDS:
        if inferred not in {"string", "empty"}:
            refuse_type(where, name, str(column.dtype))
        place, words = pd.factorize(column)
        codes = [WORDS[name].index(word) if word in WORDS[name] else -1 for word in words]
        other = sorted(str(word) for word, code in zip(words, codes, strict=True) if code < 0)
        array = np.array([*codes, -1], dtype=np.int8)[place]  # factorize counts nulls as -1: the last code
        if other:
            refuse_words(where, name, other)
        return array
    if name in BOOLEANS:
        if inferred not in {"boolean", "empty"}:
            refuse_type(where, name, str(column.dtype))
        return column.astype("boolean").to_numpy(dtype=np.bool_, na_value=False)
    if inferred not in {"floating", "integer", "mixed-integer-float", "integer-na", "decimal", "empty"}:
        refuse_type(where, name, str(column.dtype))
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _duckdb(relation: Any, scorer: Scorer) -> Any:
    """A relation on the caller's own connection, over an Arrow table of the rows as they came."""
    inputs = scorer.inputs(relation.columns)
    # DuckDB takes `LAZ` and `laz` for one name.
    scorer.inputs([name if name in inputs else name.lower() for name in relation.columns])
    read = getattr(relation, "to_arrow_reader", None) or relation.fetch_record_batch
    reader = read(BATCH_ROWS)
    table = _arrow_table(reader, reader.schema, inputs, scorer)
    return _relation_of(relation, table)


def _relation_of(relation: Any, milkqc_scored: pa.Table) -> Any:  # noqa: ARG001 - the SQL names it
    """`milkqc_scored`, which DuckDB finds by its name, as a relation on the connection of `relation`."""
    return relation.query("milkqc_read", "SELECT * FROM milkqc_scored")


def _arrow_table(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, inputs: list[str], scorer: Scorer
) -> pa.Table:
    import pyarrow as pa

    types = {"number": pa.float64(), "boolean": pa.bool_()}
    for name, kind in scorer.outputs(inputs).items():
        schema = schema.append(pa.field(name, types[kind]))
    return pa.Table.from_batches(arrow_batches(batches, inputs=inputs, scorer=scorer), schema=schema)


def arrow_batches(
    batches: Iterable[pa.RecordBatch], *, inputs: list[str], scorer: Scorer
) -> Iterator[pa.RecordBatch]:
    """Each Arrow batch with the scorer's columns added: what DuckDB's readers and Spark's mapInArrow need."""
    import pyarrow as pa

    for batch in batches:
        read = cast("pl.DataFrame", pl.from_arrow(pa.Table.from_batches([batch]).select(inputs)))
        check_polars_types(read.schema, inputs, scorer.name)
        arrays, names = list(batch.columns), list(batch.schema.names)
        for name, column in _polars_outcome(read, inputs, scorer).items():
            names.append(name)
            if isinstance(column, Truths):
                arrays.append(pa.array(column.values, mask=~column.known))
            else:
                arrays.append(pa.array(column, mask=np.isnan(column)))
        yield pa.RecordBatch.from_arrays(arrays, names=names)


def _spark(frame: Any, scorer: Scorer) -> Any:
    """A Spark frame that scores its partitions where they lie; words and types are checked there."""
    types = import_module("pyspark.sql.types")
    inputs = scorer.inputs(frame.columns)
    kinds = {"number": types.DoubleType(), "boolean": types.BooleanType()}
    added = [types.StructField(name, kinds[kind]) for name, kind in scorer.outputs(inputs).items()]
    return frame.mapInArrow(
        partial(arrow_batches, inputs=inputs, scorer=scorer), types.StructType([*frame.schema.fields, *added])
    )
