"""What a study may change about rules, and every way of saying it wrongly."""

from __future__ import annotations

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
""")
OTHERS = {"growth.head.above_length"}
FIXED = {"growth.weight_kg.impossible": "Correct the data."}


def change(rule, **what):
    return Change(rule, file="m.yaml", line=7, **what)


def test_every_limit_that_a_rule_has_can_be_changed():
    ours, there = suites.changed(
        RULES,
        [
            change("growth.weight_kg.ours", above=1, max=30, severity="info", reason="a"),
            change("growth.weight_kg.there", share=0.5, reason="b"),
        ],
    )
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
        ([change("growth.weight_kg.ours", max=-1, reason="x")], "m.yaml:7 R303 growth.weight_kg.ours: the lower limit 0.0 would be above the upper one, -1. Give both."),
        ([change("growth.head.above_length", max=9, reason="x")], "m.yaml:7 R303 growth.head.above_length: its limits are not in a rule file. Change its severity, or switch it off."),
        ([change("growth.weight_kg.impossible", off="x")], "m.yaml:7 R303 growth.weight_kg.impossible: no study can change it. Correct the data."),
        ([change("growth.weight_kg.ours", reason="x")], "m.yaml:7 R304 growth.weight_kg.ours: the entry changes nothing. Give a limit, a `severity`, or `off`."),
        ([change("growth.weight_kg.ours", max=9, off="x")], "m.yaml:7 R304 growth.weight_kg.ours: it is switched off and changed. Keep one of the two."),
        ([change("growth.weight_kg.ours", off="x")] * 2, "m.yaml:7 R304 growth.weight_kg.ours: the rule is changed twice. Write one entry for it."),
    ],
)  # fmt: skip
def test_a_change_that_does_not_fit_says_so(changes, sentence):
    with pytest.raises(SuiteFaults) as caught:
        suites.changed(RULES, changes, others=OTHERS, fixed=FIXED)
    assert [str(fault) for fault in caught.value.faults] == [sentence]


def test_a_severity_given_by_the_study_holds_in_every_home():
    changes = [change("growth.head.above_length", severity="info", reason="x")]
    assert suites.changed(RULES, changes, others=OTHERS) == RULES
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
