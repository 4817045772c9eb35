"""A result of exactly 0: a value, below the limit, or what the comment beside it says; undeclared, a question."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from milkqc import cells as text_cells
from milkqc.mapping import values
from milkqc.mapping.language import Zero
from milkqc.mapping.values import Mapped

RULE = "reading.result.zero"


def read(mapped: Mapped, zero: Zero | None, comments: pl.Series | None = None) -> Mapped:
    """`mapped` with its zeros read as declared; a problem for each that nothing explains.

    `below_limit` makes every 0 a result below the assay's limit. With `comments` (the column that `zero: {from: ...}`
    names) only those are whose comment says so (`below LOD`, `BDL`, `<0.5`, which gives the limit too); a 0 with any
    other comment, or none, stays a number and is asked about, as is every 0 when `zero` is not declared.
    """
    number = mapped.value.cast(pl.Float64)
    zeros = (number == 0).fill_null(False)
    judged = {**mapped.judged, RULE: number.len() - number.null_count()}
    if (zero is not None and zero.is_ == "value") or not zeros.any():
        return replace(mapped, judged=judged)
    none = pl.repeat(None, number.len(), dtype=pl.Float64, eager=True)
    below, limit, asked = zeros & False, none, zeros
    if zero is not None and zero.is_ == "below_limit":
        below, asked = zeros, below
    elif comments is not None:
        said = text_cells.numbers(comments)
        below = zeros & (said["censored"] == "<").fill_null(False)
        limit, asked = said["limit"], zeros & ~below
    made = pl.select(
        value=pl.when(~below).then(mapped.value),
        censored=pl.when(below).then(pl.lit("<")).otherwise(_or(mapped.censored, none.cast(pl.String))),
        limit=pl.when(below).then(limit).otherwise(_or(mapped.limit, none)),
    )
    problems = values.problems(asked, RULE, mapped.raw, "a value above 0, or `zero:` in the mapping")
    return replace(
        mapped,
        value=made["value"],
        censored=made["censored"],
        limit=made["limit"],
        problems=pl.concat([mapped.problems, problems]),
        judged=judged,
    )


def _or(series: pl.Series | None, default: pl.Series) -> pl.Series:
    return default if series is None else series
