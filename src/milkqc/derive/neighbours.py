"""The visits before and after a measurement: which rows of the same child hold the measure, in order of age."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]

NOBODY = -1


def neighbours(child: Ints, age: Floats, rank: Ints, usable: Bools) -> tuple[Ints, Ints]:
    """For each row the positions of its child's previous and next usable row, NOBODY where there is none.

    `child` numbers the children, NOBODY for a row without one; rows of one age stand in the order of `rank`, so that
    the order of the table does not matter. A row that is not usable has neighbours too, which do not see it.
    """
    count = child.size
    before = np.full(count, NOBODY, dtype=np.intp)
    after = np.full(count, NOBODY, dtype=np.intp)
    placed = np.flatnonzero((child != NOBODY) & ~np.isnan(age))
    if not placed.size:
        return before, after
    order = placed[np.lexsort((rank[placed], age[placed], child[placed]))]
    of = child[order]
    here = np.arange(order.size)
    good = usable[order]
    first = np.flatnonzero(np.r_[True, of[1:] != of[:-1]])
    start = np.repeat(first, np.diff(np.r_[first, order.size]))
    end = np.repeat(np.r_[first[1:], order.size], np.diff(np.r_[first, order.size])) - 1
    seen = np.maximum.accumulate(np.where(good, here, NOBODY))
    earlier = np.r_[NOBODY, seen[:-1]]
    coming = np.minimum.accumulate(np.where(good, here, order.size)[::-1])[::-1]
    later = np.r_[coming[1:], order.size]
    before[order] = np.where(earlier >= start, order[np.maximum(earlier, 0)], NOBODY)
    after[order] = np.where(later <= end, order[np.minimum(later, order.size - 1)], NOBODY)
    return before, after
