"""What a laboratory's text is worth: a number, a censored number, nothing, or unreadable."""

import math

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from milkqc.cells import booleans, canonical, key_faults, key_text, number_text, numbers

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def judged(text, **declared):
    return numbers(pl.Series([text], dtype=pl.String), **declared).row(0)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        (" 12.50 ", 12.5),
        ("-3", -3),
        ("+2", 2),
        ("−5.5", -5.5),
        (".5", 0.5),
        ("5.", 5),
        ("1e3", 1000),
        ("2.5E-3", 0.0025),
        ("4,009.10", 4009.1),
        ("1,234,567", 1234567),
        ("0012", 12),
    ],
)
def test_a_number_is_read_as_it_is_written(text, number):
    assert judged(text) == (number, None, None, "number", None)


@pytest.mark.parametrize(
    ("text", "sign", "limit"),
    [
        ("<0.5", "<", 0.5),
        ("< 20.00", "<", 20),
        (">200", ">", 200),
        ("> 4,009.10", ">", 4009.1),
        ("<LOD", "<", None),
        ("< loq", "<", None),
        ("<LLOQ", "<", None),
        ("ND", "<", None),
        ("N.D.", "<", None),
        ("n/d", "<", None),
        ("BDL", "<", None),
        ("BLQ", "<", None),
        ("below LOD", "<", None),
        ("Below the limit of detection", "<", None),
        ("below detection limit", "<", None),
        ("Below Detection Range", "<", None),
        ("not detected", "<", None),
        ("OOR <", "<", None),
        (">ULOQ", ">", None),
        ("above range", ">", None),
        ("Above Fit Curve Range", ">", None),
        ("OOR >", ">", None),
    ],
)
def test_a_result_beyond_the_assay_is_censored_and_never_a_number(text, sign, limit):
    assert judged(text) == (None, sign, limit, "censored", None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("4,009", "ambiguous separator"),
        ("<4,009", "ambiguous separator"),
        ("4.009,1", "separators do not fit"),
        ("1,23", "separators do not fit"),
        ("1 234", "separators do not fit"),
        ("≤5", "not a number"),
        ("<=5", "not a number"),
        ("<>5", "not a number"),
        ("<", "not a number"),
        (">LOD", "not a number"),
        ("<ULOQ", "not a number"),
        ("1_000", "not a number"),
        ("inf", "not a number"),
        ("NaN", "not a number"),
        ("1e999", "not a number"),
        ("0x10", "not a number"),
        ("5 kg", "not a number"),
        ("12:30", "not a number"),
        ("12-13", "not a number"),
        ("٣", "not a number"),
        ("１２", "not a number"),
        ("1\n2", "not a number"),
    ],
)
def test_what_could_be_two_things_or_none_is_unreadable(text, why):
    assert judged(text) == (None, None, None, "unreadable", why)


@pytest.mark.parametrize("text", ["", "  ", "\t", "\u00a0", None])
def test_blank_is_empty(text):
    assert judged(text) == (None, None, None, "empty", None)


@pytest.mark.parametrize(
    ("declared", "text", "number"),
    [
        ({"decimal": ","}, "4.009,1", 4009.1),
        ({"decimal": ","}, "52,3", 52.3),
        ({"decimal": ","}, "52.3", None),
        ({"decimal": "."}, "4,009", 4009),
        ({"thousands": ","}, "4,009", 4009),
        ({"thousands": "."}, "4.009", 4009),
        ({"thousands": " "}, "1\u202f234\u00a0567.5", 1234567.5),
        ({"thousands": "'"}, "1’234.5", 1234.5),
        ({"thousands": ","}, "40,09", None),
    ],
)
def test_declared_separators_decide(declared, text, number):
    assert judged(text, **declared)[0] == number


def test_one_sign_cannot_be_both_separators():
    with pytest.raises(ValueError, match="decimal and thousands cannot both be ','"):
        judged("1", decimal=",", thousands=",")


@given(FINITE)
@example(5e-324)
@example(1.7976931348623157e308)
@example(-0.0)
def test_the_text_of_a_number_reads_back_as_the_same_number(value):
    text = number_text(pl.Series([value]))[0]
    assert numbers(pl.Series([text])).row(0)[:1] == (value,)
    assert not text.endswith(".0")
    assert len(text.replace("+", "")) <= len(repr(value)) + 2


@given(st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False))
def test_a_single_precision_number_has_its_own_shortest_text(value):
    text = number_text(pl.Series([value], dtype=pl.Float32))[0]
    assert pl.Series([float(text)]).cast(pl.Float32)[0] == value


def test_stata_float_999_9_reads_as_999_9():
    assert number_text(pl.Series([999.9, 3.14, 7], dtype=pl.Float32)).to_list() == ["999.9", "3.14", "7"]


@given(st.text(max_size=12))
def test_no_text_breaks_the_judgement_and_every_status_is_consistent(text):
    number, sign, limit, status, why = judged(text)
    assert (number is not None) == (status == "number")
    assert (sign is not None) == (status == "censored")
    assert (why is not None) == (status == "unreadable")
    assert number is None or math.isfinite(number)
    assert limit is None or sign is not None


@given(st.text(max_size=8) | st.from_regex(r"\A-?[0-9]{1,4}\.?[0-9]{0,4}\Z"))
def test_the_canonical_form_is_final(text):
    once = canonical(pl.Series([text]))
    assert canonical(once).to_list() == once.to_list()


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("1.0", "1"),
        ("999.90", "999.9"),
        ("-9.00", "-9"),
        ("-0.0", "0"),
        (".5", "0.5"),
        ("01", "01"),
        ("01.0", "01.0"),
        ("100", "100"),
        (" Cafe\u0301 ", "Café"),
        (".a", ".a"),
        (".", "."),
        ("", None),
    ],
)
def test_codes_are_compared_in_their_shortest_form(text, form):
    assert canonical(pl.Series([text])).to_list() == [form]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (" A7 ", "A7"),
        ("a7", "a7"),
        ("12.0", "12"),
        ("12.50", "12.50"),
        ("0012", "0012"),
        ("0012.0", "0012"),
        ("e\u0301", "é"),
        ("", None),
    ],
)
def test_keys_keep_case_and_leading_zeros(text, key):
    assert key_text(pl.Series([text])).to_list() == [key]
    assert key_faults(pl.Series([text])).to_list() == [False]


@pytest.mark.parametrize("text", ["A\x00B", "A\tB", "A\u200bB", "\u202eAB", "A\ufeffB"])
def test_a_key_with_characters_nobody_sees_is_unreadable(text):
    assert key_text(pl.Series([text])).to_list() == [None]
    assert key_faults(pl.Series([text])).to_list() == [True]


def test_numeric_keys_lose_their_point_zero_and_nothing_else():
    assert key_text(pl.Series([1.0, 2.5, None])).to_list() == ["1", "2.5", None]


def test_only_three_pairs_of_words_are_booleans():
    frame = booleans(pl.Series(["TRUE", "no", "1.0", "0", "2", "y", "", None]))
    assert frame["boolean"].to_list() == [True, False, True, False, None, None, None, None]
    assert frame["status"].to_list() == ["boolean"] * 4 + ["unreadable"] * 2 + ["empty"] * 2
