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
import polars as pl

from milkqc.derive.columns import FrameError, Outcome, Scorer, Truths
from milkqc.derive.polars_columns import check_types, polars_series, scored_arrays

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
    check_types(frame.schema, inputs, scorer.name)
    return frame.with_columns(polars_series(_polars_outcome(frame, inputs, scorer)))


def _polars_outcome(frame: pl.DataFrame, inputs: list[str], scorer: Scorer) -> Outcome:
    return scorer.score(scored_arrays(frame, inputs, scorer.name))


def _lazy(frame: pl.LazyFrame, scorer: Scorer) -> pl.LazyFrame:
    """Types are checked now, words when the frame is collected."""
    schema = frame.collect_schema()
    inputs = scorer.inputs(schema.names())
    check_types(schema, inputs, scorer.name)
    added = {name: _POLARS_TYPES[kind] for name, kind in scorer.outputs(inputs).items()}
    return frame.map_batches(
        lambda batch: batch.with_columns(polars_series(_polars_outcome(batch, inputs, scorer))),
        schema=pl.Schema({**schema, **added}),
        streamable=True,
    )


def _pandas(frame: pd.DataFrame, scorer: Scorer) -> pd.DataFrame:
    """A new frame with the same index; the caller's is left as it is."""
    from milkqc.derive.pandas_columns import pandas_array, with_outcome

    inputs = scorer.inputs(list(frame.columns))
    return with_outcome(
        frame, scorer.score({name: pandas_array(frame[name], scorer.name) for name in inputs})
    )


def _duckdb(relation: Any, scorer: Scorer) -> Any:
    """A relation on the caller's own connection, over an Arrow table of the rows as they came."""
    from milkqc.derive.duckdb_tables import held

    inputs = scorer.inputs(relation.columns)
    # DuckDB takes `LAZ` and `laz` for one name.
    scorer.inputs([name if name in inputs else name.lower() for name in relation.columns])
    read = getattr(relation, "to_arrow_reader", None) or relation.fetch_record_batch
    reader = read(BATCH_ROWS)
    added = scorer.outputs(inputs)
    return held(
        relation, arrow_batches(reader, inputs=inputs, scorer=scorer), schema=reader.schema, added=added
    )


def arrow_batches(
    batches: Iterable[pa.RecordBatch], *, inputs: list[str], scorer: Scorer
) -> Iterator[pa.RecordBatch]:
    """Each Arrow batch with the scorer's columns added: what DuckDB's readers and Spark's mapInArrow need."""
    import pyarrow as pa

    for batch in batches:
        read = cast("pl.DataFrame", pl.from_arrow(pa.Table.from_batches([batch]).select(inputs)))
        check_types(read.schema, inputs, scorer.name)
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
