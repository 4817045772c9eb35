"""Why a cell is missing, as Stata's letters .a to .z and SPSS's numbers below every value."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_lowercase
from typing import Any

import polars as pl

from milkqc.emit.variables import UNCODED, Coded

_REST = "other reason"
# Where the codes of SPSS begin, below zero: -9001, -9002 ...; ten times further while values or labels lie there.
_FIRST_ROOM = 9000.0
# Beyond this, neighbouring codes would be one double; such a column's reasons stay system-missing.
_ROOM = 1e14


@dataclass(frozen=True)
class Reasons:
    """One column's reasons: the code of each cell (null where it has none), and what each code is called."""

    cells: pl.Series | None = None
    labels: Mapping[Any, str] = field(default_factory=dict)
    lost: tuple[str, ...] = ()


def letters(columns: Sequence[Coded], shared: Collection[str] = ()) -> list[Reasons]:
    """The letters of every column. One letter means the same in all files that share the reasons `shared`, while 26
    are enough for them and the file's own; else throughout the file, while they are enough for its reasons; else each
    column has letters of its own, and in a column with more than 26 reasons `.z` is the rest.
    """
    every = _every(columns, shared)
    if len(every) > len(ascii_lowercase):
        every = _every(columns)
    return [
        _lettered(column, every if len(every) <= len(ascii_lowercase) else said(column)) for column in columns
    ]


def _lettered(column: Coded, order: Sequence[str]) -> Reasons:
    here = said(column)
    if not here:
        return Reasons()
    last = len(ascii_lowercase) - 1
    crowded = order[last:] if len(order) > len(ascii_lowercase) else []
    codes = {reason: ascii_lowercase[min(n, last)] for n, reason in enumerate(order)}
    labels = {codes[reason]: _REST if reason in crowded else reason for reason in here}
    lost = (f"reasons share the letter .z: {len(crowded)} of {len(order)}",) if crowded else ()
    return Reasons(_cells(column, codes, pl.String), labels, lost)


def numbers(columns: Sequence[Coded], shared: Collection[str] = ()) -> list[Reasons]:
    """The numbers of every column: reason n of all files that share the reasons `shared`, then of this one, is
    -(9000 + n), or further down where values lie there."""
    order = {reason: n for n, reason in enumerate(_every(columns, shared), start=1)}
    return [_numbered(column, order) for column in columns]


def _numbered(column: Coded, order: Mapping[str, int]) -> Reasons:
    here = said(column)
    if not here:
        return Reasons()
    lowest = min([float(column.values.min() or 0), *column.codes])  # type: ignore[arg-type]  # of a Float64 column
    room = _FIRST_ROOM
    while lowest <= -room:
        room *= 10
    if room > _ROOM:
        return Reasons(
            lost=(f"its reasons are left out, because its values leave no room below them: {len(here)}",)
        )
    codes = {reason: -(room + order[reason]) for reason in here}
    return Reasons(_cells(column, codes, pl.Float64), {codes[reason]: reason for reason in here})


def said(column: Coded) -> list[str]:
    """The reasons that null cells of this column really have, by name."""
    if column.reasons is None:
        return []
    missing = column.reasons.filter(column.values.is_null())
    return sorted(set(missing.drop_nulls().unique().to_list()) - set(UNCODED))


def _every(columns: Sequence[Coded], shared: Collection[str] = ()) -> list[str]:
    first = set(shared) - set(UNCODED)
    here = {reason for column in columns for reason in said(column)}
    return [*sorted(first), *sorted(here - first)]


def _cells(column: Coded, codes: Mapping[str, Any], kind: Any) -> pl.Series:
    frame = pl.DataFrame({"value": column.values, "reason": column.reasons})
    code = pl.col("reason").replace_strict(codes, default=None, return_dtype=kind)
    return frame.select(pl.when(pl.col("value").is_null()).then(code)).to_series()
