"""Columns of a polars frame to the arrays that the kernels take, and what they found back to columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from milkqc.derive.codings import BOOLEANS, WORDS, codes_of, own_words, whole_codes
from milkqc.derive.columns import Arrays, Codes, Outcome, Truths, refuse_type, refuse_words

UNKNOWN = -1


def polars_arrays(
    frame: pl.DataFrame,
    columns: Collection[str],
    *,
    understood: Callable[[str], Mapping[str, int]] = own_words,
) -> dict[str, npt.NDArray[Any]]:
    """The `columns` of a polars frame as the kernels take them.

    Words that are not `understood` (by default milkqc's own alone) are UNKNOWN (-1), like nulls; oedema too, where it
    is text or numbers.
    """
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name in columns:
        column = frame[name]
        if name in WORDS or (name in BOOLEANS and column.dtype not in {pl.Boolean, pl.Null}):
            arrays[name] = codes(column, understood(name), whole_codes(name))
        elif name in BOOLEANS:
            arrays[name] = column.cast(pl.Boolean).fill_null(value=False).to_numpy()
        else:
            arrays[name] = column.cast(pl.Float64).to_numpy()
    return arrays


def codes(column: pl.Series, words: Mapping[str, int], whole: Mapping[int, int]) -> Codes:
    """The code of each text in `words` or number in `whole`, UNKNOWN for any other and for null.

    One comparison a word beats a look-up fivefold, and hardly any column needs more than its first two.
    """
    found = np.full(column.len(), UNKNOWN, dtype=np.int8)
    numeric = column.dtype.is_numeric()
    asked = whole if numeric else words
    texts = column if numeric else column.cast(pl.String)
    left = texts.len() - texts.null_count()
    for word, code in asked.items():
        if not left:
            break
        hit = (texts == word).fill_null(value=False).to_numpy()
        found += np.int8(code + 1) * hit.view(np.int8)
        left -= int(np.count_nonzero(hit))
    return found


def check_words(frame: pl.DataFrame, arrays: Arrays, where: str) -> None:
    """FrameError when a column of codes holds others than WHO's; `arrays` are the polars_arrays of `frame`."""
    for name in (*WORDS, *BOOLEANS):
        if name not in arrays or arrays[name].dtype == np.bool_:
            continue
        column = frame[name].fill_nan(None) if frame[name].dtype.is_float() else frame[name]
        unknown = arrays[name] < 0
        if np.count_nonzero(unknown) > column.null_count():
            texts = column.filter(pl.Series(unknown)).cast(pl.String).drop_nulls()
            other = texts.str.strip_suffix(".0").unique().sort()
            refuse_words(where, name, other.to_list())


def check_types(schema: Mapping[str, pl.DataType], columns: Collection[str], where: str) -> None:
    """FrameError when a column is not of a type that its name promises. An all-null column is of any type."""
    for name in columns:
        kind = schema[name]
        if kind == pl.Null:
            continue
        if name in WORDS or name in BOOLEANS:
            fits = isinstance(kind, (pl.String, pl.Categorical, pl.Enum)) or (
                kind.is_numeric() and bool(whole_codes(name))
            )
            fits = fits or (name in BOOLEANS and kind == pl.Boolean)
        else:
            fits = kind.is_numeric()
        if not fits:
            refuse_type(where, name, str(kind))


def scored_arrays(frame: pl.DataFrame, inputs: Collection[str], where: str) -> dict[str, npt.NDArray[Any]]:
    """The inputs of a public function: WHO's codes understood, oedema as booleans; FrameError for other words."""
    arrays = polars_arrays(frame, inputs, understood=codes_of)
    check_words(frame, arrays, where)
    return {
        name: array > 0 if name in BOOLEANS and array.dtype != np.bool_ else array
        for name, array in arrays.items()
    }


def polars_series(outcome: Outcome) -> list[pl.Series]:
    """Outcome as polars columns in its order: null, never NaN."""
    series = []
    for name, column in outcome.items():
        if isinstance(column, Truths):
            values = pl.Series(name, column.values)
            if not column.known.all():
                values = values.zip_with(pl.Series(column.known), pl.Series(name, [None], dtype=pl.Boolean))
            series.append(values)
        else:
            series.append(pl.Series(name, column, nan_to_null=True))
    return series
