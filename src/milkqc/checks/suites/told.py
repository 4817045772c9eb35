"""What is told of a rule's failing rows and groups: value, unit, what was expected, and the rule's own sentence."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from milkqc.checks.ledger import written
from milkqc.checks.suites.bounds import beyond_hard
from milkqc.checks.suites.dataset_kinds import in_unit, shares
from milkqc.checks.suites.judged import RESULT_TABLES, Asked
from milkqc.checks.suites.kinds import KINDS
from milkqc.model import Rule


def tell(one: Asked, positions: pl.Series) -> Iterator[dict[str, Any]]:
    """The drafts of the rows, or groups, of a rule that fail: those at `positions` of what the engine was asked."""
    rows = _group_rows(one, positions) if one.rule.level == "dataset" else _failing_rows(one, positions)
    base = {"rule_id": one.rule.id, "table": one.rule.table, "engine": one.engine}
    said = [(text, name) for text, name, _, _ in string.Formatter().parse(one.rule.says)]
    for row in rows:
        draft = {**base, **row}
        yield {**draft, "message": _sentence(said, draft)}


def _group_rows(one: Asked, positions: pl.Series) -> Iterator[dict[str, Any]]:
    rule, kind = one.rule, KINDS[one.rule.expect]
    unit = str(rule.arguments.get("unit") or "") if in_unit(kind.figure, rule.arguments) else ""
    column = rule.columns[0] if rule.columns else None
    analyte = rule.when.get("analyte")
    for row in one.rows[positions].iter_rows(named=True):
        about = row["group"] if rule.arguments.get("by") == "analyte" else analyte
        of_result = rule.table in RESULT_TABLES and column in {"value", None}
        yield {
            "severity": rule.severity,
            "row_id": row["row_id"],
            "variable": about if of_result and isinstance(about, str) else column,
            "value": _figure_text(rule, row["figure"]),
            "unit": unit or None,
            "expected": kind.expected(rule.arguments, unit, {}),
            "n_rows": row["rows"],
        }


def _failing_rows(one: Asked, positions: pl.Series) -> Iterator[dict[str, Any]]:
    rule, kind = one.rule, KINDS[one.rule.expect]
    column = rule.columns[0]
    of_result = rule.table in RESULT_TABLES and column == "value"
    unit = str(rule.arguments.get("unit") or "")
    names = dict.fromkeys(("row_id", *rule.columns, *(("analyte", "unit") if of_result else ())))
    there = positions if one.at is None else one.at[positions]
    rows = one.rows.select(name for name in names if name in one.rows.columns)[there]
    rows = rows.with_columns(
        _shown(one, role, rows.schema[column])[positions].alias(role) for role in kind.shows
    )
    expected: dict[str, str] = {}
    for row in rows.iter_rows(named=True):
        value = row[column]
        shown = unit or (row.get("unit") or "" if of_result else "")
        # Ranges and sets say the same of every row; only pairs say what stands in it.
        if len(rule.columns) > 1 or kind.shows or shown not in expected:
            expected[shown] = kind.expected(rule.arguments, shown, row)
        hard = rule.expect == "value_between" and beyond_hard(value, rule.arguments)
        yield {
            "severity": rule.arguments.get("hard_severity", "critical") if hard else rule.severity,
            "row_id": row["row_id"],
            "variable": row.get("analyte") if of_result else column,
            "value": written(value),
            "unit": shown or None,
            "expected": expected[shown],
            "n_rows": 1,
        }


def _shown(one: Asked, role: str, kind: pl.DataType) -> pl.Series:
    """An operand's values as a person reads them: of dates as dates."""
    values = one.question.frame[one.question.operands[role]]
    return values.cast(pl.Int32).cast(pl.Date) if kind == pl.Date else values


def _figure_text(rule: Rule, value: float) -> str:
    if shares(KINDS[rule.expect].figure, rule.arguments):
        return f"{written(round(100 * value, 1))} %"
    return str(written(value))


def _sentence(said: Sequence[tuple[str, str | None]], fields: Mapping[str, Any]) -> str:
    """The rule's own sentence; a field without a value reads as an ellipsis."""
    return "".join(
        text if name is None else text + str(fields.get(name) if fields.get(name) is not None else "…")
        for text, name in said
    )
