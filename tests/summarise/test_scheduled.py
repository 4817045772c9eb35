"""Everybody whom completeness counts and who is not simply there: the people behind each count, and why."""

from __future__ import annotations

from datetime import date

import polars as pl
import polars.selectors as cs
from hypothesis import given
from hypothesis import strategies as st

from milkqc.summarise.completeness import STATES, Planned, completeness
from milkqc.summarise.scheduled import PEOPLE, scheduled_people

MONTH_3 = Planned("month_3", 91, (61, 121))
KEY = ["visit", "table", "variable"]


def enrolled(many, *, sites=("S1",), **columns):
    ids = [f"P{n:03}" for n in range(many)]
    site = [sites[n % len(sites)] for n in range(many)]
    return pl.DataFrame({"participant_id": ids, "infant_id": ids, "site": site} | columns)


def weighed(rows):
    names = {
        "infant_id": pl.String,
        "visit": pl.String,
        "weight_kg": pl.Float64,
        "weight_kg__missing": pl.String,
    }
    return pl.DataFrame(rows, schema=names, orient="row")


def listed(tables, *, planned=(MONTH_3,), until=None):
    return scheduled_people(tables, planned, until=until)


def test_no_row_and_a_row_without_a_value_are_told_apart():
    growth = weighed(
        [
            ("P000", "month_3", 5.0, None),
            ("P001", "month_3", None, "refused"),
            ("P002", "month_3", None, None),
            ("P003", "month_6", 6.0, None),
        ]
    )
    told = listed({"participants": enrolled(4), "growth": growth})
    assert told.select("participant_id", "infant_id", "site", "why").rows() == [
        ("P001", "P001", "S1", "refused"),
        ("P002", "P002", "S1", "no value"),
        ("P003", "P003", "S1", "no row"),
    ]


def test_of_twins_the_one_without_a_weight_is_named_with_its_mother():
    people = pl.DataFrame(
        {"participant_id": ["A", "A"], "infant_id": ["A-1", "A-2"], "site": [None, None]},
        schema_overrides={"site": pl.String},
    )
    told = listed({"participants": people, "growth": weighed([("A-1", "month_3", 5.0, None)])})
    assert told.select("participant_id", "infant_id", "site", "why").rows() == [("A", "A-2", None, "no row")]


def test_a_missed_visit_and_a_result_without_a_number_say_why_and_a_censored_one_is_there():
    visits = pl.DataFrame(
        {"participant_id": ["P000", "P001"], "visit": ["month_3"] * 2, "outcome": ["seen", "missed"]}
    )
    milk = pl.DataFrame(
        {
            "participant_id": ["P000", "P001"],
            "visit": ["month_3"] * 2,
            "analyte": ["zinc"] * 2,
            "value": [None, None],
            "censored": ["<", None],
            "missing_reason": [None, "not enough milk"],
        },
        schema_overrides={"value": pl.Float64},
    )
    told = listed({"participants": enrolled(3), "visits": visits, "milk": milk})
    assert told.select("table", "variable", "participant_id", "infant_id", "why").rows() == [
        ("visits", "visit", "P001", None, "missed"),
        ("visits", "visit", "P002", None, "no row"),
        ("milk", "zinc", "P001", None, "not enough milk"),
        ("milk", "zinc", "P002", None, "no row"),
    ]


def test_who_left_and_who_is_not_yet_due_are_told_from_who_is_missing():
    people = enrolled(
        4,
        infant_birth_date=[date(2024, 1, 1), date(2024, 1, 1), date(2024, 5, 1), None],
        exit_date=pl.Series([None, date(2024, 2, 1), None, None], dtype=pl.Date),
        exit_reason=[None, "moved_away", None, None],
    )
    growth = weighed([("P000", "month_3", 5.0, None)])
    told = listed({"participants": people, "growth": growth}, until=date(2024, 6, 1))
    assert told.select("participant_id", "state", "window_from", "window_to", "why").rows() == [
        ("P003", "missing", None, None, "no row"),
        ("P002", "not_due", date(2024, 7, 1), date(2024, 8, 30), "no row"),
        ("P001", "left", date(2024, 3, 2), date(2024, 5, 1), "moved_away"),
    ]


