"""What a study may change about rules, and every way of saying it wrongly."""

from __future__ import annotations

import datetime as dt

import pytest

from milkqc.checks import suites
from milkqc.checks.suites.changes import Change, severities, told, with_severities
from milkqc.errors import SuiteFaults
from milkqc.findings import drafts
from milkqc.model import LedgerRow

RULES = suites.read_text("""table: growth
rules:
  - id: growth.weight_kg.ours
    expect: value_between
    column: weight_kg
    above: 0
    max: 20
    severity: warning
    says: Weight {value}.
    source: our scale
    examples: {pass: [5], fail: [25]}
  - id: growth.weight_kg.there
    expect: share_missing_at_most
    column: weight_kg
    share: 0.2
    severity: info
    says: Missing {value}.
    source: our plan
  - id: growth.visit_date.ours
    expect: value_between
    column: visit_date
    min: "2024-01-01"
    severity: warning
    says: Visit {value}.
    source: our plan
    examples: {pass: ["2024-05-01"], fail: ["2023-05-01"]}
  - id: growth.infant_id.ours
    expect: value_matches
    column: infant_id
    pattern: A[0-9]+
    severity: warning
    says: Id {value}.
    source: our plan
    examples: {pass: [A1], fail: [B1]}
  - id: growth.measured.ours
    expect: value_in_set
    column: measured
    values: [lying]
    severity: warning
    says: Measured {value}.
    source: our plan
    examples: {pass: [lying], fail: [standing]}
  - id: growth.head.ours
    expect: compare_columns
    column: head_circumference_cm
    is: below
    other: length_cm
    severity: warning
    says: Head {value}.
    source: our plan
    examples: {pass: [{head_circumference_cm: 35, length_cm: 50}], fail: [{head_circumference_cm: 50, length_cm: 35}]}
  - id: growth.length_cm.sum
    expect: sum_of
    column: length_cm
    parts: [muac_cm]
    tolerance: 2%
    severity: warning
    says: Sum {value}.
    source: our plan
    examples: {pass: [{length_cm: 10, muac_cm: 10}], fail: [{length_cm: 10, muac_cm: 20}]}
""")
OTHERS = {"growth.head.above_length"}
FIXED = {"growth.weight_kg.impossible": "Correct the data."}


FUNCTIONS = {
    "growth.visit.close": {"min": 1.0, "max": 7.0, "share": 0.1},
    "growth.visit_date.placeholder": {"values": (dt.date(1900, 1, 1),), "until": dt.date(2030, 1, 1)},
}


def change(rule, *, off=None, severity=None, reason=None, **limits):
    return Change(rule, off=off, severity=severity, reason=reason, limits=limits, file="m.yaml", line=7)


def changed(changes):
    return suites.changed(RULES, changes, others={*OTHERS, *FUNCTIONS}, functions=FUNCTIONS, fixed=FIXED)


