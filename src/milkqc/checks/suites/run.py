"""Runs rule files on views: what is judged, what GX (or the plain expressions) says, findings and ledger."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from milkqc.checks.ledger import Entry, reason, written
from milkqc.checks.suites import greatex, plain
from milkqc.checks.suites.judged import RESULT_TABLES, figures, judged
from milkqc.checks.suites.kinds import KINDS
from milkqc.checks.suites.unlimited import without_limits
from milkqc.findings import drafts
from milkqc.model import Checked, LedgerRow, Rule

Judge = Callable[[Sequence[pl.Series], Sequence[Rule]], list[list[int] | str]]


@dataclass(frozen=True)
class _Asked:
    """One rule made ready: values to judge, the rows (or groups) they stand for, and what stays unjudged."""

    rule: Rule
    values: pl.Series
    rows: pl.DataFrame
    not_judged: int


def check(
    views: Mapping[str, pl.DataFrame], rules: Sequence[Rule], *, off: Mapping[str, str] | None = None
) -> Checked:
    """Every rule on its table's view, through Great Expectations: drafts, and a ledger row per rule.

    `off` maps the id of a switched-off rule to the study's reason; it is `skipped`. GX is imported (3.5 s) only
    if some rule has something to judge.
    """
    return _check(views, rules, off or {}, greatex.judge)


def check_plain(
    views: Mapping[str, pl.DataFrame], rules: Sequence[Rule], *, off: Mapping[str, str] | None = None
) -> Checked:
    """As `check` and with the same findings and ledger, by narwhals expressions and without importing GX."""
    return _check(views, rules, off or {}, plain.judge)


def _check(
    views: Mapping[str, pl.DataFrame], rules: Sequence[Rule], off: Mapping[str, str], judge: Judge
) -> Checked:
    ready: dict[str, _Asked] = {}
    rows: dict[str, LedgerRow] = {}
    for rule in rules:
        outcome = _ready(rule, views, off.get(rule.id))
        if isinstance(outcome, _Asked):
            ready[rule.id] = outcome
        else:
            rows[rule.id] = outcome
    asked = [ready[rule.id] for rule in rules if rule.id in ready]
    found: list[dict[str, Any]] = []
    for one, verdict in zip(asked, _verdicts(asked, judge), strict=True):
        if isinstance(verdict, str):
            rows[one.rule.id] = _entry(one.rule).did_not_run("broken", verdict)
            continue
        failing = list(_drafts(one, verdict))
        found.extend(failing)
        rows[one.rule.id] = _entry(one.rule).ran(
            looked_at=one.values.len(),
            failed=len(verdict),
            not_judged=one.not_judged,
            findings=len(failing),
        )
    ledger = (*(rows[rule.id] for rule in rules), *without_limits(views, rules))
    return Checked(drafts(found), ledger)


def _verdicts(asked: Sequence[_Asked], judge: Judge) -> list[list[int] | str]:
    if not asked:
        return []
    try:
        return judge([one.values for one in asked], [one.rule for one in asked])
    # Great Expectations raises errors of many families (its own, pydantic's, pandas'); whichever it is, its
    # rules were not judged: the ledger says broken and the exit code becomes 3.
    except Exception as error:  # noqa: BLE001
        return [reason(error)] * len(asked)


def _ready(rule: Rule, views: Mapping[str, pl.DataFrame], off: str | None) -> _Asked | LedgerRow:
    entry = _entry(rule)
    if off is not None:
        return entry.switched_off(off)
    view = views.get(rule.table)
    if view is None or (view.is_empty() and rule.expect != "row_count_between"):
        return entry.no_rows()
    lacking = [name for name in (*rule.columns, *rule.when) if name not in view.columns]
    if lacking:
        return entry.did_not_run("not_applicable", f"The table has no column {', '.join(lacking)}.")
    absent = _absent_analyte(rule, view)
    if absent:
        return entry.did_not_run("not_applicable", f"The data hold no {absent}.")
    if rule.level == "dataset":
        groups = figures(rule, view)
        there = groups.table.filter(pl.col("figure").is_not_null())
        if there.is_empty():
            why = _no_groups(rule, groups.table)
            return entry.did_not_run("nothing_to_look_at", why, not_judged=groups.not_judged)
        return _Asked(rule, there["figure"], there, groups.not_judged)
    mine = judged(rule, view)
    if mine.values.is_empty():
        why = "Every value is missing, censored or of another kind."
        return entry.did_not_run("nothing_to_look_at", why, not_judged=mine.not_judged)
    return _Asked(rule, mine.values, view.select(_shown(rule, view))[mine.at], mine.not_judged)


def _absent_analyte(rule: Rule, view: pl.DataFrame) -> str:
    wanted = rule.when.get("analyte")
    names = wanted if isinstance(wanted, tuple) else (wanted,) if wanted else ()
    return "" if not names or view["analyte"].is_in(list(names)).any() else " or ".join(names)


def _no_groups(rule: Rule, groups: pl.DataFrame) -> str:
    if groups.is_empty():
        return "No row meets the rule's conditions."
    least = rule.arguments.get("min_n", 0)
    return f"No group has {least} results with a known {KINDS[rule.expect].figure.replace('_', ' ')}."


def _shown(rule: Rule, view: pl.DataFrame) -> list[pl.Expr]:
    shown = [pl.col("row_id"), pl.col(rule.columns[0]).alias("value")]
    if rule.table in RESULT_TABLES:
        shown.extend(pl.col(name) for name in ("analyte", "unit") if name in view.columns)
    return shown


def _drafts(one: _Asked, positions: Sequence[int]) -> Iterator[dict[str, Any]]:
    rule, kind = one.rule, KINDS[one.rule.expect]
    column = rule.columns[0] if rule.columns else None
    unit = str(rule.arguments.get("unit") or "")
    about_result = rule.table in RESULT_TABLES and column in {"value", None}
    analyte = rule.when.get("analyte")
    for row in one.rows[list(positions)].iter_rows(named=True):
        value: str | None
        if rule.level == "dataset":
            value, shown_unit = (
                _figure_text(kind.figure, row["figure"]),
                unit if kind.figure == "median" else "",
            )
            about = row["group"] if rule.arguments.get("by") == "analyte" else analyte
            variable = about if about_result and isinstance(about, str) else column
            n_rows = row["rows"]
        else:
            value, n_rows = written(row["value"]), 1
            shown_unit = unit or (row.get("unit") or "" if about_result else "")
            variable = row.get("analyte") if about_result else column
        draft = {
            "rule_id": rule.id,
            "severity": rule.severity,
            "table": rule.table,
            "row_id": row["row_id"],
            "engine": "gx",
            "variable": variable,
            "value": value,
            "unit": shown_unit or None,
            "expected": kind.expected(rule.arguments, shown_unit),
            "n_rows": n_rows,
        }
        yield {**draft, "message": _sentence(rule.says, draft)}


def _figure_text(figure: str, value: float) -> str:
    return f"{written(round(100 * value, 1))} %" if figure.startswith("share") else str(written(value))


def _sentence(says: str, fields: Mapping[str, Any]) -> str:
    """The rule's own sentence; a field without a value reads as an ellipsis."""
    return "".join(
        text if name is None else text + str(fields.get(name) if fields.get(name) is not None else "…")
        for text, name, _, _ in string.Formatter().parse(says)
    )


def _entry(rule: Rule) -> Entry:
    analyte = rule.when.get("analyte")
    column = rule.columns[0] if rule.columns else "*"
    return Entry(
        rule_id=rule.id,
        engine="gx",
        table=rule.table,
        variable=analyte if isinstance(analyte, str) and column == "value" else column,
        severity=rule.severity,
        says=rule.says,
        source=rule.source,
    )
