"""Milk beside its adequacy estimate: day, stage, and every status that milk.md names."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc.derive.adequacy import STAGE_TEXT, compare, days_postpartum
from milkqc.reference.judging import STATUSES
from milkqc.reference.mae import choose
from milkqc.units import unit_factor

BIRTH = dt.date(2024, 1, 1)
CONCENTRATION = choose(authority="IOM", basis="milk_concentration")
INTAKE = choose(authority="IOM", basis="ai_per_volume")
SCHEMA = {
    "participant_id": pl.String,
    "visit": pl.String,
    "sample_date": pl.Date,
    "analyte": pl.String,
    "measures": pl.String,
    "value": pl.Float64,
    "censored": pl.String,
    "limit": pl.Float64,
}
PEOPLE = pl.DataFrame(
    {
        "participant_id": ["A", "T", "T", "N"],
        "infant_id": ["A", "T2", "T1", "N"],
        "infant_birth_date": [BIRTH, BIRTH + dt.timedelta(1), BIRTH, None],
    }
)


def samples(*rows):
    filled = [
        {"participant_id": "A", "visit": "m3", "sample_date": BIRTH + dt.timedelta(90)} | row for row in rows
    ]
    return pl.DataFrame(
        [{name: row.get(name) for name in SCHEMA} for row in filled], schema=SCHEMA, orient="row"
    )


def judge(choice=CONCENTRATION, **row):
    (result,) = compare(samples(row), PEOPLE, choice).rows(named=True)
    return result["mae_status"], result["below_mae"], result["mae"]


@pytest.mark.parametrize(
    ("day", "stage"),
    [
        (-1, None),
        (0, "colostrum"),
        (5, "colostrum"),
        (6, "transitional"),
        (15, "transitional"),
        (16, "mature"),
        (400, "mature"),
    ],
)
def test_the_stage_of_lactation_follows_the_day(day, stage):
    frame = samples({"analyte": "iodine", "sample_date": BIRTH + dt.timedelta(day)})
    (row,) = compare(frame, PEOPLE, None).rows(named=True)
    assert (row["days_postpartum"], row["stage"]) == (float(day), stage)


def test_the_report_can_say_the_cut_offs():
    assert STAGE_TEXT == (
        "Colostrum is milk of days 0 to 5 after birth, transitional milk of days 6 to 15, mature milk from day 16."
    )


def test_twins_count_from_the_first_birth():
    frame = samples({"participant_id": "T", "analyte": "iodine"})
    assert days_postpartum(frame, PEOPLE)["days_postpartum"].to_list() == [90.0]


def test_the_schedule_s_day_stands_in_where_a_date_is_missing():
    frame = samples(
        {"participant_id": "N", "analyte": "iodine"},
        {"sample_date": None, "analyte": "iodine"},
        {"sample_date": None, "visit": "extra", "analyte": "iodine"},
        {"participant_id": "stranger", "analyte": "iodine"},
    )
    days = days_postpartum(frame, PEOPLE, schedule={"m3": 91, "m6": None})["days_postpartum"]
    assert days.to_list() == [91.0, 91.0, None, 91.0]
    assert days_postpartum(frame, PEOPLE)["days_postpartum"].to_list() == [None] * 4


def test_a_value_at_the_estimate_is_not_below_it():
    assert judge(analyte="iodine", value=146.0) == ("at_or_above", False, 146.0)
    assert judge(analyte="iodine", value=145.9) == ("below", True, 146.0)


def test_the_estimate_in_its_own_printed_unit_is_not_below_itself():
    """0.42 ug/L of B12, multiplied into pmol/L, may differ from the estimate in its last bits."""
    value = 0.42 * unit_factor("ug/L", "pmol/L", substance="cyanocobalamin")
    assert judge(analyte="vitamin_b12", value=value)[0] == "at_or_above"
    value = 0.4 / 0.78 * unit_factor("ug/L", "pmol/L", substance="cyanocobalamin")
    assert judge(INTAKE, analyte="vitamin_b12", value=value)[0] == "at_or_above"


@pytest.mark.parametrize(
    ("censored", "limit", "status", "below"),
    [
        ("<", 100.0, "below", True),
        ("<", 146.0, "below", True),
        ("<", 150.0, "undetermined", None),
        ("<", None, "undetermined", None),
        (">", 200.0, "at_or_above", False),
        (">", 146.0, "at_or_above", False),
        (">", 100.0, "undetermined", None),
        (">", None, "undetermined", None),
    ],
)
def test_a_censored_result_is_judged_by_its_limit_without_imputation(censored, limit, status, below):
    assert judge(analyte="iodine", censored=censored, limit=limit) == (status, below, 146.0)


def test_a_plain_number_under_its_limit_is_judged_as_a_number():
    assert judge(analyte="iodine", value=120.0, limit=200.0)[0] == "below"


def test_a_result_that_is_not_there_is_not_measured():
    assert judge(analyte="iodine") == ("not_measured", None, 146.0)


@pytest.mark.parametrize(
    ("analyte", "measures", "status"),
    [
        ("retinol", "total_retinol", "at_or_above"),
        ("retinol", "retinol", "not_comparable"),
        ("retinol", None, "not_comparable"),
        ("folate", "total_folate", "at_or_above"),
        ("folate", "folic_acid", "not_comparable"),
        ("thiamin", "total_thiamin", "at_or_above"),
        ("thiamin", None, "not_comparable"),
        ("pyridoxal", "total_b6", "at_or_above"),
        ("pyridoxal", "pyridoxal", "not_comparable"),
        ("riboflavin", "total_riboflavin", "at_or_above"),
        ("nicotinic_acid", "niacin_preformed", "at_or_above"),
        ("iodine", None, "at_or_above"),
        ("iodine", "iodine", "at_or_above"),
        ("iodine", "total_iodine", "at_or_above"),
        ("iodine", "free_iodide", "not_comparable"),
    ],
)
def test_an_estimate_of_a_total_is_for_totals_only(analyte, measures, status):
    assert judge(analyte=analyte, measures=measures, value=1e6)[0] == status


@pytest.mark.parametrize(
    ("day", "status"), [(13, "outside_age"), (14, "below"), (182, "below"), (183, "outside_age")]
)
def test_estimates_hold_from_two_weeks_to_six_months(day, status):
    assert judge(analyte="iodine", value=1.0, sample_date=BIRTH + dt.timedelta(day))[0] == status


def test_where_the_day_is_unknown_nothing_is_judged():
    assert judge(analyte="iodine", value=1.0, sample_date=None) == ("undetermined", None, None)


@pytest.mark.parametrize(
    ("analyte", "choice"), [("cholecalciferol", CONCENTRATION), ("selenium", CONCENTRATION), ("iodine", None)]
)
def test_without_an_estimate_there_is_none(analyte, choice):
    assert judge(choice, analyte=analyte, value=1.0) == ("none", None, None)


@pytest.mark.parametrize(
    ("day", "mae"),
    [(13.9, None), (14, 4.0), (30.4375, 3.0), (45.65625, 2.5), (91.3125, 1.5), (182.625, 1.2), (183, None)],
)
def test_zinc_is_linear_between_its_points_and_nothing_outside(day, mae):
    frame = samples({"analyte": "zinc", "value": 1.0, "sample_date": None})
    (row,) = compare(frame, PEOPLE, CONCENTRATION, schedule={"m3": day}).rows(named=True)
    assert row["mae"] == (None if mae is None else pytest.approx(mae))
    assert row["mae_status"] == ("outside_age" if mae is None else "below")


def test_rows_stay_in_their_order_and_their_columns_are_untouched():
    frame = samples(*({"analyte": a, "value": 1.0} for a in ("zinc", "iodine", "casein", "zinc", "iodine")))
    result = compare(frame, PEOPLE, CONCENTRATION)
    assert result.select(frame.columns).equals(frame)
    assert result.columns == [*frame.columns, "days_postpartum", "stage", "mae", "below_mae", "mae_status"]


def test_a_second_comparison_replaces_the_first():
    once = compare(samples({"analyte": "iodine", "value": 143.0}), PEOPLE, CONCENTRATION)
    twice = compare(once, PEOPLE, INTAKE)
    assert once["below_mae"].to_list() == [True]
    assert twice["below_mae"].to_list() == [False]


def test_no_samples_is_no_trouble():
    assert compare(samples().clear(), PEOPLE.clear(), CONCENTRATION).height == 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["iodine", "retinol", "zinc", "cholecalciferol"]),
            st.sampled_from([None, "total_retinol"]),
            st.one_of(st.none(), st.floats(0, 1000)),
            st.sampled_from([None, "<", ">"]),
            st.one_of(st.none(), st.floats(0, 1000)),
            st.integers(-5, 300),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_below_mae_is_what_the_status_says(cells):
    frame = samples(
        *(
            {
                "analyte": analyte,
                "measures": measures,
                "value": value if censored is None else None,
                "censored": censored,
                "limit": limit,
                "sample_date": BIRTH + dt.timedelta(day),
            }
            for analyte, measures, value, censored, limit, day in cells
        )
    )
    result = compare(frame, PEOPLE, CONCENTRATION)
    assert set(result["mae_status"]) <= set(STATUSES)
    said = {"below": True, "at_or_above": False}
    assert result["below_mae"].to_list() == [said.get(status) for status in result["mae_status"]]
    judged = result.filter(pl.col("below_mae").is_not_null() & pl.col("censored").is_null())
    assert (judged["below_mae"] == (judged["value"] < judged["mae"] * (1 - 1e-12))).all()
