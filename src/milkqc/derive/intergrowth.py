"""What both INTERGROWTH-21st standards share: a score, its centile, and when a score is beyond belief."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Our choice, unverified: INTERGROWTH-21st published no limits of plausibility that we could find; 5 is the
# limit that WHO sets for weight-for-length, BMI and head circumference.
FLAG_BEYOND = 5.0


@dataclass(frozen=True)
class IntergrowthScore:
    """Z-scores, centiles (0 to 100) and flags, one entry per row.

    `z` and `centile` are NaN without a score and where the score is infinite. `flag` is true where |z| is above
    5 or infinite; it means nothing where `known` is false.
    """

    z: Floats
    centile: Floats
    flag: Bools
    known: Bools


def judged(z: Floats, probability: Floats) -> IntergrowthScore:
    """The score as it may be exported: an infinite one is a flag, never a number."""
    known, finite = ~np.isnan(z), np.isfinite(z)
    return IntergrowthScore(
        z=np.where(finite, z, np.nan),
        centile=np.where(finite, 100 * probability, np.nan),
        flag=known & ~(np.abs(z) <= FLAG_BEYOND),
        known=known,
    )


def chosen(use_first: Bools, first: IntergrowthScore, second: IntergrowthScore) -> IntergrowthScore:
    """`first` in the rows where `use_first`, else `second`."""
    return IntergrowthScore(
        z=np.where(use_first, first.z, second.z),
        centile=np.where(use_first, first.centile, second.centile),
        flag=np.where(use_first, first.flag, second.flag),
        known=np.where(use_first, first.known, second.known),
    )
