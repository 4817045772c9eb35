"""INTERGROWTH-21st newborn size: weight, length and head circumference for gestational age and sex.

Two published standards join at 33 weeks: very preterm newborns (24+0 to 32+6), where the measure (or its
logarithm) is normally distributed, and newborns from 33+0 to 42+6, where it follows a skew-t distribution.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from milkqc.derive.ages import whole_days
from milkqc.derive.intergrowth import IntergrowthScore, judged
from milkqc.reference.growth import newborn_size

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]
Measure = Literal["weight", "length", "head"]

# Villar et al. 2016, Lancet 387:844-845: 24+0 weeks; Villar et al. 2014, Lancet 384:857-868: 33+0 to 42+6.
FIRST_DAY, SKEW_FROM_DAY, LAST_DAY = 168, 231, 300
_INDICATORS: dict[Measure, str] = {"weight": "wfga", "length": "lfga", "head": "hcfga"}


def newborn_score(measure: Floats, gestation_days: Floats, sex: Codes, *, what: Measure) -> IntergrowthScore:
    """Scores of a measure taken at birth (kg or cm), one per row; NaN in, no score out.

    `gestation_days` at birth (a fraction of a day is rounded, a half up); `sex` 0 boys, 1 girls, -1 unknown.
    No score outside 168 to 300 days or for a measure <= 0. Far in the upper tail the probability of more is
    used, so that a score beyond 8 is still a number.

    Source:
        Villar et al. 2014, Lancet 384:857-868; Villar et al. 2016, Lancet 387:844-845.
    """
    from scipy.special import ndtr

    z = np.full(measure.size, np.nan)
    probability = np.full(measure.size, np.nan)
    with np.errstate(invalid="ignore"):
        day = whole_days(gestation_days)
        usable = (measure > 0) & (measure < np.inf) & (sex >= 0) & (day >= FIRST_DAY) & (day <= LAST_DAY)
    early = np.flatnonzero(usable & (day < SKEW_FROM_DAY))
    late = np.flatnonzero(usable & (day >= SKEW_FROM_DAY))
    if early.size:
        mean, variance = very_preterm(gestation_days[early] / 7, sex[early] == 0, what)
        y = np.log(measure[early]) if what == "weight" else measure[early]
        z[early] = (y - mean) / np.sqrt(variance)
        probability[early] = ndtr(z[early])
    if late.size:
        row = sex[late] * (LAST_DAY - SKEW_FROM_DAY + 1) + day[late].astype(np.intp) - SKEW_FROM_DAY
        z[late], probability[late] = _skew_t(measure[late], *(column[row] for column in figures(what)))
    return judged(z, probability)


def very_preterm(weeks: Floats, boy: Bools, what: Measure) -> tuple[Floats, float]:
    """Mean and variance from 24+0 to 32+6, by exact weeks: of ln(kg), of cm, of cm."""
    if what == "weight":
        # Villar et al. 2016, Lancet 387:844-845: weight.
        return -7.00303 + 1.325911 * np.sqrt(weeks) + 0.0571937 * boy, 0.0373218
    if what == "length":
        # Villar et al. 2016, Lancet 387:844-845: length.
        return 1.307633 + 1.270022 * weeks + 0.4263885 * boy, 6.757543
    # Villar et al. 2016, Lancet 387:844-845: head circumference.
    return 0.7866522 + 0.887638 * weeks + 0.2513385 * boy, 2.433481


def _skew_t(y: Floats, mu: Floats, sigma: Floats, nu: Floats, tau: Floats) -> tuple[Floats, Floats]:
    """Z-scores and probabilities of `y` in skew-t (type 3) distributions.

    Below mu from the lower tail, above it from the upper: each side keeps its precision.
    """
    from scipy.special import ndtri, stdtr

    low = y < mu
    distance = np.abs(y - mu) / sigma
    tail = stdtr(tau, -np.where(low, distance * nu, distance / nu))
    weight = np.where(low, 2.0, 2 * nu**2) / (1 + nu**2)
    outside = weight * tail
    # mu is not the median: beyond it on the short side `outside` can exceed one half, which is as it should be.
    z = np.where(low, ndtri(outside), -ndtri(outside))
    return z, np.where(low, outside, 1 - outside)


@cache
def figures(what: Measure) -> tuple[Floats, Floats, Floats, Floats]:
    """mu, sigma, nu and tau by position: boys from day 231 to 300, then girls."""
    rows = newborn_size().filter(indicator=_INDICATORS[what]).sort("gest_days")
    both = (rows.filter(sex="M"), rows.filter(sex="F"))
    mu, sigma, nu, tau = (
        np.concatenate([part[name].to_numpy() for part in both]) for name in ("mu", "sigma", "nu", "tau")
    )
    return mu, sigma, nu, tau
