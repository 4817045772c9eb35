"""INTERGROWTH-21st postnatal growth of preterm infants."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc.derive.preterm import preterm_score

ACRONYMS = {"weight": "wfa", "length": "lfa", "head": "hcfa"}


def score(measure, weeks, sex=0, *, what="weight"):
    measure, weeks, sex = np.broadcast_arrays(
        np.asarray(measure, dtype=float), np.asarray(weeks, dtype=float), np.asarray(sex, dtype=np.int8)
    )
    return preterm_score(np.atleast_1d(measure), np.atleast_1d(weeks), np.atleast_1d(sex), what=what)


@pytest.mark.parametrize("what", ACRONYMS)
def test_golden_preterms_score_as_published(shared: Path, what):
    golden = pl.read_csv(shared / "golden" / "intergrowth_preterm.csv.gz", infer_schema_length=None)
    rows = golden.filter(acronym=ACRONYMS[what])
    found = score(rows["value"], rows["x"], (rows["sex"] == "F").cast(pl.Int8), what=what)
    assert rows.height > 1500
    assert np.abs(found.z - rows["zscore"].to_numpy()).max() < 1e-8
    assert np.abs(found.centile - 100 * rows["centile"].to_numpy()).max() < 1e-8


@pytest.mark.parametrize(
    ("weeks", "scored"),
    [(26.99, False), (27, True), (40.3, True), (64, True), (64.01, False), (math.nan, False)],
)
def test_the_standard_covers_27_to_64_weeks(weeks, scored):
    for what, measure in (("weight", 3.0), ("length", 48), ("head", 34)):
        assert score(measure, weeks, what=what).known[0] == scored


@pytest.mark.parametrize("measure", [0.0, -1.0, math.nan, math.inf])
def test_what_cannot_be_a_size_has_no_score(measure):
    found = score(measure, 40)
    assert not found.known[0]
    assert math.isnan(found.z[0])


def test_unknown_sex_has_no_score():
    assert not score(3.0, 40, -1).known[0]


# As the R package gigs gives them, to 12 digits.
@pytest.mark.parametrize(
    ("what", "sex", "weeks", "measure", "z"),
    [
        ("weight", 0, 27, 0.360163292179, -3),
        ("weight", 0, 33, 2.13024266797, 1),
        ("weight", 1, 40, 3.60557504667, 1),
        ("weight", 1, 64, 8.08237644457, 1),
        ("length", 0, 64, 62.2630085768, -2),
        ("length", 1, 40, 45.8298417097, -2),
        ("length", 0, 33, 44.6038249612, 1),
        ("head", 0, 36, 29.4862754778, -3),
        ("head", 1, 61.7142857143, 40.571448111, -1),
        ("head", 1, 46.8571428571, 39.3243672608, 2),
    ],
)
def test_preterms_score_as_in_gigs(what, sex, weeks, measure, z):
    found = score(measure, weeks, sex, what=what)
    assert found.z[0] == pytest.approx(z, abs=1e-9)
    assert found.centile[0] == pytest.approx(50 * math.erfc(-z / math.sqrt(2)), rel=1e-8)


@given(size=st.floats(0.5, 8), more=st.floats(1.001, 2), weeks=st.floats(27, 64), girl=st.integers(0, 1))
def test_the_bigger_infant_scores_higher(size, more, weeks, girl):
    low, high = score([size, size * more], weeks, girl).z
    assert low < high


@given(weeks=st.floats(27, 63), size=st.floats(1, 8))
def test_the_same_size_a_week_later_scores_lower(weeks, size):
    now, later = score(size, [weeks, weeks + 1]).z
    assert later < now


def test_a_score_beyond_five_is_flagged_and_kept():
    found = score([3.0, 9.0], 40)
    assert found.flag.tolist() == [False, True]
    assert found.z[1] > 5
