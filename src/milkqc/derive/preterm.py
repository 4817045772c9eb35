"""INTERGROWTH-21st postnatal growth of preterm infants, from 27 to 64 weeks after the last menstruation."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from milkqc.derive.intergrowth import IntergrowthScore, judged

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]
Measure = Literal["weight", "length", "head"]

# Villar et al. 2015, Lancet Glob Health 3:e681-e691: the range of the standards, in weeks.
FIRST_WEEK, LAST_WEEK = 27.0, 64.0


def preterm_score(
    measure: Floats, postmenstrual_weeks: Floats, sex: Codes, *, what: Measure
) -> IntergrowthScore:
    """Scores of a measure (kg or cm) of a preterm infant, one per row; NaN in, no score out.

    `postmenstrual_weeks` are exact: (gestation at birth + age, in days) / 7. `sex` 0 boys, 1 girls, -1 unknown.
    No score outside 27 to 64 weeks or for a measure <= 0.

    Source:
        Villar et al. 2015, Lancet Glob Health 3:e681-e691, equations of the web appendix.
    """
    from scipy.special import ndtr

    with np.errstate(invalid="ignore"):
        inside = (postmenstrual_weeks >= FIRST_WEEK) & (postmenstrual_weeks <= LAST_WEEK)
        usable = inside & (sex >= 0) & (measure > 0) & (measure < np.inf)
    z = np.full(measure.size, np.nan)
    rows = np.flatnonzero(usable)
    y = measure[rows] if what == "head" else np.log(measure[rows])
    mean, sd = distribution(postmenstrual_weeks[rows], sex[rows] == 0, what)
    z[rows] = (y - mean) / sd
    return judged(z, ndtr(z))


def distribution(x: Floats, boy: Bools, what: Measure) -> tuple[Floats, Floats]:
    """Mean and SD at `x` weeks: of ln(kg), of ln(cm), of cm for the head."""
    if what == "weight":
        # Villar et al. 2015, Lancet Glob Health 3:e681-e691: weight.
        mean = 2.591277 - 0.01155 * x**0.5 - 2201.705 * x**-2 + 0.0911639 * boy
        return mean, 0.1470258 + 505.92394 * x**-2 - 140.0576 * x**-2 * np.log(x)
    if what == "length":
        # Villar et al. 2015, Lancet Glob Health 3:e681-e691: length.
        mean = 4.136244 - 547.0018 * x**-2 + 0.0026066 * x + 0.0314961 * boy
        return mean, 0.050489 + 310.44761 * x**-2 - 90.0742 * x**-2 * np.log(x)
    # Villar et al. 2015, Lancet Glob Health 3:e681-e691: head circumference.
    mean = 55.53617 - 852.0059 / x + 0.7957903 * boy
    return mean, 3.0582292 + 3910.05 * x**-2 - 180.5625 / x
