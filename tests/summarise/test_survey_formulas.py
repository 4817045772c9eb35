"""The statistics of survey quality equal what their formulas give when worked out another way."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from milkqc.summarise.survey import formulas
from milkqc.summarise.survey.classes import CLASSES, SCORE_PARTS, class_of, penalty
from milkqc.summarise.survey.funnel import beyond, binomial, least_share, limits, sd_interval

COUNTS = [
    [10, 10, 10, 10, 10, 10, 10, 10, 10, 10],
    [53, 20, 31, 18, 27, 49, 22, 19, 30, 25],
    [200, 0, 0, 0, 0, 100, 0, 0, 0, 0],
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
]


def drawn(seed: int = 3, n: int = 400) -> np.ndarray:
    return np.random.default_rng(seed).gamma(4, 0.6, n) - 2.5


# --- digits ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("counts", COUNTS)
def test_the_digit_preference_score_is_its_formula(counts):
    n = sum(counts)
    chi2 = sum((count - n / 10) ** 2 / (n / 10) for count in counts)
    found = formulas.digit_preference(np.array(counts))
    assert found.value == round(100 * math.sqrt(chi2 / (9 * n)), 2)
    assert found.p == pytest.approx(scipy.stats.chisquare(counts).pvalue, abs=1e-12)
    assert found.n == n


def test_one_digit_alone_scores_100_and_even_digits_score_0():
    assert formulas.digit_preference(np.array(COUNTS[3])).value == 100
    assert formulas.digit_preference(np.array(COUNTS[0])).value == 0
    assert formulas.digit_preference(np.zeros(10, dtype=int)) == formulas.Statistic(0)


@pytest.mark.parametrize(
    ("value", "decimals", "digit"),
    [
        (12.3, 1, 3), (12.0, 1, 0), (7.0, 0, 7), (9.97, 1, 0), (5.25, 1, 2), (5.35, 1, 3), (0.05, 1, 1),
        (142 * 0.1, 1, 2), (8.675, 2, 8), (-3.4, 1, 4),
    ],
)  # fmt: skip
def test_the_last_digit_is_that_of_the_printed_value(value, decimals, digit):
    assert formulas.last_digits(np.array([value]), decimals=decimals)[0] == digit
    assert int(f"{value:.{decimals}f}"[-1]) == digit


@given(value=st.floats(0, 300), decimals=st.integers(0, 2))
def test_every_value_s_last_digit_is_printfs(value, decimals):
    exact = Decimal(value).quantize(Decimal(10) ** -decimals, rounding=ROUND_HALF_EVEN)
    assert formulas.last_digits(np.array([value]), decimals=decimals)[0] == int(str(exact)[-1])


# --- ratios and ages -------------------------------------------------------------------------------------------


def proportion_test(count: int, n: int, expected: float) -> float:
    """R's prop.test, step by step: a table of two cells, each |O - E| made less by the same correction."""
    corrected = min(0.5, abs(count - n * expected))
    statistic = 0.0
    for observed, mean in ((count, n * expected), (n - count, n * (1 - expected))):
        statistic += (abs(observed - mean) - corrected) ** 2 / mean
    return float(scipy.stats.chi2.sf(statistic, 1))


@pytest.mark.parametrize(("boys", "girls"), [(264, 249), (50, 50), (120, 61), (3, 0), (0, 9), (250, 249)])
def test_the_sex_ratio_and_its_test(boys, girls):
    found = formulas.sex_ratio(boys, girls)
    assert found.value == (boys / girls if girls else None)
    assert found.p == pytest.approx(proportion_test(boys, boys + girls, 0.5), abs=1e-12)


def test_the_sex_ratio_of_nobody_is_unknown():
    assert formulas.sex_ratio(0, 0) == formulas.Statistic(0)


def test_the_age_ratio_counts_6_to_29_against_30_to_59_months():
    months = np.array([5.0, 6, 6, 29, 29.99, 30, 30, 45, 59, 60, 61])
    found = formulas.age_ratio(months)
    assert (found.n, found.value) == (8, 1.0)
    assert found.p == pytest.approx(proportion_test(4, 8, 0.85 / 1.85), abs=1e-12)


def test_the_population_s_own_age_ratio_passes():
    months = np.array([10.0] * 850 + [40.0] * 1000)
    assert formulas.age_ratio(months).p == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("divisor", [5, 6, 10, 12])
