"""Who is due and missing: the people behind each count of completeness."""

from __future__ import annotations

from datetime import date

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from milkqc.summarise.absent import absent
from milkqc.summarise.completeness import Planned, completeness

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
    return absent(tables, planned, until=until)


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


def test_who_left_or_is_not_yet_due_is_not_listed():
    people = enrolled(
        4,
        infant_birth_date=[date(2024, 1, 1), date(2024, 1, 1), date(2024, 5, 1), None],
        exit_date=pl.Series([None, date(2024, 2, 1), None, None], dtype=pl.Date),
    )
    growth = weighed([("P000", "month_3", 5.0, None)])
    told = listed({"participants": people, "growth": growth}, until=date(2024, 6, 1))
    assert told["participant_id"].to_list() == ["P003"]


def test_a_list_stops_at_25_and_every_site_is_in_it():
    # one site enrols first and would fill the list alone
    people = enrolled(60).with_columns(
        site=pl.when(pl.int_range(60) < 40).then(pl.lit("Hala")).otherwise(pl.lit("Matiari"))
    )
    told = listed({"participants": people, "growth": weighed([("P059", "month_3", 5.0, None)])})
    assert told["site"].value_counts(sort=True).rows() == [("Hala", 13), ("Matiari", 12)]
    assert told["participant_id"].to_list() == [f"P{n:03}" for n in (*range(13), *range(40, 52))]


def test_without_a_schedule_or_participants_nobody_is_listed():
    growth = weighed([("P000", "month_3", 5.0, None)])
    assert listed({"participants": enrolled(2), "growth": growth}, planned=()).is_empty()
    assert listed({"growth": growth}).is_empty()


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.sampled_from(["S1", "S2", None])), max_size=40),
)
def test_a_list_is_as_long_as_its_count_and_names_nobody_who_was_measured(states):
    people = enrolled(len(states)).with_columns(
        site=pl.Series([site for *_, site in states], dtype=pl.String)
    )
    rows = [
        (f"P{n:03}", "month_3", 5.0 if there else None, None)
        for n, (row, there, _) in enumerate(states)
        if row
    ]
    tables = {"participants": people, "growth": weighed([*rows, ("nobody", "month_3", 5.0, None)])}
    told = listed(tables)
    counted = completeness(tables, (MONTH_3,), until=None).filter(pl.col("site").is_null())
    assert told.height == min(25, counted["missing"].sum())
    assert told["participant_id"].is_unique().all()
    measured = {one for one, _, value, _ in rows if value is not None}
    assert not measured & set(told["participant_id"])
    assert set(told["participant_id"]) <= set(people["participant_id"])
