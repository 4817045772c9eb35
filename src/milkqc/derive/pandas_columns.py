"""Columns of a pandas frame to the arrays that the kernels take, and what they found back to a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from milkqc.derive.codings import BOOLEANS, WORDS
from milkqc.derive.columns import Outcome, Truths, refuse_type
from milkqc.derive.polars_columns import check_types, scored_arrays

if TYPE_CHECKING:
    import pandas as pd

_NUMBERS = {"floating", "integer", "mixed-integer-float", "integer-na", "decimal", "empty"}


def pandas_array(column: pd.Series[Any], where: str) -> npt.NDArray[Any]:
    """One pandas column as the kernel takes it; FrameError for another type or other words."""
    import pandas as pd

    name = str(column.name)
    if name in WORDS or name in BOOLEANS:
        return _coded(column, name, where)
    inferred = pd.api.types.infer_dtype(column.astype(object) if column.dtype == "category" else column)
    if inferred not in _NUMBERS:
        refuse_type(where, name, str(column.dtype))
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _coded(column: pd.Series[Any], name: str, where: str) -> npt.NDArray[Any]:
    """A column of codes, by way of Arrow: pandas' text is Arrow already, and polars compares it fastest."""
    import pandas as pd
    import pyarrow as pa

    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype if column.isna().sum() == 0 else object)
    try:
        read = pl.Series(name, pl.from_arrow(pa.Array.from_pandas(column)))
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # words and numbers in one column
        refuse_type(where, name, str(column.dtype))
        raise
    if read.null_count() == read.len():  # of any type
        read = pl.repeat(None, read.len(), dtype=pl.Null, eager=True).alias(name)
    check_types({name: read.dtype}, [name], where)
    return scored_arrays(read.to_frame(), [name], where)[name]


def with_outcome(frame: pd.DataFrame, outcome: Outcome) -> pd.DataFrame:
    """A new frame with the same index and the outcome behind; the columns that are there are not copied."""
    import pandas as pd

    added: dict[str, Any] = {
        name: pd.arrays.BooleanArray(column.values, ~column.known) if isinstance(column, Truths) else column
        for name, column in outcome.items()
    }
    found = pd.concat([frame, pd.DataFrame(added, index=frame.index, copy=False)], axis=1)
    found.columns.names = frame.columns.names
    found.attrs = frame.attrs
    return found