def test_age_heaping_is_the_chi_square_of_the_remainders(divisor):
    months = np.random.default_rng(5).choice([12, 18, 24, 25, 31, 36, 47, 48, 53], 300)
    counts = [sum(1 for month in months if month % divisor == rest) for rest in range(divisor)]
    found = formulas.age_heaping(months, divisor=divisor)
    expected = scipy.stats.chisquare(counts)
    assert found.value == pytest.approx(expected.statistic, rel=1e-12)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert found.p < 0.001


# --- shapes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_mean_sd_skewness_and_kurtosis_are_scipy_s_and_their_sums(seed):
    x = drawn(seed)
    n, mean = len(x), sum(x) / len(x)
    second, third, fourth = (sum((value - mean) ** power for value in x) for power in (2, 3, 4))
    assert formulas.mean(x).value == pytest.approx(mean, abs=1e-12)
    assert formulas.deviation(x).value == pytest.approx(math.sqrt(second / (n - 1)), abs=1e-12)
    assert formulas.skewness(x).value == pytest.approx(math.sqrt(n) * third / second**1.5, abs=1e-10)
    assert formulas.skewness(x).value == pytest.approx(scipy.stats.skew(x), abs=1e-10)
    assert formulas.kurtosis(x).value == pytest.approx(n * fourth / second**2 - 3, abs=1e-10)
    assert formulas.kurtosis(x).value == pytest.approx(scipy.stats.kurtosis(x), abs=1e-10)


@pytest.mark.parametrize("x", [np.array([]), np.array([1.0]), np.array([0.1, 0.1, 0.1])])
def test_what_has_no_spread_has_no_shape(x):
    assert formulas.skewness(x).value is None
    assert formulas.kurtosis(x).value is None


def test_a_mirrored_distribution_has_the_opposite_skewness_and_the_same_class():
    x = drawn()
    right, left = formulas.skewness(x).value, formulas.skewness(-x).value
    assert right == pytest.approx(-left)
    assert class_of("skewness", right, None) == class_of("skewness", left, None) == "problematic"


def test_smart_flags_lie_three_from_the_mean_of_all_in_one_pass():
    z = np.array([0.0] * 97 + [3.2, 4.0, -2.8])
    mean = sum(z) / 100  # 0.044
    assert formulas.smart_flagged(z).tolist() == [abs(value - mean) > 3 for value in z]
    # 3.04 is within 3 of the mean of all; a second pass, without 4.0 and 3.2, would flag it.
    z[0] = 3.04
    assert not formulas.smart_flagged(z)[0]
    assert formulas.smart_flagged(np.array([])).size == 0


def test_one_weight_in_grams_does_not_flag_everybody_else():
    z = np.array([*np.linspace(-2, 2, 50), 900.0])
    assert formulas.smart_flagged(z).tolist() == [*([False] * 50), True]
    assert formulas.smart_flagged(z[50:]).all()
    # ... and what a child can have, or pounds bring about, counts in the mean as the formula says.
    pounds = np.array([*np.linspace(-2, 2, 50), 14.0, 14.0, 14.0])
    assert formulas.smart_flagged(pounds).tolist() == (np.abs(pounds - pounds.mean()) > 3).tolist()


def test_the_technical_error_of_measurement_is_its_formula():
    first, second = np.array([60.1, 70.0, 81.5]), np.array([60.4, 69.8, 81.5])
    by_hand = math.sqrt((0.3**2 + 0.2**2 + 0) / (2 * 3))
    assert formulas.error_of_measurement(first, second).value == pytest.approx(by_hand, abs=1e-12)
    assert formulas.error_of_measurement(first[:0], second[:0]).value is None


# --- classes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statistic", "values"),
    [
        ("digit_preference", (7.99, 8, 12, 20)), ("skewness", (0.199, -0.2, 0.4, -0.6)), ("kurtosis", (-0.1, 0.2, -0.4, 0.6)),
        ("sd", (1.09, 0.9, 1.15, 1.2)), ("flagged_smart", (2.5, 2.51, 5.01, 7.51)), ("nipntk_score", (9, 10, 15, 25)),
    ],
)  # fmt: skip
def test_each_class_begins_where_it_should(statistic, values):
    assert tuple(class_of(statistic, value, None) for value in values) == CLASSES


@pytest.mark.parametrize("statistic", ["sex_ratio", "age_ratio", "age_heaping_12"])
def test_ratios_are_classed_by_p(statistic):
    assert tuple(class_of(statistic, 1.0, p) for p in (0.11, 0.1, 0.05, 0.001)) == CLASSES
    assert class_of(statistic, 1.0, None) is None


