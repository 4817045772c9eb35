"""The decision on an upload and the rule behind it."""

from __future__ import annotations

import pytest

from milkqc.report.verdict import decision


def summary(critical=0, warning=0, info=0):
    return {name: {"open": n} for name, n in (("critical", critical), ("warning", warning), ("info", info))}


@pytest.mark.parametrize(
    ("verdict", "fail_on", "opened", "word", "rule"),
    [
        ("pass", "critical", {}, "ACCEPT", "Rule: no open finding is critical or a warning."),
        ("pass", "critical", {"info": 4}, "ACCEPT", "Rule: no open finding is critical or a warning."),
        (
            "pass",
            "critical",
            {"warning": 2},
            "ACCEPT WITH QUERIES",
            "Rule: no open finding is of severity critical or graver; 2 warning findings open to be answered.",
        ),
        (
            "pass",
            "never",
            {"critical": 1, "warning": 2},
            "ACCEPT WITH QUERIES",
            "Rule: findings do not decide this run (--fail-on never); 1 critical finding and 2 warning findings "
            "open to be answered.",
        ),
        (
            "fail",
            "warning",
            {"warning": 2},
            "RETURN",
            "Rule: any open finding of severity warning or graver returns the upload.",
        ),
        (
            "incomplete",
            "critical",
            {"critical": 3},
            "INCOMPLETE",
            "Rule: a check that broke has judged nothing, so nothing is accepted or returned.",
        ),
        (None, None, {}, "NO VERDICT", "The run gave no verdict."),
    ],
)
def test_each_outcome_has_its_decision_and_its_rule(verdict, fail_on, opened, word, rule):
    assert decision({"verdict": verdict, "fail_on": fail_on}, summary(**opened)) == (word, rule)
