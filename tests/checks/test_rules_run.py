"""Running the coded rules: findings, counts, and what becomes of a rule that cannot run."""

from __future__ import annotations

import datetime as dt
import re

import narwhals.stable.v2 as nw
import polars as pl
import pytest

from milkqc.checks import declare, rules
from milkqc.findings import DRAFT_SCHEMA, complete
from milkqc.messages import catalogue

ALL = {rule.id: rule for rule in rules.all_rules()}
DAY = dt.date(2024, 5, 1)


def run(views, *names, **more):
    return rules.check(views, rules=[ALL[name] for name in names] or None, **more)


def row(checked, rule_id):
    return next(entry for entry in checked.ledger if entry.rule_id == rule_id)


def messages(checked, view_of):
    table = complete(checked.drafts, study="s", context=view_of, labels={}, columns={})
    return table["message"].to_list()


def test_every_rule_is_in_the_ledger_whatever_the_data():
    checked = rules.check({})
    assert [entry.rule_id for entry in checked.ledger] == sorted(ALL)
    assert {entry.status for entry in checked.ledger} == {"nothing_to_look_at"}
    assert checked.drafts.schema == pl.Schema(DRAFT_SCHEMA)


def test_a_visit_before_birth_says_both_dates(view):
    growth = view(
        "growth",
        {"visit_date": [DAY, DAY, None], "participant_infant_birth_date": [dt.date(2024, 6, 1), None, DAY]},
    )
    checked = run({"growth": growth}, "growth.visit.before_birth")
    assert messages(checked, {"growth": growth}) == [
        "Visit dated 2024-05-01, before the birth (on or after 2024-06-01): the scores of this row mean nothing. Check both dates."
    ]
    entry = row(checked, "growth.visit.before_birth")
    assert (entry.status, entry.looked_at, entry.failed, entry.not_judged, entry.findings) == (
        "ran",
        1,
        1,
        0,
        1,
    )


def test_a_null_is_not_judged_and_counted_where_there_was_something_to_judge(view):
    growth = view("growth", {"head_circumference_cm": [40.0, 40.0, None], "length_cm": [None, 60.0, 60.0]})
    entry = row(run({"growth": growth}, "growth.head.above_length"), "growth.head.above_length")
    assert (entry.looked_at, entry.failed, entry.not_judged) == (1, 0, 1)


def test_all_results_of_a_sample_taken_before_birth_are_one_finding(view):
    milk = view(
        "milk",
        {
            "participant_id": ["p"] * 3,
            "visit": ["v"] * 3,
            "sample_id": ["s1", "s1", None],
            "analyte": ["zinc", "iron", "zinc"],
            "sample_date": [DAY] * 3,
            "participant_infant_birth_date": [dt.date(2024, 6, 1)] * 3,
        },
    )
    checked = run({"milk": milk}, "milk.sample.before_birth")
    assert checked.drafts.select("row_id", "variable", "n_rows").rows() == [
        ("r0", "sample_date", 2),
        ("r2", "sample_date", 1),
    ]
    assert row(checked, "milk.sample.before_birth").failed == 3


def test_shrinking_is_seen_across_a_visit_without_a_length_and_not_across_infants(view):
    growth = view(
        "growth",
        {
            "infant_id": ["a", "a", "a", "b"],
            "age_days": [10.0, 40.0, 70.0, 80.0],
            "length_cm": [52.0, None, 50.8, 40.0],
            "measured": ["lying"] * 4,
        },
    )
    checked = run({"growth": growth}, "growth.length.shrinks", "growth.length.shrinks_slightly")
    assert messages(checked, {"growth": growth}) == [
        "Length is 50.8 cm, less than before (expected about 52 cm or more, as on day 10). Children do not shrink: check both visits and the position."
    ]


