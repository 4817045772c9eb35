"""Dates are read in the declared format and in no other."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc.cells import check_date_format, dates, gestation


def read(text, layout):
    return dates(pl.Series([text], dtype=pl.String), layout).row(0)


@pytest.mark.parametrize(
    ("text", "layout", "day"),
    [
        ("31/12/2019", "%d/%m/%Y", date(2019, 12, 31)),
        ("1/2/2020", "%d/%m/%Y", date(2020, 2, 1)),
        ("1/2/2020", "%m/%d/%Y", date(2020, 1, 2)),
        ("15-May-15", "%d-%b-%y", date(2015, 5, 15)),
        ("15-MAY-69", "%d-%b-%y", date(1969, 5, 15)),
        ("15-may-68", "%d-%b-%y", date(2068, 5, 15)),
        ("3 september 2021", "%d %B %Y", date(2021, 9, 3)),
        ("01022020", "%d%m%Y", date(2020, 2, 1)),
        ("2020-02-29", "%Y-%m-%d", date(2020, 2, 29)),
        ("12/31/2019 11:59:59 PM", "%m/%d/%Y %I:%M:%S %p", date(2019, 12, 31)),
        ("2019-12-31T23:59", "%Y-%m-%dT%H:%M", date(2019, 12, 31)),
    ],
)
def test_a_date_in_the_declared_format(text, layout, day):
    assert read(text, layout) == (day, "date")


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ("30/02/2020", "%d/%m/%Y"),
        ("29/02/2019", "%d/%m/%Y"),
        ("2020-02-01", "%d/%m/%Y"),
        ("01/02/2020 10:00", "%d/%m/%Y"),
        ("01/02/20", "%d/%m/%Y"),
        ("01/02/2020", "%d/%m/%y"),
        ("1022020", "%d%m%Y"),
        ("15-Mai-15", "%d-%b-%y"),
        ("01/01/0000", "%d/%m/%Y"),
        ("01/02/2020 25:00", "%d/%m/%Y %H:%M"),
        ("98", "%d/%m/%Y"),
    ],
)
def test_anything_else_is_unreadable_and_never_guessed(text, layout):
    assert read(text, layout) == (None, "unreadable")


@pytest.mark.parametrize("text", ["", " ", None])
def test_blank_is_empty(text):
    assert read(text, "%Y-%m-%d") == (None, "empty")


@given(st.dates(), st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%d %b %Y", "%B %d, %Y", "%Y%m%d"]))
def test_what_is_written_in_a_format_reads_back(day, layout):
    # strftime does not pad years below 1000 on every platform.
    text = day.strftime(layout.replace("%Y", f"{day.year:04}"))
    assert read(text, layout) == (day, "date")


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ("%d/%m", "it needs one day (%d), one month (%m, %b, %B), one year (%Y, %y)."),
        ("%d/%m/%Y %y", "it needs one day (%d), one month (%m, %b, %B), one year (%Y, %y)."),
        ("%d/%m/%Q", "%Q is not known. Use %d, %m or %b or %B, %Y or %y, and %H %I %M %S %p."),
    ],
)
def test_a_format_that_cannot_give_a_date_is_refused(layout, message):
    with pytest.raises(ValueError) as error:
        check_date_format(layout)
    assert str(error.value) == f"date format {layout!r}: {message}"


@pytest.mark.parametrize(
    ("text", "layout", "days"),
    [
        ("40+1", "weeks+days", 281),
        ("40 + 6", "weeks+days", 286),
        ("40+7", "weeks+days", None),
        ("40", "weeks+days", None),
        ("38.3", "weeks.days", 269),
        ("38", "weeks.days", 266),
        ("38.0", "weeks.days", 266),
        ("38.7", "weeks.days", None),
        ("38.25", "weeks.days", None),
    ],
)
def test_gestation_counts_days_after_the_sign(text, layout, days):
    expected = (days, "unreadable" if days is None else "days")
    assert gestation(pl.Series([text]), layout).row(0) == expected


def test_gestation_in_a_numeric_column_reads_like_its_text():
    assert gestation(pl.Series([38.3, 38.0, None]), "weeks.days")["days"].to_list() == [269, 266, None]


@given(st.integers(20, 45), st.integers(0, 6))
def test_both_gestation_formats_agree(weeks, days):
    plus = gestation(pl.Series([f"{weeks}+{days}"]), "weeks+days").row(0)
    point = gestation(pl.Series([f"{weeks}.{days}"]), "weeks.days").row(0)
    assert plus == point == (weeks * 7 + days, "days")
