"""Columns as the kernels take and give them: numpy arrays, NaN for null, small codes for words.

A `Scorer` says which columns it reads, which it adds and how; engines.py brings frames of any kind to it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from milkqc.derive.codings import BOOLEANS, WORDS, wanted
from milkqc.errors import MilkqcError

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]


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
        """The columns to read, of those there are. FrameError for missing, double or blocking columns; all that is
        missing is one message."""
        wanted = [name for name in (*self.required, *self.optional) if name in columns]
        missing = [name for name in self.required if name not in columns]
        try:
            outputs = self.outputs(wanted)
        except FrameError as nothing:
            if not missing:
                raise
            raise FrameError(
                self.name, f"{_are_missing(missing)}, and {nothing.what}", nothing.todo
            ) from None
        if missing:
            todo = (
                f"Add it, or rename yours to {missing[0]}."
                if len(missing) == 1
                else "Add them, or rename yours."
            )
            raise FrameError(self.name, f"{_are_missing(missing)}.", todo)
        for name in wanted:
            if list(columns).count(name) > 1:
                raise FrameError(self.name, f"column {name} is there twice.", "Drop or rename one of them.")
        standing = [name for name in outputs if name in columns]
        if standing:
            raise FrameError(
                self.name,
                f"the frame already has {', '.join(standing)}, and nothing is overwritten.",
                "Drop or rename these columns first.",
            )
        return wanted


def _are_missing(names: Sequence[str]) -> str:
    return f"{'column' if len(names) == 1 else 'columns'} {', '.join(names)} {'is' if len(names) == 1 else 'are'} missing"


def refuse_words(where: str, name: str, found: Sequence[object]) -> None:
    """Raise FrameError naming the words that were found where codes were wanted."""
    shown = ", ".join(repr(word) for word in found[:5]) + (", ..." if len(found) > 5 else "")
    raise FrameError(
        where,
        f"column {name} holds {shown}; it takes {wanted(name)}.",
        "Recode it first: other codes mean different things in different studies.",
    )


def refuse_type(where: str, name: str, found: str) -> None:
    """Raise FrameError naming the type that was found."""
    takes = wanted(name) if name in {*WORDS, *BOOLEANS} else "numbers"
    raise FrameError(where, f"column {name} is of type {found}; it takes {takes}.", "Convert it first.")
