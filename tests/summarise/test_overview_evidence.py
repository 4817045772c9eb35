"""Spreads, limits, gaps, units and completeness: the figures behind the cards of the report."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc.model import Rule
from milkqc.summarise.completeness import Planned, completeness
from milkqc.summarise.declared import units
from milkqc.summarise.evidence import evidence
from milkqc.summarise.flagged import flagged_children, zscores_by_site
from milkqc.summarise.gaps import gaps
from milkqc.summarise.limits import limits
from milkqc.summarise.spread import MOST_BINS, spread

PEOPLE = pl.DataFrame(
    {
        "participant_id": ["A", "B", "C", "D"],
        "infant_id": ["A", "B", "C", "D"],
        "site": ["S1", "S1", "S2", None],
        "infant_birth_date": [date(2024, 1, 1), date(2024, 1, 1), date(2024, 5, 1), None],
        "exit_date": [None, date(2024, 2, 1), None, None],
    },
    schema_overrides={"exit_date": pl.Date},
)


def growth(**columns):
    rows = len(next(iter(columns.values())))
    return pl.DataFrame(
        {"visit": ["month_3"] * rows, "infant_id": columns.get("participant_id", ["A"] * rows)} | columns
    )


def weights(values):
    frame = pl.DataFrame({"weight_kg": pl.Series(values, dtype=pl.Float64)})
    return frame.with_columns(participant_id=pl.lit("A"), visit=pl.lit("v"), weight_kg__raw=pl.lit("x"))


@given(st.lists(st.floats(-1e6, 1e6, allow_subnormal=False) | st.none(), max_size=60))
def test_every_number_is_counted_once(values):
    quartiles, bins = spread({"growth": weights(values)})
    known = [value for value in values if value is not None]
    assert bins["n"].sum() == len(known)
    if known:
        row = quartiles.row(0, named=True)
        assert row["n"] == len(known)
        assert 1 <= row["bins"] <= MOST_BINS + 2
        assert bins["at"].is_between(-1, row["bins"]).all()


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=60))
def test_a_concentration_is_in_the_bin_that_holds_it(values):
    frame = pl.DataFrame({"value": values}).with_columns(
        participant_id=pl.lit("A"), visit=pl.lit("v"), sample_id=pl.lit("t"), analyte=pl.lit("zinc")
    )
    _, bins = spread({"milk": frame})
    for low, high, n in bins.select("low", "high", "n").iter_rows():
        # the edges are rounded to 10 significant digits, and a value on an edge may fall to either side
        least = (low or 0.0) * (1 - 1e-6)
        most = (high or float("inf")) * (1 + 1e-6)
        assert sum(least <= value <= most for value in values) >= n


def test_what_is_not_positive_cannot_stand_on_a_log_axis_and_is_counted():
    frame = pl.DataFrame({"value": [0.0, 1.0, 10.0], "analyte": ["zinc"] * 3, "participant_id": ["A"] * 3})
    quartiles, bins = spread({"milk": frame})
    assert (quartiles["not_drawn"].to_list(), quartiles["min"].to_list()) == ([1], [0.0])
    assert bins["n"].sum() == 2


def test_sites_stand_apart_and_rows_without_one_are_named_so():
    frame = growth(
        participant_id=["A", "B", "C", "D"], weight_kg=[3.0, 4.0, 5.0, 6.0], weight_kg__raw=["x"] * 4
    )
    quartiles, _ = spread({"growth": frame, "participants": PEOPLE})
    told = quartiles.filter(pl.col("variable") == "weight_kg").select("site", "n", "median").rows()
    assert told == [(None, 4, 4.5), ("(no site)", 1, 6.0), ("S1", 2, 3.5), ("S2", 1, 5.0)]


def test_a_study_without_sites_is_not_split():
    frame = growth(participant_id=["A", "B"], weight_kg=[3.0, 4.0], weight_kg__raw=["x"] * 2)
    quartiles, _ = spread({"growth": frame, "participants": PEOPLE.drop("site")})
    assert quartiles["site"].to_list() == [None]


def test_a_superseded_run_is_not_in_the_spread():
    frame = pl.DataFrame(
        {"value": [1.0, 9.0], "analyte": ["zinc"] * 2, "participant_id": ["A"] * 2, "reported": [True, False]}
    )
    assert spread({"milk": frame})[0]["max"].to_list() == [1.0]


def rule(
    rule_id,
    expect="value_between",
    *,
    table="milk",
    column="value",
    when=None,
    severity="warning",
    **arguments,
):
    return Rule(rule_id, table, expect, (column,), severity, "", "", when=when or {}, arguments=arguments)


def kinds(*rules, off=()):
    told = limits(list(rules), off=dict.fromkeys(off, "why")).filter(
        ~pl.col("rule_id").str.ends_with(".impossible")
    )
    return told.select("variable", "stage", "kind", "low", "high").rows()


def test_limits_know_their_analyte_stage_and_kind():
    zinc = {"analyte": "zinc", "stage": "mature"}
    assert kinds(
        rule("milk.zinc.mature.range", when=zinc, min=0.07, max=7.9),
        rule("milk.zinc.mature.hard", when=zinc, max=40.0),
        rule("milk.zinc.mature.batch_median", "median_between", when=zinc, min=0.5, max=5.0, severity="info"),
    ) == [
        ("zinc", "mature", "batch", 0.5, 5.0),
        ("zinc", "mature", "hard", None, 40.0),
        ("zinc", "mature", "soft", 0.07, 7.9),
    ]


def test_a_rule_for_several_analytes_limits_each_and_one_switched_off_none():
    both = rule("milk.b", when={"analyte": ("folate", "zinc")}, min=1.0, unit="ug/L")
    assert [row[0] for row in kinds(both)] == ["folate", "zinc"]
    assert kinds(both, off=("milk.b",)) == []


def test_impossible_values_of_the_dictionary_are_hard_limits():
    told = limits([], off={}).filter(variable="weight_kg", table="growth")
    assert told.select("kind", "low", "high", "unit", "rule_id").rows() == [
        ("hard", 0.2, 150.0, "kg", "growth.weight_kg.impossible")
    ]


MONTH_3 = Planned("month_3", 91, (61, 121))


def counted(frame, *, until=date(2024, 6, 1), planned=MONTH_3, people=PEOPLE):
    told = completeness({"growth": frame, "participants": people}, (planned,), until=until)
    whole = told.filter(pl.col("site").is_null())
    return whole.row(0, named=True)


def test_who_left_or_is_not_yet_due_is_not_missed():
    seen = counted(growth(participant_id=["A"], weight_kg=[5.0], age_days=[90.0]))
    names = ("enrolled", "left", "not_due", "expected", "present", "missing", "in_window", "outside_window")
    # B left after a month, C is one month old on the date of the data, D has no birth date and so is expected
    assert [seen[name] for name in names] == [4, 1, 1, 2, 1, 1, 1, 0]
    assert seen["percent_present"] == 50.0


def test_a_measure_outside_its_window_is_present_and_said_to_be_outside():
    seen = counted(growth(participant_id=["A"], weight_kg=[5.0], age_days=[130.0]))
    assert (seen["present"], seen["in_window"], seen["outside_window"]) == (1, 0, 1)


def test_who_is_there_although_they_left_counts_as_present():
    seen = counted(growth(participant_id=["A", "B"], weight_kg=[5.0, 5.0], age_days=[90.0, 90.0]))
    assert (seen["present"], seen["left"]) == (2, 0)


@pytest.mark.parametrize("until", [None, date(2025, 1, 1)])
def test_at_the_end_everybody_who_stayed_is_expected(until):
    assert counted(growth(participant_id=["A"], weight_kg=[5.0]), until=until)["expected"] == 3


def test_a_visit_without_a_window_has_nobody_inside_or_outside():
    seen = counted(growth(participant_id=["A"], weight_kg=[5.0]), planned=Planned("month_3", 91), until=None)
    assert (seen["in_window"], seen["outside_window"], seen["present"]) == (None, None, 1)


def test_a_missed_visit_is_not_present_and_a_censored_result_is():
    visits = pl.DataFrame(
        {"participant_id": ["A", "C"], "visit": ["month_3"] * 2, "outcome": ["seen", "missed"]}
    )
    milk = pl.DataFrame(
        {
            "participant_id": ["A", "C"],
            "visit": ["month_3"] * 2,
            "analyte": ["zinc"] * 2,
            "value": [None, None],
            "censored": ["<", None],
        },
        schema_overrides={"value": pl.Float64},
    )
    told = completeness({"visits": visits, "milk": milk, "participants": PEOPLE}, (MONTH_3,), until=None)
    whole = told.filter(pl.col("site").is_null())
    assert whole.select("table", "label", "present").rows() == [
        ("visits", "Visit seen", 1),
        ("milk", "Zinc", 1),
    ]


def test_without_a_schedule_or_participants_nothing_is_expected():
    frame = growth(participant_id=["A"], weight_kg=[5.0])
    assert completeness({"growth": frame, "participants": PEOPLE}, (), until=None).is_empty()
    assert completeness({"growth": frame}, (MONTH_3,), until=None).is_empty()


def test_gaps_without_a_reason_come_first_and_stop_at_25():
    frame = growth(
        participant_id=[f"P{n:02}" for n in range(40)],
        weight_kg=pl.Series([None] * 40, dtype=pl.Float64),
        weight_kg__raw=["x"] * 40,
        weight_kg__missing=["refused"] * 39 + [None],
    )
    told = gaps({"growth": frame})
    assert told.height == 25
    assert told.row(0) == ("growth", "weight_kg", "P39", "month_3", None, "no reason given")
    assert told.row(1)[2] == "P00"


def test_units_are_told_with_their_factor_and_one_that_cannot_be_converted_has_none():
    milk = pl.DataFrame(
        {
            "analyte": ["folate"] * 3,
            "raw": ["1", "2", "3"],
            "raw_unit": ["nmol/L", "nmol/L", "nmo/L"],
            "substance": ["folic_acid"] * 3,
            "unit": ["ug/L"] * 3,
            "factor": [0.441398, 0.441398, None],
        }
    )
    assert units({"milk": milk}).rows() == [
        ("milk", "folate", "folic_acid", "nmol/L", "ug/L", 0.441398, 2),
        ("milk", "folate", "folic_acid", "nmo/L", "ug/L", None, 1),
    ]


def test_flagged_scores_are_listed_and_take_no_part_in_a_sites_mean():
    frame = growth(
        participant_id=["A", "B", "C"],
        laz=[0.0, -9.0, 1.0],
        laz_flag=[False, True, False],
        age_days=[90.0] * 3,
    )
    tables = {"growth": frame, "participants": PEOPLE}
    assert zscores_by_site(tables).select("site", "n", "mean", "flagged").rows() == [
        ("S1", 1, 0.0, 1),
        ("S2", 1, 1.0, 0),
    ]
    assert flagged_children(tables).select("participant_id", "visit", "site", "index", "z").rows() == [
        ("B", "month_3", "S1", "laz", -9.0)
    ]


def test_the_columns_a_rule_watches_are_put_with_their_table():
    told = evidence(
        {},
        rules=[],
        schedule={},
        watched={"growth.a": ("growth", ("visit_date", "participant_infant_birth_date", "participant_id"))},
    )["watched"]
    assert told.select("table", "column").rows() == [
        ("growth", "participant_id"),
        ("growth", "visit_date"),
        ("participants", "infant_birth_date"),
    ]


def test_a_study_with_nothing_in_it_has_tables_without_rows():
    made = evidence({}, rules=[], schedule={})
    assert {name for name, frame in made.items() if frame.height} == {"limits"}  # the dictionary's own


def test_ages_without_dates_tell_how_far_the_data_reach():
    frame = growth(participant_id=["A"], weight_kg=[5.0], weight_kg__raw=["x"], age_days=[400.0])
    tables = {"growth": frame, "participants": PEOPLE.drop("exit_date")}
    schedule = {"month_3": {"day": 91, "window": (61, 121)}}
    told = evidence(tables, rules=[], schedule=schedule)["completeness"].filter(pl.col("site").is_null())
    # by the latest date alone, a birth on 1 May 2024, B and C would not be due yet
    assert told.select("expected", "present", "not_due").rows() == [(4, 1, 0)]
