"""The growth table as arrays: what was measured, how it scores, and where the study's own middle lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from milkqc.derive.child_facts import facts
from milkqc.derive.restated import JUDGED, Children, plain_scores

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]

# The mean and SD of a study's scores are believed within these bounds only, and from this many scores on: a study
# that is wrong as a whole must not become its own standard. Below, WHO's mean and a wider SD.
LEAST, MEANS, SDS, UNKNOWN_SD = 50, (-2.5, 1.5), (1.0, 1.5), 1.2


@dataclass(frozen=True)
class Study:
    """The growth table as arrays. `values` and `scores` by measure; scores are standard: the study's mean 0, SD 1."""

    children: Children
    child: Ints
    rank: Ints
    values: Mapping[str, Floats]
    factors: Mapping[str, Floats]
    units: Mapping[str, npt.NDArray[np.object_]]
    scores: Mapping[str, Floats]
    middle: Mapping[str, tuple[float, float]]
    oedema: Bools

    def plain(self, measure: str) -> Floats:
        """The z-scores of a measure, by age."""
        mean, sd = self.middle[measure]
        scored: Floats = self.scores[measure] * sd + mean
        return scored

    def standard(self, measure: str, values: Floats, rows: Ints, children: Children | None = None) -> Floats:
        """Standard scores of other values in these rows."""
        mean, sd = self.middle[measure]
        known = self.children.at(rows) if children is None else children
        scored: Floats = (plain_scores(measure, values, known) - mean) / sd
        return scored


def study_of(growth: pl.DataFrame, participants: pl.DataFrame) -> Study:
    """The table as arrays, with the mean and SD that each measure's scores have in this study."""
    known = facts(growth, participants)
    count = growth.height
    numbered = growth.select(
        child=pl.col("infant_id").rank("dense").cast(pl.Int64).fill_null(0) - 1,
        rank=pl.col("row_id").rank("ordinal").cast(pl.Int64),
    )
    values, factors, scores, middle, units = {}, {}, {}, {}, {}
    for measure in JUDGED:
        values[measure] = _numbers(growth, measure)
        factors[measure] = np.nan_to_num(_numbers(growth, f"{measure}__factor"), nan=1.0)
        units[measure] = _texts(growth, f"{measure}__raw_unit")
        z = plain_scores(measure, values[measure], known)
        middle[measure] = _middle(z)
        scores[measure] = (z - middle[measure][0]) / middle[measure][1]
    return Study(
        children=known,
        child=numbered["child"].to_numpy().astype(np.intp),
        rank=numbered["rank"].to_numpy().astype(np.intp),
        values=values,
        factors=factors,
        units=units,
        scores=scores,
        middle=middle,
        oedema=growth["oedema"].cast(pl.Boolean).fill_null(value=False).to_numpy()
        if "oedema" in growth.columns
        else np.zeros(count, dtype=np.bool_),
    )


def _middle(z: Floats) -> tuple[float, float]:
    """Median and SD (from the median distance) of a study's scores, within bounds."""
    known = z[~np.isnan(z)]
    if known.size < LEAST:
        return 0.0, UNKNOWN_SD
    median = float(np.median(known))
    sd = 1.4826 * float(np.median(np.abs(known - median)))
    return float(np.clip(median, *MEANS)), float(np.clip(sd, *SDS))


def _numbers(growth: pl.DataFrame, name: str) -> Floats:
    if name not in growth.columns:
        return np.full(growth.height, np.nan)
    found: Floats = growth[name].cast(pl.Float64).to_numpy()
    return found


def _texts(growth: pl.DataFrame, name: str) -> npt.NDArray[np.object_]:
    if name not in growth.columns:
        return np.full(growth.height, "", dtype=object)
    found: npt.NDArray[np.object_] = growth[name].cast(pl.String).fill_null("").to_numpy().astype(object)
    return found
