"""Every coded rule holds to its own examples, on every engine it may meet."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest

from milkqc.checks import rules

SETTINGS = rules.Settings(
    schedule={"birth": (0, 0, 3), "month_3": (91, 61, 121)},
    study_start=dt.date(2024, 1, 1),
    data_cutoff=dt.date(2024, 12, 31),
)


def duck(frame):
    return duckdb.connect().from_arrow(frame.to_arrow())


ENGINES = {
    "polars": lambda frame: frame,
    "lazy": lambda frame: frame.lazy(),
    "pandas": lambda frame: frame.to_pandas(),
    "duckdb": duck,
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rule", rules.all_rules(), ids=lambda rule: rule.id)
def test_passing_examples_pass_and_failing_ones_fail(rule, engine, view):
    used = list(dict.fromkeys(("row_id", *rule.columns, *rule.per)))
    good = view(rule.table, rule.passes).select(used)
    assert rules.verdict(rule, ENGINES[engine](good), SETTINGS).failing.is_empty()
    columns = {name: values for name, values in rule.fails.items() if name != "!"}
    bad = view(rule.table, columns).select(used)
    marks = rule.fails.get("!", [True] * bad.height)
    expected = [row for row, fails in zip(bad["row_id"], marks, strict=True) if fails]
    assert rules.verdict(rule, ENGINES[engine](bad), SETTINGS).failing["row_id"].to_list() == expected
