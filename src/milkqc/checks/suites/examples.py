"""The examples of rules, run: what a rule says of itself is a test."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from milkqc.checks.suites import plain
from milkqc.checks.suites.judged import Question, prepared
from milkqc.checks.suites.kinds import KINDS
from milkqc.checks.suites.run import Judge
from milkqc.checks.views import types
from milkqc.model import Rule


def mistaken(rule: Rule, *, judge: Judge = plain.judge) -> list[str]:
    """A sentence for each example of `rule` that does not do what it says; none when all do.

    Values stand in rows where `when` holds. Of small tables a passing one has no failing row, a failing one at least
    one. Examples of dataset kinds are figures.
    """
    found = []
    for side in ("pass", "fail"):
        for example in rule.examples.get(side, ()):
            verdict = judge([question(rule, example)])[0]
            if isinstance(verdict, str):
                found.append(f"{rule.id}: the example {_shown(example)} breaks the rule: {verdict}")
            elif (len(verdict) > 0) != (side == "fail"):
                did = "passes" if side == "fail" else "fails"
                found.append(f"{rule.id}: the example {_shown(example)} under {side} {did}.")
    return found


def question(rule: Rule, example: Any) -> Question:
    """What an engine is asked about one example."""
    if rule.level == "dataset":
        return Question(
            rule, {"value": "figure"}, pl.DataFrame({"figure": [example]}, schema={"figure": pl.Float64})
        )
    cells = dict(example) if KINDS[rule.expect].tabular else {rule.columns[0]: (example,)}
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
