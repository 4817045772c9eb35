"""Quantiles of partly censored concentrations, held against lifelines and against plain counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc.summarise.censored import distribution, quantiles

NONE = np.array([], dtype=float)
CONCENTRATIONS = st.integers(1, 40).map(float)


def array(*values):
    return np.array(values, dtype=float)


def test_without_censoring_the_median_is_the_usual_one():
    assert quantiles(array(4, 1, 3, 2), below=NONE, above=NONE).at == (1.5, 2.5, 3.5)
    assert quantiles(array(5, 1, 3), below=NONE, above=NONE).at[1] == 3.0
    assert quantiles(array(7), below=NONE, above=NONE).estimator == "sample"


@given(st.lists(CONCENTRATIONS, min_size=1, max_size=40))
def test_without_censoring_every_quantile_is_numpy_s_averaged_one(values):
    ours = quantiles(array(*values), below=NONE, above=NONE).at
    theirs = np.quantile(values, [0.25, 0.5, 0.75], method="averaged_inverted_cdf")
    assert ours == pytest.approx(tuple(theirs))


def test_a_worked_example_by_hand():
    """1, 2, 3, 4, <1.5, <3: P(X<=3) = 5/6, P(X<=2) = 5/6 * 4/5, P(X<=1) = 5/6 * 4/5 * 2/3."""
    points, cumulative, least = distribution(array(1, 2, 3, 4), array(1.5, 3))
    assert points.tolist() == [1, 2, 3, 4]
    assert cumulative == pytest.approx([4 / 9, 2 / 3, 5 / 6, 1])
    assert least == 0
    assert quantiles(array(1, 2, 3, 4), below=array(1.5, 3), above=NONE).at == (1.0, 2.0, 3.0)


@given(st.lists(CONCENTRATIONS, min_size=1, max_size=25), st.lists(CONCENTRATIONS, min_size=1, max_size=25))
def test_the_distribution_is_that_of_lifelines(values, limits):
    from lifelines import KaplanMeierFitter

    points, cumulative, _ = distribution(array(*values), array(*limits))
    observed = [1] * len(values) + [0] * len(limits)
    fitter = KaplanMeierFitter()
    # left-censored data is right-censored data counted down from above the highest
    highest = 100.0
    fitter.fit(highest - array(*values, *limits), observed)
    # P(X <= v) = P(highest - X >= highest - v): survival just before that time
    theirs = [float(fitter.predict(highest - point - 0.5)) for point in points]
    assert cumulative == pytest.approx(theirs)


@given(st.lists(CONCENTRATIONS, min_size=1, max_size=25), st.lists(CONCENTRATIONS, min_size=1, max_size=25))
def test_the_median_is_that_of_lifelines_own_left_censoring(values, limits):
    from lifelines import KaplanMeierFitter

    points, cumulative, least = distribution(array(*values), array(*limits))
    fitter = KaplanMeierFitter().fit_left_censoring(
        array(*values, *limits), [1] * len(values) + [0] * len(limits)
    )
    ours = quantiles(array(*values), below=array(*limits), above=NONE).at[1]
    if ours is None:
        assert least >= 0.5 - 1e-9
    elif not np.isclose(cumulative, 0.5).any():
        table = fitter.cumulative_density_
        reached = table.index[table.iloc[:, 0] >= 0.5 - 1e-9]
        assert ours == min(time for time in reached if time in set(points))


@given(st.lists(CONCENTRATIONS, min_size=1, max_size=20), st.lists(CONCENTRATIONS, min_size=1, max_size=20))
def test_results_above_a_limit_mirror_results_below_one(values, limits):
    mirrored = quantiles(-array(*values), below=-array(*limits), above=NONE).at
    turned = tuple(None if q is None else -q for q in reversed(mirrored))
    assert quantiles(array(*values), below=NONE, above=array(*limits)).at == turned


@given(st.lists(CONCENTRATIONS, min_size=2, max_size=30), st.floats(0.5, 45))
def test_with_one_limit_only_what_lies_under_it_is_unknown(values, limit):
    """One limit for all: a quantile above it is the quantile of the uncensored data, one below it unknown."""
    seen = array(*(v for v in values if v >= limit))
    hidden = np.full(sum(v < limit for v in values), limit)
    whole = quantiles(array(*values), below=NONE, above=NONE).at
    if not seen.size:
        return
    for p, ours, truth in zip(
        (0.25, 0.5, 0.75), quantiles(seen, below=hidden, above=NONE).at, whole, strict=True
    ):
        if hidden.size / len(values) > p + 1e-9:
            assert ours is None
        elif hidden.size / len(values) < p - 1e-9:
            assert ours == pytest.approx(truth)


@pytest.mark.parametrize(
    ("values", "below", "above", "estimator"),
    [
        ([], [], [], ""),
        ([1.0, 2.0], [np.nan], [], "not_estimable: censored without a limit"),
        ([1.0, 2.0], [0.5], [9.0], "not_estimable: censored on both sides"),
        ([], [0.5, 0.5], [], "not_estimable: all censored"),
        ([], [], [9.0], "not_estimable: all censored"),
    ],
)
def test_where_nothing_can_be_estimated_it_says_why(values, below, above, estimator):
    found = quantiles(array(*values), below=array(*below), above=array(*above))
    assert (found.at, found.estimator) == ((None, None, None), estimator)


def test_a_median_among_the_censored_is_not_a_number():
    assert quantiles(array(10, 20), below=array(5, 5, 5), above=NONE).at == (None, None, 10.0)
