"""Views: each row beside its participant."""

from __future__ import annotations

import datetime as dt

import polars as pl

from milkqc.checks.views import types, views
from milkqc.model import TABLES

PEOPLE = {
    "row_id": ["t2", "t1", "p9"],
    "participant_id": ["p1", "p1", "p9"],
    "infant_id": ["t2", "t1", "p9"],
    "infant_sex": ["female", "male", "male"],
    "site": ["north", "north", None],
    "infant_birth_date": [dt.date(2024, 1, 2)] * 3,
}


def tables(view, **given):
    people = view("participants", PEOPLE).drop("participant_found", "repeat_allowed")
    return {"participants": people, **given}


def bare(frame):
    return frame.select(
        name for name in frame.columns if not name.startswith("participant_") or name == "participant_id"
    )


def test_a_row_with_an_infant_gets_that_infant(view):
    growth = bare(
        view("growth", {"participant_id": ["p1", "p1"], "infant_id": ["t1", "t2"], "visit": ["v", "v"]})
    )
    seen = views(tables(view, growth=growth))["growth"]
    assert seen["participant_infant_sex"].to_list() == ["male", "female"]
    assert seen["participant_found"].to_list() == [True, True]


def test_without_an_infant_the_participant_is_looked_up_and_of_twins_the_first(view):
    milk = bare(view("milk", {"participant_id": ["p1", "p9"], "infant_id": [None, None]}))
    seen = views(tables(view, milk=milk))["milk"]
    assert seen["participant_infant_sex"].to_list() == ["male", "male"]
    assert seen["participant_site"].to_list() == ["north", None]


def test_an_unknown_infant_is_not_found_even_if_its_mother_is(view):
    growth = bare(view("growth", {"participant_id": ["p1"], "infant_id": ["t3"], "visit": ["v"]}))
    seen = views(tables(view, growth=growth))["growth"]
    assert seen["participant_found"].to_list() == [False]
    assert seen["participant_infant_sex"].to_list() == [None]


def test_rows_keep_their_number_and_order_even_when_a_participant_is_enrolled_twice(view):
    people = pl.concat([view("participants", PEOPLE)] * 2).drop("participant_found", "repeat_allowed")
    ids = [f"r{number:03}" for number in reversed(range(200))]
    visits = bare(view("visits", {"row_id": ids, "participant_id": ["p1", "p9"] * 100, "visit": ["v"] * 200}))
    seen = views({"participants": people, "visits": visits})["visits"]
    assert seen["row_id"].to_list() == ids


def test_every_view_has_the_columns_and_types_that_rules_may_name(view):
    seen = views({"growth": pl.DataFrame({"row_id": ["x"], "infant_id": ["a"], "participant_id": ["a"]})})
    assert set(seen) == set(TABLES)
    for table, frame in seen.items():
        assert {name: frame.schema[name] for name in types(table)} == types(table)
    assert seen["growth"].height == 1


def test_repeats_that_the_mapping_allows_stay_allowed_and_silence_is_no_permission(view):
    growth = view("growth", {"infant_id": ["a", "b"], "repeat_allowed": [True, None]})
    assert views({"growth": bare(growth)})["growth"]["repeat_allowed"].to_list() == [True, False]
