"""WHO Child Growth Standards: eight z-scores and their flags, from arrays to arrays.

The rules, their sources and the two departures from WHO's own software stand in docs/growth.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from milkqc.derive.ages import FIVE_YEARS_DAYS, HEIGHT_FROM_DAY, STANDING_FROM_DAYS, whole_days
from milkqc.derive.indices import LmsTable, lms_table
from milkqc.derive.lms import rounded_scores
from milkqc.reference.growth import GrowthIndex, growth_indices

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]
Ints = npt.NDArray[np.intp]

BOY, GIRL = 0, 1
LYING, STANDING = 0, 1
UNKNOWN = -1

# WHO Child Growth Standards (2006), chapter 2: standing children measure 0.7 cm less than lying ones.
LYING_MINUS_STANDING_CM = 0.7
# WHO Anthro: of unknown age and position, a child shorter than this was measured lying.
LYING_BELOW_CM = 87.0
# Tables by age hold days 0 to 1826 of boys, then of girls.
AGE_ROWS, AGE_NOWHERE = 1827, 2 * 1827
# Large enough that threads seldom wait for each other, small enough that the columns at work stay in cache.
CHUNK_ROWS = 32768


@dataclass(frozen=True)
class Measurements:
    """What was measured, as arrays of one length. NaN is null.

    `sex` BOY, GIRL or UNKNOWN; `age_days` not rounded; `position` LYING, STANDING or UNKNOWN; `values` by column
    name: weight_kg, length_cm, head_circumference_cm, muac_cm, triceps_skinfold_mm, subscapular_skinfold_mm,
    those that there are. An index whose measure is absent is not scored.
    """

    sex: Codes
    age_days: Floats
    position: Codes
    oedema: Bools
    values: Mapping[str, Floats]

    def __len__(self) -> int:
        return self.sex.size


@dataclass(frozen=True)
class Scores:
    """What `who_scores` found, one entry per row. NaN is null; a flag means nothing where its score is NaN.

    `length_for_score_cm`, `measured_assumed` and `bmi` are None without the columns they need.
    `measured_assumed` is true where the position was missing or not believed.
    """

    length_for_score_cm: Floats | None
    measured_assumed: Bools | None
    bmi: Floats | None
    z: Mapping[str, Floats] = field(default_factory=dict)
    flags: Mapping[str, Bools] = field(default_factory=dict)


def scorable(columns: frozenset[str] | set[str], *, age: bool) -> tuple[GrowthIndex, ...]:
    """The indices that can be scored from these columns; weight-for-length is the one that needs no age."""
    have = set(columns)
    if "length_cm" in have:
        have.add("length_for_score_cm")
        if "weight_kg" in have:
            have.add("bmi")
    return tuple(
        index
        for index in growth_indices()
        if index.measure in have
        and (age or index.axis == "length")
        and (index.axis == "age" or "length_cm" in have)
    )


def who_scores(
    rows: Measurements, *, indices: tuple[GrowthIndex, ...] | None = None, threads: int = 2
) -> Scores:
    """Scores and flags of every row, by default for all indices whose measures are there.

    Rows are scored in chunks that do not know of each other: neither order nor threads change a bit.
    """
    if indices is None:
        indices = scorable(set(rows.values), age=True)
    for index in indices:
        lms_table(index)  # read once, before threads ask for it
    count = len(rows)
    has_length, has_weight = "length_cm" in rows.values, "weight_kg" in rows.values
    scores = Scores(
        length_for_score_cm=np.empty(count) if has_length else None,
        measured_assumed=np.empty(count, dtype=np.bool_) if has_length else None,
        bmi=np.empty(count) if has_length and has_weight else None,
        z={index.name: np.empty(count) for index in indices},
        flags={index.name: np.empty(count, dtype=np.bool_) for index in indices},
    )
    chunks = [slice(start, min(start + CHUNK_ROWS, count)) for start in range(0, count, CHUNK_ROWS)]
    if threads > 1 and len(chunks) > 1:
        with ThreadPoolExecutor(max_workers=threads) as pool:
            for _ in pool.map(lambda chunk: _score_chunk(rows, chunk, indices, scores), chunks):
                pass
    else:
        for chunk in chunks:
            _score_chunk(rows, chunk, indices, scores)
    return scores


def _score_chunk(rows: Measurements, chunk: slice, indices: tuple[GrowthIndex, ...], scores: Scores) -> None:
    """Fill `scores` for the rows of `chunk`."""
    sex, age, position = rows.sex[chunk], rows.age_days[chunk], rows.position[chunk]
    values = {name: _believable(column[chunk]) for name, column in rows.values.items()}
    with np.errstate(invalid="ignore"):
        day = whole_days(age)
    if scores.length_for_score_cm is not None and scores.measured_assumed is not None:
        length, assumed = _converted(values["length_cm"], age, day, position)
        scores.length_for_score_cm[chunk], scores.measured_assumed[chunk] = length, assumed
        values["length_for_score_cm"] = length
        if scores.bmi is not None:
            metres = length / 100
            values["bmi"] = scores.bmi[chunk] = values["weight_kg"] / (metres * metres)
    in_range = (age >= 0) & (age < FIVE_YEARS_DAYS)
    by_age = _age_position(sex, day, in_range)
    oedema = rows.oedema[chunk]
    by_age_dry = np.where(oedema, AGE_NOWHERE, by_age) if oedema.any() else by_age
    for index in indices:
        table = lms_table(index)
        if index.axis == "age":
            at = by_age_dry if index.oedema_voids else by_age
            l, m, s = table.l.take(at), table.m.take(at), table.s.take(at)
        else:
            length = values["length_for_score_cm"]
            placed = (sex != UNKNOWN) & (in_range | np.isnan(age)) & ~(oedema & index.oedema_voids)
            standing = ~_on_length_table(length, age, day, position)
            l, m, s = _by_length(table, *_length_position(table, length, sex, placed, standing))
        z = rounded_scores(values[index.measure], l, m, s, restricted=index.restricted)
        scores.z[index.name][chunk] = z
        scores.flags[index.name][chunk] = (z < index.flag_below) | (z > index.flag_above)


def _believable(measure: Floats) -> Floats:
    """`measure` with NaN for what cannot be a size: zero, negative, infinite."""
    return np.where((measure > 0) & (measure < np.inf), measure, np.nan)


def _age_position(sex: Codes, day: Floats, in_range: Bools) -> Ints:
    """The position of each row in the tables by age: `nowhere` without sex or an age in range."""
    placed = in_range & (sex != UNKNOWN)
    at = np.where(placed, day, 0).astype(np.intp)
    at += sex.astype(np.intp) * AGE_ROWS
    return np.where(placed, at, AGE_NOWHERE)


def _converted(length: Floats, age: Floats, day: Floats, position: Codes) -> tuple[Floats, Bools]:
    """Length as the table of the child's age wants it (lying before 731 days, standing after), and doubts.

    Without age or position nothing is added or taken. Standing before 9 months is not believed.
    """
    standing, lying = position == STANDING, position == LYING
    not_believed = standing & (age < STANDING_FROM_DAYS)
    longer = standing & ~not_believed & (day < HEIGHT_FROM_DAY)
    shorter = lying & (day >= HEIGHT_FROM_DAY)
    shift = LYING_MINUS_STANDING_CM * longer - LYING_MINUS_STANDING_CM * shorter
    return length + shift, not_believed | (position == UNKNOWN)


def _on_length_table(length: Floats, age: Floats, day: Floats, position: Codes) -> Bools:
    """True where weight is judged by lying length: by age, else by position, else by size."""
    by_position = (position == LYING) | ((position == UNKNOWN) & (length < LYING_BELOW_CM))
    return np.where(np.isnan(age), by_position, day < HEIGHT_FROM_DAY)


def _length_position(
    table: LmsTable, length: Floats, sex: Codes, placed: Bools, standing: Bools
) -> tuple[Ints, Floats]:
    """The row of `table` at or below each length, and how far the length is on the way to the next (0 to 1)."""
    tenths = length * 10
    nearest = np.rint(tenths)
    # 103.1 - 0.7 is 102.39999999999999: binary noise must not push a length off its row.
    tenths = np.where(np.abs(tenths - nearest) < 1e-7, nearest, tenths)
    row = np.floor(tenths)
    placed = placed & (tenths >= table.first) & (tenths <= table.first + table.size - 1)
    at = np.where(placed, row, table.first).astype(np.intp)
    at += (2 * standing + sex) * table.size - table.first
    return np.where(placed, at, table.nowhere), tenths - row


def _by_length(table: LmsTable, at: Ints, share: Floats) -> Iterator[Floats]:
    """l, m and s, linear between two rows of the table; NaN beyond its limits."""
    between = np.flatnonzero(share > 0)
    for column in (table.l, table.m, table.s):
        found = column.take(at)
        if between.size:
            low = found[between]
            found[between] = low + share[between] * (column.take(at[between] + 1, mode="clip") - low)
        yield found
