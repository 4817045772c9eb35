"""A sample against what a reference says of it: quantiles and the Kolmogorov-Smirnov distance, censoring-aware."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

# A result as (value, censored, limit): the value is None where `censored` is "<" or ">".
Result = tuple[float | None, str | None, float | None]


def quantile(placed: Sequence[float], share: float) -> float | None:
    """The quantile by linear interpolation (type 7), censored values placed at -/+ infinity.

    None for no values, and where it falls among censored ones.
    """
    ordered = sorted(placed)
    if not ordered:
        return None
    at = share * (len(ordered) - 1)
    low, high = ordered[math.floor(at)], ordered[math.ceil(at)]
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    return float(f"{low + (high - low) * (at - math.floor(at)):.10g}")


def distance(results: Sequence[Result], reference: Mapping[str, Any]) -> float | None:
    """The largest distance between the share of results up to a point and what `reference` says, 0 to 1.

    Against percentiles it is taken at these, else at every result. Only points are taken where the share is known:
    from the highest limit of a `<` to the lowest limit of a `>`. None where no point is left.
    """
    below = [limit for _, censored, limit in results if censored == "<"]
    above = [limit for _, censored, limit in results if censored == ">"]
    if None in below or None in above or not results:
        return None
    known = sorted(float(value) for value, censored, _ in results if censored is None and value is not None)
    low = max((limit for limit in below if limit is not None), default=-math.inf)
    high = min((limit for limit in above if limit is not None), default=math.inf)

    def shares(point: float) -> tuple[float, float]:
        """The share of results below `point`, and up to it."""
        lower, upper = bisect_left(known, point) + len(below), bisect_right(known, point) + len(below)
        return lower / len(results), upper / len(results)

    apart: list[float] = []
    if "percentiles" in reference:
        for percent, point in reference["percentiles"].items():
            if low <= point <= high:
                lower, upper = shares(point)
                apart.append(max(0.0, lower - percent / 100, percent / 100 - upper))
    else:
        points = {point for point in (*known, low, high) if low <= point <= high and math.isfinite(point)}
        for point in points:
            expected = share_up_to(point, reference)
            apart.append(max(abs(share - expected) for share in shares(point)))
    return float(f"{max(apart):.10g}") if apart else None


def share_up_to(point: float, reference: Mapping[str, Any]) -> float:
    """The share that a normal or lognormal reference expects up to `point`."""
    if "normal" in reference:
        z = (point - reference["normal"]["mean"]) / reference["normal"]["sd"]
    else:
        said = reference["lognormal"]
        z = -math.inf if point <= 0 else math.log(point / said["median"]) / math.log(said["gsd"])
    return (1 + math.erf(z / math.sqrt(2))) / 2
