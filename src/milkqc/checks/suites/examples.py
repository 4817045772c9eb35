"""The examples of rules, run: what a rule says of itself is a test."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from milkqc.checks.ledger import reason
from milkqc.checks.suites import plain
from milkqc.checks.suites.judged import Question, prepared
from milkqc.checks.suites.kinds import KINDS
from milkqc.checks.suites.run import Judge
from milkqc.checks.views import types
from milkqc.model import Rule


def mistaken(rules: Sequence[Rule], *, judge: Judge = plain.judge) -> dict[str, list[str]]:
    """By rule id what its examples do that they should not; an empty list where all hold.

    Values stand in rows where `when` holds. Of small tables a passing one has no failing row, a failing one at least
    one. Examples of dataset kinds are figures.
    """
    found: dict[str, list[str]] = {rule.id: [] for rule in rules}
    asked: list[tuple[Rule, Question, list[tuple[str, Any]]]] = []
    for rule in rules:
        for examples in _together(rule):
            try:
                asked.append((rule, _question(rule, [example for _, example in examples]), examples))
            # Whatever an example breaks, it is that rule's, and said.
            except Exception as error:  # noqa: BLE001
                found[rule.id].append(f"its examples break it: {reason(error)}")
    verdicts = judge([question for _, question, _ in asked]) if asked else []
    for (rule, _, examples), verdict in zip(asked, verdicts, strict=True):
        if isinstance(verdict, str):
            found[rule.id].append(f"its examples break it: {verdict}")
            continue
        failing = set(verdict.to_list())
        for place, (side, example) in enumerate(examples):
            fails = bool(failing) if KINDS[rule.expect].tabular else place in failing
            if fails != (side == "fail"):
                did = "fail and passes" if side == "fail" else "pass and fails"
                found[rule.id].append(f"{_shown(example)} should {did}")
    return found


def _together(rule: Rule) -> list[list[tuple[str, Any]]]:
    """Examples that can be judged in one frame: all values of a rule, each small table by itself."""
    each = [(side, example) for side in ("pass", "fail") for example in rule.examples.get(side, ())]
    return [[one] for one in each] if KINDS[rule.expect].tabular else [each] if each else []


def _question(rule: Rule, examples: Sequence[Any]) -> Question:
    if rule.level == "dataset":
        figures = pl.DataFrame({"figure": examples}, schema={"figure": pl.Float64})
        return Question(rule, {"value": "figure"}, figures)
    cells = dict(examples[0]) if KINDS[rule.expect].tabular else {rule.columns[0]: tuple(examples)}
    return prepared(example_view(rule, cells), [rule])[0].question


def example_view(rule: Rule, cells: Mapping[str, Sequence[Any]]) -> pl.DataFrame:
    """A view of the rule's table with these cells, where `when` holds in every row and all else is missing."""
    height = len(next(iter(cells.values())))
    kinds = types(rule.table)
    there: dict[str, Sequence[Any]] = {
        name: (value,) * height for name, value in satisfying(rule.when, kinds).items()
    }
    there = {"row_id": tuple(f"r{place}" for place in range(height)), **there, **cells}
    return pl.DataFrame(
        {name: pl.Series(name, there.get(name, (None,) * height), dtype=kind) for name, kind in kinds.items()}
    )


def satisfying(when: Mapping[str, Any], kinds: Mapping[str, Any]) -> dict[str, Any]:
    """A row in which `when` holds, as far as one alternative of each `any` says how."""
    found: dict[str, Any] = {}
    for name, wanted in when.items():
        if name == "any":
            found = {**satisfying(wanted[0], kinds), **found}
        elif name == "all":
            for part in wanted:
                found = {**satisfying(part, kinds), **found}
        elif isinstance(wanted, Mapping):
            found[name] = _within(wanted, kinds[name])
        else:
            found[name] = wanted[0] if isinstance(wanted, tuple) else wanted
    return found


def _within(wanted: Mapping[str, Any], kind: Any) -> Any:
    """A value that a comparison holds of."""
    if wanted.get("missing"):
        return None
    low, high = wanted.get("min", wanted.get("above")), wanted.get("max", wanted.get("below"))
    if low is not None and high is not None:
        return low + (high - low) / 2
    step = dt.timedelta(days=1) if isinstance(low if low is not None else high, dt.date) else 1
    if low is not None:
        return low + step
    if high is not None:
        return high - step
    refused = wanted.get("not", ())
    refused = refused if isinstance(refused, tuple) else (refused,)
    if kind == pl.Boolean:
        return True not in refused
    if kind == pl.Date:
        return next(day for n in range(len(refused) + 1) if (day := dt.date(2000, 1, 1 + n)) not in refused)
    if kind == pl.String:
        return "".join(map(str, refused)) + "x"
    return next(number for number in range(len(refused) + 1) if number not in refused)


def _shown(example: Any) -> str:
    if isinstance(example, Mapping):
        return str({name: list(values) for name, values in example.items()})
    return str(example)
