"""Rules as plain narwhals expressions: the quickest engine, and the one for a table checked where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals.stable.v2 as nw
import polars as pl

from milkqc.checks.ledger import reason
from milkqc.checks.suites.conditions import truth
from milkqc.checks.suites.judged import Question, laid, operands_of
from milkqc.checks.suites.kinds import KINDS
from milkqc.model import Rule

# What a verdict is, in every engine: failing positions in the question's frame, or why the rule broke.
Verdict = pl.Series | str


def judge(questions: Sequence[Question]) -> list[Verdict]:
    """For each question the positions of its rows that fail, or why the rule broke."""
    found: dict[int, Verdict] = {}
    frames: dict[int, list[int]] = {}
    for place, question in enumerate(questions):
        frames.setdefault(id(question.frame), []).append(place)
    for places in frames.values():
        try:
            told = _together([questions[place] for place in places])
        except (pl.exceptions.PolarsError, nw.exceptions.NarwhalsError, TypeError, ValueError):
            # One of them cannot be run: each by itself, so that the others are judged.
            told = [_alone(questions[place]) for place in places]
        found.update(zip(places, told, strict=True))
    return [found[place] for place in range(len(questions))]


def _alone(question: Question) -> Verdict:
    try:
        return _together([question])[0]
    except (pl.exceptions.PolarsError, nw.exceptions.NarwhalsError, TypeError, ValueError) as error:
        return reason(error)


def _together(questions: Sequence[Question]) -> list[Verdict]:
    table = nw.from_native(questions[0].frame.lazy())
    asked = {str(place): failing_of(question) for place, question in enumerate(questions)}
    told = table.select(**asked).to_native().collect()
    return [told[name].arg_true() for name in asked]


def failing_of(question: Question) -> nw.Expr:
    """What fails a question, over the columns of its frame; null or false where it is not judged."""
    return KINDS[question.rule.expect].fails(question.rule.arguments, question.operands)


def failing(rule: Rule, frame: Any) -> Any:
    """The rows of any frame narwhals knows that fail a row rule; the same kind of frame, its rows filtered.

    Dates must be given as days since 1970-01-01, `reported` as 1 and 0. Rows whose `when` is unknown, and nulls, are
    not judged.
    """
    table = nw.from_native(frame)
    names = table.collect_schema().names()
    kind, operands = KINDS[rule.expect], operands_of(rule)
    slots = {role: f"_{role}" for role in operands}
    grounds = {one.ground.key: one.ground for one in operands.values() if one.ground is not None}
    for ground in grounds.values():
        if ground.analytes:
            table = laid(table.filter(nw.col("analyte").is_in(ground.analytes)), ground)
    if rule.when:
        table = table.filter(truth(rule.when)[0])
    for ground in grounds.values():
        if not ground.analytes:
            table = laid(table, ground)
    table = table.with_columns(*(one.expression.alias(slots[role]) for role, one in operands.items()))
    if not kind.presence:
        table = table.filter(*(~nw.col(name).is_null() for name in slots.values()))
    return table.filter(kind.fails(rule.arguments, slots)).select(*names).to_native()
