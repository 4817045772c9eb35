"""Where an age comes from, and how days and months meet."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc.derive.ages import (
    FIVE_YEARS_DAYS,
    STANDING_FROM_DAYS,
    age_columns,
    corrected_days,
    days_from_months,
    whole_days,
)


@pytest.mark.parametrize(
    ("days", "whole"),
    [
        (0.0, 0),
        (0.49, 0),
        (0.5, 1),
        (1.5, 2),
        (2.5, 3),
        (90.5, 91),
        (90.499, 90),
        (1826.2, 1826),
        (0.49999999999999994, 0),
    ],
)
def test_half_a_day_goes_up(days, whole):
    assert whole_days(np.array([days]))[0] == whole


def test_a_missing_age_stays_missing():
    assert np.isnan(whole_days(np.array([math.nan])))[0]


@given(days=st.floats(0, 4000))
def test_whole_days_are_whole_and_near(days):
    found = whole_days(np.array([days]))[0]
    assert found == math.floor(found)
    assert abs(found - days) <= 0.5


def test_sixty_months_are_the_same_limit_in_days_as_in_months():
    for months in (60.0, np.nextafter(60, 0), 59.999, np.nextafter(9, 0), 9.0):
        days = days_from_months(np.array([months]))[0]
        assert (days < FIVE_YEARS_DAYS) == (months < 60)
        assert (days < STANDING_FROM_DAYS) == (months < 9)
    for limit, months in ((FIVE_YEARS_DAYS, 60), (STANDING_FROM_DAYS, 9)):
        below = np.nextafter(limit, 0)
        assert limit / 30.4375 == months
        assert below / 30.4375 < months


ROWS = pl.DataFrame(
    {
        "visit": ["month_3", "month_3", "month_3", "month_9", None, "month_3"],
        "visit_date": [date(2024, 4, 1), date(2024, 4, 1), None, None, None, date(2023, 12, 30)],
        "birth": [date(2024, 1, 1), None, date(2024, 1, 1), None, None, date(2024, 1, 1)],
        "reported": [88.0, 88.5, None, None, None, 90.0],
    }
)


def ages(schedule):
    return ROWS.select(
        age_columns(
            visit_date=pl.col("visit_date"),
            birth_date=pl.col("birth"),
            reported_days=pl.col("reported"),
            visit=pl.col("visit"),
            schedule=schedule,
        )
    )


def test_dates_come_before_the_reported_age_and_that_before_the_plan():
    found = ages({"month_3": 91, "birth": 0})
    assert found["age_days"].to_list() == [91.0, 88.5, 91.0, None, None, -2.0]
    assert found["age_basis"].to_list() == ["dates", "reported", "nominal", None, None, "dates"]


def test_months_are_days_by_30_4375_and_not_rounded():
    found = ages({"month_3": 91})
    assert found["age_months"].to_list() == [
        None if days is None else days / 30.4375 for days in found["age_days"].to_list()
    ]


def test_without_a_schedule_nothing_is_nominal():
    found = ages({})
    assert found["age_basis"].to_list() == ["dates", "reported", None, None, None, "dates"]
    assert found.schema == {"age_days": pl.Float64, "age_months": pl.Float64, "age_basis": pl.String}


def test_only_preterm_ages_are_corrected():
    rows = pl.DataFrame({"age": [100.0, 100.0, 100.0, 100.0, None], "ga": [224.0, 258.9, 259.0, None, 224.0]})
    found = rows.select(corrected_days(pl.col("age"), pl.col("ga")).alias("days"))["days"]
    assert found.to_list() == [44.0, pytest.approx(78.9), None, None, None]
