"""The kinds that judge groups, distributions and differences, hard limits, hidden arms, and what is refused in a file."""

from __future__ import annotations

import dataclasses

import pytest

from milkqc.checks import suites
from milkqc.checks.suites import kinds
from milkqc.checks.suites.distribution import distance, quantile
from milkqc.errors import SuiteFaults

TAIL = "severity: info\n    says: Look at {value} ({expected}).\n    source: a test\n"
EACH = pytest.mark.parametrize("engine", ["gx", "expressions", "pandera"])


def one(table, body):
    lines = "\n    ".join(part.strip() for part in body.split(";"))
    return suites.read_text(f"table: {table}\nrules:\n  - id: {table}.test.rule\n    {lines}\n    {TAIL}")


def milk(view, values, **more):
    n = len(values)
    return {"milk": view("milk", {"analyte": ["zinc"] * n, "unit": ["mg/L"] * n, "value": values, **more})}


@EACH
@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("expect: quantile_between; column: value; quantile: 0.9; max: 8", [("*", "8.2", "at most 8")]),
        ("expect: quantile_between; column: value; quantile: 0.5; max: 8", []),
        ("expect: distinct_count_between; column: method; max: 1", [("*", "2", "at most 1 different values")]),
        ("expect: distribution_near; column: value; reference: {normal: {mean: 5, sd: 3}}; max_distance: 0.2", []),
        ("expect: distribution_near; column: value; reference: {normal: {mean: 50, sd: 3}}; max_distance: 0.2", [("*", "1", "at most 0.2")]),
        ("expect: distribution_near; column: value; reference: {percentiles: {50: 1}}; max_distance: 0.2", [("*", "0.3", "at most 0.2")]),
        ("expect: group_difference_at_most; column: value; between: batch; statistic: median; max_difference: 1", [("*", "5", "at most 1")]),
        ("expect: group_difference_at_most; column: value; between: batch; statistic: mean; max_ratio: 2", [("*", "3.6", "at most 2")]),
        ("expect: group_difference_at_most; column: value; between: batch; statistic: median; max_difference: 1; min_n: 6", []),
    ],
)  # fmt: skip
def test_figures_of_groups(view, engine, body, found):
    values = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0]
    views = milk(view, values, batch=["A"] * 5 + ["B"] * 5, method=["x"] * 9 + ["y"])
    checked = suites.check(views, one("milk", body), engine=engine)
    assert [row.status for row in checked.ledger if row.rule_id == "milk.test.rule"] != ["broken"]
    assert checked.drafts.select("row_id", "value", "expected").rows() == found


def test_a_distance_is_taken_only_where_censoring_leaves_the_share_known():
    results = [(None, "<", 1.0)] * 5 + [(float(n), None, None) for n in range(1, 6)]
    assert distance(results, {"percentiles": {10: 0.5, 50: 1.0}}) == 0
    assert distance(results, {"percentiles": {10: 0.5}}) is None
    assert distance([(None, "<", None)], {"normal": {"mean": 0, "sd": 1}}) is None
    assert quantile([float("-inf")] * 5 + [1.0, 2.0, 3.0, 4.0], 0.75) == 2.0
    assert quantile([float("-inf")] * 5 + [1.0], 0.5) is None


def test_a_distance_is_kolmogorov_and_smirnov_s():
    from scipy.stats import kstest

    sample = [0.3, -1.2, 0.8, 2.5, 0.0, -0.4]
    told = distance([(value, None, None) for value in sample], {"normal": {"mean": 0, "sd": 1}})
    assert told == pytest.approx(kstest(sample, "norm").statistic)


@EACH
def test_beyond_the_hard_limit_the_finding_is_graver(view, engine):
    rules = one(
        "milk",
        "expect: value_between; column: value; max: 8; hard_max: 50; hard_severity: warning; examples: {pass: [1], fail: [60]}",
    )
    checked = suites.check(milk(view, [9.0, 60.0, 1.0]), rules, engine=engine)
    assert checked.drafts.select("row_id", "severity").rows() == [("r0", "info"), ("r1", "warning")]


@EACH
def test_a_rule_that_tells_arms_apart_waits_for_unblinding(view, engine):
    rules = one(
        "milk",
        "expect: group_difference_at_most; column: value; between: arm; statistic: median; max_difference: 1",
    )
    views = milk(view, [1.0, 9.0], participant_arm=["a", "b"])
    assert suites.check(views, rules, engine=engine).ledger[0].status == "not_applicable"
    assert suites.check(views, rules, engine=engine, unblinded=True).drafts["value"].to_list() == ["8"]


