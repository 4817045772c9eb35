"""Two samples compared by ranks, with results below a limit counted as what they are: below it."""

from __future__ import annotations

import math

import numpy as np

from milkqc.pool.samples import Sample
from milkqc.summarise.censored import Floats


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
