"""The unit detective: is a batch's results in another unit than its file says?"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from milkqc import reference
from milkqc.checks.laboratory import model
from milkqc.checks.laboratory.alternatives import Alternative, alternatives
from milkqc.checks.laboratory.groups import LEAST, Group, Stood, grouped, names, stand
from milkqc.checks.laboratory.model import Distance, Judged
from milkqc.reference import plausible

RULE = "milk.batch.unit"
SHIFTED = "milk.batch.shifted"
# What a posterior must reach before a laboratory is asked.
SURE = 0.8
# A unit that nobody can be sure of is mentioned from this posterior on.
POSSIBLE = 0.2
# The widest published spread of study centres within a stage, where plausible.csv says nothing better.
_REFERENCE_SD = 0.7
# A result fits when it lies within 99 % of the distribution about its expected centre.
_FITS = 2.576


@dataclass(frozen=True)
class Suspicion:
    """One group whose results are better explained otherwise: by another unit, or shifted by something else.

    `units` are the units that explain it, the likeliest first (none: nobody can be sure of one); `fits` of its `of`
    results then lie where the other groups' do; `ratio` is how many times too high they are. `possible` are units
    that may explain it where `units` is empty, and `unit_posterior` what speaks for them.
    """

    group: Group
    name: str
    units: tuple[str, ...]
    posterior: float
    fits: int
    of: int
    ratio: float
    possible: tuple[str, ...] = ()
    unit_posterior: float = 0.0

    @property
    def cause(self) -> str:
        """The id that the group's other findings carry."""
        text = "\x1f".join((RULE, self.group.analyte, self.group.by, self.group.name, self.group.unit))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Report:
    """What the detective found, how many groups it judged and how many it could not."""

    suspicions: tuple[Suspicion, ...]
    judged: dict[str, int]
    not_judged: dict[str, int]


def investigate(milk: pl.DataFrame, controls: pl.DataFrame) -> Report:
    """Every group of every analyte, the surest wrong one first, the others judged again without it.

    `milk` is the checks' view of milk (canonical values); `controls` the laboratory's own rows, in canonical
    values. Groups are batches where the mapping names them, else sites, else files (groups.BY).
    """
    found: list[Suspicion] = []
    judged: dict[str, int] = {}
    not_judged: dict[str, int] = {}
    for groups in grouped(milk, controls):
        analyte = groups[0].analyte
        own, looked = _of_analyte(groups)
        found += own
        judged[analyte] = judged.get(analyte, 0) + looked
        not_judged[analyte] = not_judged.get(analyte, 0) + len(groups) - looked
    return Report(tuple(found), judged, not_judged)


def _of_analyte(groups: list[Group]) -> tuple[list[Suspicion], int]:
    wrong: dict[int, float] = {}
    shown = names(groups)
    found: list[Suspicion] = []
    stood = stand(groups, wrong)
    looked = sum(one is not None for one in stood)
    for _ in range(len(groups)):
        verdicts = _verdicts(groups, stood)
        ranked = sorted(
            (
                (1 - verdict.posterior[model.NONE], place)
                for place, verdict in verdicts.items()
                if place not in wrong and verdict.posterior[model.NONE] < 1 - SURE
            ),
            reverse=True,
        )
        if not ranked:
            break
        place = ranked[0][1]
        suspicion, shift = _suspicion(groups[place], shown[place], stood[place], verdicts[place])
        wrong[place] = shift
        stood = stand(groups, wrong)
        if suspicion is not None:
            found.append(suspicion)
    return sorted(found, key=lambda one: one.name), looked


def _verdicts(groups: list[Group], stood: list[Stood | None]) -> dict[int, Judged]:
    """The posterior of each group that can be judged; of two groups, each also as the other's rival."""
    verdicts = {}
    for place, (group, where) in enumerate(zip(groups, stood, strict=True)):
        if where is None:
            continue
        others = alternatives(reference.analytes()[group.analyte], group.unit, group.substance)
        # The published centre speaks where there is no other group, or one only.
        published = _published(group) if len(groups) <= 2 else None
        if not where.distances and published is None:
            continue
        verdicts[place] = model.judge(where.distances, others, group_sd=model.PLATE_SD, reference=published)
    if len(verdicts) == 2:
        (one, first), (other, second) = sorted(verdicts.items())
        first, second = model.rivals(first, second)
        return {one: first, other: second}
    return verdicts


def _published(group: Group) -> Distance | None:
    """The group's centre against the middle of the published range of its stage; None where none is published."""
    known = plausible.limits().filter(
        pl.col("analyte") == group.analyte, pl.col("observed_low") > 0, pl.col("observed_high") > 0
    )
    stages = (
        group.rows["stage"].drop_nulls().unique().sort().to_list() if "stage" in group.rows.columns else []
    )
    for stage in (*stages, "any"):
        row = known.filter(pl.col("stage") == stage)
        values = group.rows.filter(pl.col("value") > 0)
        if stage != "any":
            values = values.filter(pl.col("stage") == stage)
        if row.height and values.height >= LEAST:
            low, high = math.log(row["observed_low"][0]), math.log(row["observed_high"][0])
            middle, _ = model.centre(np.log(values["value"].to_numpy()))
            sd = max(_REFERENCE_SD, (high - low) / 2)
            return Distance(middle - (low + high) / 2, sd**2)
    return None


def _suspicion(
    group: Group, name: str, stood: Stood | None, verdict: Judged
) -> tuple[Suspicion | None, float]:
    """What is to be said of a group that is not as declared, and by how much its logarithms are off."""
    if stood is None:
        return None, 0.0
    combined = model.combine(stood.distances)
    delta = combined.delta if combined is not None else 0.0
    n = group.rows.height
    others = alternatives(reference.analytes()[group.analyte], group.unit, group.substance)
    if others and verdict.another_unit >= SURE:
        likely = verdict.likeliest(others)
        fits = _fitting(group, stood, likely[0])
        units = tuple(one.unit for one in likely)
        return Suspicion(group, name, units, verdict.another_unit, fits, n, math.exp(delta)), likely[0].shift
    sure = 1 - verdict.posterior[model.NONE]
    possible: tuple[str, ...] = ()
    if others and verdict.another_unit >= POSSIBLE:
        possible = tuple(one.unit for one in verdict.likeliest(others))
    return (
        Suspicion(group, name, (), sure, 0, n, math.exp(delta), possible, verdict.another_unit),
        delta,
    )


def _fitting(group: Group, stood: Stood, best: Alternative) -> int:
    """How many of the group's results lie where the others are, once they are read in the other unit."""
    if not stood.residuals.size:
        return group.rows.height
    return int((np.abs(stood.residuals - best.shift) <= _FITS * stood.sd).sum())
