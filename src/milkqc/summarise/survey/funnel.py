"""What chance alone does to a statistic of n children: the limits within which a small team is not to be accused.

The limits hold 99.8 % of groups that measure like the whole study (three standard errors, as in a control chart).
"""

from __future__ import annotations

import math
from typing import Any

import polars as pl

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

# What the report draws, and by what.
DRAWN = (
    ("digit_preference", "weight_kg"),
    ("digit_preference", "length_cm"),
    ("digit_preference", "head_circumference_cm"),
    ("digit_preference", "muac_cm"),
    ("sd", "wlz"),
    ("sd", "laz"),
    ("mean", "laz"),
    ("mean", "wlz"),
)
GROUPED = ("site", "team", "observer")
LEAST_GROUPS = 3
FUNNEL_SCHEMA: dict[str, Any] = {
    "statistic": pl.String,
    "variable": pl.String,
    "by": pl.String,
    "centre": pl.Float64,
    "n": pl.Int64,
    "low_95": pl.Float64,
    "high_95": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
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


def funnels(table: pl.DataFrame) -> pl.DataFrame:
    """The limits drawn around groups (FUNNEL_SCHEMA): 95 % and 99.8 %, at sizes from the smallest group to the largest.

    `table` is the survey table; a statistic of DRAWN is drawn where at least three groups of a grouping have it.
    """
    parts = []
    for statistic, variable in DRAWN:
        own = table.filter(
            (pl.col("statistic") == statistic)
            & (pl.col("variable") == variable)
            & pl.col("value").is_not_null()
        )
        whole = own.filter(pl.col("by") == "all")["value"]
        spread = table.filter(
            (pl.col("by") == "all") & (pl.col("statistic") == "sd") & (pl.col("variable") == variable)
        )["value"]
        for by in GROUPED:
            sizes = own.filter((pl.col("by") == by) & (pl.col("n") >= 5))["n"].to_list()
            if len(sizes) < LEAST_GROUPS or not whole.len():
                continue
            centre = None if statistic == "digit_preference" else float(whole[0])
            for n in _sizes(min(sizes), max(sizes)):
                wide, narrow = (
                    limits(statistic, n, centre=centre, spread=spread[0] if spread.len() else None, tail=tail)
                    for tail in (ALARM, WARN)
                )
                parts.append((statistic, variable, by, centre, n, narrow[0], narrow[1], wide[0], wide[1]))
    return pl.DataFrame(parts, schema=FUNNEL_SCHEMA, orient="row").with_columns(
        pl.col(pl.Float64).round_sig_figs(10)
    )


def _sizes(least: int, most: int) -> list[int]:
    """About two dozen sizes, close together where limits bend most."""
    low, high = max(5, round(0.8 * least)), round(1.1 * most) + 1
    return sorted({round(low * (high / low) ** (step / 23)) for step in range(24)})
