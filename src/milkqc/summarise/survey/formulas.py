"""Statistics of survey quality, from plain arrays to a number and, where there is a test, its p-value.

The formulas are those of the R packages nipnTK (digit preference, ratios, heaping, skewness, kurtosis) and of the
SMART method (flags, penalties). Arrays hold no NaN; what has too few values has no statistic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

DIGITS = 10
# nipnTK, ageRatioTest: 0.85 children of 6-29 months to one of 30-59 months in a population under five.
AGE_RATIO = 0.85
SURVEY_FROM_MONTHS, SECOND_FROM_MONTHS, SURVEY_TO_MONTHS = 6, 30, 60
# SMART: a z-score further than this from the survey's own mean is flagged; z units, not standard deviations.
SMART_REACH = 3.0
# No child has such a score and no other unit but grams or millimetres gives one. Ours, unverified.
MEASURED = 20.0


@dataclass(frozen=True)
class Statistic:
    """`n` values gave `value`; `p` of the test behind it. Both null where they are not defined."""

    n: int
    value: float | None = None
    p: float | None = None


def last_digits(values: Floats, *, decimals: int = 1) -> Ints:
    """The last digit of each value printed with `decimals` decimals, as C's printf rounds. Sign does not count."""
    size = np.abs(values)
    scaled = size * 10**decimals
    whole = np.rint(scaled)
    # 5.35 * 10 is 53.5, but printf sees 5.34999...: near a tie the text itself decides.
    near = np.flatnonzero(np.abs(scaled - np.floor(scaled) - 0.5) < 1e-6)
    whole[near] = [float(f"{size[at]:.{decimals}f}".replace(".", "")) for at in near]
    digits: Ints = np.mod(whole, DIGITS).astype(np.int64)
    return digits


def digit_counts(values: Floats, *, decimals: int = 1) -> Ints:
    """How often each digit 0 to 9 is the last one."""
    return np.bincount(last_digits(values, decimals=decimals), minlength=DIGITS).astype(np.int64)


def digit_preference(counts: Ints) -> Statistic:
    """The digit preference score 100 * sqrt(chi2 / (9 n)), to two decimals, and the p-value of the chi-square."""
    n = int(counts.sum())
    if not n:
        return Statistic(0)
    chi2 = uniform_chi2(counts)
    return Statistic(n, round(100 * math.sqrt(chi2 / ((DIGITS - 1) * n)), 2), chi2_tail(chi2, DIGITS - 1))


def age_heaping(months: Ints, *, divisor: int = 12) -> Statistic:
    """The chi-square of whole months modulo `divisor` against an even share of each remainder."""
    if not months.size:
        return Statistic(0)
    chi2 = uniform_chi2(np.bincount(months % divisor, minlength=divisor))
    return Statistic(months.size, chi2, chi2_tail(chi2, divisor - 1))


def sex_ratio(boys: int, girls: int) -> Statistic:
    """Boys to one girl, and the p-value of a proportion test (Yates) against one to one."""
    n = boys + girls
    return Statistic(n, boys / girls if girls else None, proportion_p(boys, n, 0.5) if n else None)


def age_ratio(months: Floats) -> Statistic:
    """Children of 6-29 months to one of 30-59, and the p-value of a proportion test (Yates) against 0.85."""
    first = int(((months >= SURVEY_FROM_MONTHS) & (months < SECOND_FROM_MONTHS)).sum())
    second = int(((months >= SECOND_FROM_MONTHS) & (months < SURVEY_TO_MONTHS)).sum())
    n = first + second
    p = proportion_p(first, n, AGE_RATIO / (1 + AGE_RATIO)) if n else None
    return Statistic(n, first / second if second else None, p)


def mean(values: Floats) -> Statistic:
    """The arithmetic mean."""
    return Statistic(values.size, float(values.mean()) if values.size else None)


def deviation(values: Floats) -> Statistic:
    """The sample standard deviation (n - 1)."""
    return Statistic(values.size, float(values.std(ddof=1)) if values.size > 1 else None)


def skewness(values: Floats) -> Statistic:
    """sqrt(n) * S(x-m)^3 / (S(x-m)^2)^1.5; none of constant values."""
    square, third = _moment(values, 2), _moment(values, 3)
    return Statistic(values.size, math.sqrt(values.size) * third / square**1.5 if square > 0 else None)


def kurtosis(values: Floats) -> Statistic:
    """Excess kurtosis: n * S(x-m)^4 / (S(x-m)^2)^2 - 3; none of constant values."""
    square, fourth = _moment(values, 2), _moment(values, 4)
    return Statistic(values.size, values.size * fourth / square**2 - 3 if square > 0 else None)


def smart_flagged(z: Floats) -> Bools:
    """True where a score lies more than 3 from the observed mean of all; one pass, the mean is not taken again.

    Scores beyond MEASURED are flagged without being part of the mean: one weight in grams cannot move it so far that
    every other child is flagged.
    """
    measured = z[np.abs(z) <= MEASURED]
    if not measured.size:
        return np.ones(z.size, dtype=np.bool_)
    flagged: Bools = np.abs(z - measured.mean()) > SMART_REACH
    return flagged


def error_of_measurement(first: Floats, second: Floats) -> Statistic:
    """The technical error of measurement sqrt(S(d^2) / 2n) of n pairs, in the unit of the measure."""
    if not first.size:
        return Statistic(0)
    return Statistic(first.size, math.sqrt(float(((first - second) ** 2).sum()) / (2 * first.size)))


def share(count: int, n: int) -> Statistic:
    """`count` of `n`, in percent."""
    return Statistic(n, 100 * count / n if n else None)


def uniform_chi2(counts: npt.NDArray[np.integer]) -> float:
    """Pearson's chi-square of counts against equal ones."""
    expected = counts.sum() / counts.size
    return float(((counts - expected) ** 2).sum() / expected)


def chi2_tail(chi2: float, freedom: int) -> float:
    """The chance of a larger chi-square."""
    from scipy.special import chdtrc

    return float(chdtrc(freedom, chi2))


def proportion_p(count: int, n: int, expected: float) -> float:
    """The p-value of R's prop.test of one proportion: Pearson's chi-square with Yates' correction."""
    apart = abs(count - n * expected)
    chi2 = (apart - min(0.5, apart)) ** 2 / (n * expected * (1 - expected))
    return chi2_tail(chi2, 1)


def _moment(values: Floats, power: int) -> float:
    """The sum of (x - mean)^power; that of constant values is zero however their mean was rounded."""
    if values.size < 2 or values.min() == values.max():
        return 0.0
    return float(((values - values.mean()) ** power).sum())
