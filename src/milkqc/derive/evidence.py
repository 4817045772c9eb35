"""What speaks for a child's score: its own previous and next one, and another measure of the same visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from milkqc.derive.kinship import ALIKE, expected, joint_density, log_density, within_child
from milkqc.derive.neighbours import NOBODY

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]

BEFORE, AFTER, BESIDE = 0, 1, 2
# One value in a thousand is wrong in a way that nobody foresaw, and may then be anything within 20 SD: leaving a
# witness out costs log(1000) + log(20). The thousand is milkqc's assumption, unverified.
LEFT_OUT = 9.9
# Newborns lose weight in their first days; until then two weights say nothing of each other (growth.md).
LOSS_IS_NORMAL_DAYS = 10.0
_MASKS = np.array([[bool(mask >> place & 1) for place in range(3)] for mask in range(8)])


@dataclass(frozen=True)
class Witnesses:
    """Per row up to three scores that a score can be held against; `kept` says which there are.

    `covariance` (n, 3), `among` (n, 3, 3), `known` (n, 3), `kept` (n, 3); `spread` (n) widens what is expected.
    """

    covariance: Floats
    among: Floats
    known: Floats
    kept: Bools
    spread: Floats

    def only(self, *places: int) -> Witnesses:
        """The same with no other witnesses than these."""
        stay = np.zeros(3, dtype=np.bool_)
        stay[list(places)] = True
        return Witnesses(self.covariance, self.among, self.known, self.kept & stay, self.spread)

    def alone(self, place: int, score: Floats) -> Floats:
        """The same given one witness, there or not."""
        r = self.covariance[:, place]
        away: Floats = (score - r * self.known[:, place]) / (np.sqrt(1 - r**2) * self.spread)
        return away

    def distance(self, score: Floats) -> Floats:
        """How many SD the score lies from what all witnesses together lead one to expect."""
        mean, sd = expected(self.covariance, self.among, self.known, self.kept)
        away: Floats = (score - mean) / (sd * self.spread)
        return away


def witnesses(
    rows: Ints,
    measure: str,
    *,
    scores: Mapping[str, Floats],
    age: Floats,
    before: Ints,
    after: Ints,
    spread: Floats,
    beside: Mapping[str, Bools],
    at_age: Floats | None = None,
) -> Witnesses:
    """The witnesses of `measure` in these rows, or as if the rows had been measured `at_age`.

    `scores` are standard scores by measure; `before` and `after` positions in them (neighbours.neighbours);
    `beside` says by measure in which rows its score may speak for another measure of the visit.
    """
    own = scores[measure]
    now = age[rows] if at_age is None else at_age
    count = rows.size
    covariance, known = np.zeros((count, 3)), np.zeros((count, 3))
    kept = np.zeros((count, 3), dtype=np.bool_)
    among = np.zeros((count, 3, 3))
    places = (before[rows], after[rows])
    for place, at in zip((BEFORE, AFTER), places, strict=True):
        there = at != NOBODY
        known[:, place] = own[at]
        covariance[:, place] = within_child(now, age[at])
        kept[:, place] = there
        if measure == "weight_kg":
            early = (now <= LOSS_IS_NORMAL_DAYS) & (age[at] <= LOSS_IS_NORMAL_DAYS)
            kept[:, place] &= ~early
    for other in scores:
        alike = ALIKE.get(frozenset({measure, other}))
        if other == measure or alike is None:
            continue
        use = ~kept[:, BESIDE] & beside[other][rows]
        known[use, BESIDE] = scores[other][rows[use]]
        covariance[use, BESIDE] = alike
        kept[use, BESIDE] = True
    both = within_child(age[places[0]], age[places[1]])
    among[:, BEFORE, AFTER] = among[:, AFTER, BEFORE] = both
    for place in (BEFORE, AFTER):
        crossed = covariance[:, place] * covariance[:, BESIDE]
        among[:, place, BESIDE] = among[:, BESIDE, place] = crossed
    known[~kept] = 0.0
    covariance[~kept] = 0.0
    return Witnesses(covariance, np.where(np.isnan(among), 0.0, among), known, kept, spread[rows])


@dataclass(frozen=True)
class Readings:
    """How well scores fit when any of the witnesses may be wrong: (8, n) for each choice of whom to believe."""

    mean: Floats
    sd: Floats
    cost: Floats

    def fit(self, score: Floats) -> tuple[Floats, Floats]:
        """The best log-likelihood of a score, and its distance in SD under the witnesses that it then believes."""
        told = log_density(score, self.mean, self.sd) + self.cost
        best = np.argmax(told, axis=0)[None, :]
        away = (score - self.mean) / self.sd
        return (
            np.take_along_axis(told, best, axis=0)[0],
            np.take_along_axis(away, best, axis=0)[0],
        )


def readings(held: Witnesses) -> Readings:
    """Every choice of witnesses. To leave one out costs LEFT_OUT, less what it is itself hard to believe: two visits
    that follow each other may both be in pounds."""
    mean, sd, cost = [], [], []
    whole = joint_density(held.among, held.known, held.kept)
    for mask in _MASKS:
        believed = held.kept & mask
        middle, wide = expected(held.covariance, held.among, held.known, believed)
        density = joint_density(held.among, held.known, believed)
        dropped = (held.kept & ~mask).sum(axis=1)
        mean.append(middle)
        sd.append(wide * held.spread)
        cost.append(density - whole - LEFT_OUT * dropped)
    return Readings(np.stack(mean), np.stack(sd), np.stack(cost))


def together(parts: Sequence[Floats]) -> Floats:
    """The log-likelihoods of several measures, added where they are known."""
    total: Floats = np.nansum(np.stack(list(parts)), axis=0)
    return total
