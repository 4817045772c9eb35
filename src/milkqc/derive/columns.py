"""Columns as the kernels take and give them: numpy arrays, NaN for null, small codes for words.

A `Scorer` says which columns it reads, which it adds and how; engines.py brings frames of any kind to it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from milkqc.errors import MilkqcError

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]

# What stands in the word columns, in the order of their codes; anything else is -1.
WORDS: Mapping[str, tuple[str, ...]] = {"infant_sex": ("male", "female"), "measured": ("lying", "standing")}
BOOLEANS = ("oedema",)


class FrameError(MilkqcError):
    """A frame cannot be scored: a column is missing, of the wrong type, holds other words, or stands in the way."""

    def __init__(self, where: str, what: str, todo: str):
        self.where, self.what, self.todo = where, what, todo
        super().__init__(f"{where}: {what} {todo}")


@dataclass(frozen=True)
class Truths:
    """A boolean column: null where not `known`."""

    values: Bools
    known: Bools


Arrays = Mapping[str, npt.NDArray[Any]]
Outcome = Mapping[str, "Floats | Truths"]


@dataclass(frozen=True)
class Scorer:
    """One public function's work. `name` is the function's, for messages.

    `required` columns must be there; `optional` are read where they are. `outputs(columns)` gives the added
    columns in order, name to "number" or "boolean"; it raises FrameError when nothing can be scored.
    `score` takes the arrays of the columns that are there and gives exactly those outputs.
    """

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    outputs: Callable[[Collection[str]], dict[str, str]]
    score: Callable[[Arrays], Outcome]

    def inputs(self, columns: Sequence[str]) -> list[str]:
        """The columns to read, of those there are. Raises FrameError for missing, double or blocking columns."""
        wanted = [name for name in (*self.required, *self.optional) if name in columns]
        missing = [name for name in self.required if name not in columns]
        if missing:
            one = len(missing) == 1
            raise FrameError(
                self.name,
                f"{'column' if one else 'columns'} {', '.join(missing)} {'is' if one else 'are'} missing.",
                f"Add it, or rename yours to {missing[0]}." if one else "Add them, or rename yours.",
            )
        for name in wanted:
            if list(columns).count(name) > 1:
                raise FrameError(self.name, f"column {name} is there twice.", "Drop or rename one of them.")
        standing = [name for name in self.outputs(wanted) if name in columns]
        if standing:
            raise FrameError(
                self.name,
                f"the frame already has {', '.join(standing)}, and nothing is overwritten.",
                "Drop or rename these columns first.",
            )
        return wanted


def polars_arrays(frame: pl.DataFrame, columns: Collection[str]) -> dict[str, npt.NDArray[Any]]:
    """The `columns` of a polars frame as the kernels take them. Words that are no code are UNKNOWN (-1)."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name in columns:
        column = frame[name]
        if name in WORDS:
            arrays[name] = _codes(column.cast(pl.String), WORDS[name])
        elif name in BOOLEANS:
            arrays[name] = column.cast(pl.Boolean).fill_null(value=False).to_numpy()
        else:
            arrays[name] = column.cast(pl.Float64).to_numpy()
    return arrays


def _codes(texts: pl.Series, words: Sequence[str]) -> Codes:
    """The place of each text in `words`, -1 for any other and for null. One comparison a word beats a look-up fivefold."""
    codes = np.full(texts.len(), -1, dtype=np.int8)
    for place, word in enumerate(words):
        codes += np.int8(place + 1) * (texts == word).fill_null(value=False).to_numpy().view(np.int8)
    return codes


def check_polars_words(frame: pl.DataFrame, arrays: Arrays, where: str) -> None:
    """FrameError when a word column of `frame` holds other words than its codes; `arrays` are its polars_arrays."""
    for name in WORDS:
        if name in arrays and np.count_nonzero(arrays[name] < 0) > frame[name].null_count():
            other = frame[name].cast(pl.String).drop_nulls().unique().sort().to_list()
            refuse_words(where, name, [word for word in other if word not in WORDS[name]])


def check_polars_types(schema: Mapping[str, pl.DataType], columns: Collection[str], where: str) -> None:
    """FrameError when a column is not of the type that its name promises. An all-null column is of any type."""
    for name in columns:
        kind = schema[name]
        if kind == pl.Null:
            continue
        if name in WORDS:
            fits = isinstance(kind, (pl.String, pl.Categorical, pl.Enum))
        elif name in BOOLEANS:
            fits = isinstance(kind, pl.Boolean)
        else:
            fits = kind.is_numeric()
        if not fits:
            refuse_type(where, name, str(kind))


def refuse_words(where: str, name: str, found: Sequence[object]) -> None:
    """Raise FrameError naming the words that were found where codes were wanted."""
    shown = ", ".join(repr(word) for word in found[:5]) + (", ..." if len(found) > 5 else "")
    wanted = " and ".join(repr(word) for word in WORDS[name])
    raise FrameError(
        where,
        f"column {name} holds {shown}; it takes {wanted}, or nothing.",
        "Recode it first: other codes mean different things in different studies.",
    )


def refuse_type(where: str, name: str, found: str) -> None:
    """Raise FrameError naming the type that was found."""
    wanted = "text" if name in WORDS else "booleans" if name in BOOLEANS else "numbers"
    raise FrameError(where, f"column {name} is of type {found}; it takes {wanted}.", "Convert it first.")


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
