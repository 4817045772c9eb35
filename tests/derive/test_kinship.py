"""How scores of one child hang together: the model, and the real children that it was fitted to."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import milkqc
from milkqc.derive.kinship import TWO_MEASUREMENTS, expected, joint_density, within_child
from milkqc.derive.neighbours import NOBODY, neighbours

# The correlations of waz and laz between visits of the CPP, as docs/growth_suspicion.md lists them.
CPP_SCORES = {
    ("waz", 1, 123): 0.42, ("waz", 1, 366): 0.30, ("waz", 1, 1462): 0.38, ("waz", 123, 366): 0.72,
    ("waz", 123, 1462): 0.53, ("waz", 366, 1462): 0.70,
    ("laz", 1, 366): 0.25, ("laz", 1, 1462): 0.29, ("laz", 366, 1462): 0.63,
}  # fmt: skip


@pytest.fixture(scope="module")
def cpp(shared):
    import pyreadstat

    table, _ = pyreadstat.read_dta(shared / "fixtures" / "growth" / "cpp.dta")
    frame = pl.from_pandas(table[["subjid", "agedays", "sexn", "wtkg", "lencm", "htcm"]]).select(
        "subjid",
        age_days=pl.col("agedays").cast(pl.Float64),
        infant_sex=pl.when(pl.col("sexn") == 1).then(pl.lit("male")).otherwise(pl.lit("female")),
        weight_kg=pl.col("wtkg").fill_nan(None),
        length_cm=pl.coalesce(pl.col("lencm").fill_nan(None), pl.col("htcm").fill_nan(None)),
    )
    return milkqc.growth_scores(frame)


@pytest.mark.parametrize(("score", "first", "second"), CPP_SCORES)
def test_the_correlations_are_those_of_500_real_children_within_sampling(cpp, score, first, second):
    known = cpp.filter(pl.col(score).abs() < 5)
    both = known.filter(age_days=first).join(known.filter(age_days=second), on="subjid")
    seen = both.select(pl.corr(score, f"{score}_right")).item()
    assert seen == pytest.approx(CPP_SCORES[score, first, second], abs=0.006)
    modelled = within_child(np.array([float(first)]), np.array([float(second)]))[0]
    assert modelled == pytest.approx(seen, abs=0.18)


@given(st.floats(0, 1826), st.floats(0, 1826))
def test_two_visits_are_alike_and_never_the_same(one, other):
    there, back = (within_child(np.array([a]), np.array([b]))[0] for a, b in ((one, other), (other, one)))
    assert there == pytest.approx(back)
    assert 0 < there <= TWO_MEASUREMENTS + 1e-12


def test_visits_further_apart_tell_less():
    told = within_child(np.full(4, 90.0), np.array([90.0, 120.0, 365.0, 1460.0]))
    assert list(told) == sorted(told, reverse=True)


def test_one_witness_gives_the_textbook_regression():
    """Mean r x, SD sqrt(1 - r^2); the log-density of a standard normal."""
    known, kept = np.array([[-2.0, 9.0]]), np.array([[True, False]])
    mean, sd = expected(np.array([[0.8, 0.3]]), np.eye(2)[None], known, kept)
    assert mean[0] == pytest.approx(-1.6)
    assert sd[0] == pytest.approx(0.6)
    assert joint_density(np.eye(2)[None], known, kept)[0] == pytest.approx(-2 - 0.5 * np.log(2 * np.pi))


def test_two_witnesses_agree_with_a_plain_inverse():
    cov, among, known = np.array([0.7, 0.5]), np.array([[1.0, 0.6], [0.6, 1.0]]), np.array([1.0, -1.0])
    mean, sd = expected(cov[None], among[None], known[None], np.ones((1, 2), dtype=bool))
    weights = np.linalg.inv(among) @ cov
    assert mean[0] == pytest.approx(weights @ known)
    assert sd[0] == pytest.approx(np.sqrt(1 - weights @ cov))


@given(st.data())
def test_neighbours_are_those_that_a_plain_search_finds(data):
    size = data.draw(st.integers(1, 14))
    child = np.array(data.draw(st.lists(st.integers(-1, 2), min_size=size, max_size=size)))
    age = np.array(
        data.draw(st.lists(st.sampled_from([0.0, 5.0, 30.0, np.nan]), min_size=size, max_size=size))
    )
    usable = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    rank = np.array(data.draw(st.permutations(range(size))))
    before, after = neighbours(child, age, rank, usable)
    for row in range(size):
        own = [
            (age[other], rank[other], other)
            for other in range(size)
            if child[other] == child[row] != -1
            and usable[other]
            and not np.isnan(age[other])
            and other != row
        ]
        here = (age[row], rank[row])
        known = not np.isnan(age[row])
        earlier = [each for each in own if known and each[:2] < here]
        later = [each for each in own if known and each[:2] > here]
        assert before[row] == (max(earlier)[2] if earlier else NOBODY)
        assert after[row] == (min(later)[2] if later else NOBODY)
