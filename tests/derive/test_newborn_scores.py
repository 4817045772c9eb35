"""INTERGROWTH-21st newborn size."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc.derive.newborn import newborn_score
from milkqc.reference.growth import newborn_size

COLUMNS = {
    "weight": ("weight_kg", "wfga"),
    "length": ("length_cm", "lfga"),
    "head": ("headc_cm", "hcfga"),
}


def score(measure, gestation, sex=0, *, what="weight"):
    measure, gestation, sex = np.broadcast_arrays(
        np.asarray(measure, dtype=float), np.asarray(gestation, dtype=float), np.asarray(sex, dtype=np.int8)
    )
    return newborn_score(np.atleast_1d(measure), np.atleast_1d(gestation), np.atleast_1d(sex), what=what)


@pytest.mark.parametrize("what", COLUMNS)
def test_golden_newborns_score_as_published(shared: Path, what):
    golden = pl.read_csv(shared / "golden" / "intergrowth_newborn.csv.gz", infer_schema_length=None)
    column, indicator = COLUMNS[what]
    z = golden[f"z_{indicator}"].cast(pl.Float64).fill_null(math.nan).to_numpy()
    centile = golden[f"c_{indicator}"].cast(pl.Float64).fill_null(math.nan).to_numpy()
    found = score(golden[column], golden["gest_days"], (golden["sex"] == "F").cast(pl.Int8), what=what)
    assert (found.known == ~np.isnan(z)).all()
    near, far, beyond = np.abs(z) < 6, np.abs(z) < 7, np.abs(z) >= 7
    assert near.sum() > 1500
    assert np.abs(found.z - z)[near].max() < 1e-8
    assert np.abs(found.z - z)[far].max() < 1e-5
    assert np.abs(found.centile - 100 * centile)[found.known & np.isfinite(z)].max() < 1e-8
    # Where the published software ends in infinity, the far tail is still a number, and a flag.
    assert np.isinf(z[beyond]).any()
    assert found.flag[beyond].all()
    assert (np.sign(found.z[beyond]) == np.sign(z[beyond])).all()
    assert (np.abs(found.z[beyond]) > 6.9).all()


@pytest.mark.parametrize(
    ("gestation", "scored"),
    [
        (167, False), (167.4, False), (167.5, True), (168, True), (230, True), (231, True), (300, True),
        (300.4, True), (300.5, False), (301, False), (math.nan, False), (math.inf, False),
    ],
)  # fmt: skip
def test_gestations_with_a_score(gestation, scored):
    for what, measure in (("weight", 2.5), ("length", 45), ("head", 32)):
        assert score(measure, gestation, what=what).known[0] == scored


@pytest.mark.parametrize("measure", [0.0, -1.0, math.nan, math.inf])
def test_what_cannot_be_a_size_has_no_score(measure):
    for gestation in (200, 270):
        found = score(measure, gestation)
        assert not found.known[0]
        assert math.isnan(found.z[0])
        assert math.isnan(found.centile[0])
        assert not found.flag[0]


def test_unknown_sex_has_no_score():
    assert not score(3.0, [200, 270], -1).known.any()


def test_an_infinite_score_is_a_flag_and_no_number():
    found = score([1e300, 3.3], 280, what="weight")
    assert found.known.tolist() == [True, True]
    assert found.flag.tolist() == [True, False]
    assert math.isnan(found.z[0])
    assert math.isnan(found.centile[0])


def test_scores_beyond_five_are_flagged():
    weights = np.linspace(0.3, 9, 500)
    found = score(weights, 280)
    assert (found.flag == (np.abs(found.z) > 5)).all()
    assert 0 < found.flag.sum() < 500


# As the R package gigs gives them: two very preterm newborns and one at 37+4.
@pytest.mark.parametrize(
    ("what", "sex", "gestation", "measure", "z"),
    [
        ("weight", 1, 207, 1.1, -0.579295285382),
        ("length", 1, 207, 33, -2.2557937756),
        ("weight", 0, 196, 1.683, 2.3311566738),
        ("length", 0, 196, 37.3, 0.00206287492192),
        ("head", 0, 196, 34.3, 5.38996851379),
        ("weight", 1, 263, 0.66, -4.77254002903),
        ("length", 1, 263, 51.7, 2.35103942291),
        ("head", 1, 263, 32, -0.754200878079),
    ],
)
def test_newborns_score_as_in_gigs(what, sex, gestation, measure, z):
    found = score(measure, gestation, sex, what=what)
    assert found.z[0] == pytest.approx(z, abs=1e-9)
    assert found.centile[0] == pytest.approx(50 * math.erfc(-z / math.sqrt(2)), rel=1e-8)


def test_the_skew_t_is_continuous_at_its_mode():
    for row in newborn_size().rows(named=True)[::17]:
        what = next(name for name, (_, indicator) in COLUMNS.items() if indicator == row["indicator"])
        mode, step = row["mu"], row["sigma"] * 1e-9
        below, above = score(
            [mode - step, mode + step], row["gest_days"], int(row["sex"] == "F"), what=what
        ).z
        assert below < above
        assert above - below < 1e-7


@given(
    size=st.floats(0.4, 6), more=st.floats(1.0001, 1.5), gestation=st.integers(168, 300), girl=st.integers(0, 1),
    what=st.sampled_from(["weight", "length", "head"]),
)  # fmt: skip
def test_the_bigger_newborn_scores_higher(size, more, gestation, girl, what):
    scale = {"weight": 1, "length": 12, "head": 9}[what]
    low, high = score([size * scale, size * scale * more], gestation, girl, what=what).z
    assert low < high


def test_the_order_of_rows_does_not_matter():
    random = np.random.default_rng(5)
    measure, gestation = random.uniform(0.5, 5, 500), random.integers(160, 310, 500).astype(float)
    sex = random.integers(-1, 2, 500)
    order = random.permutation(500)
    left, right = score(measure, gestation, sex), score(measure[order], gestation[order], sex[order])
    assert left.z[order].tobytes() == right.z.tobytes()


def test_the_published_figures_are_whole():
    table = newborn_size()
    assert table.height == 420
    assert (
        table.group_by("indicator", "sex").agg(pl.col("gest_days").n_unique())["gest_days"].to_list()
        == [70] * 6
    )
