"""Missing shares, censored shares, z-scores and ages: the figures of every report."""

from __future__ import annotations

import statistics as python
from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc.summarise.overview import SCHEMAS, statistics

SCHEDULE = {"birth": {"day": 0}, "month_3": {"day": 91}}


def overview(schedule=SCHEDULE, **tables):
    return statistics(tables, schedule=schedule)


def growth(**columns):
    rows = len(next(iter(columns.values())))
    return pl.DataFrame({"row_id": [f"I{n}" for n in range(rows)], "visit": ["month_3"] * rows} | columns)


def scores(*z, flags=None):
    frame = growth(laz=list(z), laz_flag=flags or [None if each is None else False for each in z])
    return overview(growth=frame.cast({"laz": pl.Float64, "laz_flag": pl.Boolean}))


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_study_with_nothing_in_it_has_empty_tables_of_the_right_shape(name):
    for tables in ({}, {"growth": pl.DataFrame(), "milk": pl.DataFrame()}):
        assert dict(statistics(tables, schedule=())[name].schema) == SCHEMAS[name]
        assert statistics(tables, schedule=())[name].height == 0


def test_missing_values_are_counted_with_their_reasons_most_frequent_first():
    frame = growth(
        weight_kg=[3.1, None, None, None, None],
        weight_kg__raw=["3.1", "", "-9", "-9", "heavy"],
        weight_kg__missing=[None, "empty", "not_done", "not_done", "unreadable"],
    )
    assert overview(growth=frame)["missing"].to_dicts() == [
        {
            "table": "growth",
            "variable": "weight_kg",
            "label": "Weight",
            "rows": 5,
            "present": 1,
            "missing": 4,
            "percent_missing": 80.0,
            "reasons": "not_done 2; empty 1; unreadable 1",
        }
    ]


def test_a_gap_without_a_reason_is_said_to_have_none():
    frame = growth(visit_date=[date(2021, 1, 1), None], visit_date__raw=["2021-01-01", None])
    assert overview(growth=frame)["missing"]["reasons"].to_list() == ["no reason given 1"]


def test_only_mapped_columns_are_counted():
    frame = growth(weight_kg=[3.0], weight_kg__raw=["3"], laz=[None], team=[None])
    assert overview(growth=frame)["missing"]["variable"].to_list() == ["weight_kg"]


def test_an_extra_column_keeps_its_own_name_as_label():
    frame = growth(x_wealth=["poor"], x_wealth__raw=["1"])
    assert overview(growth=frame)["missing"]["label"].to_list() == ["x_wealth"]


def milk(rows, **more):
    names = ("analyte", "visit", "value", "censored", "missing_reason")
    kinds = (pl.String, pl.String, pl.Float64, pl.String, pl.String)
    frame = pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")
    return frame.with_columns(unit=pl.lit("ug/L"), **more)


MILK = [
    ("retinol", "month_3", 400.0, None, None),
    ("retinol", "month_3", None, "<", None),
    ("retinol", "month_3", None, ">", None),
    ("retinol", "month_3", None, None, "insufficient"),
    ("iodine", "month_3", 120.0, None, None),
    ("iodine", "birth", 130.0, None, None),
]


def test_a_censored_result_is_a_result_not_a_gap():
    told = overview(milk=milk(MILK))
    assert told["missing"].select("variable", "label", "rows", "missing", "reasons").rows() == [
        ("iodine", "Iodine (total, as I)", 2, 0, ""),
        ("retinol", "Retinol (vitamin A, preformed)", 4, 1, "insufficient 1"),
    ]


def test_censored_shares_are_of_results_per_analyte_along_the_visits():
    assert overview(milk=milk(MILK))["censored"].rows() == [
        ("milk", "iodine", "ug/L", "birth", 1, 0, 0.0),
        ("milk", "iodine", "ug/L", "month_3", 1, 0, 0.0),
        ("milk", "retinol", "ug/L", "month_3", 3, 2, 66.66666667),
    ]


def test_a_superseded_run_is_left_out():
    frame = milk(MILK[:2], reported=pl.Series([True, False]))
    assert overview(milk=frame)["censored"].rows() == [("milk", "retinol", "ug/L", "month_3", 1, 0, 0.0)]


