"""Regression on order statistics: what lies below a limit estimated from the log-normal line through the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from milkqc.summarise.censored import QUARTILES, Floats

# Beyond these the line rests on too little (Helsel 2012, chapter 6: no method is good above 80 % censored).
LEAST_VALUES = 3
MOST_CENSORED = 0.8

ROS = "robust_ros"
_TOO_FEW = f"not_estimable: fewer than {LEAST_VALUES} different values above the limits"
_TOO_MANY = f"not_estimable: more than {MOST_CENSORED:.0%} censored"
_NOT_POSITIVE = "not_estimable: a value or limit is not above zero"


@dataclass(frozen=True)
class Estimated:
    """All results as numbers, sorted: the values as they are, the censored by the line; and how it was made.

    `numbers` is empty where nothing is estimated; `estimator` then says why.
    """

    numbers: Floats
    estimator: str

    def quantiles(self, at: tuple[float, ...] = QUARTILES) -> tuple[float | None, ...]:
        """Ordinary quantiles of the numbers (definition 2 of Hyndman and Fan 1996); None without numbers."""
        if not self.numbers.size:
            return (None,) * len(at)
        found = np.quantile(self.numbers, at, method="averaged_inverted_cdf")
        return tuple(float(one) for one in found)

    def share_below(self, bound: float) -> float | None:
        """The share of the numbers under `bound`."""
        return float(np.mean(self.numbers < bound)) if self.numbers.size else None


def estimate(values: Floats, below: Floats) -> Estimated:
    """`values` and results known to lie `below` a limit, as numbers by robust regression on order statistics.

    Plotting positions for several limits after Hirsch and Stedinger; a line through the logarithms of the values
    on normal quantiles; the censored take the line's values at their own positions, the values stay. Summary
    figures only: no single estimated number says anything of its own sample.

    Source:
        Helsel and Cohn 1988, Water Resour Res 24:1997-2004; Helsel 2012, Statistics for Censored Environmental
        Data, chapter 6.
    """
    from scipy.special import ndtri

    nothing = np.array([], dtype=np.float64)
    if (values <= 0).any() or (below <= 0).any() or np.isnan(below).any():
        return Estimated(nothing, _NOT_POSITIVE)
    if below.size > MOST_CENSORED * (values.size + below.size):
        return Estimated(nothing, _TOO_MANY)
    if np.unique(values).size < LEAST_VALUES:
        return Estimated(nothing, _TOO_FEW)
    seen, limits = np.sort(values), np.sort(below)
    at_seen, at_limits = positions(seen, limits)
    slope, middle = np.polyfit(ndtri(at_seen), np.log(seen), 1)
    modelled = np.exp(middle + slope * ndtri(at_limits))
    return Estimated(np.sort(np.concatenate([seen, modelled])), ROS)


def positions(seen: Floats, limits: Floats) -> tuple[Floats, Floats]:
    """Plotting positions of the sorted values and of the sorted limits: shares of the distribution below them.

    Between two neighbouring limits the values share the probability of lying there evenly; results below one
    limit share the probability of lying below it.

    Source:
        Hirsch and Stedinger 1987, Water Resour Res 23:715-727.
    """
    levels = np.unique(limits)
    if not levels.size or seen[0] < levels[0]:
        levels = np.concatenate([[-np.inf], levels])
    band = np.searchsorted(levels, seen, side="right") - 1
    inside = np.bincount(band, minlength=levels.size)
    under = np.searchsorted(seen, levels, side="left") + np.searchsorted(limits, levels, side="right")
    # P(X >= level), from the highest level down
    exceeds = np.zeros(levels.size + 1)
    for j in range(levels.size - 1, -1, -1):
        both = inside[j] + under[j]
        exceeds[j] = exceeds[j + 1] + (inside[j] / both * (1 - exceeds[j + 1]) if both else 0.0)
    rank = np.arange(seen.size) - np.searchsorted(band, band, side="left") + 1
    at_seen = (1 - exceeds[band]) + (exceeds[band] - exceeds[band + 1]) * rank / (inside[band] + 1)
    own = np.searchsorted(levels, limits)
    count = np.searchsorted(limits, limits, side="right") - np.searchsorted(limits, limits, side="left")
    place = np.arange(limits.size) - np.searchsorted(limits, limits, side="left") + 1
    at_limits = (1 - exceeds[own]) * place / (count + 1)
    return at_seen, at_limits
