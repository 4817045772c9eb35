"""How a child's z-scores hang together: with its own at other ages, and with its other measures at the same visit.

The model that suspicion stands on (docs/growth_suspicion.md): scores are normal with variance 1, a measure's two scores
at ages s and t correlate by `within_child`, two measures of one visit by `ALIKE`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Fitted to the US Collaborative Perinatal Project (500 infants at 1, 123, 366 and 1462 days, R package hbgd), weights
# and lengths together; tests/derive/test_kinship.py repeats the comparison. For the first weeks, for steps of days
# and for populations other than this one the figures are unverified.
TWO_MEASUREMENTS = 0.95
STEP_DAYS = 10.0
LASTING = 3.2
# Weight and length of one visit: the same study (0.63 to 0.71). Head and arm: from general knowledge, unverified.
ALIKE: Mapping[frozenset[str], float] = {
    frozenset({"weight_kg", "length_cm"}): 0.65,
    frozenset({"weight_kg", "head_circumference_cm"}): 0.5,
    frozenset({"weight_kg", "muac_cm"}): 0.6,
    frozenset({"length_cm", "head_circumference_cm"}): 0.4,
}


def within_child(age: Floats, other: Floats) -> Floats:
    """The correlation of two measurements of one child, by the ages in days; 0.95 on one day, lower further apart.

    It falls with the ratio of ages, not with the days between: a month changes a newborn more than a toddler.
    """
    with np.errstate(invalid="ignore"):
        apart = np.abs(np.log((np.maximum(other, 0) + STEP_DAYS) / (np.maximum(age, 0) + STEP_DAYS)))
    fallen: Floats = TWO_MEASUREMENTS * np.exp(-apart / LASTING)
    return fallen


def expected(covariance: Floats, among: Floats, known: Floats, kept: Bools) -> tuple[Floats, Floats]:
    """Mean and SD of a standard score given up to k others.

    `covariance` (n, k) with the others, `among` (n, k, k) between them, `known` (n, k) their scores. Others that are
    not `kept` (n, k) say nothing, whatever stands in their place; with none kept the answer is 0 and 1.
    """
    matrix, towards, scores = _believed(covariance, among, known, kept)
    weights = np.linalg.solve(matrix, towards[:, :, None])[:, :, 0]
    mean: Floats = (weights * scores).sum(axis=1)
    # 0.05: scores are rounded and measures read to a millimetre, so nothing is known better than that.
    left = np.maximum(1 - (towards * weights).sum(axis=1), 0.05)
    return mean, np.sqrt(left)


def joint_density(among: Floats, known: Floats, kept: Bools) -> Floats:
    """The logarithm of the normal density of the kept scores together; 0 where none is kept."""
    matrix, _, scores = _believed(np.zeros_like(known), among, known, kept)
    square = (scores * np.linalg.solve(matrix, scores[:, :, None])[:, :, 0]).sum(axis=1)
    logged: Floats = -0.5 * (square + np.log(np.linalg.det(matrix)) + kept.sum(axis=1) * np.log(2 * np.pi))
    return logged


def _believed(covariance: Floats, among: Floats, known: Floats, kept: Bools) -> tuple[Floats, Floats, Floats]:
    diagonal = np.arange(known.shape[1])
    matrix = np.where(kept[:, :, None] & kept[:, None, :], among, 0.0)
    matrix[:, diagonal, diagonal] = 1.0
    return matrix, np.where(kept, covariance, 0.0), np.where(kept, known, 0.0)


def log_density(score: Floats, mean: Floats, sd: Floats) -> Floats:
    """The natural logarithm of the normal density."""
    logged: Floats = -0.5 * ((score - mean) / sd) ** 2 - np.log(sd * np.sqrt(2 * np.pi))
    return logged
