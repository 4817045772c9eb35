"""WHO's LMS figures as flat arrays that a kernel can index by sex and day, or by sex and 0.1 cm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from milkqc.reference.growth import GrowthIndex, who_lms

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LmsTable:
    """The LMS figures of one index, flat: position = (table * 2 + sex) * size + step - first.

    A step is a day, or 0.1 cm. `table` counts the index's tables (0 but for weight-for-height), `sex` is 0 for
    boys, 1 for girls. Steps that a table does not have are NaN, and so is the last position, `nowhere`: what
    points there has no score. Tables by age all begin at day 0, so that they share their positions.
    """

    first: int
    size: int
    nowhere: int
    l: Floats
    m: Floats
    s: Floats


@cache
def lms_table(index: GrowthIndex) -> LmsTable:
    """The figures of `index`; KeyError when WHO has no table of one of its names."""
    parts = [who_lms().filter(indicator=name) for name in index.tables]
    for name, part in zip(index.tables, parts, strict=True):
        if part.is_empty():
            raise KeyError(name)
    per_unit = 10 if index.axis == "length" else 1
    steps = [np.rint(part["x"].to_numpy() * per_unit).astype(np.intp) for part in parts]
    first = int(min(step.min() for step in steps)) if index.axis == "length" else 0
    size = int(max(step.max() for step in steps)) - first + 1
    nowhere = 2 * len(parts) * size
    columns = [np.full(nowhere + 1, np.nan) for _ in range(3)]
    for number, (part, step) in enumerate(zip(parts, steps, strict=True)):
        girl = (part["sex"] == "female").to_numpy()
        position = (2 * number + girl) * size + step - first
        for column, name in zip(columns, ("l", "m", "s"), strict=True):
            column[position] = part[name].to_numpy()
    for column in columns:
        column.flags.writeable = False
    return LmsTable(first, size, nowhere, *columns)