@pytest.mark.parametrize("value", [0.91, 1.09])
def test_an_sd_near_one_is_excellent_and_one_without_class_has_none(value):
    assert class_of("sd", value, None) == "excellent"
    assert class_of("mean", value, None) is None
    assert class_of("sd", None, None) is None


def test_the_worst_score_is_the_sum_of_all_penalties():
    worst = [penalty(statistic, variable, "problematic") for statistic, variable in SCORE_PARTS]
    assert worst == [20, 20, 10, 10, 10, 10, 10, 5, 5]
    assert {penalty(*part, "excellent") for part in SCORE_PARTS} == {0}
    assert [penalty("skewness", "wlz", word) for word in CLASSES] == [0, 1, 3, 5]
    assert penalty("sd", "laz", "problematic") is None


# --- the funnel ------------------------------------------------------------------------------------------------


@given(n=st.integers(2, 5000), share=st.floats(0, 1))
def test_the_limits_of_a_share_are_the_binomial_s(n, share):
    for chance, percent in zip((0.001, 0.999), binomial(n, share, 0.001), strict=True):
        count = round(percent * n / 100)
        assert scipy.stats.binom.cdf(count, n, share) >= chance
        assert count == 0 or scipy.stats.binom.cdf(count - 1, n, share) < chance


@pytest.mark.parametrize("n", [30, 300, 3000])
def test_each_limit_is_that_of_its_distribution(n):
    sd = limits("sd", n, centre=1.1)
    chi2 = scipy.stats.chi2.ppf([0.001, 0.999], n - 1)
    assert sd == pytest.approx(tuple(1.1 * np.sqrt(chi2 / (n - 1))))
    assert limits("mean", n, centre=-0.5, spread=1.2) == pytest.approx(
        tuple(scipy.stats.norm.ppf([0.001, 0.999], -0.5, 1.2 / math.sqrt(n)))
    )
    assert limits("digit_preference", n, centre=None)[1] == pytest.approx(
        100 * math.sqrt(scipy.stats.chi2.ppf(0.999, 9) / (9 * n))
    )
    assert limits("skewness", n, centre=None)[1] == pytest.approx(3.0902 * math.sqrt(6 / n), rel=1e-4)
    assert limits("sex_ratio", n, centre=1.0) == (None, None)


def test_the_limits_close_as_groups_grow():
    for statistic, centre in (
        ("digit_preference", None),
        ("sd", 1.0),
        ("missing_share", 10.0),
        ("mean", 0.0),
    ):
        widths = [
            (high - (low or 0))
            for low, high in (limits(statistic, n, centre=centre, spread=1.0) for n in (20, 200, 2000))
        ]
        assert widths == sorted(widths, reverse=True)


def test_chance_alone_stays_within_the_limit_of_digits():
    random = np.random.default_rng(17)
    scores = [
        formulas.digit_preference(np.bincount(random.integers(0, 10, 25), minlength=10)).value
        for _ in range(4000)
    ]
    high = limits("digit_preference", 25, centre=None)[1]
    outside = sum(score > high for score in scores)
    assert outside < 15  # 4 are expected
    # ... while the class alone would call half of these teams problematic.
    assert sum(class_of("digit_preference", score, None) == "problematic" for score in scores) > 1000


def test_intervals_are_exact():
    # R: binom.test(9, 100, conf.level = 0.998)$conf.int; scipy says the same another way.
    exact = scipy.stats.binomtest(9, 100).proportion_ci(0.998, method="exact").low
    assert least_share(9, 100) == pytest.approx(100 * exact, rel=1e-9)
    assert least_share(0, 50) == 0
    low, high = sd_interval(1.3, 200)
    chi2 = scipy.stats.chi2.ppf([0.999, 0.001], 199)
    assert (low, high) == pytest.approx(tuple(1.3 * np.sqrt(199 / chi2)))


@pytest.mark.parametrize(
    ("value", "low", "high", "outside"),
    [(1.0, 0.5, 1.5, False), (0.4, 0.5, 1.5, True), (9.0, None, 8.0, True), (7.0, None, 8.0, False), (1.0, None, None, None), (None, 0.0, 1.0, None)],
)  # fmt: skip
def test_beyond_is_outside_of_the_limits(value, low, high, outside):
    assert beyond(value, low, high) is outside
