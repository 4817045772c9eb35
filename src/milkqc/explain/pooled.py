"""Several results of one analyte at a visit combined: the same sums as derive.analysis_milk's, by hand and in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean

import polars as pl

from milkqc.explain.model import shown
from milkqc.explain.store import Row

# Results are averaged only when they measured the same thing in the same way.
_ALIKE = ("sample_id", "expression", "method", "measures")


@dataclass(frozen=True)
class Result:
    """A result, or several together: its value, on which side of a limit it lies, and that limit.

    `bound` is what it is taken for where another of them is censored: its value, or its limit.
    """

    sample: str | None
    value: float | None
    censored: str | None
    limit: float | None
    bound: float | None

    @property
    def plain(self) -> list[object]:
        """As figures of an explanation: sample, value, censored, limit."""
        return [self.sample, self.value, self.censored, self.limit]

    @property
    def text(self) -> str:
        """`3.2`, `<0.5`."""
        return shown(self.value) if self.censored is None else f"{self.censored}{shown(self.limit)}"


@dataclass(frozen=True)
class Pooled:
    """The results, the samples that replicates were first put together to, and all of them together."""

    results: tuple[Result, ...]
    samples: tuple[Result, ...]
    whole: Result


def pooled(rows: Sequence[Row], share: float | None) -> Pooled:
    """Results that the analysis combines, replicates of one sample first. `share` of a limit stands for a `<` result."""
    every = [(row, _of(row, share)) for row in rows]
    replicates = [pair for pair in every if pair[0]["repeats"] == "replicate"]
    rest = [result for row, result in every if row["repeats"] != "replicate"]
    samples = [*rest, *(together(part) for part in _by_sample(replicates))]
    return Pooled(tuple(result for _, result in every), tuple(samples), together(samples))


def _of(row: Row, share: float | None) -> Result:
    bound = row["value"] if row["censored"] is None else row["limit"]
    value = row["value"]
    if value is None and row["censored"] == "<" and share is not None and row["limit"] is not None:
        value = row["limit"] * share
    return Result(row["sample_id"], value, row["censored"], row["limit"], bound)


def _by_sample(pairs: list[tuple[Row, Result]]) -> Iterable[list[Result]]:
    def alike(pair: tuple[Row, Result]) -> tuple[str, ...]:
        return tuple(str(pair[0].get(name)) for name in _ALIKE)

    for _, part in groupby(sorted(pairs, key=alike), key=alike):
        yield [result for _, result in part]


def together(results: Sequence[Result]) -> Result:
    """The mean of numbers; with some beyond a limit, what that says of the mean (derive.analysis_milk._mean)."""
    if len(results) == 1:
        return results[0]
    values = [one.value for one in results if one.value is not None]
    sides = {one.censored for one in results if one.censored is not None}
    bounds = [one.bound for one in results if one.bound is not None]
    limits = {one.limit for one in results}
    same_limit, all_beyond = len(limits) == 1, all(one.censored for one in results)
    bounded = len(sides) == 1 and len(bounds) == len(results)
    agreed = len(sides) == 1 and same_limit and all_beyond
    side = next(iter(sides)) if len(sides) == 1 and (bounded or all_beyond) else None
    bound = _bound(bounds, side, alike=same_limit, beyond=all_beyond) if bounded or agreed else None
    return Result(
        results[0].sample,
        _rounded(fmean(values)) if len(values) == len(results) else None,
        side,
        bound if bounded or agreed else next(iter(limits)) if same_limit else None,
        bound if side is not None else _rounded(fmean(values)) if len(values) == len(results) else None,
    )


def _bound(bounds: list[float], side: str | None, *, alike: bool, beyond: bool) -> float | None:
    if not bounds:
        return None
    if alike and beyond:
        return bounds[0]
    if beyond:
        return max(bounds) if side == "<" else min(bounds)
    return _rounded(fmean(bounds))


def _rounded(value: float) -> float:
    # By the same function as the analysis file's: ties of the tenth digit go one way only.
    return float(pl.Series([value]).round_sig_figs(10)[0])


def says(found: Pooled, part: str) -> str:
    """The sentence of one part (value, censored, limit) of results put together, with its numbers."""
    parts = found.samples
    listed = ", ".join(one.text for one in parts)
    of = f"{len(parts)} results ({listed})"
    if len(found.samples) < len(found.results):
        first = ", ".join(one.text for one in found.results)
        of = f"{len(found.results)} results ({first})"
        if len(parts) > 1:
            of += f", replicates put together first ({listed})"
    if part == "value":
        return f"the mean of {of}, to 10 significant digits"
    beyond = "below" if found.whole.censored == "<" else "above"
    every = all(one.censored for one in found.results)
    if part == "censored":
        return f"{'all' if every else 'some'} of {of} lie {beyond} a limit, so the mean lies {beyond} one too"
    if found.whole.censored is None:
        return f"the limit that {of} share"
    if every:
        word = "highest" if found.whole.censored == "<" else "lowest"
        return f"the {word} of their limits: {of}"
    return f"the mean of {of}, limits standing for what lies {beyond} them; the true mean lies {beyond} it"
