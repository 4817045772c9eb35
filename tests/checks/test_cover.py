"""The share of cells that some rule has judged, held to rows counted by hand."""

from __future__ import annotations

import narwhals.stable.v2 as nw
import polars as pl
import pytest

from milkqc.checks import suites
from milkqc.checks.cover import covered
from milkqc.checks.declare import CodedRule, Judgement, Settings

RULES = suites.read_text("""table: milk
rules:
  - id: milk.zinc.mature.ours
    expect: value_between
    column: value
    when: {analyte: zinc, stage: mature}
    max: 8
    severity: warning
    says: Zinc {value}.
    source: a test
    examples: {pass: [5], fail: [25]}
  - id: milk.method.there
    expect: not_null
    column: method
    severity: info
    says: No method.
    source: a test
    examples: {pass: [a], fail: [null]}
""")


def coded(function, columns, **more):
    return CodedRule(
        id="growth.test.ours", table="growth", columns=columns, severity="info", source="", says="",
        needs=columns, level="row", per=(), value="", expected="", requires="", passes={}, fails={},
        function=function, **more,
    )  # fmt: skip


@pytest.fixture
def seen(view):
    frames = {
        "milk": view("milk", {
            "analyte": ["zinc", "zinc", "zinc", "iron", "zinc"],
            "stage": ["mature", "colostrum", None, "mature", "mature"],
            "value": [1.0, 2.0, 3.0, 4.0, None],
            "censored": [None, None, None, None, "<"],
            "method": ["a", "b", None, None, None],
        }),
        "growth": view("growth", {
            "infant_id": ["1", "1", "2", "3"],
            "participant_id": ["1", "1", "2", "3"],
            "weight_kg": [3.0, None, 4.0, 5.0],
            "length_cm": [50.0, 51.0, None, 60.0],
            "participant_parity": [1, 1, 2, 3],
        }),
        "participants": view("participants", {
            "infant_id": ["1", "2", "3", "4"], "participant_id": ["1", "2", "3", "4"], "parity": [1, 2, 3, None],
        }),
    }  # fmt: skip
    variables = [
        ("milk", "zinc"), ("milk", "iron"), ("milk", "method"), ("growth", "weight_kg"), ("growth", "length_cm"),
        ("participants", "parity"),
    ]  # fmt: skip

    def count(ran, rule=None):
        told = covered(
            frames,
            variables=variables,
            suites=RULES,
            coded=[] if rule is None else [rule],
            ran=ran,
            settings=Settings(),
        )
        return {f"{table}.{name}": (cells, n) for table, name, cells, n in told.iter_rows()}

    return count


def test_only_values_that_a_rule_judged_are_covered(seen):
    told = seen({rule.id for rule in RULES})
    # One mature zinc of four; the censored one is a cell and was not judged; that a method is there says nothing.
    assert (told["milk.zinc"], told["milk.iron"], told["milk.method"]) == ((4, 1), (1, 0), (2, 0))


def test_a_rule_that_did_not_run_covers_nothing(seen):
    assert seen(set()) == {
        "growth.length_cm": (3, 0), "growth.weight_kg": (3, 0), "milk.iron": (1, 0), "milk.method": (2, 0),
        "milk.zinc": (4, 0), "participants.parity": (3, 0),
    }  # fmt: skip


def test_the_contract_covers_every_value_with_limits_but_no_result(seen):
    told = seen({"growth.weight_kg.impossible", "milk.value.impossible"})
    assert (told["growth.weight_kg"], told["milk.zinc"]) == ((3, 3), (4, 0))


def test_a_function_covers_the_rows_that_it_asks_and_the_participant_s_facts_it_reads(seen):
    def ours():
        return Judgement(nw.col("weight_kg") > 9, among=nw.col("length_cm") > 50)

    rule = coded(ours, ("weight_kg", "length_cm", "participant_parity"))
    told = seen({rule.id}, rule)
    # Only the row of 60 cm has both and is above 50 cm.
    assert (told["growth.weight_kg"], told["growth.length_cm"]) == ((3, 1), (3, 1))
    assert told["participants.parity"] == (3, 1)


def test_no_rule_and_no_row_is_a_table_of_nothing():
    assert covered({}, variables=[], suites=[], coded=[], ran=set(), settings=Settings()).is_empty()
    assert isinstance(
        covered({}, variables=[], suites=[], coded=[], ran=set(), settings=Settings()), pl.DataFrame
    )
