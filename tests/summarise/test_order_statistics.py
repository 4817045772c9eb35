"""Regression on order statistics and Kaplan-Meier shares, held to published worked examples and to plain counting."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from milkqc.summarise.censored import distribution, quantiles, share_below
from milkqc.summarise.order_statistics import ROS, estimate, positions

NONE = np.array([], dtype=float)
CONCENTRATIONS = st.integers(1, 40).map(float)
# Arsenic in streams of Oahu: Helsel, Nondetects and Data Analysis, 2005, table 2.3; results of its chapter 6.
OAHU = np.array([0.5, 0.5, 0.5, 0.6, 0.7, 0.7, 0.9, 1.5, 1.7, 2.8, 3.2])
OAHU_BELOW = np.array([0.9] + [1.0] * 4 + [2.0] * 8)
# Sulfate, Newman, Quantitative Ecotoxicology, page 35: mean 5.16, standard deviation 2.07.
SULFATE = np.array(
    [2.6, 3.3, 3.5, 3.5, 3.6, 4.0, 4.1, 4.5, 5.2, 5.6, 5.7, 6.1, 6.2, 6.5, 6.9, 7.1, 7.7, 7.9, 9.9]
)


def test_the_arsenic_of_oahu_has_helsels_figures():
    ros = estimate(OAHU, OAHU_BELOW)
    assert ros.estimator == ROS
    assert ros.numbers.size == 24
    assert (ros.numbers.mean(), ros.numbers.std(ddof=1)) == pytest.approx((0.972, 0.718), abs=5e-4)
    assert ros.quantiles()[1] == 0.7


def test_the_arsenic_of_oahu_by_kaplan_meier():
    points, cumulative, least = distribution(OAHU, OAHU_BELOW)
    steps = np.diff(cumulative, prepend=least)
    assert float((points * steps).sum()) == pytest.approx(0.949, abs=5e-4)
    assert quantiles(OAHU, below=OAHU_BELOW, above=NONE).at[1] == 0.7


def test_the_sulfate_of_newman_has_the_figures_of_two_programs():
    ros = estimate(SULFATE, np.array([2.5, 2.5])).numbers
    assert (np.median(ros), ros.mean(), ros.std(ddof=1)) == pytest.approx((5.2, 5.158, 2.071), abs=5e-4)


def plain(values: list[float], limits: list[float]) -> list[float]:
    """The same method, result by result, after the words of Helsel 2012 (chapter 6)."""
    levels = sorted(set(limits))
    if min(values) < levels[0]:
        levels = [-math.inf, *levels]
    tops = [*levels[1:], math.inf]
    exceeds = {math.inf: 0.0}
    for level, top in zip(reversed(levels), reversed(tops), strict=True):
        within = sum(level <= v < top for v in values)
        under = sum(v < level for v in values) + sum(limit <= level for limit in limits)
        share = within / (within + under) if within + under else 0.0
        exceeds[level] = exceeds[top] + share * (1 - exceeds[top])
    normal, xs, ys = NormalDist(), [], []
    for level, top in zip(levels, tops, strict=True):
        band = sorted(v for v in values if level <= v < top)
        for rank, value in enumerate(band, start=1):
            at = (1 - exceeds[level]) + (exceeds[level] - exceeds[top]) * rank / (len(band) + 1)
            xs.append(normal.inv_cdf(at))
            ys.append(math.log(value))
    mx, my = sum(xs) / len(xs), sum(ys) / len(ys)
    slope = sum((x - mx) * (y - my) for x, y in zip(xs, ys, strict=True)) / sum((x - mx) ** 2 for x in xs)
    made = []
    for level in set(limits):
        count = limits.count(level)
        for rank in range(1, count + 1):
            at = (1 - exceeds[level]) * rank / (count + 1)
            made.append(math.exp(my + slope * (normal.inv_cdf(at) - mx)))
    return sorted([*values, *made])


@given(st.lists(CONCENTRATIONS, min_size=3, max_size=25), st.lists(CONCENTRATIONS, min_size=1, max_size=25))
def test_it_is_the_method_written_out_plainly(values, limits):
    ros = estimate(np.array(values), np.array(limits))
    assume(ros.estimator == ROS)
    assert ros.numbers.tolist() == pytest.approx(plain(values, limits), rel=1e-9)


@given(st.lists(CONCENTRATIONS, min_size=1, max_size=25), st.lists(CONCENTRATIONS, min_size=1, max_size=25))
def test_positions_are_shares_in_the_order_of_the_values(values, limits):
    seen, under = positions(np.sort(np.array(values)), np.sort(np.array(limits)))
    assert ((seen > 0) & (seen < 1)).all()
    assert (np.diff(seen) > 0).all()
    assert ((under > 0) & (under < 1)).all() or max(limits) > max(values)


def test_the_values_stay_what_they_are():
    numbers = estimate(OAHU, OAHU_BELOW).numbers.tolist()
    assert all(numbers.count(value) >= OAHU.tolist().count(value) for value in OAHU)


@pytest.mark.parametrize(
    ("values", "below", "why"),
    [
        ([1, 2, 2], [1.0], "not_estimable: fewer than 3 different values above the limits"),
        ([1, 2, 3], [1.0] * 13, "not_estimable: more than 80% censored"),
        ([0, 1, 2, 3], [1.0], "not_estimable: a value or limit is not above zero"),
        ([1, 2, 3, 4], [float("nan")], "not_estimable: a value or limit is not above zero"),
    ],
)
def test_where_the_line_rests_on_too_little_nothing_is_estimated(values, below, why):
    ros = estimate(np.array(values, dtype=float), np.array(below))
    assert (ros.quantiles(), ros.share_below(2.0), ros.estimator) == ((None, None, None), None, why)


@given(st.lists(CONCENTRATIONS, min_size=1, max_size=30), CONCENTRATIONS)
def test_without_censoring_the_share_is_counted(values, bound):
    assert share_below(np.array(values), NONE, bound=bound) == sum(v < bound for v in values) / len(values)


def test_a_share_by_hand():
    """1, 2, 3, 4, <1.5, <3: below 3 lie P(X <= 2) = 5/6 * 4/5 of the results."""
    values, below = np.array([1.0, 2, 3, 4]), np.array([1.5, 3])
    assert share_below(values, below, bound=3) == pytest.approx(2 / 3)
    assert share_below(values, below, bound=5) == 1.0
    assert share_below(values, below, bound=0.5) is None
    assert share_below(np.array([3.0, 4]), np.array([1.0, 2]), bound=2.5) == 0.5
    assert share_below(NONE, np.array([1.0]), bound=2) == 1.0
    assert share_below(NONE, np.array([3.0]), bound=2) is None
    assert share_below(NONE, NONE, bound=2) is None
