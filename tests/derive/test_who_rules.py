"""WHO's rules one by one, at their edges, on children made up for each."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc.derive import who
from milkqc.derive.indices import lms_table
from milkqc.derive.lms import lms_scores
from milkqc.derive.who import BOY, GIRL, LYING, STANDING, UNKNOWN, Measurements, who_scores
from milkqc.reference.growth import growth_indices, who_lms

INDICES = {index.name: index for index in growth_indices()}
BY_AGE = [name for name, index in INDICES.items() if index.axis == "age"]
nan = math.nan


def children(*, sex=BOY, age=365, position=LYING, oedema=False, **values) -> Measurements:
    """Children that differ in whatever is given as a list."""
    values = {name: np.atleast_1d(np.asarray(value, dtype=float)) for name, value in values.items()}
    given_ = [np.atleast_1d(part) for part in (sex, age, position, oedema)]
    count = max(part.size for part in (*given_, *values.values()))
    return Measurements(
        sex=np.resize(given_[0], count).astype(np.int8),
        age_days=np.resize(given_[1], count).astype(float),
        position=np.resize(given_[2], count).astype(np.int8),
        oedema=np.resize(given_[3], count).astype(bool),
        values={name: np.resize(value, count) for name, value in values.items()},
    )


def score(name: str, **child) -> list[float | None]:
    """The scores of one index, None where there is none."""
    found = who_scores(children(**child)).z[name]
    return [None if math.isnan(z) else z for z in found]


def at_sd(index: str, q: float) -> tuple[Measurements, np.ndarray]:
    """A child at the q-th SD for every sex and step of an index by age, and what WHO says of its position."""
    indicator = INDICES[index].tables[0]
    rows = who_lms().filter(indicator=indicator)
    y = rows["m"] * (1 + rows["l"] * rows["s"] * q) ** (1 / rows["l"])
    age = rows["x"].to_numpy()
    sex = (rows["sex"] == "female").cast(pl.Int8).to_numpy()
    length = np.full(rows.height, 80.0)
    values = {"length_cm": length, "weight_kg": np.full(rows.height, 10.0)}
    measure = INDICES[index].measure
    if measure == "length_for_score_cm":
        values["length_cm"] = y.to_numpy()
    elif measure == "bmi":
        values["weight_kg"] = y.to_numpy() * 0.8**2
    else:
        values[measure] = y.to_numpy()
    position = np.where(age < 731, LYING, STANDING).astype(np.int8)
    return Measurements(sex, age, position, np.zeros(rows.height, dtype=bool), values), age


@pytest.mark.parametrize("index", BY_AGE)
@pytest.mark.parametrize("q", [-3, -2, -1, 0, 1, 2, 3])
def test_whos_median_and_sds_score_themselves_on_every_day(index, q):
    measurements, age = at_sd(index, q)
    z = who_scores(measurements).z[index]
    assert z.size == 2 * (1736 if age.min() == 91 else 1827)
    assert set(z) == {float(q)}


@pytest.mark.parametrize("index", ["waz", "baz", "acz", "tsz", "ssz"])
@pytest.mark.parametrize("q", [-3, 3])
@pytest.mark.parametrize("steps", [0.1, 1.5])
def test_beyond_three_a_restricted_score_counts_in_steps_from_the_second_to_the_third_sd(index, q, steps):
    third, _ = at_sd(index, q)
    second, _ = at_sd(index, q - math.copysign(1, q))
    measure = {"bmi": "weight_kg"}.get(INDICES[index].measure, INDICES[index].measure)
    beyond = third.values[measure] + steps * (third.values[measure] - second.values[measure])
    possible = beyond > 0
    z = who_scores(replace(third, values={**third.values, measure: beyond})).z[index]
    assert set(z[possible]) == {round(q + math.copysign(steps, q), 2)}
    assert np.isnan(z[~possible]).all()


def test_length_and_head_are_not_restricted():
    measurements, _ = at_sd("laz", 5)
    assert set(who_scores(measurements).z["laz"]) == {5.0}


@pytest.mark.parametrize("name", ["wfl", "wfh"])
@pytest.mark.parametrize("q", [-2, 0, 2, 3])
def test_weight_for_length_scores_itself_on_every_row_of_its_table(name, q):
    rows = who_lms().filter(indicator=name)
    weight = rows["m"] * (1 + rows["l"] * rows["s"] * q) ** (1 / rows["l"])
    z = score(
        "wlz",
        sex=(rows["sex"] == "female").cast(pl.Int8).to_numpy(),
        age=700 if name == "wfl" else 800,
        position=LYING if name == "wfl" else STANDING,
        weight_kg=weight,
        length_cm=rows["x"],
    )
    assert set(z) == {float(q)}


# WHO Child Growth Standards, simplified field tables (rounded to 0.1): weight-for-age and length-for-age.
@pytest.mark.parametrize(
    ("sex", "age", "measure", "index", "published"),
    [
        (BOY, 365, "weight_kg", "waz", {-3: 6.9, -2: 7.7, -1: 8.6, 0: 9.6, 1: 10.8, 2: 12.0, 3: 13.3}),
        (GIRL, 0, "weight_kg", "waz", {-3: 2.0, -2: 2.4, -1: 2.8, 0: 3.2, 1: 3.7, 2: 4.2, 3: 4.8}),
        (BOY, 0, "length_cm", "laz", {-3: 44.2, -2: 46.1, -1: 48.0, 0: 49.9, 1: 51.8, 2: 53.7, 3: 55.6}),
        (GIRL, 0, "length_cm", "laz", {-3: 43.6, -2: 45.4, -1: 47.3, 0: 49.1, 1: 51.0, 2: 52.9, 3: 54.7}),
    ],
)
def test_the_published_field_tables_are_reproduced(sex, age, measure, index, published):
    z = score(index, sex=sex, age=age, **{measure: list(published.values())})
    assert z == pytest.approx(list(published), abs=0.13 if measure == "weight_kg" else 0.04)


@pytest.mark.parametrize(
    ("index", "age", "scores"),
    [
        ("waz", [-0.1, -0.6, -400, 0, 0.4], [False, False, False, True, True]),
        ("waz", [1826, 1826.2, 1826.2499, 1826.25, 1827], [True, True, True, False, False]),
        ("acz", [90, 90.4, 90.5, 91, 1826.2, 1826.25], [False, False, True, True, True, False]),
        ("tsz", [90.49, 90.5], [False, True]),
        ("ssz", [90.49, 90.5], [False, True]),
        ("wlz", [-0.1, 0, 1826.2, 1826.25, nan], [False, True, True, False, True]),
        ("waz", [nan, math.inf, -math.inf], [False, False, False]),
    ],
)
def test_ages_with_a_score(index, age, scores):
    found = score(
        index,
        age=age,
        weight_kg=12,
        length_cm=90,
        muac_cm=15,
        triceps_skinfold_mm=8,
        subscapular_skinfold_mm=7,
    )
    assert [z is not None for z in found] == scores


@pytest.mark.parametrize(("age", "day"), [(100.5, 101), (100.49, 100), (99.5, 100), (0.5, 1), (1825.5, 1826)])
def test_half_a_day_counts_as_a_whole_one(age, day):
    assert score("hcz", age=age, head_circumference_cm=40.1) == score(
        "hcz", age=day, head_circumference_cm=40.1
    )


@pytest.mark.parametrize(
    ("age", "position", "converted", "assumed"),
    [
        (273.93, STANDING, 80.0, True),  # before 9 months: not believed
        (273.9375, STANDING, 80.7, False),
        (730, STANDING, 80.7, False),
        (730.49, STANDING, 80.7, False),
        (730.5, STANDING, 80.0, False),  # day 731
        (731, STANDING, 80.0, False),
        (0, STANDING, 80.0, True),
        (-5, STANDING, 80.0, True),
        (730, LYING, 80.0, False),
        (730.49, LYING, 80.0, False),
        (730.5, LYING, 79.3, False),
        (731, LYING, 79.3, False),
        (2000, LYING, 79.3, False),
        (500, UNKNOWN, 80.0, True),
        (1000, UNKNOWN, 80.0, True),
        (nan, LYING, 80.0, False),
        (nan, STANDING, 80.0, False),
        (nan, UNKNOWN, 80.0, True),
    ],
)
def test_length_is_made_comparable_by_age_and_position(age, position, converted, assumed):
    found = who_scores(children(age=age, position=position, length_cm=80.0, weight_kg=10))
    assert found.length_for_score_cm[0] == pytest.approx(converted, abs=1e-12)
    assert found.measured_assumed[0] == assumed
    assert found.bmi[0] == pytest.approx(10 / (converted / 100) ** 2)


def test_730_days_read_the_length_table_and_731_the_height_table():
    lying, standing = score("wlz", age=[730, 731], position=UNKNOWN, weight_kg=9.8, length_cm=80)
    assert [lying, standing] == score("wlz", age=nan, position=[LYING, STANDING], weight_kg=9.8, length_cm=80)
    assert lying != standing


def test_without_age_and_position_a_length_below_87_cm_was_taken_lying():
    unknown = score("wlz", age=nan, position=UNKNOWN, weight_kg=12, length_cm=[86.9, 87.0])
    lying = score("wlz", age=nan, position=LYING, weight_kg=12, length_cm=[86.9, 87.0])
    standing = score("wlz", age=nan, position=STANDING, weight_kg=12, length_cm=[86.9, 87.0])
    assert unknown == [lying[0], standing[1]]
    assert lying != standing


@pytest.mark.parametrize(
    ("age", "position", "length", "scores"),
    [
        (700, LYING, [44.99, 45.0, 45.05, 109.95, 110.0, 110.01], [False, True, True, True, True, False]),
        (800, STANDING, [64.99, 65.0, 65.05, 119.95, 120.0, 120.01], [False, True, True, True, True, False]),
        (300, STANDING, [44.3, 44.2, 109.3, 109.4], [True, False, True, False]),  # + 0.7 cm
        (800, LYING, [65.7, 65.6, 120.7, 120.8], [True, False, True, False]),  # - 0.7 cm
    ],
)
def test_lengths_with_a_weight_for_length(age, position, length, scores):
    found = score("wlz", age=age, position=position, weight_kg=9, length_cm=length)
    assert [z is not None for z in found] == scores


def test_binary_noise_meets_the_row_of_its_tenth():
    for tenth in range(650, 1201):
        tall = tenth / 10
        noisy = tall + 0.7  # lying; 0.7 comes off again
        lying = score("wlz", age=800, position=LYING, weight_kg=14, length_cm=noisy)
        assert lying == score("wlz", age=800, position=STANDING, weight_kg=14, length_cm=tall)


@pytest.mark.parametrize(("age", "low", "high"), [(700, 45.0, 110.0), (800, 65.0, 120.0)])
def test_a_limit_missed_by_binary_noise_alone_is_met(age, low, high):
    noisy = [np.nextafter(low, 0), np.nextafter(high, 200)]
    found = score("wlz", age=age, position=UNKNOWN, weight_kg=9, length_cm=noisy)
    assert found == score("wlz", age=age, position=UNKNOWN, weight_kg=9, length_cm=[low, high])
    assert None not in found


def test_between_two_rows_of_its_table_weight_for_length_is_linear_in_l_m_and_s():
    rows = who_lms().filter(pl.col("x").is_between(70.05, 70.25), indicator="wfl", sex="male")
    l, m, s = (rows[name].to_numpy() for name in ("l", "m", "s"))
    share = 0.3
    l, m, s = (column[:1] + share * (column[1:] - column[:1]) for column in (l, m, s))
    expected = lms_scores(np.array([9.9]), l, m, s, restricted=True).round(2)
    assert score("wlz", weight_kg=9.9, length_cm=70.13) == list(expected)


@pytest.mark.parametrize("size", [0.0, -0.0, -3.0, math.inf, nan])
def test_what_cannot_be_a_size_has_no_score(size):
    names = ("weight_kg", "length_cm", "head_circumference_cm", "muac_cm")
    found = who_scores(children(**dict.fromkeys(names, size)))
    assert all(np.isnan(z).all() for z in found.z.values())
    assert not any(flag.any() for flag in found.flags.values())
    assert math.isnan(found.bmi[0])
    assert math.isnan(found.length_for_score_cm[0])


def test_a_weight_of_zero_has_no_weight_for_length_though_its_length_scores():
    found = who_scores(children(weight_kg=0, length_cm=75))
    assert found.z["laz"][0] == pytest.approx(-0.3, abs=0.5)
    assert math.isnan(found.z["wlz"][0])
    assert math.isnan(found.bmi[0])


def test_oedema_hides_weight_and_nothing_else():
    everything = dict.fromkeys(
        ("weight_kg", "length_cm", "head_circumference_cm", "muac_cm", "triceps_skinfold_mm"), 12.0
    ) | {"subscapular_skinfold_mm": 7.0, "length_cm": 80.0, "head_circumference_cm": 46.0}
    dry, swollen = who_scores(children(**everything)), who_scores(children(oedema=True, **everything))
    lost = {name for name in INDICES if math.isnan(swollen.z[name][0])}
    assert lost == {"waz", "wlz", "baz"}
    assert {name: dry.z[name][0] for name in INDICES if name not in lost} == {
        name: swollen.z[name][0] for name in INDICES if name not in lost
    }
    assert not np.isnan([dry.z[name][0] for name in lost]).any()
    assert swollen.bmi[0] == dry.bmi[0]


def test_unknown_sex_scores_nothing():
    found = who_scores(children(sex=UNKNOWN, weight_kg=10, length_cm=80, head_circumference_cm=46))
    assert all(np.isnan(z).all() for z in found.z.values())


@pytest.mark.parametrize(
    ("index", "limits"),
    [
        ("laz", (-6, 6)),
        ("waz", (-6, 5)),
        *((name, (-5, 5)) for name in ("wlz", "baz", "hcz", "acz", "tsz", "ssz")),
    ],
)
def test_scores_are_flagged_beyond_whos_limits_and_kept(index, limits):
    assert (INDICES[index].flag_below, INDICES[index].flag_above) == limits


def test_flags_are_set_on_the_rounded_score():
    m, s = lms_at("lhfa", "male", 365)
    lengths = m * (1 + s * np.array([6.0, 6.004, 6.006, -6.0, -6.004, -6.006]))
    found = who_scores(children(length_cm=lengths))
    assert found.z["laz"].tolist() == [6.0, 6.0, 6.01, -6.0, -6.0, -6.01]
    assert found.flags["laz"].tolist() == [False, False, True, False, False, True]


def lms_at(indicator: str, sex: str, day: int) -> tuple[float, float]:
    row = who_lms().row(
        by_predicate=(pl.col("indicator") == indicator) & (pl.col("sex") == sex) & (pl.col("x") == day)
    )
    return row[4], row[5]


@given(
    weight=st.floats(1, 40),
    heavier=st.floats(1.02, 2),
    age=st.floats(0, 1826),
    girl=st.booleans(),
    length=st.floats(66, 109),
)
def test_the_heavier_child_scores_higher(weight, heavier, age, girl, length):
    found = who_scores(
        children(
            sex=int(girl), age=age, position=UNKNOWN, weight_kg=[weight, weight * heavier], length_cm=length
        )
    )
    for name in ("waz", "wlz", "baz"):
        low, high = found.z[name]
        assert low < high


@given(length=st.floats(30, 140), longer=st.floats(0.1, 20), age=st.floats(0, 1826), girl=st.booleans())
def test_the_longer_child_scores_higher(length, longer, age, girl):
    low, high = who_scores(children(sex=int(girl), age=age, length_cm=[length, length + longer])).z["laz"]
    assert low < high


def random_rows(count: int) -> Measurements:
    random = np.random.default_rng(7)
    values = {
        "weight_kg": random.uniform(-1, 30, count),
        "length_cm": random.uniform(40, 125, count).round(1),
        "head_circumference_cm": random.uniform(25, 60, count),
        "muac_cm": random.uniform(5, 30, count),
        "triceps_skinfold_mm": random.uniform(0, 30, count),
        "subscapular_skinfold_mm": random.uniform(0, 30, count),
    }
    for column in values.values():
        column[random.random(count) < 0.05] = nan
    age = random.uniform(-20, 1900, count)
    age[random.random(count) < 0.05] = nan
    return Measurements(
        sex=random.integers(-1, 2, count).astype(np.int8),
        age_days=age,
        position=random.integers(-1, 2, count).astype(np.int8),
        oedema=random.random(count) < 0.03,
        values=values,
    )


def bits(scores: who.Scores) -> list[bytes]:
    columns = [scores.length_for_score_cm, scores.measured_assumed, scores.bmi]
    return [column.tobytes() for column in (*columns, *scores.z.values(), *scores.flags.values())]


def test_neither_threads_nor_chunks_change_a_bit(monkeypatch):
    rows = random_rows(5_000)
    whole = bits(who_scores(rows, threads=1))
    for size, threads in ((1_000, 1), (7, 2), (512, 4), (4_999, 2)):
        monkeypatch.setattr(who, "CHUNK_ROWS", size)
        assert bits(who_scores(rows, threads=threads)) == whole


def test_the_order_of_rows_does_not_matter():
    rows = random_rows(2_000)
    order = np.random.default_rng(3).permutation(2_000)
    mixed = Measurements(
        rows.sex[order],
        rows.age_days[order],
        rows.position[order],
        rows.oedema[order],
        {name: column[order] for name, column in rows.values.items()},
    )
    left, right = who_scores(rows), who_scores(mixed)
    for name in INDICES:
        assert left.z[name][order].tobytes() == right.z[name].tobytes()
        assert left.flags[name][order].tobytes() == right.flags[name].tobytes()


def test_a_row_scores_the_same_alone_as_among_others():
    rows = random_rows(300)
    together = who_scores(rows)
    for at in range(0, 300, 23):
        here = slice(at, at + 1)
        alone = who_scores(
            Measurements(
                rows.sex[here],
                rows.age_days[here],
                rows.position[here],
                rows.oedema[here],
                {name: column[here] for name, column in rows.values.items()},
            )
        )
        for name in INDICES:
            assert alone.z[name].tobytes() == together.z[name][here].tobytes()


def test_only_indices_whose_measures_are_there_are_scored():
    assert list(who_scores(children(weight_kg=10)).z) == ["waz"]
    assert list(who_scores(children(length_cm=80)).z) == ["laz"]
    assert list(who_scores(children(weight_kg=10, length_cm=80)).z) == ["laz", "waz", "wlz", "baz"]
    assert who_scores(children(weight_kg=10)).length_for_score_cm is None


def test_no_rows_give_no_scores():
    found = who_scores(children(weight_kg=[], age=[], sex=[], position=[], oedema=[]))
    assert found.z["waz"].size == 0


def test_whos_tables_are_whole_and_fit_the_kernel():
    assert who_lms().height == 27_436
    for index in INDICES.values():
        table = lms_table(index)
        if index.axis == "age":
            assert (table.first, table.size, table.nowhere) == (0, who.AGE_ROWS, who.AGE_NOWHERE)
        else:
            assert (table.first, table.size) == (450, 751)
        # The roots of the third SD exist: no power of a negative number anywhere.
        for q in (-3, -2, 2, 3):
            assert np.nanmin(1 + table.l * table.s * q) > 0
    assert (who_lms()["l"] != 0).all()  # l = 0 would be a logarithm
