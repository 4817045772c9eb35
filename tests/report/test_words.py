"""Numbers as the report writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc.report.limits import Limits, clip, place, plain
from milkqc.report.words import count, fixed, listed, number, percent


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "–"),
        (0, "0"),
        (0.0, "0"),
        (1234567, "1,234,567"),
        (141.02564, "141"),
        (5.128, "5.13"),
        (-0.5, "−0.5"),
        (12345.6, "12,346"),
        (0.0000123, "0.0000123"),
        (1e-12, "<0.00000001"),
    ],
)
def test_numbers_have_three_significant_digits_and_no_exponent(value, words):
    assert number(value) == words


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15))
def test_no_number_is_written_with_an_exponent_or_a_hyphen(value):
    assert "e" not in number(value)
    assert "-" not in number(value)


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "–"), (0.0, "0 %"), (100.0, "100 %"), (0.04, "<0.1 %"), (99.97, ">99.9 %"), (12.34, "12.3 %")],
)
def test_a_share_that_is_not_quite_nothing_or_all_does_not_read_as_if_it_were(value, words):
    assert percent(value) == words


def test_a_z_score_keeps_two_decimals_and_a_real_minus():
    assert [fixed(z) for z in (-2.0, 0.001, -0.001, None)] == ["−2.00", "0.00", "0.00", "–"]


def test_counts_and_lists_read_as_english():
    assert [count(1, "row"), count(2040, "row"), listed(["a"]), listed(["a", "b", "c"]), listed([])] == [
        "1 row",
        "2,040 rows",
        "a",
        "a, b and c",
        "",
    ]


def test_what_is_not_finite_is_null_in_json():
    assert plain([float("nan"), float("inf"), 1 / 3], limits=Limits()) == [None, None, 0.3333333333]


def test_a_set_has_one_order():
    assert plain({"b", "a", "c"}, limits=Limits()) == ["a", "b", "c"]


def test_text_that_turns_the_line_around_or_hides_is_made_visible():
    assert clip("P1\u202e9\x00", 10) == "P1\ufffd9\ufffd"


@given(st.text(), st.integers(8, 50))
def test_cut_text_is_never_longer_than_allowed(text, most):
    assert len(clip(text, most)) <= most


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        ("site_a/anthro.dta", "site_a/anthro.dta"),
        ("/home/mina/study/anthro.dta", "anthro.dta"),
        ("C:\\Users\\mina\\anthro.dta", "anthro.dta"),
    ],
)
def test_a_file_is_named_without_the_path_of_this_machine(file, shown):
    assert place(file) == shown


def test_halving_the_limits_ends():
    limits, steps = Limits(), 0
    while not limits.smallest:
        limits, steps = limits.halved(), steps + 1
    assert steps < 12
