"""Quantiles of concentrations of which some lie only below (or above) a limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

QUARTILES = (0.25, 0.5, 0.75)

# A product of fractions that equals a quantile's probability on paper misses it by a few of its last bits.
_SAME = 1e-9

_NO_LIMIT = "not_estimable: censored without a limit"
_BOTH_SIDES = "not_estimable: censored on both sides"
_NO_VALUE = "not_estimable: all censored"


@dataclass(frozen=True)
class Quantiles:
    """One estimate per probability asked for, None where it lies among the censored; and how it was made.

    `estimator` is `sample` (nothing censored), `kaplan_meier`, or `not_estimable: ...` with the reason; empty
    when there was nothing at all.
    """

    at: tuple[float | None, ...]
    estimator: str


def quantiles(
    values: Floats, *, below: Floats, above: Floats, at: tuple[float, ...] = QUARTILES
) -> Quantiles:
    """Quantiles of `values` together with results known only to lie `below` or `above` a limit.

    NaN in `below` or `above` stands for a result whose limit is unknown. Results below a limit are estimated by
    the reversed Kaplan-Meier method, those above one by the ordinary one; with both, or without a limit, nothing
    is. Nothing is imputed. Where the distribution function meets a probability exactly, the quantile is midway
    to the next value, which without censoring is the usual median (and definition 2 of Hyndman and Fan 1996).

    Source:
        Helsel 2012, Statistics for Censored Environmental Data, chapter 6.
    """
    nothing: tuple[float | None, ...] = (None,) * len(at)
    if not values.size and not below.size and not above.size:
        return Quantiles(nothing, "")
    if np.isnan(below).any() or np.isnan(above).any():
        return Quantiles(nothing, _NO_LIMIT)
    if below.size and above.size:
        return Quantiles(nothing, _BOTH_SIDES)
    if not values.size:
        return Quantiles(nothing, _NO_VALUE)
    if above.size:
        mirrored = [_quantile(-values, -above, 1 - p) for p in at]
        return Quantiles(tuple(None if q is None else -q for q in mirrored), "kaplan_meier")
    estimator = "kaplan_meier" if below.size else "sample"
    return Quantiles(tuple(_quantile(values, below, p) for p in at), estimator)


def share_below(values: Floats, below: Floats, *, bound: float) -> float | None:
    """P(X < bound) by the reversed Kaplan-Meier method, with results known only to lie `below` a limit.

    None without any result, and where `bound` is under every value while some limit lies above it: nothing then
    says how many of the censored lie under `bound`.
    """
    if not values.size and not below.size:
        return None
    if not below.size:
        return float(np.mean(values < bound))
    if not values.size or bound <= values.min():
        return None if (below > bound).any() else below.size / (values.size + below.size)
    points, cumulative, _ = distribution(values, below)
    return float(cumulative[np.searchsorted(points, bound, side="left") - 1])


def distribution(values: Floats, below: Floats) -> tuple[Floats, Floats, float]:
    """The distinct values (at least one) in rising order, P(X <= value) at each, and P(X < the least of them).

    At a value v the risk set is what lies at or below v: values, and limits (a result `<v` is below v). Each
    step down multiplies by the share of it that is not v itself.
    """
    points, times = np.unique(values, return_counts=True)
    at_or_below = np.searchsorted(np.sort(values), points, side="right")
    at_risk = at_or_below + np.searchsorted(np.sort(below), points, side="right")
    kept = 1.0 - times / at_risk
    # P(X < v) is the product over v and everything above it
    under = np.cumprod(kept[::-1])[::-1]
    return points, np.append(under[1:], 1.0), float(under[0])


def _quantile(values: Floats, below: Floats, p: float) -> float | None:
    """The least value whose distribution function reaches p; None where that lies below every value."""
    points, cumulative, least = distribution(values, below)
    if below.size and least >= p - _SAME:
        return None
    place = int(np.searchsorted(cumulative, p - _SAME, side="left"))
    if abs(cumulative[place] - p) <= _SAME and place + 1 < points.size:
        return float((points[place] + points[place + 1]) / 2)
    return float(points[place])
