"""docs/redcap_checks.md: its rules, its subset and its limits are the code's, and every line of its table is run."""

from __future__ import annotations

import math
import re
from pathlib import Path

import polars as pl
import pytest

from milkqc.checks.dictionary import SEVERITY
from milkqc.checks.dictionary.found import MOST_ROWS, MOST_SHARE
from milkqc.checks.dictionary.logic import NotEvaluated, evaluate, parse
from milkqc.checks.dictionary.logic.grammar import FUNCTIONS, MAX_DEPTH
from milkqc.checks.dictionary.logic.values import from_text
from milkqc.checks.dictionary.logic.words import MAX_LENGTH

PAGE = (Path(__file__).parents[2] / "docs" / "redcap_checks.md").read_text(encoding="utf-8")


def table(head: str) -> list[list[str]]:
    """The rows below the table whose first line is `head`, as cells."""
    lines = PAGE.split(f"{head}\n", 1)[1].splitlines()[1:]
    rows = lines[: next(place for place, line in enumerate([*lines, ""]) if not line.startswith("|"))]
    return [[cell.strip() for cell in re.split(r"(?<!\|)\|(?!\|)", row)[1:-1]] for row in rows]


CELLS = {name.strip("`"): held.partition(",")[0] for name, held in table("| field | holds |")}
EXAMPLES = [(expression.strip("`"), gives) for expression, gives in table("| expression | gives |")]


def look(ref):
    name = f"{ref.name}({ref.code})" if ref.code else ref.name
    if name not in CELLS:
        raise NotEvaluated(f"it refers to [{name}], which is not in the export")
    return from_text(pl.Series([CELLS[name]])), {"NK"}


@pytest.mark.parametrize(("expression", "gives"), EXAMPLES)
def test_an_expression_gives_what_the_page_says(expression, gives):
    kind = "truth" if re.search(r" [=<>] |isblank|contains", re.sub(r"^if\(.*", "", expression)) else "value"
    if gives.startswith("not evaluated: "):
        with pytest.raises(NotEvaluated) as reason:
            evaluate(parse(expression, kind=kind), look, height=1)
        assert str(reason.value) == gives.removeprefix("not evaluated: ")
        return
    found = evaluate(parse(expression, kind=kind), look, height=1)
    worth = found[0] if kind == "truth" else found.number[0]
    words = {None: "not known", True: "true", False: "false"}
    if kind == "truth" or worth is None:
        assert words[worth] == gives
    else:
        assert ("blank" if math.isnan(worth) else f"{worth:.10g}") == gives


def test_the_table_has_every_kind_of_answer():
    assert len(EXAMPLES) > 15
    assert {gives.split(":")[0] for _, gives in EXAMPLES} >= {
        "true",
        "false",
        "blank",
        "not known",
        "not evaluated",
    }


def test_the_rules_are_explained_with_their_severity():
    assert {
        rule.strip("`"): severity for rule, severity, _ in table("| rule | severity | says |")
    } == SEVERITY


def test_the_functions_and_limits_are_those_of_the_grammar():
    told = next(said for part, said in table("| part | as it is written |") if part == "functions")
    assert re.findall(r"`(\w+)`", told) == list(FUNCTIONS)
    assert f"more than {MAX_LENGTH:,} characters or nested more than {MAX_DEPTH} deep" in PAGE
    assert f"in at least {MOST_ROWS} rows" in PAGE
    assert MOST_SHARE == 0.5
