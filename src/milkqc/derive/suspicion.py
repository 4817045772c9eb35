"""Suspicion for each measurement: what it would be if it was written another way, and how much better that fits.

Scores only, no judgement: the limits stand in the rules (checks/rules/suspicion.py), the method in
docs/growth_suspicion.md. Nothing here changes a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from milkqc.derive.batches import Batch, batches
from milkqc.derive.child_facts import groups
from milkqc.derive.child_scores import Study, study_of
from milkqc.derive.evidence import AFTER, BEFORE, BESIDE, Witnesses, readings, together, witnesses
from milkqc.derive.neighbours import NOBODY, neighbours
from milkqc.derive.restated import JUDGED, alternatives

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]

# Each other reading is one value in a thousand (milkqc's assumption, unverified).
RARE = np.log(1000.0)
# A measurement within this many SD of what its witnesses lead one to expect is not looked at any further.
NEAR = 2.5
# Another reading must itself be believable: near its witnesses, and no further than this from the study's middle.
BELIEVED = 4.0
# Oedema adds weight that is none; how much is unverified.
OEDEMA_SPREAD = 1.5
_SWAPS: Mapping[str, tuple[str, str]] = {
    "weight_length": ("weight_kg", "length_cm"),
    "length_head": ("length_cm", "head_circumference_cm"),
}


def suspicions(growth: pl.DataFrame, participants: pl.DataFrame) -> pl.DataFrame:
    """Of each row of the scored growth table (derive.growth.score), in its order, what checks.views.SUSPICION lists.

    For every measure m of weight_kg, length_cm, head_circumference_cm, muac_cm: `m__reading` (words: how it may have
    been written), `m__would_be` (canonical unit), `m__would_score` (z by age), `m__odds` (log10 of the odds of that
    reading against the value as it stands), `m__batch` (the group of rows that shares the reading) and `m__velocity` (SD
    from what the child's own visits before and after lead one to expect, the kinder of the two). `weight_length__` and
    `length_head__` `first`, `second`, `odds`: both values if the two were swapped. `fits_next__odds`,
    `fits_next__day`: the row at the age of the child's next visit. All null where there is nothing to say.
    """
    study = study_of(growth, participants)
    places = groups(growth, participants)
    found: dict[str, pl.Series] = {}
    shared = {
        measure: batches(
            measure,
            study.values[measure],
            study.plain(measure),
            study.children,
            groups=places,
            units=study.units[measure],
        )
        for measure in JUDGED
    }
    usable = {measure: ~np.isnan(study.scores[measure]) & ~shared[measure].member for measure in JUDGED}
    sides = {
        measure: neighbours(study.child, study.children.age, study.rank, usable[measure])
        for measure in JUDGED
    }
    held = _Held(study, usable, sides)
    courses = {measure: held.course(measure) for measure in JUDGED}
    for measure in JUDGED:
        found |= _restated(held, measure, shared[measure])
        found[f"{measure}__velocity"] = _column(courses[measure].kindest, 1)
    for name, (first, second) in _SWAPS.items():
        found |= _swapped(held, name, first, second)
    found |= _fits_next(held, [courses[measure].both for measure in JUDGED])
    return _one_each(pl.DataFrame(found))


@dataclass(frozen=True)
class _Course:
    """How many SD a score lies from the child's own visits before and after: from both, and from the kindest of them.

    NaN without either; `kindest` is 0 where the other visit is the odd one.
    """

    both: Floats
    kindest: Floats


@dataclass(frozen=True)
class _Held:
    """A study with the witnesses of each of its scores."""

    study: Study
    usable: Mapping[str, Bools]
    sides: Mapping[str, tuple[Ints, Ints]]

    def of(self, measure: str, rows: Ints, *, at_age: Floats | None = None) -> Witnesses:
        """The witnesses of one measure in these rows."""
        spread = np.where(self.study.oedema, OEDEMA_SPREAD if measure == "weight_kg" else 1.0, 1.0)
        before, after = self.sides[measure]
        return witnesses(
            rows,
            measure,
            scores=self.study.scores,
            age=self.study.children.age,
            before=before,
            after=after,
            spread=spread,
            beside=self.usable,
            at_age=at_age,
        )

    def odd(self, measure: str) -> Ints:
        """The rows whose score its witnesses, or the study, do not lead one to expect."""
        rows = np.flatnonzero(~np.isnan(self.study.scores[measure]))
        if not rows.size:
            return rows
        score = self.study.scores[measure][rows]
        away = self.of(measure, rows).distance(score)
        return rows[(np.abs(away) > NEAR) | (np.abs(score) > NEAR)]

    def course(self, measure: str) -> _Course:
        """One measure against the child's own other visits."""
        together, kindest = (np.full(self.study.child.size, np.nan) for _ in range(2))
        rows = np.flatnonzero(~np.isnan(self.study.scores[measure]))
        if not rows.size:
            return _Course(together, kindest)
        score = self.study.scores[measure][rows]
        held = self.of(measure, rows).only(BEFORE, AFTER)
        both = held.kept[:, BEFORE] & held.kept[:, AFTER]
        either = held.kept[:, BEFORE] | held.kept[:, AFTER]
        away = held.distance(score)
        together[rows] = np.where(either, away, np.nan)
        for place in (BEFORE, AFTER):
            alone = held.alone(place, score)
            away = np.where(both & (np.abs(alone) < np.abs(away)), alone, away)
        only = np.where(held.kept[:, BEFORE], held.known[:, BEFORE], held.known[:, AFTER])
        blamed = either & (both | (np.abs(score) >= np.abs(only)))
        kindest[rows] = np.where(blamed, away, np.where(either, 0.0, np.nan))
        return _Course(together, kindest)


def _restated(held: _Held, measure: str, shared: Batch) -> dict[str, pl.Series]:
    """The best other reading of each odd value, by the unit in which it was declared."""
    study = held.study
    count = study.child.size
    odds, value, score = (np.full(count, np.nan) for _ in range(3))
    reading = np.full(count, -1, dtype=np.int64)
    words: list[str] = []
    odd = held.odd(measure)
    declared = study.units[measure]
    for unit in sorted(set(declared[odd].tolist())):
        rows = odd[declared[odd] == unit]
        seen = held.of(measure, rows)
        told = readings(seen)
        agreed = seen.kept[:, BESIDE] & (np.abs(seen.alone(BESIDE, study.scores[measure][rows])) <= NEAR)
        as_is, _ = told.fit(study.scores[measure][rows])
        for other in alternatives(measure, unit or None):
            would = study.values[measure][rows] * other.factor
            scored = study.standard(measure, would, rows)
            fits, away = told.fit(scored)
            better = (fits - as_is - RARE) / np.log(10)
            fitting = (np.abs(away) <= NEAR) & (np.abs(scored) <= BELIEVED)
            # Two odd measures of a visit that agree with each other tell of a wrong age, not of a unit.
            fitting &= ~(agreed & (np.abs(seen.alone(BESIDE, scored)) > NEAR))
            at = np.flatnonzero(fitting & ~(better <= odds[rows]) & (better > 0))
            if other.reading not in words:
                words.append(other.reading)
            chosen = rows[at]
            odds[chosen], value[chosen] = better[at], would[at]
            score[chosen] = scored[at]
            reading[chosen] = words.index(other.reading)
    # A row of a batch is told with its batch, whatever its own odds are.
    inside = np.flatnonzero(shared.member)
    names = np.array([*words, *shared.readings, None], dtype=object)
    reading[inside] = len(words) + shared.reading[inside]
    value[inside] = study.values[measure][inside] * shared.factor[inside]
    score[inside] = study.standard(measure, value[inside], inside)
    odds[inside] = np.nan
    odds = np.where(np.isnan(study.scores[measure]) | shared.member, np.nan, np.nan_to_num(odds))
    mean, sd = study.middle[measure]
    return {
        f"{measure}__reading": pl.Series(names[reading].tolist(), dtype=pl.String),
        f"{measure}__would_be": _column(value, 2 if measure == "weight_kg" else 1),
        f"{measure}__would_score": _column(score * sd + mean, 1),
        f"{measure}__odds": _column(odds, 1),
        f"{measure}__batch": pl.Series(shared.label.tolist(), dtype=pl.String),
    }


def _swapped(held: _Held, name: str, first: str, second: str) -> dict[str, pl.Series]:
    """Both values if the two numbers stand in each other's place, and the odds of it."""
    study = held.study
    count = study.child.size
    one, other, odds = (np.full(count, np.nan) for _ in range(3))
    rows = np.union1d(held.odd(first), held.odd(second))
    known = ~np.isnan(study.scores[first][rows]) & ~np.isnan(study.scores[second][rows])
    rows = rows[known]
    if rows.size:
        numbers = {m: study.values[m][rows] / study.factors[m][rows] for m in (first, second)}
        would = {
            first: numbers[second] * study.factors[first][rows],
            second: numbers[first] * study.factors[second][rows],
        }
        gained, fitting = np.zeros(rows.size), np.ones(rows.size, dtype=np.bool_)
        for measure, values in would.items():
            told = readings(held.of(measure, rows).only(BEFORE, AFTER))
            as_is, _ = told.fit(study.scores[measure][rows])
            scored = study.standard(measure, values, rows)
            fits, away = told.fit(scored)
            fitting &= (np.abs(away) <= NEAR) & (np.abs(scored) <= BELIEVED)
            gained += fits - as_is
        better = (gained - RARE) / np.log(10)
        at = np.flatnonzero(fitting & (better > 0))
        odds[rows[at]], one[rows[at]], other[rows[at]] = better[at], would[first][at], would[second][at]
    judged = ~np.isnan(study.scores[first]) & ~np.isnan(study.scores[second])
    odds = np.where(judged, np.nan_to_num(odds), np.nan)
    return {
        f"{name}__odds": _column(odds, 1),
        f"{name}__first": _column(one, 2),
        f"{name}__second": _column(other, 2),
    }


def _fits_next(held: _Held, courses: Sequence[Floats]) -> dict[str, pl.Series]:
    """Rows of which at least two measures fit the age of the child's next visit better than their own.

    Asked where one measure is odd, or where all together are too large for the child's own visits (`courses`): each may
    be little off, and all of them in the direction in which children grow.
    """
    study = held.study
    count = study.child.size
    odds, day = np.full(count, np.nan), np.full(count, np.nan)
    everyone = np.ones(count, dtype=np.bool_)
    _, after = neighbours(study.child, study.children.age, study.rank, everyone)
    odd = [held.odd(measure) for measure in JUDGED]
    rows = np.unique(np.concatenate([*odd, np.flatnonzero(_jointly(courses) > NEAR)]))
    rows = rows[(after[rows] != NOBODY)]
    rows = rows[study.children.age[after[rows]] > study.children.age[rows]]
    if rows.size:
        then = study.children.age[after[rows]]
        moved = study.children.at(rows).moved(then)
        gains, fitting = [], np.zeros(rows.size, dtype=np.intp)
        for measure in JUDGED:
            score = study.scores[measure][rows]
            there = ~np.isnan(score)
            as_is, _ = readings(held.of(measure, rows).only(BEFORE, AFTER)).fit(score)
            later = readings(held.of(measure, rows, at_age=then).only(BEFORE, AFTER))
            fits, away = later.fit(study.standard(measure, study.values[measure][rows], rows, moved))
            gain = np.where(there, fits - as_is, np.nan)
            gains.append(gain)
            fitting += there & (gain > 0) & (np.abs(away) < NEAR)
        better = (together(gains) - RARE) / np.log(10)
        at = np.flatnonzero((better > 0) & (fitting >= 2))
        odds[rows[at]], day[rows[at]] = better[at], then[at]
    odds = np.where(after != NOBODY, np.nan_to_num(odds), np.nan)
    return {"fits_next__odds": _column(odds, 1), "fits_next__day": _column(day)}


def _jointly(courses: Sequence[Floats]) -> Floats:
    """The distances of a visit's measures as one: their sum over the root of how many there are."""
    stacked = np.stack(list(courses))
    known = np.maximum((~np.isnan(stacked)).sum(axis=0), 1)
    joined: Floats = np.nansum(stacked, axis=0) / np.sqrt(known)
    return joined


def _one_each(found: pl.DataFrame) -> pl.DataFrame:
    """Of several things that may have happened to a row, the likeliest alone keeps its odds above 1."""
    readings_of = {f"{measure}__odds": {measure} for measure in JUDGED}
    claims = {
        **readings_of,
        **{f"{name}__odds": set(pair) for name, pair in _SWAPS.items()},
        "fits_next__odds": set(JUDGED),
    }

    def lost(name: str) -> pl.Expr:
        rivals = [
            pl.col(other).fill_null(0.0)
            for other, measures in claims.items()
            if other != name and measures & claims[name] and not {other, name} <= set(readings_of)
        ]
        return pl.max_horizontal(rivals) > pl.col(name)

    return found.with_columns(
        pl.when(lost(name)).then(0.0).otherwise(pl.col(name)).alias(name) for name in claims
    )


def _column(values: Floats, digits: int | None = None) -> pl.Series:
    column = pl.Series(values, dtype=pl.Float64, nan_to_null=True)
    return column if digits is None else column.round(digits)
