"""The results of a run that are laid beside another's: one variable at one visit or age, by one method."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from milkqc.pool.read import Run
from milkqc.summarise.censored import Floats
from milkqc.summarise.mae_reference import results_of

SCORES = ("laz", "waz", "wlz", "baz", "hcz", "acz")
# Ages of children whom no common visit brings together: from day, to day (excluded), in months of 30.4375 days.
_MONTH = 30.4375
AGES = {
    f"{low}-{high - 1} months": (low * _MONTH, high * _MONTH)
    for low, high in ((0, 3), (3, 6), (6, 12), (12, 24), (24, 60))
}
# Of all results: as many may be below a limit that nobody gave, and the others still tell the distribution.
_UNKNOWN = 0.05
_NONE = np.array([], dtype=np.float64)


@dataclass(frozen=True, order=True)
class Cell:
    """What is compared: a variable of a table, of a specimen, at a visit or (scores) within ages; empty where not."""

    table: str
    variable: str
    specimen: str = ""
    visit: str = ""
    ages: str = ""


@dataclass(frozen=True)
class Sample:
    """Results as values, and the limits of those only known to lie beyond; `unlimited` have no known limit."""

    values: Floats
    below: Floats
    above: Floats
    unit: str
    study: str = ""
    method: str = ""
    measures: str = ""
    unlimited: int = 0

    @property
    def n(self) -> int:
        """All results, the censored among them, without those whose limit nobody gave."""
        return int(self.values.size + self.below.size + self.above.size)

    @property
    def told(self) -> bool:
        """Whether so few limits are unknown that the other results tell the distribution."""
        return self.unlimited <= _UNKNOWN * (self.n + self.unlimited)


def samples(run: Run) -> Iterator[tuple[Cell, Sample]]:
    """Every sample of a run.

    Of milk and biomarkers results as the reference table counts them (one per mother, visit and sample; replicates
    are one; superseded rows are left out), methods, measurands and specimens apart. Of growth the scores that are
    not flagged, by visit and by age.
    """
    for table in ("milk", "biomarkers"):
        frame = run.tables[table]
        for (specimen,), part in frame.group_by("specimen", maintain_order=True):
            yield from _results(run, table, "" if table == "milk" else str(specimen or ""), part)
    growth = run.tables["growth"]
    for score in SCORES:
        good = growth.filter(pl.col(score).is_not_null() & ~pl.col(f"{score}_flag").fill_null(value=False))
        for (visit,), part in good.group_by("visit", maintain_order=True):
            yield Cell("growth", score, visit=str(visit or "")), _scores(run, part[score])
        for ages, (low, high) in AGES.items():
            part = good.filter((pl.col("age_days") >= low) & (pl.col("age_days") < high))
            if part.height:
                yield Cell("growth", score, ages=ages), _scores(run, part[score])


def _scores(run: Run, scores: pl.Series) -> Sample:
    return Sample(scores.to_numpy().astype(np.float64), _NONE, _NONE, "z", run.study)


def _results(run: Run, table: str, specimen: str, frame: pl.DataFrame) -> Iterator[tuple[Cell, Sample]]:
    results = results_of(frame, run.tables["participants"], ())
    keys = ("analyte", "visit", "method", "measures")
    for key, part in results.group_by(*keys, maintain_order=True):
        analyte, visit, method, measures = (str(word or "") for word in key)
        below, above = _limits(part, "<"), _limits(part, ">")
        sample = Sample(
            part["value"].drop_nulls().to_numpy().astype(np.float64),
            below[~np.isnan(below)],
            above[~np.isnan(above)],
            str(part["unit"].drop_nulls().first() or ""),
            run.study,
            method,
            measures,
            int(np.isnan(below).sum() + np.isnan(above).sum()),
        )
        if sample.n + sample.unlimited:
            yield Cell(table, analyte, specimen, visit), sample


def _limits(part: pl.DataFrame, sign: str) -> Floats:
    limits = part.filter(pl.col("censored") == sign)["limit"].cast(pl.Float64)
    return limits.fill_null(float("nan")).to_numpy()
