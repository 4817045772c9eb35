"""What the engines do that surprises, one test for each: our answer stays right where theirs would mislead.

Covered elsewhere: a misspelt type, a missing column, printing and logging, an empty table (test_suites_run); pattern
matching at the start of a text only, a full category, a lazy or DuckDB table (test_suites_parity, test_suites_run).
"""

from __future__ import annotations

import polars as pl
import pytest

from milkqc.checks import suites
from milkqc.checks.suites import greatex, plain, schemas
from milkqc.checks.suites.judged import Question
from milkqc.model import Rule


def rule(name, expect, columns=("weight_kg",), **arguments):
    return Rule(
        f"growth.trap.{name}", "growth", expect, columns, "info", "Look.", "a test", arguments=arguments
    )


def ask(frame, *rules):
    """Each rule asked of the columns of `frame`: `value`, and for a pair `other`."""
    return [Question(one, dict(zip(("value", "other"), one.columns, strict=False)), frame) for one in rules]


FRAME = pl.DataFrame({"weight_kg": [3.0, 99.0, None, 5.0], "length_cm": [50.0, None, 60.0, 4.0]})
BETWEEN = rule("between", "value_between", min=0, max=10)
AT_MOST = rule("at_most", "value_between", max=4)
PAIR = rule("pair", "compare_columns", ("weight_kg", "length_cm"), **{"is": "below", "other": "length_cm"})


def places(verdicts):
    return [one if isinstance(one, str) else one.to_list() for one in verdicts]


def test_gx_answers_in_another_order_and_each_rule_gets_its_own_answer(monkeypatch):
    import great_expectations as gx

    validate = gx.datasource.fluent.interfaces.Batch.validate

    def shuffled(self, *given, **named):
        told = validate(self, *given, **named)
        told.results = told.results[::-1]
        return told

    monkeypatch.setattr(gx.datasource.fluent.interfaces.Batch, "validate", shuffled)
    assert places(greatex.judge(ask(FRAME, BETWEEN, AT_MOST, PAIR))) == [[1], [1, 3], [3]]


def test_gx_flags_a_pair_with_a_null_unless_told_and_we_do_not_judge_it():
    assert places(greatex.judge(ask(FRAME, PAIR))) == [[3]]


def test_gx_that_answers_nothing_breaks_the_rule(monkeypatch):
    import great_expectations as gx

    validate = gx.datasource.fluent.interfaces.Batch.validate

    def short(self, *given, **named):
        told = validate(self, *given, **named)
        told.results = told.results[:1]
        return told

    monkeypatch.setattr(gx.datasource.fluent.interfaces.Batch, "validate", short)
    told = greatex.judge(ask(FRAME, BETWEEN, AT_MOST))
    assert [isinstance(one, str) for one in told] == [False, True]
    assert told[1] == "Great Expectations gave no answer."


def test_gx_drops_an_expectation_it_holds_already_and_two_equal_rules_are_both_judged():
    assert places(greatex.judge(ask(FRAME, BETWEEN, rule("same", "value_between", min=0.0, max=10)))) == [
        [1],
        [1],
    ]


@pytest.mark.parametrize("engine", ["gx", "pandera", "expressions"])
def test_a_column_of_nulls_succeeds_vacuously_and_is_nothing_to_look_at(view, engine):
    frame = view("growth", {"weight_kg": [None, None]})
    (row,) = (
        row
        for row in suites.check({"growth": frame}, [BETWEEN], engine=engine).ledger
        if row.rule_id == BETWEEN.id
    )
    assert (row.status, row.looked_at) == ("nothing_to_look_at", 0)


@pytest.mark.parametrize("backend", ["polars", "pandas"])
def test_pandera_loses_the_name_of_a_check_and_each_rule_gets_its_own_rows(backend):
    rules = [BETWEEN, AT_MOST, rule("listed", "value_not_in_set", values=(5.0,)), PAIR]
    assert places(schemas.judge(ask(FRAME, *rules), backend=backend)) == [[1], [1, 3], [3], [3]]


@pytest.mark.parametrize("backend", ["polars", "pandas"])
def test_a_check_that_raises_looks_like_a_failure_in_pandera_and_is_broken(backend, monkeypatch):
    def raises(_rule, _backend):
        def check(_data):
            raise ZeroDivisionError("a mistake")

        return check

    monkeypatch.setattr(schemas, "_expression", raises)
    told = schemas.judge(ask(FRAME, BETWEEN, PAIR), backend=backend)
    assert told[0].to_list() == [1]
    assert isinstance(told[1], str)
    assert "a mistake" in told[1]


def test_pandera_looks_at_no_values_where_the_environment_says_so_and_we_do(monkeypatch):
    from pandera.config import ValidationDepth, config_context

    with config_context(validation_enabled=False, validation_depth=ValidationDepth.SCHEMA_ONLY):
        assert places(schemas.judge(ask(FRAME, BETWEEN, PAIR))) == [[1], [3]]


@pytest.mark.parametrize(
    "judge", [plain.judge, greatex.judge, schemas.judge], ids=["expressions", "gx", "pandera"]
)
def test_frames_of_two_lengths_are_padded_and_no_padding_is_found(judge):
    short = FRAME.head(2)
    there = rule("there", "not_null")
    assert places(judge([*ask(FRAME, there, BETWEEN), *ask(short, there, BETWEEN)])) == [[2], [1], [], [1]]


@pytest.mark.parametrize("engine", ["gx", "pandera", "expressions"])
def test_not_a_number_is_missing_in_every_engine(view, engine):
    frame = view("growth", {"weight_kg": [float("nan"), 99.0, 3.0]})
    found = suites.check({"growth": frame}, [BETWEEN, rule("there", "not_null")], engine=engine).drafts
    assert sorted(found.select("rule_id", "row_id").rows()) == [
        ("growth.trap.between", "r1"),
        ("growth.trap.there", "r0"),
    ]