@EACH
def test_two_columns_and_time_say_what_they_were_held_against(view, engine):
    growth = view("growth", {"infant_id": ["a", "a"], "age_days": [1.0, 30.0], "length_cm": [50.0, 48.0], "head_circumference_cm": [35.0, 50.0]})  # fmt: skip
    order = one(
        "growth",
        "expect: monotone; column: length_cm; order: age_days; direction: rising; tolerance: 1; examples: {pass: [{length_cm: 1}], fail: [{length_cm: 1}]}",
    )
    pair = one(
        "growth",
        "expect: compare_columns; column: head_circumference_cm; is: below; other: length_cm; examples: {pass: [{length_cm: 1}], fail: [{length_cm: 1}]}",
    )
    told = [
        suites.check({"growth": growth}, rules, engine=engine).drafts["expected"].to_list()
        for rules in (order, pair)
    ]
    assert told == [["at least 50 cm, as before, give or take 1"], ["below 48 cm (length cm)"]]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("expect: compare_columns; column: weight_kg; is: below; other: length_cm; examples: {pass: [{weight_kg: 1}], fail: [{weight_kg: 1}]}", "R206 growth.test.rule: weight_kg is in kg, length_cm in cm."),
        ("expect: compare_columns; column: weight_kg; is: under; other: bmi; examples: {pass: [{weight_kg: 1}], fail: [{weight_kg: 1}]}", "R205 growth.test.rule: is cannot be 'under'."),
        ("expect: compare_columns; column: weight_kg; is: below; other: bmy; examples: {pass: [{weight_kg: 1}], fail: [{weight_kg: 1}]}", "R203 growth.test.rule: growth has no column 'bmy'."),
        ("expect: monotone; column: length_cm; direction: rising; examples: {pass: [{length_cm: 1}], fail: [{length_cm: 1}]}", "R202 growth.test.rule: monotone lacks order."),
        ("expect: present_when; column: length_cm; examples: {pass: [1], fail: [null]}", "R202 growth.test.rule: present_when lacks when."),
        ("expect: unique; columns: [visit]; examples: {pass: [{visit: a}], fail: [{visit: a}]}", "R205 growth.test.rule: columns are two or more."),
        ("expect: value_between; column: laz; max: 5; hard_max: 4; examples: {pass: [1], fail: [9]}", "R205 growth.test.rule: hard_max is not beyond a limit of this side."),
        ("expect: not_null; column: laz; when: {visit: {over: 3}}; examples: {pass: [1], fail: [null]}", "R201 growth.test.rule: unknown comparison 'over'."),
        ("expect: not_null; column: laz; when: {visit: {min: 3}}; examples: {pass: [1], fail: [null]}", "R205 growth.test.rule: visit (text) has no order."),
        ("expect: not_null; column: laz; when: {any: []}; examples: {pass: [1], fail: [null]}", "R205 growth.test.rule: any must be a list."),
        ("expect: quantile_between; column: laz; quantile: 90; max: 1", "R205 growth.test.rule: a share lies between 0 and 1, not 90."),
        ("expect: distribution_near; column: laz; max_distance: 0.1; reference: {gamma: {shape: 1}}", "R205 growth.test.rule: a reference is one distribution."),
        ("expect: distribution_near; column: laz; max_distance: 0.1; reference: {normal: {mean: 0, sd: 0}}", "R205 growth.test.rule: sd must be above 0."),
        ("expect: group_difference_at_most; column: laz; between: team; statistic: mode; max_ratio: 2", "R205 growth.test.rule: statistic cannot be 'mode'."),
    ],
)  # fmt: skip
def test_what_a_file_says_wrongly_is_refused_with_its_line(body, sentence):
    with pytest.raises(SuiteFaults) as caught:
        one("growth", body)
    assert any(sentence in str(fault) and fault.line >= 3 for fault in caught.value.faults), caught.value


@EACH
def test_a_rule_that_raises_is_broken_and_the_others_are_judged(view, engine, monkeypatch):
    """A broken function in one kind: in every engine that rule says so, and no other."""

    def raises(*_):
        raise ValueError("no such figure")

    broken = dataclasses.replace(kinds.KINDS["value_in_set"], fails=raises, gx=raises, pandera=raises)
    monkeypatch.setitem(kinds.KINDS, "value_in_set", broken)
    rules = suites.read_text(
        "table: milk\nrules:\n"
        f"  - id: milk.test.bad\n    expect: value_in_set\n    column: method\n    values: [x]\n    examples: {{pass: [x], fail: [y]}}\n    {TAIL}"
        f"  - id: milk.test.good\n    expect: value_between\n    column: value\n    max: 1\n    examples: {{pass: [1], fail: [2]}}\n    {TAIL}"
    )
    checked = suites.check(milk(view, [5.0], method=["y"]), rules, engine=engine)
    assert [(row.rule_id, row.status) for row in checked.ledger[:2]] == [
        ("milk.test.bad", "broken"),
        ("milk.test.good", "ran"),
    ]
    assert checked.ledger[0].why == "ValueError: no such figure"
    assert checked.drafts["rule_id"].to_list() == ["milk.test.good"]
