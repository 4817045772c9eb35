"""Two decimals as R gives them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc.derive import lms
from milkqc.derive.rounding import plainly_rounded, round_two

sizes = st.floats(min_value=-1e6, max_value=1e6)


def test_two_thousand_near_ties_round_as_in_r(shared: Path):
    table = pl.read_csv(shared / "golden" / "r_round2.csv.gz")
    values = np.array([float.fromhex(text) for text in table["x"]])
    wrong = table.filter(pl.Series(round_two(values) != table["r"].to_numpy()))
    assert wrong.is_empty()
    assert values.size == 2000


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (0.125, 0.12),  # true ties go to the even digit
        (0.375, 0.38),
        (-0.125, -0.12),
        (0.15, 0.15),
        (2.675, 2.67),  # as a double it lies below the tie
        (1.005, 1.0),
        (14.245, 14.24),
        (-8.5550000000000015, -8.56),
        (5.0, 5.0),
        (1e15 + 0.5, 1e15 + 0.5),
        (np.inf, np.inf),
        (-np.inf, -np.inf),
    ],
)
def test_values_round_to(value, rounded):
    assert round_two(np.array([value]))[0] == rounded


def test_there_is_no_negative_zero_and_nan_stays():
    found = round_two(np.array([-0.001, -0.0, np.nan]))
    assert not np.signbit(found[:2]).any()
    assert np.isnan(found[2])


@given(value=sizes)
def test_rounding_moves_less_than_half_a_hundredth_and_is_symmetric(value):
    up, down = round_two(np.array([value, -value]))
    assert up == -down
    assert abs(up - value) <= 0.005 + 1e-9
    assert round_two(np.array([up]))[0] == up


@given(values=st.lists(sizes, min_size=2, max_size=20))
def test_rounding_keeps_the_order(values):
    assert (np.diff(round_two(np.sort(np.array(values)))) >= 0).all()


def test_a_tie_is_decided_by_the_c_library_and_not_by_the_processor(monkeypatch):
    calls = []
    exact = lms._library_power

    def counted(base, exponent):
        calls.append(base.size)
        return exact(base, exponent)

    monkeypatch.setattr(lms, "_library_power", counted)
    m, s = np.array([10.0, 10.0]), np.array([0.1, 0.1])
    scores = lms.rounded_scores(np.array([10.125, 10.5]), np.ones(2), m, s, restricted=False)
    assert calls == [1]  # 0.125 is a tie, 0.5 is not
    assert scores.tolist() == [0.12, 0.5]


def test_scores_that_look_like_ties_round_as_in_r():
    y = 1 + np.arange(1, 1200, 2) / 200  # scores 0.005, 0.015 ... nearly
    one = np.ones(y.size)
    assert (lms.rounded_scores(y, one, one, one, restricted=False) == round_two(y - 1)).all()
    assert (plainly_rounded(y - 1)[0] != round_two(y - 1)).any()
