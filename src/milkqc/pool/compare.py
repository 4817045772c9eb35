"""Distributions of studies laid side by side, and each two of them compared."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import polars as pl

from milkqc.pool.ranks import rank_sum
from milkqc.pool.read import Run
from milkqc.pool.samples import Cell, Sample, samples
from milkqc.summarise.censored import quantiles

LEAST = 10  # of each study, below which nothing is compared
_DIGITS = 10
_CELL = dict.fromkeys(("table", "variable", "specimen", "visit", "ages", "unit"), pl.String)
DISTRIBUTIONS = {
    **_CELL,
    "study": pl.String,
    "method": pl.String,
    "measures": pl.String,
    "n": pl.Int64,
    "censored": pl.Int64,
    "without_limit": pl.Int64,
    "q25": pl.Float64,
    "median": pl.Float64,
    "q75": pl.Float64,
    "estimator": pl.String,
}
PAIRS = {
    **_CELL,
    **dict.fromkeys(("study_a", "method_a", "measures_a", "study_b", "method_b", "measures_b"), pl.String),
    **dict.fromkeys(("n_a", "n_b"), pl.Int64),
    **dict.fromkeys(
        ("median_a", "median_b", "median_ratio", "median_difference", "distance", "superiority", "p"),
        pl.Float64,
    ),
}
_UNTOLD = "not_estimable: censored without a limit"


def compared(runs: Sequence[Run]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Each study's distribution by method (DISTRIBUTIONS) and each two of them side by side (PAIRS).

    What a sample is says `samples`. Quartiles are Kaplan-Meier's where results are censored
    (summarise.censored). `distance` is the difference of medians over the mean of both interquartile ranges
    (1.349 of them is a normal SD, so 0.74 is a standard deviation); `superiority` is the probability that a value
    of a is above one of b, ties half (0.5: no difference), `p` that of the rank sum test with ties, after both are
    censored at the highest limit of either. Results below a limit that nobody gave are left out and counted
    (`without_limit`); where they are more than one in twenty nothing is estimated. Nothing is compared below LEAST
    results of each. No correction for the number of comparisons is made.

    Source:
        Helsel 2012, Statistics for Censored Environmental Data, chapter 9 (rank sum test after censoring at the
        highest limit).
    """
    found: dict[Cell, list[Sample]] = {}
    for run in runs:
        for cell, sample in samples(run):
            found.setdefault(cell, []).append(sample)
    each, pairs = [], []
    for cell, several in sorted(found.items()):
        several.sort(key=lambda one: (one.study, one.method, one.measures))
        each += [_described(cell, sample) for sample in several]
        pairs += [
            _pair(cell, a, b)
            for a, b in combinations(several, 2)
            if min(a.n, b.n) >= LEAST and a.told and b.told
        ]
    return (
        pl.DataFrame(each, schema=DISTRIBUTIONS, orient="row"),
        pl.DataFrame(pairs, schema=PAIRS, orient="row"),
    )


def _quartiles(sample: Sample) -> tuple[tuple[float | None, ...], str]:
    if not sample.told:
        return (None, None, None), _UNTOLD
    found = quantiles(sample.values, below=sample.below, above=sample.above)
    return found.at, found.estimator


def _named(cell: Cell, unit: str) -> dict[str, Any]:
    words = (cell.table, cell.variable, cell.specimen, cell.visit, cell.ages, unit)
    return {name: word or None for name, word in zip(_CELL, words, strict=True)}


def _described(cell: Cell, sample: Sample) -> dict[str, Any]:
    (q25, median, q75), how = _quartiles(sample)
    return {
        **_named(cell, sample.unit),
        "study": sample.study,
        "method": sample.method or None,
        "measures": sample.measures or None,
        "n": sample.n + sample.unlimited,
        "censored": int(sample.below.size + sample.above.size + sample.unlimited),
        "without_limit": sample.unlimited,
        "q25": _round(q25),
        "median": _round(median),
        "q75": _round(q75),
        "estimator": how,
    }


def _pair(cell: Cell, one: Sample, other: Sample) -> dict[str, Any]:
    (low_a, mid_a, high_a), _ = _quartiles(one)
    (low_b, mid_b, high_b), _ = _quartiles(other)
    superiority, p = rank_sum(one, other)
    ratio = difference = distance = None
    if mid_a is not None and mid_b is not None:
        difference = mid_a - mid_b
        ratio = mid_a / mid_b if mid_b > 0 and mid_a > 0 and one.unit != "z" else None
        if low_a is not None and high_a is not None and low_b is not None and high_b is not None:
            spread = (high_a - low_a + high_b - low_b) / 2
            distance = difference / spread if spread > 0 else None
    return {
        **_named(cell, one.unit),
        "study_a": one.study,
        "method_a": one.method or None,
        "measures_a": one.measures or None,
        "study_b": other.study,
        "method_b": other.method or None,
        "measures_b": other.measures or None,
        "n_a": one.n,
        "n_b": other.n,
        "median_a": _round(mid_a),
        "median_b": _round(mid_b),
        "median_ratio": _round(ratio),
        "median_difference": _round(difference),
        "distance": _round(distance),
        "superiority": _round(superiority),
        "p": _round(p),
    }


def _round(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")
