"""A team, a visit or a whole file in another unit: seen in the middle of a group, where one child shows nothing.

When every visit of a child is in pounds, its visits agree with each other; only that half of a group has scores that
hardly any child has says that something is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from milkqc.derive.restated import Children, alternatives, plain_scores

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]

# The median score of five children or more lies beyond +/-2.5 in no population that was ever measured rightly; as read
# anew it must lie within +/-2.5 of the standard, as that of the most malnourished populations does (unverified).
LEAST, FAR, NEAR = 5, 2.5, 2.5
# A row is told with its group when the group's reading makes its score less odd, and not odder than this.
FITS = 4.0
SHARE = 0.6


@dataclass(frozen=True)
class Batch:
    """Per row whether it belongs to such a group; then the group's `label`, the reading (a position in `readings`) and
    its `factor`. `label` is None elsewhere."""

    member: Bools
    label: npt.NDArray[np.object_]
    reading: Ints
    factor: Floats
    readings: tuple[str, ...]


def batches(
    measure: str,
    values: Floats,
    scores: Floats,
    children: Children,
    *,
    groups: Sequence[npt.NDArray[np.object_]],
    units: npt.NDArray[np.object_],
) -> Batch:
    """The groups that were written in another unit as a whole, each row told with the largest such group.

    `scores` are plain z by age; `groups` holds a label per row (None: in no group), the largest groups first; `units` the
    declared raw unit of each row (empty: the canonical one).
    """
    count = values.size
    label = np.full(count, None, dtype=object)
    reading, factor = np.full(count, -1, dtype=np.intp), np.full(count, np.nan)
    readings: list[str] = []
    member = np.zeros(count, dtype=np.bool_)
    for labels in groups:
        free = ~member & ~np.isnan(scores)
        for group, rows in _odd_groups(labels, units, scores, free):
            best = _best(measure, values[rows], scores[rows], children.at(rows), units[rows[0]])
            if best is None:
                continue
            name, times, inside = best
            if name not in readings:
                readings.append(name)
            own = rows[inside]
            member[own], label[own], factor[own] = True, group, times
            reading[own] = readings.index(name)
    return Batch(member, label, reading, factor, tuple(readings))


def _odd_groups(
    labels: npt.NDArray[np.object_], units: npt.NDArray[np.object_], scores: Floats, free: Bools
) -> list[tuple[str, Ints]]:
    """Each group (within a unit) whose median score hardly any population has, with its rows."""
    frame = pl.DataFrame(
        {
            "row": np.arange(scores.size),
            "label": pl.Series(labels.tolist(), dtype=pl.String),
            "unit": pl.Series(units.tolist(), dtype=pl.String),
            "score": scores,
        }
    ).filter(pl.Series(free) & pl.col("label").is_not_null())
    found = (
        frame.group_by("label", "unit")
        .agg(pl.col("row").sort(), middle=pl.col("score").median(), n=pl.len())
        .filter((pl.col("n") >= LEAST) & (pl.col("middle").abs() > FAR))
        .sort("label", "unit")
    )
    return [(row["label"], np.array(row["row"], dtype=np.intp)) for row in found.iter_rows(named=True)]


def _best(
    measure: str, values: Floats, scores: Floats, children: Children, unit: str
) -> tuple[str, float, Bools] | None:
    """The reading that brings the group's median nearest to the standard, with the rows that it fits."""
    found: tuple[float, str, float, Bools] | None = None
    for other in alternatives(measure, unit or None):
        would = plain_scores(measure, values * other.factor, children)
        middle = abs(float(np.nanmedian(would))) if (~np.isnan(would)).any() else np.inf
        with np.errstate(invalid="ignore"):
            fits = (np.abs(would) <= FITS) & (np.abs(would) < np.abs(scores))
        if middle <= NEAR and fits.mean() >= SHARE and (found is None or middle < found[0]):
            found = (middle, other.reading, other.factor, fits)
    return None if found is None else found[1:]
