"""Values that repeat within a child: copied, measured twice a day, two visits on one day."""

from __future__ import annotations

import pytest

from milkqc.checks import rules
from milkqc.findings import complete

ALL = {rule.id: rule for rule in rules.all_rules() if rule.function.__module__.endswith(".repeats")}


def told(view, **columns):
    """What the rules of repeats say of a growth table: rule, row and severity."""
    height = len(next(iter(columns.values())))
    growth = view("growth", {"infant_id": ["a"] * height} | columns)
    drafts = rules.check({"growth": growth}, rules=ALL.values()).drafts
    return sorted(drafts.select("rule_id", "row_id", "severity").rows())


def test_a_length_carried_forward_once_informs(view):
    assert told(view, length_cm=[60.0, 60.0, 64.0], age_days=[90.0, 120.0, 180.0]) == [
        ("growth.length_cm.carried_forward", "r1", "info")
    ]


def test_three_in_a_row_warn_and_the_second_informs(view):
    assert told(view, length_cm=[60.0, 60.0, 60.0], age_days=[90.0, 120.0, 180.0]) == [
        ("growth.length_cm.carried_forward", "r1", "info"),
        ("growth.length_cm.carried_on", "r2", "warning"),
    ]


def test_two_values_of_one_day_and_a_later_one_are_not_three_in_a_row(view):
    assert told(view, length_cm=[60.0, 60.0, 60.0], age_days=[90.0, 90.0, 120.0]) == [
        ("growth.length_cm.carried_forward", "r2", "info")
    ]


def test_weight_and_length_carried_forward_at_once_warn(view):
    found = told(view, weight_kg=[6.0, 6.0], length_cm=[60.0, 60.0], age_days=[90.0, 120.0])
    assert ("growth.visit.carried_forward", "r1", "warning") in found


@pytest.mark.parametrize(("days", "says"), [(13.0, False), (14.0, True)])
def test_within_two_weeks_a_measure_may_repeat(view, days, says):
    assert bool(told(view, weight_kg=[6.0, 6.0], age_days=[90.0, 90.0 + days])) is says


def test_a_head_may_stay_as_it_is_after_the_first_year(view):
    assert told(view, head_circumference_cm=[48.0, 48.0], age_days=[500.0, 560.0]) == []
    assert told(view, head_circumference_cm=[40.0, 40.0], age_days=[90.0, 150.0]) != []


def test_a_visit_without_the_measure_does_not_interrupt(view):
    assert told(view, length_cm=[60.0, None, 60.0], age_days=[90.0, 120.0, 150.0]) == [
        ("growth.length_cm.carried_forward", "r2", "info")
    ]


def test_another_infant_of_the_same_size_is_no_repeat(view):
    assert told(view, length_cm=[60.0, 60.0], age_days=[90.0, 120.0], infant_id=["a", "b"]) == []


@pytest.mark.parametrize(("again", "says"), [(10.5, False), (10.6, True)])
def test_two_weights_of_a_day_may_differ_by_one_in_twenty(view, again, says):
    found = told(view, weight_kg=[10.0, again], age_days=[90.0, 90.0])
    assert found == ([("growth.weight_kg.same_day", "r1", "warning")] if says else [])


def test_two_visits_on_one_day_name_the_other(view):
    growth = view("growth", {"infant_id": ["a", "a"], "visit": ["m3", "m6"], "age_days": [90.0, 90.0]})
    drafts = rules.check({"growth": growth}, rules=[ALL["growth.day.two_visits"]]).drafts
    table = complete(drafts, study="s", context={"growth": growth}, labels={}, columns={})
    assert table["message"].to_list() == [
        "Visit m6 has the same day as another visit; expected another day than m3. Correct the date, or the name of the visit."
    ]


def test_a_finding_about_a_sites_team_belongs_to_the_site():
    from milkqc.findings import drafts

    group = {
        "rule_id": "growth.weight_kg.unit_batch", "severity": "warning", "table": "growth", "engine": "rules",
        "row_id": "site=North; team=2; visit=m3", "variable": "weight_kg", "value": "6 values written in pounds",
    }  # fmt: skip
    table = complete(drafts([group]), study="s", context={}, labels={}, columns={})
    assert table.select("site", "team").rows() == [("North", "2")]
