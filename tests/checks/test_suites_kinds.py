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


SUM = "expect: sum_of; column: length_cm; examples: {pass: [{length_cm: 1}], fail: [{length_cm: 1}]}; "
TOTAL = "expect: sum_of; column: value; examples: {pass: [{value: 1}], fail: [{value: 1}]}; "


@pytest.mark.parametrize(
    ("table", "body", "sentence"),
    [
        ("growth", SUM, "x.yaml:3 R202 growth.test.rule: sum_of lacks parts."),
        ("growth", SUM + "parts: muac_cm", "x.yaml:7 R205 growth.test.rule: parts are a list, or names with weights."),
        ("growth", SUM + "parts: [muac_cm, muak_cm]", "x.yaml:7 R203 growth.test.rule: growth has no column 'muak_cm'."),
        ("growth", SUM + "parts: [muac_cm, muac_cm]", "R205 growth.test.rule: the part muac_cm is given twice."),
        ("growth", SUM + "parts: [length_cm, muac_cm]", "R205 growth.test.rule: length_cm is the total, no part of it."),
        ("growth", SUM + "parts: [observer]", "R205 growth.test.rule: observer (text) is no number."),
        ("growth", SUM + "parts: {muac_cm: half}", "R205 growth.test.rule: 'half' is no number."),
        ("growth", SUM + "parts: {muac_cm: 0}", "R205 growth.test.rule: the weight of muac_cm is 0."),
        ("growth", SUM + "parts: [weight_kg]", "R206 growth.test.rule: length_cm is in cm, weight_kg in kg. Give it the weight that converts it."),
        ("growth", SUM + "parts: [muac_cm]; tolerance: -2%", "x.yaml:8 R205 growth.test.rule: tolerance must be not negative."),
        ("growth", SUM + "parts: [muac_cm]; tolerance: 2 percent", "R205 growth.test.rule: '2 percent' is no number."),
        ("growth", SUM + "parts: [muac_cm]; is: below", "R205 growth.test.rule: is cannot be 'below'. Use one of equal, at_least, at_most."),
        ("growth", SUM + "parts: [muac_cm]; weights: [1]", "R201 growth.test.rule: unknown key 'weights' for sum_of."),
        ("milk", TOTAL + "parts: [nicotinamide]", "R205 milk.test.rule: the total is one analyte, and none is named."),
        ("milk", TOTAL + "when: {analyte: [zinc, iron]}; parts: [nicotinamide]", "R205 milk.test.rule: the total is one analyte, and none is named."),
        ("milk", TOTAL + "when: {analyte: zinc}; parts: {iron: 1, zink: 1}", "x.yaml:8 R203 milk.test.rule: unknown analyte 'zink'. Did you mean zinc?"),
        ("milk", TOTAL + "when: {analyte: folate}; parts: [folate_5mthf]", "R206 milk.test.rule: folate is in ug/L, folate_5mthf in nmol/L. Give it the weight that converts it."),
        ("milk", TOTAL + "when: {analyte: zinc}; parts: [zinc]", "R205 milk.test.rule: zinc is the total, no part of it."),
    ],
)  # fmt: skip
def test_what_a_total_says_wrongly_is_refused_with_its_line(table, body, sentence):
    with pytest.raises(SuiteFaults) as caught:
        one(table, body)
    said = [str(fault).replace("rules.yaml", "x.yaml") for fault in caught.value.faults]
    assert any(sentence in fault for fault in said), said


@EACH
def test_a_total_says_what_its_parts_make_and_what_it_was_given(view, engine):
    """Replicates count by their mean, once for each sample; a part that is absent or censored leaves it unjudged."""
    rules = one(
        "milk",
        "expect: sum_of; column: value; when: {analyte: zinc}; parts: {iron: 1, copper: 0.5}; tolerance: 10%; examples: {pass: [{value: 1}], fail: [{value: 1}]}",
    )
    cells = {
        "participant_id": ["a"] * 5 + ["b"] * 3 + ["c"] * 2 + ["d"] * 4,
        "analyte": ["zinc", "zinc", "iron", "iron", "copper", "zinc", "iron", "copper", "zinc", "iron", "zinc", "iron", "copper", "iron"],
        "value": [9, 11, 3, 4, 1, 4, 3, 2, 9, 1, 9, 1, 1, 1],
        "reported": [True] * 13 + [False],
        "censored": [None] * 12 + ["<", None],
    }  # fmt: skip
    checked = suites.check({"milk": view("milk", {**cells, "unit": ["mg/L"] * 14})}, rules, engine=engine)
    assert checked.drafts.select("row_id", "variable", "value", "unit", "expected").rows() == [
        ("r0", "zinc", "10", "mg/L", "equal to 4 mg/L (iron + 0.5 x copper), give or take 10 %")
    ]
    row = checked.ledger[0]
    assert (row.status, row.looked_at, row.failed, row.not_judged) == ("ran", 2, 1, 3)
    alone = suites.check(
        {"milk": view("milk", {"analyte": ["zinc", "iron"], "value": [1, 1]})}, rules, engine=engine
    )
    assert (alone.ledger[0].status, alone.ledger[0].why) == ("not_applicable", "The data hold no copper.")


@EACH
def test_a_difference_that_ten_digits_do_not_show_is_no_finding(view, engine):
    rules = one(
        "growth",
        "expect: sum_of; column: length_cm; parts: [muac_cm, head_circumference_cm]; examples: {pass: [{length_cm: 1}], fail: [{length_cm: 1}]}",
    )
    rows = {"length_cm": [0.3, 0.30000001, None], "muac_cm": [0.1] * 3, "head_circumference_cm": [0.2] * 3}
    checked = suites.check({"growth": view("growth", rows)}, rules, engine=engine)
    assert checked.drafts.select("row_id", "value", "expected").rows() == [
        ("r1", "0.30000001", "equal to 0.3 cm (muac cm + head circumference cm)")
    ]
    assert 0.1 + 0.2 != 0.3


def test_the_weights_of_shipped_totals_are_the_molar_masses():
    from milkqc import catalogue
    from milkqc.reference import analytes

    known = analytes()
    totals = {
        rule.when["analyte"]: rule.arguments["parts"]
        for rule in suites.load(catalogue.files("expectations"))
        if rule.expect == "sum_of"
    }
    mass = {
        name: float(known[name].molar_mass)
        for name in ("retinol", "retinyl_palmitate", "folate", "riboflavin", "fad")
    }
    assert totals == {
        "retinol": {"retinyl_palmitate": pytest.approx(mass["retinol"] / mass["retinyl_palmitate"], rel=1e-5)},
        "folate": {"folate_5mthf": pytest.approx(mass["folate"] / 1000, rel=1e-5)},
        "riboflavin": {"fad": pytest.approx(mass["riboflavin"] / mass["fad"], rel=1e-5)},
        "vitamin_b12": {f"vitamin_b12_{form}": 1.0 for form in ("hydroxo", "methyl", "adenosyl")},
    }  # fmt: skip


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
