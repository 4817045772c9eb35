"""Runs declared rules on views and tells what became of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import polars as pl

from milkqc.checks.declare import CodedRule, Settings, all_rules
from milkqc.checks.ledger import Entry, reason, written
from milkqc.clock import Clock
from milkqc.findings import drafts
from milkqc.model import Checked, LedgerRow

# The column of a judged frame that says what fails.
FAILS = "_fails"
_NO_SETTINGS = Settings()


@dataclass(frozen=True)
class Verdict:
    """What a rule said of one view: the failing rows (row_id, the rule's columns, what it shows) and the counts."""

    failing: pl.DataFrame
    looked_at: int
    not_judged: int


def check(
    views: Mapping[str, pl.DataFrame],
    *,
    settings: Settings = _NO_SETTINGS,
    off: Mapping[str, str] | None = None,
    rules: Iterable[CodedRule] | None = None,
) -> Checked:
    """Every coded rule on its table's view (`checks.views.views`): drafts, and a ledger row per rule.

    `off` maps the id of a switched-off rule to the study's reason; it is `skipped`.
    """
    outcomes, clock = [], Clock()
    for rule in all_rules() if rules is None else rules:
        with clock(rule.id):
            outcomes.append(_outcome(rule, views, settings, (off or {}).get(rule.id)))
    return Checked(
        pl.concat([drafts(), *(found for found, _ in outcomes)]),
        tuple(row for _, row in outcomes),
        clock.seconds,
    )


@dataclass(frozen=True)
class Asked:
    """A view as a rule looks at it: `among`, the rows that it is about, and `judged`, those where all that it needs
    is there, with the column FAILS (null: it cannot be said).
    """

    among: Any
    judged: Any


def asked(rule: CodedRule, view: Any, settings: Settings = _NO_SETTINGS) -> Asked:
    """The rule's columns of any frame that narwhals knows, judged."""
    said = rule.judge(settings)
    frame = nw.from_native(view)
    used = list(dict.fromkeys(("row_id", *rule.columns, *rule.per)))
    frame = frame.select(*used)
    if said.among is not None:
        frame = frame.filter(said.among)
    judged = frame.filter(*(~nw.col(name).is_null() for name in rule.needs)) if rule.needs else frame
    shows = [expression.alias(name) for name, expression in said.shows.items()]
    return Asked(frame, judged.with_columns(said.fails.alias(FAILS), *shows))


def verdict(rule: CodedRule, view: Any, settings: Settings = _NO_SETTINGS) -> Verdict:
    """The rule's failing rows in any frame that narwhals knows: pandas, polars (eager, lazy), DuckDB, Spark."""
    seen = asked(rule, view, settings)
    failing = seen.judged.filter(nw.col(FAILS)).drop(FAILS)
    there = seen.among.filter(~nw.col(rule.columns[0]).is_null()) if rule.needs else seen.among
    looked_at = _height(seen.judged.filter(~nw.col(FAILS).is_null()))
    return Verdict(_polars(failing).sort("row_id"), looked_at, max(_height(there) - looked_at, 0))


def _outcome(
    rule: CodedRule, views: Mapping[str, pl.DataFrame], settings: Settings, off: str | None
) -> tuple[pl.DataFrame, LedgerRow]:
    entry = _entry(rule)
    if off is not None:
        return drafts(), entry.switched_off(off)
    view = views.get(rule.table)
    if view is None or view.is_empty():
        return drafts(), entry.no_rows()
    missing = _unmet(rule, views, settings)
    if missing:
        return drafts(), entry.did_not_run("not_applicable", missing)
    try:
        seen = verdict(rule, view, settings)
        found = drafts(_drafts(rule, seen.failing))
    # A rule is code of a study or a plug-in and may fail in any way; one broken rule must neither stop the
    # others nor look like a pass, so its error is kept as the ledger's reason and the exit code becomes 3.
    except Exception as error:  # noqa: BLE001
        return drafts(), entry.did_not_run("broken", reason(error))
    if not seen.looked_at:
        why = f"No row has {_words(rule.needs)}." if rule.needs else "No row is of the kind it judges."
        return drafts(), entry.did_not_run("nothing_to_look_at", why, not_judged=seen.not_judged)
    return found, entry.ran(
        looked_at=seen.looked_at,
        failed=seen.failing.height,
        not_judged=seen.not_judged,
        findings=found.height,
    )


def _unmet(rule: CodedRule, views: Mapping[str, pl.DataFrame], settings: Settings) -> str:
    if not rule.requires:
        return ""
    if hasattr(settings, rule.requires):
        return "" if getattr(settings, rule.requires) else f"The mapping declares no {rule.requires}."
    table = views.get(rule.requires)
    return f"No {rule.requires} table is mapped." if table is None or table.is_empty() else ""


def _drafts(rule: CodedRule, failing: pl.DataFrame) -> Iterable[dict[str, Any]]:
    if failing.is_empty():
        return
    if rule.level == "dataset":
        yield _draft(rule, failing.row(0, named=True), "*", failing.height)
    elif rule.per:
        groups = failing.group_by(*rule.per, maintain_order=True).agg(pl.all().first(), _n=pl.len())
        for row in groups.sort("row_id").iter_rows(named=True):
            place = row[rule.per[0]] if rule.level == "group" else row["row_id"]
            yield _draft(rule, row, place, row["_n"])
    else:
        for row in failing.iter_rows(named=True):
            yield _draft(rule, row, row["row_id"], 1)


def _draft(rule: CodedRule, row: Mapping[str, Any], row_id: str, n_rows: int) -> dict[str, Any]:
    texts = {name: text for name, value in row.items() if (text := written(value)) is not None}
    texts["n_rows"] = str(n_rows)
    in_results = rule.table in {"milk", "biomarkers"} and "analyte" in (*rule.columns, *rule.per)
    return {
        "rule_id": rule.id,
        "severity": rule.severity,
        "table": rule.table,
        "row_id": row_id,
        "engine": "rules",
        "variable": row["analyte"] if in_results else rule.variable,
        "value": _filled(rule.told(rule.value), texts),
        "unit": row.get("unit") if in_results else None,
        "expected": _filled(rule.told(rule.expected), texts),
        "n_rows": n_rows,
    }


def _filled(template: str, texts: Mapping[str, str]) -> str | None:
    """The template with its fields; null when it is empty or its only field has no value."""
    if not template or (re.fullmatch(r"\{\w+\}", template) and template[1:-1] not in texts):
        return None
    return template.format_map(_Nothing(texts))


class _Nothing(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "nothing"


def _entry(rule: CodedRule) -> Entry:
    return Entry(
        rule_id=rule.id,
        engine="rules",
        table=rule.table,
        variable=rule.variable,
        severity=rule.severity,
        says=rule.told(rule.says),
        source=rule.told(rule.source),
    )


def _words(columns: tuple[str, ...]) -> str:
    *most, last = columns
    return f"{', '.join(most)} and {last} together" if most else last


def _height(frame: Any) -> int:
    counted = frame.select(nw.len().alias("n"))
    counted = counted.collect() if isinstance(counted, nw.LazyFrame) else counted
    return int(counted["n"][0])


def _polars(frame: Any) -> pl.DataFrame:
    frame = frame.collect(backend="polars") if isinstance(frame, nw.LazyFrame) else frame
    return frame.to_polars()  # type: ignore[no-any-return]
