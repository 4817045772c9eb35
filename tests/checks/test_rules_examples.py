"""Every coded rule holds to its own examples, on every engine it may meet."""

from __future__ import annotations

from milkqc.checks import rules
from milkqc.rulebook import examples

ENGINES = {"polars", "polars lazy", "pandas", "duckdb"}


def test_passing_examples_pass_and_failing_ones_fail():
    tried = list(examples.try_coded(rules.all_rules()))
    assert [f"{one.rule_id} ({one.engine}): {one.wrong}" for one in tried if one.wrong] == []
    assert {one.engine for one in tried} == ENGINES
    # Each rule, in each engine, with its passing and with its failing examples.
    assert len(tried) == len(rules.all_rules()) * len(ENGINES) * 2
    assert min(one.n for one in tried) > 0
