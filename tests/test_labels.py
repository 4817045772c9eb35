"""Findings call what they are about by words, not by a name of ours."""

from __future__ import annotations

from milkqc import messages
from milkqc.checks import rules
from milkqc.conclude import labels


def test_what_a_coded_rule_looks_at_has_a_label():
    known = labels()
    assert [rule.id for rule in rules.all_rules() if (rule.table, rule.variable) not in known] == []
    assert (
        known["growth", "participant_gestational_age_days"][0]
        == known["participants", "gestational_age_days"][0]
    )


def test_no_label_is_left_over():
    used = {rule.variable for rule in rules.all_rules()}
    assert set(messages.labels()) <= used
