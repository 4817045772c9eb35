"""Distributions of studies laid side by side, with results below a limit counted as what they are: below it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from milkqc.pool.read import Run
from milkqc.summarise.censored import Floats, quantiles

SCORES = ("laz", "waz", "wlz", "baz", "hcz", "acz")
LEAST = 10  # of each study, below which nothing is compared
_DIGITS = 10
DISTRIBUTIONS = {
    "table": pl.String,
    "variable": pl.String,
    "visit": pl.String,
    "unit": pl.String,
    "study": pl.String,
    "n": pl.Int64,
    "censored": pl.Int64,
    "q25": pl.Float64,
    "median": pl.Float64,
    "q75": pl.Float64,
    "estimator": pl.String,
}
PAIRS = {
    "table": pl.String,
    "variable": pl.String,
    "visit": pl.String,
    "unit": pl.String,
    "study_a": pl.String,
    "study_b": pl.String,
    "n_a": pl.Int64,
    "n_b": pl.Int64,
    "median_a": pl.Float64,
    "median_b": pl.Float64,
    "median_ratio": pl.Float64,
    "median_difference": pl.Float64,
    "distance": pl.Float64,
    "superiority": pl.Float64,
    "p": pl.Float64,
}


@dataclass(frozen=True)
class Sample:
    """The results of one variable at one visit of one study: values, and limits of those only known to lie beyond."""

    values: Floats
    below: Floats
    above: Floats
    unit: str

    @property
    def n(self) -> int:
        """All results, the censored among them."""
        return self.values.size + self.below.size + self.above.size


def compared(runs: Sequence[Run]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Each study's distribution (DISTRIBUTIONS) and each two studies side by side (PAIRS).

    Analytes of milk and biomarkers, reported results only, by visit; scores that are not flagged, by visit. Quartiles
    are Kaplan-Meier's where results are censored (summarise.censored). `distance` is the difference of medians over
    the mean of both interquartile ranges (1.349 of them is a normal SD, so 0.74 is a standard deviation);
    `superiority` is the probability that a value of a is above one of b, ties half (0.5: no difference), `p` that of
    the rank sum test with ties, after both are censored at the highest limit of either. Nothing is compared below
    LEAST results of each. No correction for the number of comparisons is made.

    Source:
        Helsel 2012, Statistics for Censored Environmental Data, chapter 9 (rank sum test after censoring at the
        highest limit).
    """
    samples: dict[tuple[str, str, str], dict[str, Sample]] = {}
    for run in runs:
        for key, sample in _samples(run):
            samples.setdefault(key, {})[run.study] = sample
    each, pairs = [], []
    for (table, variable, visit), found in sorted(samples.items()):
        for study, sample in found.items():
            each.append(_described(table, variable, visit, study, sample))
        for a, b in combinations(found, 2):
            if min(found[a].n, found[b].n) >= LEAST:
                pairs.append(_pair((table, variable, visit), a, b, found))
    return (
        pl.DataFrame(each, schema=DISTRIBUTIONS, orient="row"),
        pl.DataFrame(pairs, schema=PAIRS, orient="row"),
    )


def _samples(run: Run) -> Iterator[tuple[tuple[str, str, str], Sample]]:
    for table in ("milk", "biomarkers"):
        frame = run.tables[table].filter(pl.col("reported").fill_null(value=True))
        for (analyte, visit), part in frame.group_by("analyte", "visit"):
            sample = Sample(
                part["value"].drop_nulls().to_numpy().astype(np.float64),
                _limits(part, "<"),
                _limits(part, ">"),
                str(part["unit"].drop_nulls().first() or ""),
            )
            if sample.n:
                yield (table, str(analyte), str(visit or "")), sample
    growth = run.tables["growth"]
    none = np.array([], dtype=np.float64)
    for score in SCORES:
        good = growth.filter(pl.col(score).is_not_null() & ~pl.col(f"{score}_flag").fill_null(value=False))
        for (visit,), part in good.group_by("visit"):
            yield ("growth", score, str(visit or "")), Sample(part[score].to_numpy(), none, none, "z")


def _limits(part: pl.DataFrame, sign: str) -> Floats:
    limits = part.filter(pl.col("censored") == sign)["limit"].cast(pl.Float64)
    return limits.fill_null(float("nan")).to_numpy()


def _quartiles(sample: Sample) -> tuple[tuple[float | None, ...], str]:
    found = quantiles(sample.values, below=sample.below, above=sample.above)
    return found.at, found.estimator


def _described(table: str, variable: str, visit: str, study: str, sample: Sample) -> dict[str, Any]:
    (q25, median, q75), how = _quartiles(sample)
    return {
        "table": table,
        "variable": variable,
        "visit": visit or None,
        "unit": sample.unit,
        "study": study,
        "n": sample.n,
        "censored": sample.below.size + sample.above.size,
        "q25": _round(q25),
        "median": _round(median),
        "q75": _round(q75),
        "estimator": how,
    }


def _pair(key: tuple[str, str, str], a: str, b: str, found: Mapping[str, Sample]) -> dict[str, Any]:
    one, other = found[a], found[b]
    (low_a, mid_a, high_a), _ = _quartiles(one)
    (low_b, mid_b, high_b), _ = _quartiles(other)
    superiority, p = rank_sum(one, other)
    ratio = difference = distance = None
    if mid_a is not None and mid_b is not None:
        difference = mid_a - mid_b
        ratio = mid_a / mid_b if mid_b > 0 and mid_a > 0 and one.unit != "z" else None
        if None not in (low_a, high_a, low_b, high_b):
            spread = ((high_a or 0) - (low_a or 0) + (high_b or 0) - (low_b or 0)) / 2
            distance = difference / spread if spread > 0 else None
    return {
        "table": key[0],
        "variable": key[1],
        "visit": key[2] or None,
        "unit": one.unit,
        "study_a": a,
        "study_b": b,
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


def rank_sum(one: Sample, other: Sample) -> tuple[float | None, float | None]:
    """P(a > b) + P(a = b) / 2 and the two-sided p of the rank sum test (normal, ties and continuity corrected).

    None where a result is censored without a limit, or everything is tied.
    """
    every = np.concatenate([one.below, other.below, one.above, other.above])
    if np.isnan(every).any():
        return None, None
    low = max((*one.below, *other.below), default=-math.inf)
    high = min((*one.above, *other.above), default=math.inf)
    if low >= high:
        return None, None
    # Below the highest limit nobody knows the order: all of it is one tie, under every other value.
    a, b = (_tied(sample, low, high) for sample in (one, other))
    both = np.concatenate([a, b])
    _, place, times = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(times) - (times - 1) / 2)[place]
    n, m = a.size, b.size
    u = float(ranks[:n].sum() - n * (n + 1) / 2)
    total = n + m
    ties = float((times.astype(np.float64) ** 3 - times).sum())
    variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)))
    superiority = u / (n * m)
    if variance <= 0:
        return superiority, None
    z = max(abs(u - n * m / 2) - 0.5, 0) / math.sqrt(variance)
    return superiority, math.erfc(z / math.sqrt(2))


def _tied(sample: Sample, low: float, high: float) -> Floats:
    values = np.where(sample.values < low, -math.inf, np.where(sample.values > high, math.inf, sample.values))
    ends = [np.full(sample.below.size, -math.inf), np.full(sample.above.size, math.inf)]
    return np.concatenate([values, *ends])


def _round(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")
