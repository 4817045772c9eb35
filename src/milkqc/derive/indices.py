"""WHO's LMS figures as flat arrays that a kernel can index by sex and day, or by sex and 0.1 cm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from milkqc.reference.growth import who_lms

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

# Days 0 to 1826, the longest of WHO's tables by age; shorter ones are filled up with NaN.
AGE_ROWS = 1827


@dataclass(frozen=True)
class LmsTable:
    """One LMS table of both sexes, flat: position = sex (0 boys, 1 girls) * size + step - first.

    A step is a day, or 0.1 cm. The last position, `nowhere`, holds NaN: what points there has no score.
    """

    first: int
    size: int
    l: Floats
    m: Floats
    s: Floats

    @property
    def nowhere(self) -> int:
        """The position of rows without a place in the table."""
        return 2 * self.size


@cache
def lms_table(indicator: str) -> LmsTable:
    """The table of `indicator` (lhfa ... wfh). Tables by age all start at day 0, so that they share positions."""
    by_length = indicator in ("wfl", "wfh")
    rows = who_lms().filter(indicator=indicator)
    if rows.is_empty():
        raise KeyError(indicator)
    step = np.rint(rows["x"].to_numpy() * (10 if by_length else 1)).astype(np.intp)
    first, size = (int(step.min()), int(np.ptp(step)) + 1) if by_length else (0, AGE_ROWS)
    position = (rows["sex"] == "female").to_numpy() * size + step - first
    columns = []
    for name in ("l", "m", "s"):
        column = np.full(2 * size + 1, np.nan)
        column[position] = rows[name].to_numpy()
        column.flags.writeable = False
        columns.append(column)
    return LmsTable(first, size, *columns)