@pytest.mark.parametrize(
    ("then", "rule"), [(51.5, None), (51.4, "slightly"), (51.0, "slightly"), (50.9, "shrinks")]
)
def test_a_millimetre_decides_between_nothing_info_and_warning(view, then, rule):
    growth = view(
        "growth",
        {
            "infant_id": ["a", "a"],
            "age_days": [10.0, 40.0],
            "length_cm": [52.0, then],
            "measured": ["lying"] * 2,
        },
    )
    found = (
        run({"growth": growth}, "growth.length.shrinks", "growth.length.shrinks_slightly")
        .drafts["rule_id"]
        .to_list()
    )
    assert (
        found
        == {None: [], "slightly": ["growth.length.shrinks_slightly"], "shrinks": ["growth.length.shrinks"]}[
            rule
        ]
    )


def test_a_child_that_stands_up_does_not_shrink(view):
    growth = view(
        "growth",
        {
            "infant_id": ["a", "a"],
            "age_days": [725.0, 735.0],
            "length_cm": [85.0, 84.2],
            "measured": ["lying", "standing"],
        },
    )
    assert run(
        {"growth": growth}, "growth.length.shrinks", "growth.length.shrinks_slightly"
    ).drafts.is_empty()


def test_rows_under_one_key_are_one_finding_and_copies_another(view):
    growth = view(
        "growth",
        {
            "row_id": ["a#1", "a#2", "b#1.1", "b#1.2", "c", "d#1", "d#2"],
            "infant_id": ["a", "a", "b", "b", "c", "d", "d"],
            "participant_id": ["a", "a", "b", "b", "c", "d", "d"],
            "visit": ["v"] * 7,
            "weight_kg": [3.0, 4.0, 3.0, 3.0, 3.0, 3.0, 4.0],
            "repeat_allowed": [False, False, False, False, False, True, True],
        },
    )
    checked = run({"growth": growth}, "growth.key.repeated", "growth.rows.identical")
    assert checked.drafts.select("rule_id", "row_id", "value", "n_rows").rows() == [
        ("growth.key.repeated", "a#1", "2 rows", 2),
        ("growth.rows.identical", "b#1.1", "2 rows", 2),
    ]


def test_results_of_one_sample_without_an_id_are_one_key(view):
    milk = view(
        "milk",
        {"participant_id": ["p"] * 2, "visit": ["v"] * 2, "analyte": ["zinc"] * 2, "value": [1.0, 2.0]},
    )
    checked = run({"milk": milk}, "milk.key.repeated")
    assert checked.drafts.select("variable", "n_rows").rows() == [("zinc", 2)]


def test_an_orphan_is_one_finding_and_without_participants_the_question_does_not_arise(view):
    growth = view(
        "growth", {"infant_id": ["x", "x"], "participant_id": ["x", "x"], "participant_found": [False, False]}
    )
    people = view("participants", {"infant_id": ["y"], "participant_id": ["y"]})
    checked = run({"growth": growth, "participants": people}, "growth.participant.unknown")
    assert checked.drafts.select("row_id", "variable", "value", "n_rows").rows() == [
        ("r0", "participant_id", "x", 2)
    ]
    entry = row(
        run({"growth": growth, "participants": people.clear()}, "growth.participant.unknown"),
        "growth.participant.unknown",
    )
    assert (entry.status, entry.why) == ("not_applicable", "No participants table is mapped.")


def test_preterms_at_chronological_age_are_one_finding_for_the_table(view):
    growth = view(
        "growth", {"participant_gestational_age_days": [230.0, 231.0, 280.0], "laz": [-3.0, -2.0, 0.0]}
    )
    checked = run({"growth": growth}, "growth.preterm.chronological")
    assert checked.drafts.select("row_id", "severity", "n_rows").rows() == [("*", "info", 2)]


def test_windows_come_from_the_schedule_and_without_one_the_rule_does_not_apply(view):
    growth = view("growth", {"visit": ["month_3", "other"], "age_days": [140.0, 140.0]})
    settings = rules.Settings(schedule={"month_3": (91, 61, 121)})
    checked = run({"growth": growth}, "growth.visit.outside_window", settings=settings)
    assert checked.drafts.select("row_id", "value", "expected").rows() == [
        ("r0", "140", "day 61 to 121 for month_3")
    ]
    entry = row(run({"growth": growth}, "growth.visit.outside_window"), "growth.visit.outside_window")
    assert (entry.status, entry.why) == ("not_applicable", "The mapping declares no schedule.")


