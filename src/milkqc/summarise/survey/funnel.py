"""What chance alone does to a statistic of n children: the limits within which a small team is not to be accused.

The limits hold 99.8 % of groups that measure like the whole study (three standard errors, as in a control chart).
"""

from __future__ import annotations

import math

from milkqc.summarise.survey.formulas import DIGITS

# Spiegelhalter 2005, Statistics in Medicine 24:1185-1202: funnel plots with limits at 95 % and 99.8 %.
ALARM, WARN = 0.001, 0.025
_NOTHING: tuple[float | None, float | None] = (None, None)
SHARES = {
    "missing_share",
    "flagged_smart",
    "flagged_who",
    "standing_under_24_months",
    "lying_from_24_months",
}


def limits(
    statistic: str, n: int, *, centre: float | None, spread: float | None = None, tail: float = ALARM
) -> tuple[float | None, float | None]:
    """The lowest and highest value that chance explains with `tail` at either end; null where there is no limit.

    `centre` is the statistic of the whole study, in the statistic's own unit (percent for shares); `spread` the
    study's SD, for means. A digit preference score has an upper limit only, and no centre: without any
    preference its chi-square has nine degrees of freedom.
    """
    from scipy import special

    if n < 2:
        return _NOTHING
    if statistic == "digit_preference":
        chi2 = float(special.chdtri(DIGITS - 1, tail))
        return None, 100 * math.sqrt(chi2 / ((DIGITS - 1) * n))
    error = {"skewness": math.sqrt(6 / n), "kurtosis": math.sqrt(24 / n)}.get(statistic)
    reach = -float(special.ndtri(tail))
    if error is not None:
        return -reach * error, reach * error
    if centre is None:
        return _NOTHING
    if statistic == "mean":
        return _NOTHING if spread is None else (
            centre - reach * spread / math.sqrt(n), centre + reach * spread / math.sqrt(n)
        )  # fmt: skip
    if statistic in {"sd", "tem"}:
        freedom = n - 1 if statistic == "sd" else n
        low, high = (float(special.chdtri(freedom, part)) / freedom for part in (1 - tail, tail))
        return centre * math.sqrt(low), centre * math.sqrt(high)
    if statistic in SHARES:
        return binomial(n, centre / 100, tail)
    return _NOTHING


def binomial(n: int, share: float, tail: float) -> tuple[float, float]:
    """The shares, in percent, between which a binomial count lies but for `tail` at either end (exact)."""
    return 100 * _quantile(tail, n, share) / n, 100 * _quantile(1 - tail, n, share) / n


def _quantile(chance: float, n: int, share: float) -> int:
    """The least count that a binomial one does not exceed with this chance."""
    from scipy.special import bdtr

    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if float(bdtr(middle, n, share)) >= chance:
            high = middle
        else:
            low = middle + 1
    return low


def beyond(value: float | None, low: float | None, high: float | None) -> bool | None:
    """Whether a value lies outside its limits; null without value or limits."""
    if value is None or (low is None and high is None):
        return None
    return (low is not None and value < low) or (high is not None and value > high)


def least_share(count: int, n: int) -> float:
    """The lower end, in percent, of the exact (Clopper-Pearson) 99.8 % interval of a share."""
    from scipy.special import betaincinv

    return 100 * float(betaincinv(count, n - count + 1, ALARM)) if count else 0.0


def sd_interval(sd: float, n: int) -> tuple[float, float]:
    """The 99.8 % interval of a standard deviation (chi-square)."""
    from scipy.special import chdtri

    freedom = n - 1
    return sd * math.sqrt(freedom / float(chdtri(freedom, ALARM))), sd * math.sqrt(
        freedom / float(chdtri(freedom, 1 - ALARM))
    )