def test_every_limit_that_a_rule_has_can_be_changed():
    told = changed(
        [
            change("growth.weight_kg.ours", above=1, max="30", severity="info", reason="a"),
            change("growth.weight_kg.there", share="0.5", min_n="30", reason="b"),
            change("growth.visit_date.ours", min="2023-06-01", reason="c"),
            change("growth.infant_id.ours", pattern="[A-C][0-9]+", reason="c"),
            change("growth.measured.ours", values=["lying", "standing"], reason="c"),
            change("growth.head.ours", tolerance="0.5", reason="c"),
            change("growth.length_cm.sum", tolerance="5%", reason="c"),
            change("growth.visit.close", max="10", reason="d"),
            change("growth.visit_date.placeholder", values=["1900-01-01", "1901-01-01"], reason="d"),
        ],
    )
    by_id = {rule.id: rule for rule in told.rules}
    ours, there = by_id["growth.weight_kg.ours"], by_id["growth.weight_kg.there"]
    assert by_id["growth.visit_date.ours"].arguments["min"] == dt.date(2023, 6, 1)
    assert by_id["growth.infant_id.ours"].arguments["pattern"] == "[A-C][0-9]+"
    assert by_id["growth.measured.ours"].arguments["values"] == ("lying", "standing")
    assert by_id["growth.head.ours"].arguments["tolerance"] == 0.5
    assert by_id["growth.length_cm.sum"].arguments["tolerance_share"] == 0.05
    assert told.limits == {
        "growth.visit.close": {"max": 10.0},
        "growth.visit_date.placeholder": {"values": (dt.date(1900, 1, 1), dt.date(1901, 1, 1))},
    }
    assert there.arguments["min_n"] == 30
    assert {**ours.arguments, "severity": ours.severity} == {
        "above": 1,
        "max": 30,
        "unit": "kg",
        "severity": "info",
    }
    assert there.arguments["share"] == 0.5
    assert there.source == "our plan; changed by the study: b"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ([change("growth.weight_kg.our", off="x")], "m.yaml:7 R301 growth.weight_kg.our: there is no such rule. Did you mean growth.weight_kg.ours or growth.weight_kg.there?"),
        ([change("milk.q", off="x")], "m.yaml:7 R301 milk.q: there is no such rule. See `milkqc rules list` for the ids."),
        ([change("growth.weight_kg.ours", max=9)], "m.yaml:7 R302 growth.weight_kg.ours: the change has no reason. Say why, in `off` or `reason`."),
        ([change("growth.weight_kg.ours", min=9, reason="x")], "m.yaml:7 R303 growth.weight_kg.ours: the rule has no min. It has max and above."),
        ([change("growth.weight_kg.ours", max=-1, reason="x")], "m.yaml:7 R303 growth.weight_kg.ours: the lower limit 0 would be above the upper one, -1. Give both."),
        ([change("growth.weight_kg.ours", max="many", reason="x")], "m.yaml:7 R303 growth.weight_kg.ours: 'many' is no number. Write it with a decimal point."),
        ([change("growth.visit_date.ours", min="9", reason="x")], "m.yaml:7 R303 growth.visit_date.ours: '9' is no date. Write it as 2024-05-31."),
        ([change("growth.weight_kg.there", share="20", reason="x")], "m.yaml:7 R303 growth.weight_kg.there: a share lies between 0 and 1, not 20. Write 0.2 for 20 %."),
        ([change("growth.infant_id.ours", pattern="^A$", reason="x")], "m.yaml:7 R303 growth.infant_id.ours: look-around, back references, anchors and classes like \\w or \\d differ between engines. Do without, with [0-9] or [A-Za-z]; the whole text must match."),
        ([change("growth.measured.ours", values=["flying"], reason="x")], "m.yaml:7 R303 growth.measured.ours: measured has no code 'flying'. Use one of lying, standing."),
        ([change("growth.measured.ours", values="lying", reason="x")], "m.yaml:7 R303 growth.measured.ours: values must be a list. Write `values: [a, b]`."),
        ([change("growth.weight_kg.ours", hard_max="10", reason="x")], "m.yaml:7 R303 growth.weight_kg.ours: hard_max is not beyond a limit of this side. Give the soft limit too."),
        ([change("growth.head.ours", tolerance="-1", reason="x")], "m.yaml:7 R303 growth.head.ours: tolerance must be not negative. Correct it."),
        ([change("growth.head.above_length", max=9, reason="x")], "m.yaml:7 R303 growth.head.above_length: the rule has no max. Change its severity, or switch it off."),
        ([change("growth.visit.close", days=9, reason="x")], "m.yaml:7 R303 growth.visit.close: the rule has no days. It has min and max and share."),
        ([change("growth.visit.close", max="soon", reason="x")], "m.yaml:7 R303 growth.visit.close: max cannot be soon. Write a number with a decimal point."),
        ([change("growth.visit.close", max=["1", "2"], reason="x")], "m.yaml:7 R303 growth.visit.close: max cannot be 1, 2. Write one value."),
        ([change("growth.visit.close", max="0", reason="x")], "m.yaml:7 R303 growth.visit.close: the lower limit 1 would be above the upper one, 0. Give both."),
        ([change("growth.visit.close", share="10", reason="x")], "m.yaml:7 R303 growth.visit.close: a share lies between 0 and 1, not 10. Write 0.2 for 20 %."),
        ([change("growth.visit_date.placeholder", until="1900", reason="x")], "m.yaml:7 R303 growth.visit_date.placeholder: until cannot be 1900. Write a date as 2024-05-31."),
        ([change("growth.weight_kg.impossible", off="x")], "m.yaml:7 R303 growth.weight_kg.impossible: no study can change it. Correct the data."),
        ([change("growth.weight_kg.ours", reason="x")], "m.yaml:7 R304 growth.weight_kg.ours: the entry changes nothing. Give a limit, a `severity`, or `off`."),
        ([change("growth.weight_kg.ours", max=9, off="x")], "m.yaml:7 R304 growth.weight_kg.ours: it is switched off and changed. Keep one of the two."),
        ([change("growth.weight_kg.ours", off="x")] * 2, "m.yaml:7 R304 growth.weight_kg.ours: the rule is changed twice. Write one entry for it."),
    ],
)  # fmt: skip
def test_a_change_that_does_not_fit_says_so(changes, sentence):
    with pytest.raises(SuiteFaults) as caught:
        changed(changes)
    assert [str(fault) for fault in caught.value.faults] == [sentence]


def test_a_severity_given_by_the_study_holds_in_every_home():
    changes = [change("growth.head.above_length", severity="info", reason="x")]
    assert changed(changes).rules == RULES
    found = drafts(
        {"rule_id": rule, "severity": "critical", "table": "growth", "row_id": "r", "engine": "rules"}
        for rule in ("growth.head.above_length", "growth.other")
    )
    ledger = [LedgerRow("growth.head.above_length", "rules", "growth", "x", "critical", "ran", 3)]
    given, rows = with_severities(found, ledger, severities(changes))
    assert given["severity"].to_list() == ["info", "critical"]
    assert [row.severity for row in rows] == ["info"]


def test_a_change_is_told_with_what_was_before():
    changes = [change("a.b", max=9.0, severity="info", reason="why"), change("a.a", off="gone")]
    assert told(changes, {"a.b": {"max": 7.9, "severity": "warning"}}) == [
        {"rule_id": "a.a", "what": "switched off", "reason": "gone"},
        {"rule_id": "a.b", "what": "max 9 instead of 7.9, severity info instead of warning", "reason": "why"},
    ]
