"""How likely it is that a group of results is in another unit than declared: the arithmetic, on logarithms.

A group (a batch, say) stands a distance `delta` from where it is expected: its own values against the other groups'
and its control materials against theirs. Three kinds of explanation compete for that distance:

- nothing is wrong: delta is 0, but for sampling error and the ordinary difference between groups;
- the unit is another one: delta is minus the logarithm of that unit's factor, with the same errors;
- something else shifted the group (a calibration, another population): any distance, a factor of 1.5 being usual.

Posterior = prior x likelihood, over all of them. Where the study has one group only, or as the word that decides
between two, the group's centre is also judged by what was published for the stage of lactation, which is wide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from milkqc.checks.laboratory.alternatives import Alternative

Floats = npt.NDArray[np.float64]

# Priors of a group: how often laboratories' files are in another unit than they say, and how often a group is off
# for another reason. Choices of ours, stated in docs/laboratory.md with the error rates that follow from them.
WRONG_UNIT, OTHER_SHIFT = 0.05, 0.01
# The SD of the logarithm of an unexplained shift: a factor of 1.5 up or down.
SHIFT_SD = math.log(1.5)
# The ordinary SD between plates run on the same people, and between sites: 5 %, and a factor of 1.42. So a genuine
# difference between sites of up to a factor of 2 (two SDs) is ordinary.
PLATE_SD, SITE_SD = 0.05, 0.35

NONE, OTHER = "as declared", "other shift"


@dataclass(frozen=True)
class Distance:
    """How far a group stands from where it is expected (natural logarithm), with its variance."""

    delta: float
    variance: float


@dataclass(frozen=True)
class Judged:
    """The posterior of every explanation of a group: `as declared`, `other shift`, and each alternative's unit.

    `logs` are the logarithms of prior times likelihood, before they are shared out; `published` that of what was
    published, were the group as declared.
    """

    posterior: dict[str, float]
    logs: dict[str, float]
    published: float = 0.0

    @property
    def another_unit(self) -> float:
        """The posterior that the unit is another one, whichever."""
        return sum(share for name, share in self.posterior.items() if name not in {NONE, OTHER})

    def likeliest(self, alternatives: Sequence[Alternative]) -> tuple[Alternative, ...]:
        """The alternatives that make up nine tenths of `another_unit`, the likeliest first."""
        ranked = sorted(alternatives, key=lambda one: (-self.posterior[one.unit], one.unit))
        chosen: list[Alternative] = []
        total = 0.0
        for one in ranked:
            if chosen and total >= 0.9 * self.another_unit:
                break
            chosen.append(one)
            total += self.posterior[one.unit]
        return tuple(chosen)


def judge(
    distances: Sequence[Distance],
    alternatives: Sequence[Alternative],
    *,
    group_sd: float,
    reference: Distance | None = None,
) -> Judged:
    """The posterior of each explanation, from independent `distances` of one group (its samples, its controls).

    `group_sd` is the ordinary SD between groups, common to all distances. `reference` is the distance of the
    group's centre from the published one, with the published spread in its variance; None where there is none.
    """
    combined = combine(distances)
    expected = {NONE: 0.0, **{one.unit: one.shift for one in alternatives}}
    prior = {
        NONE: 1 - WRONG_UNIT - OTHER_SHIFT,
        **{one.unit: WRONG_UNIT * one.weight for one in alternatives},
    }
    logs = {
        name: math.log(prior[name]) + _evidence(combined, reference, shift, group_sd**2)
        for name, shift in expected.items()
    }
    logs[OTHER] = math.log(OTHER_SHIFT) + _evidence(combined, reference, 0.0, SHIFT_SD**2 + group_sd**2)
    published = _log_normal(reference.delta, reference.variance) if reference is not None else 0.0
    return Judged(_shared(logs), logs, published)


def rivals(one: Judged, other: Judged) -> tuple[Judged, Judged]:
    """Both judged again where there is no third: of two groups that differ one is off, not both.

    What explains the distance away for one is a rival of what explains it away for the other; what was published
    about each decides.
    """
    first = {("one", name): value + other.published for name, value in one.logs.items()}
    second = {("other", name): value + one.published for name, value in other.logs.items() if name != NONE}
    shares = _shared({**first, **second})
    made = []
    for which, judged in (("one", one), ("other", other)):
        own = {name: shares[which, name] for name in judged.logs if name != NONE}
        made.append(Judged({NONE: 1 - sum(own.values()), **own}, judged.logs, judged.published))
    return made[0], made[1]


Name = TypeVar("Name")


def _shared(logs: dict[Name, float]) -> dict[Name, float]:
    top = max(logs.values())
    weights = {name: math.exp(value - top) for name, value in logs.items()}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def combine(distances: Sequence[Distance]) -> Distance | None:
    """Distances of one group as one, each by its precision; None of none."""
    if not distances:
        return None
    precision = sum(1 / one.variance for one in distances)
    return Distance(sum(one.delta / one.variance for one in distances) / precision, 1 / precision)


def _evidence(combined: Distance | None, reference: Distance | None, shift: float, spread: float) -> float:
    total = 0.0
    if combined is not None:
        total += _log_normal(combined.delta - shift, combined.variance + spread)
    if reference is not None:
        # A shift of the group's own is inside the published spread between populations.
        total += _log_normal(
            reference.delta - shift, reference.variance + (spread if combined is None else 0.0)
        )
    return total


def _log_normal(distance: float, variance: float) -> float:
    return -0.5 * (math.log(2 * math.pi * variance) + distance**2 / variance)


def centre(values: Floats, *, trimmed: float = 0.1) -> tuple[float, float]:
    """A robust centre of `values` and the factor by which its variance exceeds that of a mean.

    The mean without the lowest and highest share `trimmed` (at most 0.5: the median).

    Source:
        Asymptotic variance of trimmed means under normality, Huber and Ronchetti 2009, Robust Statistics, table 1.
    """
    ordered = np.sort(values)
    cut = min(int(trimmed * ordered.size), (ordered.size - 1) // 2)
    middle = ordered[cut : ordered.size - cut]
    share = cut / ordered.size
    return float(middle.mean()), 1 + 0.6 * share + 1.08 * share**2


def spread(residuals: Floats, *, least: float) -> float:
    """A robust SD of `residuals` about 0: 1.4826 times the median distance, at least `least`."""
    return max(least, 1.4826 * float(np.median(np.abs(residuals)))) if residuals.size else least
