"""Several laboratory readings of one thing combined, some of which may lie only below or above a limit."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from milkqc.mapping import replicates
from milkqc.mapping.language import Column
from milkqc.mapping.values import Mapped

_APART = "censored_both_sides"


def readings(parts: list[Mapped], action: str, spec: Column, *, assay: pl.Series | None) -> Mapped:
    """One result of the readings `parts`, by `first_of`, `mean_of` or `median_of`; all of them stay in `raw`.

    Readings below a limit are taken at 0 and at the limit. Where both give the same, that is a number (the median
    of `<0.5`, 3 and 4 is 3); else the result lies below what the limits give (the mean of `<0.5` and 4 is below
    2.25). A reading above the range makes a result above what its limit gives. With readings on both sides nothing
    is known: missing, with the reason `censored_both_sides`. `assay` stands in for a `<` without its own limit.
    """
    parts = [replace(part, limit=_limit(part, assay)) for part in parts]
    if action == "first_of":
        return _first(parts, spec)
    numbers = replicates.combined(parts, action, spec, "number")
    frame = pl.DataFrame(
        {
            "number": numbers.value.cast(pl.Float64),
            "low": _at(parts, action, spec, below=0.0, above=None),
            "high": _at(parts, action, spec, below=None, above=1e300),
            "under": _any(parts, "<"),
            "over": _any(parts, ">"),
            "unknown": _unknown(parts),
            "missing": numbers.missing,
        }
    )
    both, one = pl.col("under") & pl.col("over"), pl.col("under") | pl.col("over")
    # Equal but for the last bits of a mean.
    sure = ~pl.col("unknown") & ((pl.col("high") - pl.col("low")).abs() <= pl.col("low").abs() * 1e-12)
    side = pl.when(pl.col("under")).then(pl.lit("<")).otherwise(pl.lit(">"))
    bound = pl.when(pl.col("under")).then("high").otherwise("low")
    made = frame.select(
        value=pl.when(~one).then("number").when(~both & sure).then("low"),
        censored=pl.when(one & ~both & ~sure).then(side),
        limit=pl.when(one & ~both & ~sure & ~pl.col("unknown")).then(bound),
        missing=pl.when(both).then(pl.lit(_APART)).when(~one).then("missing"),
    )
    return replace(
        numbers,
        value=made["value"],
        censored=made["censored"],
        limit=made["limit"],
        missing=made["missing"],
        problems=numbers.problems.filter(
            (numbers.problems["rule_id"] != "reading.replicates.disagree")
            | ~frame["under"].gather(numbers.problems["row"])
        ),
    )


def _first(parts: list[Mapped], spec: Column) -> Mapped:
    """The first reading that says anything, a limit included."""
    merged = replicates.combined(parts, "first_of", spec, "number")
    columns = {}
    for place, part in enumerate(parts):
        given = part.value.is_not_null() | _censored(part).is_not_null()
        columns[f"given_{place}"] = given
        columns[f"value_{place}"] = part.value.cast(pl.Float64)
        columns[f"censored_{place}"] = _censored(part)
        columns[f"limit_{place}"] = _limit(part, None)
    frame = pl.DataFrame(columns)

    def chosen(what: str) -> pl.Expr:
        expression = pl.lit(None, dtype=frame.schema[f"{what}_0"])
        for place in reversed(range(len(parts))):
            expression = pl.when(f"given_{place}").then(f"{what}_{place}").otherwise(expression)
        return expression.alias(what)

    made = frame.select(
        chosen("value"), chosen("censored"), chosen("limit"), said=pl.any_horizontal(pl.col("^given_.*$"))
    )
    missing = pl.select(pl.when(~made["said"]).then(merged.missing)).to_series()
    return replace(
        merged, value=made["value"], censored=made["censored"], limit=made["limit"], missing=missing
    )


def _at(
    parts: list[Mapped], action: str, spec: Column, *, below: float | None, above: float | None
) -> pl.Series:
    """The combination with each censored reading put at `below` or `above`; null stands for its limit."""
    filled = []
    for part in parts:
        censored, limit = _censored(part), _limit(part, None)
        value = pl.select(
            pl.when(censored == "<")
            .then(limit if below is None else pl.lit(below))
            .when(censored == ">")
            .then(limit if above is None else pl.lit(above))
            .otherwise(part.value.cast(pl.Float64))
        ).to_series()
        filled.append(replace(part, value=value, censored=None, limit=None))
    plain = spec.model_copy(update={"max_difference": None})
    return replicates.combined(filled, action, plain, "number").value.cast(pl.Float64)


def _censored(part: Mapped) -> pl.Series:
    if part.censored is not None:
        return part.censored
    return pl.repeat(None, part.raw.len(), dtype=pl.String, eager=True)


def _limit(part: Mapped, assay: pl.Series | None) -> pl.Series:
    own = (
        part.limit
        if part.limit is not None
        else pl.repeat(None, part.raw.len(), dtype=pl.Float64, eager=True)
    )
    if assay is None:
        return own
    return pl.select(pl.when(_censored(part) == "<").then(pl.coalesce(own, assay)).otherwise(own)).to_series()


def _any(parts: list[Mapped], side: str) -> pl.Series:
    return pl.select(
        pl.any_horizontal([(_censored(part) == side).fill_null(False) for part in parts])
    ).to_series()


def _unknown(parts: list[Mapped]) -> pl.Series:
    """Rows with a censored reading whose limit nobody gave."""
    return pl.select(
        pl.any_horizontal([_censored(part).is_not_null() & _limit(part, None).is_null() for part in parts])
    ).to_series()