def test_a_rule_switched_off_is_skipped_with_the_study_s_reason(view):
    growth = view("growth", {"head_circumference_cm": [60.0], "length_cm": [50.0]})
    checked = run(
        {"growth": growth},
        "growth.head.above_length",
        off={"growth.head.above_length": "hydrocephalus study"},
    )
    assert checked.drafts.is_empty()
    assert row(checked, "growth.head.above_length").why == "Switched off by the study: hydrocephalus study"


def test_a_rule_that_raises_is_broken_and_the_others_still_run(view):
    def explode():
        raise ZeroDivisionError("a rule of a plug-in")

    sound = ALL["growth.head.above_length"]
    fields = {**sound.__dict__, "id": "growth.broken.rule", "function": explode}
    lacking = {**sound.__dict__, "id": "growth.lacking.column", "columns": ("no_such_column",), "needs": ()}
    growth = view("growth", {"head_circumference_cm": [60.0], "length_cm": [50.0]})
    checked = rules.check(
        {"growth": growth}, rules=[declare.CodedRule(**fields), declare.CodedRule(**lacking), sound]
    )
    assert [entry.status for entry in checked.ledger] == ["broken", "broken", "ran"]
    assert checked.ledger[0].why == "ZeroDivisionError: a rule of a plug-in"
    assert checked.drafts["rule_id"].to_list() == ["growth.head.above_length"]


def test_an_id_is_never_given_twice():
    with pytest.raises(
        ValueError,
        match=re.escape(
            "two rules are called growth.head.above_length (the first in checks/rules/course.py); an id is never reused"
        ),
    ):

        @declare.rule(
            "growth.head.above_length",
            table="growth",
            columns=("a",),
            severity="info",
            source="x",
            passes={},
            fails={},
        )
        def again() -> nw.Expr:
            return nw.col("a") > 0


@pytest.mark.parametrize("rule", ALL.values(), ids=lambda rule: rule.id)
def test_every_rule_has_a_text_of_under_thirty_words_a_sentence_and_a_source(rule):
    entry = catalogue()[rule.id]
    assert entry["title"]
    assert 5 <= len(entry["says"].split()) < 30
    assert rule.says.endswith(".")
    assert rule.source
    assert rule.id.startswith(f"{rule.table}.")


def test_the_order_of_rows_does_not_matter(view):
    growth = view(
        "growth",
        {
            "infant_id": ["a", "a", "a", "b", "b"],
            "visit": ["1", "2", "2", "1", "1"],
            "age_days": [10.0, 40.0, 40.0, 5.0, 5.0],
            "length_cm": [52.0, 49.0, 48.0, 50.0, 50.0],
            "head_circumference_cm": [35.0, 60.0, 36.0, 34.0, 34.0],
        },
    )
    one, other = rules.check({"growth": growth}), rules.check({"growth": growth.reverse()})
    assert one.drafts.equals(other.drafts)
    assert one.ledger == other.ledger
    assert one.drafts.height >= 4


def test_a_visit_dated_before_birth_does_not_make_the_others_shrink(view):
    growth = view(
        "growth",
        {
            "infant_id": ["a", "a"],
            "age_days": [-286.0, 2.0],
            "length_cm": [57.0, 46.0],
            "head_circumference_cm": [37.0, 32.0],
        },
    )
    assert run({"growth": growth}, "growth.length.shrinks", "growth.head.shrinks").drafts.is_empty()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (rules.Settings(study_start=dt.date(2024, 6, 1)), "from 2024-06-01"),
        (rules.Settings(data_cutoff=dt.date(2024, 4, 1)), "to 2024-04-01"),
        (
            rules.Settings(study_start=dt.date(2023, 1, 1), data_cutoff=dt.date(2024, 4, 1)),
            "from 2023-01-01 to 2024-04-01",
        ),
    ],
)
def test_a_date_outside_the_study_says_the_dates_that_were_declared(view, settings, expected):
    growth = view("growth", {"visit_date": [DAY]})
    checked = run({"growth": growth}, "growth.visit.outside_study", settings=settings)
    assert checked.drafts["expected"].to_list() == [expected]