def test_a_flagged_score_is_counted_and_takes_no_part_in_the_mean():
    told = scores(-3.0, 1.0, -8.0, None, flags=[False, False, True, None])["zscores"].to_dicts()
    assert told == [
        {
            "visit": "month_3",
            "index": "laz",
            "label": "Length/height-for-age z-score, WHO 2006, chronological age",
            "n": 2,
            "mean": -1.0,
            "sd": 2.828427125,
            "percent_below_minus_2": 50.0,
            "percent_above_plus_2": 0.0,
            "flagged": 1,
            "percent_flagged": 33.33333333,
        }
    ]


def test_minus_two_itself_is_not_below_minus_two():
    row = scores(-2.0, -2.01, 2.0, 2.01)["zscores"].to_dicts()[0]
    assert (row["percent_below_minus_2"], row["percent_above_plus_2"]) == (25.0, 25.0)


def test_one_score_has_a_mean_and_no_sd():
    assert scores(0.4)["zscores"].select("n", "mean", "sd").row(0) == (1, 0.4, None)


def test_where_every_score_is_flagged_there_is_no_mean():
    row = scores(-9.0, flags=[True])["zscores"].to_dicts()[0]
    assert (row["n"], row["mean"], row["sd"], row["percent_below_minus_2"], row["percent_flagged"]) == (
        0,
        None,
        None,
        None,
        100.0,
    )


def test_a_visit_without_a_score_has_no_row():
    assert scores(None, None)["zscores"].height == 0


Z = st.floats(-6, 6).map(lambda z: round(z, 2))


@given(st.lists(Z, min_size=2, max_size=60))
def test_mean_and_sd_are_the_usual_ones_and_the_bins_hold_every_score(z):
    told = scores(*z)
    row = told["zscores"].to_dicts()[0]
    assert row["mean"] == pytest.approx(python.fmean(z), rel=1e-9, abs=1e-9)
    assert row["sd"] == pytest.approx(python.stdev(z), rel=1e-8, abs=1e-7)
    bins = told["zscore_bins"]
    assert bins["n"].sum() == len(z)
    below = bins.filter(pl.col("high") <= -2)["n"].sum()
    assert below == sum(each < -2 for each in z)


@given(
    st.lists(st.tuples(st.sampled_from(["birth", "month_3", "other"]), Z), min_size=1, max_size=40),
    st.randoms(),
)
def test_the_order_of_rows_changes_nothing(rows, random):
    def told(pairs):
        visits, z = [list(column) for column in zip(*pairs, strict=True)]
        frame = pl.DataFrame(
            {"visit": visits, "laz": z, "laz_flag": [False] * len(z), "age_days": [abs(v) for v in z]}
        )
        return overview(growth=frame)

    shuffled = list(rows)
    random.shuffle(shuffled)
    for name, table in told(rows).items():
        assert table.equals(told(shuffled)[name])


def test_visits_go_by_the_schedule_then_by_median_age():
    frame = pl.DataFrame(
        {"visit": ["late", "month_3", "early", "birth"], "age_days": [700.0, 90.0, 20.0, 1.0]}
    )
    assert overview(growth=frame)["ages"].rows() == [
        ("birth", 1, 1.0, 1.0, 1.0),
        ("month_3", 1, 90.0, 90.0, 90.0),
        ("early", 1, 20.0, 20.0, 20.0),
        ("late", 1, 700.0, 700.0, 700.0),
    ]


def test_milk_orders_a_visit_that_growth_does_not_have():
    rows = [("iodine", "week_6", 1.0, None, None), ("iodine", "week_2", 1.0, None, None)]
    frame = milk(rows, days_postpartum=pl.Series([42, 14]))
    assert overview(milk=frame)["censored"]["visit"].to_list() == ["week_2", "week_6"]


def test_ages_leave_out_rows_without_one():
    frame = pl.DataFrame({"visit": ["birth"] * 3, "age_days": [0.0, 3.0, None]})
    assert overview(growth=frame)["ages"].rows() == [("birth", 2, 1.5, 0.0, 3.0)]
