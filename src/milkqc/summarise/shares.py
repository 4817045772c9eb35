"""A share below an estimate with its 95 % interval, also where people come in clusters."""

from __future__ import annotations

import math
from dataclasses import dataclass

import polars as pl

# The 97.5th percentile of the normal distribution, for 95 % intervals.
_Z = 1.959963984540054
_SIGNIFICANT = 10


@dataclass(frozen=True)
class Interval:
    """The ends in percent, None twice without anything to share; how it was made; how many clusters (0: none)."""

    low: float | None
    high: float | None
    name: str
    clusters: int


def interval_of(cell: pl.DataFrame) -> Interval:
    """The interval of the share of `below_mae` among the results of `cell` that were judged.

    Results of one cluster (`_cluster`) resemble each other: the design effect of the clusters, at least 1, divides
    the number of results that Wilson's interval is computed with. With a result whose cluster is unknown, with
    fewer than two clusters, and where all results lie on one side (the effect cannot be estimated) it is Wilson's.

    Source:
        Korn and Graubard 1998, Survey Methodology 24:193-201 (the effective sample size); Wilson 1927.
    """
    judged = cell.filter(pl.col("below_mae").is_not_null())
    n, below = judged.height, int(judged["below_mae"].sum())
    by_cluster = judged.group_by("_cluster").agg(n=pl.len(), below=pl.col("below_mae").sum()).sort("_cluster")
    clusters = 0 if judged["_cluster"].null_count() else by_cluster.height
    if n == 0:
        return Interval(None, None, "", 0)
    if clusters < 2 or below in {0, n} or by_cluster["n"].max() == 1:
        low, high = wilson(below, n)
        return Interval(low, high, "wilson", clusters if clusters > 1 else 0)
    effect = max(1.0, design_effect(by_cluster["below"].to_list(), by_cluster["n"].to_list()))
    low, high = _score(below / n, n / effect)
    return Interval(_rounded(100 * low), _rounded(100 * high), "wilson, cluster-robust", clusters)


def design_effect(below: list[int], of: list[int]) -> float:
    """The variance of the share with whole clusters drawn, over that with single results drawn.

    Source:
        Linearised ratio estimator: Cochran 1977, Sampling Techniques, chapter 9.
    """
    k, n, share = len(of), sum(of), sum(below) / sum(of)
    apart = sum((b - share * m) ** 2 for b, m in zip(below, of, strict=True))
    clustered = k / (k - 1) * apart / n**2
    return clustered / (share * (1 - share) / n)


def wilson(count: int, of: int) -> tuple[float | None, float | None]:
    """The 95 % score interval of a share, in percent; None twice where there is nothing to share.

    Source:
        Wilson 1927, J Am Stat Assoc 22:209-212.
    """
    if not of:
        return None, None
    low, high = _score(count / of, of)
    # exactly 0 and 1 at the ends, where the formula leaves noise
    low, high = 0.0 if count == 0 else low, 1.0 if count == of else high
    return _rounded(100 * low), _rounded(100 * high)


def _score(share: float, of: float) -> tuple[float, float]:
    weight = _Z**2 / of
    middle = (share + weight / 2) / (1 + weight)
    half = _Z * math.sqrt(share * (1 - share) / of + weight / (4 * of)) / (1 + weight)
    return middle - half, middle + half


def _rounded(number: float) -> float:
    return float(f"{number:.{_SIGNIFICANT}g}")