def test_who_came_outside_the_window_is_told_with_the_age_and_how_far():
    growth = weighed([(f"P00{n}", "month_3", 5.0, None) for n in range(5)]).with_columns(
        age_days=pl.Series([60.0, 61.0, 121.0, 133.5, None])
    )
    told = listed({"participants": enrolled(5), "growth": growth})
    assert told.select("participant_id", "state", "age_days", "why").rows() == [
        ("P000", "outside_window", 60.0, "1 day early"),
        ("P003", "outside_window", 133.5, "12.5 days late"),
    ]


def test_a_visit_without_a_window_has_nobody_outside_and_its_day_for_a_window():
    growth = weighed([("P000", "month_3", 5.0, None)]).with_columns(age_days=pl.Series([700.0]))
    people = enrolled(2, infant_birth_date=[date(2024, 1, 1)] * 2)
    told = listed({"participants": people, "growth": growth}, planned=(Planned("month_3", 91),))
    assert told.select("participant_id", "state", "window_from", "window_to").rows() == [
        ("P001", "missing", date(2024, 4, 1), date(2024, 4, 1))
    ]


def test_nothing_of_a_trial_arm_is_told():
    people = enrolled(3, arm=["placebo"] * 3, x_arm=["supplement"] * 3)
    told = listed({"participants": people, "growth": weighed([("P000", "month_3", 5.0, None)])})
    assert told.cast({cs.enum(): pl.String}).schema == PEOPLE
    assert "placebo" not in told.write_csv()


def test_everybody_is_named_however_many_there_are():
    people = enrolled(60, sites=("Hala", "Matiari"))
    told = listed({"participants": people, "growth": weighed([("P059", "month_3", 5.0, None)])})
    assert told.height == 59
    assert told["site"].to_list() == ["Hala"] * 30 + ["Matiari"] * 29


def test_without_a_schedule_or_participants_nobody_is_listed():
    growth = weighed([("P000", "month_3", 5.0, None)])
    assert listed({"participants": enrolled(2), "growth": growth}, planned=()).is_empty()
    assert listed({"growth": growth}).is_empty()


PERSONS = st.lists(
    st.tuples(
        st.sampled_from(["S1", "S2", None]),
        st.sampled_from([None, date(2024, 1, 1), date(2024, 5, 1)]),
        st.sampled_from([None, date(2024, 1, 20), date(2024, 12, 1)]),
        st.sampled_from([None, (5.0, 91.0), (5.0, 200.0), (5.0, None), (None, 91.0)]),
    ),
    max_size=30,
)


@given(PERSONS)
def test_every_count_of_every_site_is_as_long_as_its_list(persons):
    people = enrolled(len(persons)).with_columns(
        site=pl.Series([site for site, *_ in persons], dtype=pl.String),
        infant_birth_date=pl.Series([born for _, born, *_ in persons], dtype=pl.Date),
        exit_date=pl.Series([left for *_, left, _ in persons], dtype=pl.Date),
    )
    seen = [(f"P{n:03}", *row) for n, (*_, row) in enumerate(persons) if row]
    growth = weighed([(person, "month_3", weight, None) for person, weight, _ in seen]).with_columns(
        age_days=pl.Series([age for *_, age in seen], dtype=pl.Float64)
    )
    tables = {"participants": people, "growth": growth}
    told = listed(tables, until=date(2024, 6, 1))
    counted = completeness(tables, (MONTH_3,), until=date(2024, 6, 1))
    for row in counted.iter_rows(named=True):
        own = told if row["site"] is None else told.filter(pl.col("site") == row["site"])
        for state in STATES:
            assert own.filter(pl.col("state") == state).height == row[state]
        assert row["enrolled"] == row["present"] + row["missing"] + row["not_due"] + row["left"]
        known = sum(weight is not None and age is not None for _, weight, age in seen)
        assert row["site"] is not None or row["in_window"] + row["outside_window"] == known
    assert told["participant_id"].is_unique().all()
