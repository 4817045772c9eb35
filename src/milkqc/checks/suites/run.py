"""Runs rule files on views: what is judged, what an engine says of it, findings and ledger."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import polars as pl

from milkqc.checks.ledger import Entry, reason
from milkqc.checks.suites import greatex, plain, schemas
from milkqc.checks.suites.conditions import names_arm
from milkqc.checks.suites.groups import by_of, figures, resolved
from milkqc.checks.suites.judged import Asked, Prepared, Question, names_of, prepared
from milkqc.checks.suites.kinds import KINDS
from milkqc.checks.suites.plain import Verdict
from milkqc.checks.suites.sums import of_analytes
from milkqc.checks.suites.told import tell
from milkqc.checks.suites.unlimited import unlimited
from milkqc.clock import Clock
from milkqc.findings import drafts
from milkqc.model import Checked, Engine, LedgerRow, Rule

ENGINES = ("auto", "pandera", "gx", "expressions")
# Up to so many rows in the largest table `auto` is Great Expectations; beyond, its pandas copies and lists of
# positions cost more than they tell, and the plain expressions, which say the same, are used.
AUTO_ROWS = 200_000
Judge = Callable[[Sequence[Question]], list[Verdict]]
_JUDGES: Mapping[Engine, Judge] = {"gx": greatex.judge, "pandera": schemas.judge, "expressions": plain.judge}


def check(
    views: Mapping[str, pl.DataFrame],
    rules: Sequence[Rule],
    *,
    off: Mapping[str, str] | None = None,
    engine: str = "gx",
    unblinded: bool = False,
) -> Checked:
    """Every rule on its table's view: drafts, and a ledger row per rule, the same from every engine but for its name.

    `off` maps the id of a switched-off rule to the study's reason; it is `skipped`. A rule that would tell trial arms
    apart is not applicable unless `unblinded`. Under `pandera` rules about groups run as expressions. GX is
    imported (3.5 s) only if some rule has something to judge.
    """
    began = time.perf_counter()
    chosen = choose(engine, views)
    ready = dict(_ready(rules, views, off or {}, chosen, unblinded=unblinded))
    asked = [one for one in ready.values() if isinstance(one, Asked)]
    rows = {name: one for name, one in ready.items() if isinstance(one, LedgerRow)}
    found: list[dict[str, Any]] = []
    for one, verdict in zip(asked, _verdicts(asked), strict=True):
        if isinstance(verdict, str):
            rows[one.rule.id] = _entry(one.rule, one.engine).did_not_run("broken", verdict)
            continue
        try:
            failing = list(tell(one, verdict)) if len(verdict) else []
        # What a rule shows of its failing rows may be as wrong as the rule: it is broken, and the others go on.
        except Exception as error:  # noqa: BLE001
            rows[one.rule.id] = _entry(one.rule, one.engine).did_not_run("broken", reason(error))
            continue
        found.extend(failing)
        rows[one.rule.id] = _entry(one.rule, one.engine).ran(
            looked_at=one.looked_at, failed=len(verdict), not_judged=one.not_judged, findings=len(failing)
        )
    ledger = (*(rows[rule.id] for rule in rules), *unlimited(views, rules, engine=chosen))
    # Rules are made ready and judged together, so those that were judged share the time.
    clock = Clock()
    clock.share([one.rule.id for one in asked], time.perf_counter() - began)
    return Checked(drafts(found), ledger, clock.seconds)


def choose(engine: str, views: Mapping[str, pl.DataFrame]) -> Engine:
    """The engine that `auto` stands for, or the one named. ValueError for any other word."""
    if engine not in ENGINES:
        raise ValueError(f"engine is one of {', '.join(ENGINES)}, not {engine!r}")
    if engine != "auto":
        return cast(Engine, engine)
    return "gx" if max((view.height for view in views.values()), default=0) <= AUTO_ROWS else "expressions"


def _verdicts(asked: Sequence[Asked]) -> list[Verdict]:
    found: dict[str, Verdict] = {}
    for engine, judge in _JUDGES.items():
        mine = [one for one in asked if one.engine == engine]
        if not mine:
            continue
        try:
            told = judge([one.question for one in mine])
        # Engines raise errors of many families (their own, pydantic's, pandas'); whichever it is, these rules were
        # not judged: the ledger says broken and the exit code becomes 3.
        except Exception as error:  # noqa: BLE001
            told = [reason(error)] * len(mine)
        found.update((one.rule.id, verdict) for one, verdict in zip(mine, told, strict=True))
    return [found[one.rule.id] for one in asked]


def _ready(
    rules: Sequence[Rule],
    views: Mapping[str, pl.DataFrame],
    off: Mapping[str, str],
    engine: Engine,
    *,
    unblinded: bool,
) -> Iterator[tuple[str, Asked | LedgerRow]]:
    by_table: dict[str, list[Rule]] = {}
    for rule in rules:
        # pandera looks at rows; rules about groups run as expressions under it.
        mine: Engine = "expressions" if engine == "pandera" and rule.level == "dataset" else engine
        try:
            silent = _silent(rule, views.get(rule.table), off.get(rule.id), mine, unblinded=unblinded)
        # As below: whatever a rule asks that its table does not bear is broken, and the others go on.
        except Exception as error:  # noqa: BLE001
            silent = _entry(rule, mine).did_not_run("broken", reason(error))
        if silent is not None:
            yield rule.id, silent
        elif rule.level == "dataset":
            yield rule.id, _of_groups(rule, views[rule.table], mine)
        else:
            by_table.setdefault(rule.table, []).append(rule)
    for table, several in by_table.items():
        for rule, one in _prepared(views[table], several, engine):
            yield rule.id, one if isinstance(one, LedgerRow) else _of_rows(one, views[table], engine)


def _prepared(
    view: pl.DataFrame, rules: Sequence[Rule], engine: Engine
) -> list[tuple[Rule, Prepared | LedgerRow]]:
    """The rules' questions; where one cannot be made ready each is tried by itself, so that the others are judged."""
    try:
        return list(zip(rules, prepared(view, rules), strict=True))
    # A rule from a study's file may ask what the data cannot answer; polars and narwhals raise errors of many
    # families for it. It is found out and broken below.
    except Exception as error:  # noqa: BLE001
        if len(rules) == 1:
            return [(rules[0], _entry(rules[0], engine).did_not_run("broken", reason(error)))]
        return [pair for rule in rules for pair in _prepared(view, [rule], engine)]


def _silent(
    rule: Rule, view: pl.DataFrame | None, off: str | None, engine: Engine, *, unblinded: bool
) -> LedgerRow | None:
    """The ledger row of a rule that has nothing to judge, or None."""
    entry = _entry(rule, engine)
    if off is not None:
        return entry.switched_off(off)
    if view is None or (view.is_empty() and rule.expect != "row_count_between"):
        return entry.no_rows()
    groups = [*by_of(rule), *([rule.arguments["between"]] if "between" in rule.arguments else [])]
    if not unblinded and (names_arm(rule.when) or "arm" in groups or "participant_arm" in groups):
        return entry.did_not_run(
            "not_applicable", "It tells trial arms apart, and the mapping does not say unblinded."
        )
    needed = (*names_of(rule), *(resolved(name, view) for name in groups))
    lacking = [name for name in needed if name not in view.columns]
    if lacking:
        return entry.did_not_run("not_applicable", f"The table has no column {', '.join(lacking)}.")
    absent = _absent_analyte(rule, view)
    return entry.did_not_run("not_applicable", f"The data hold no {absent}.") if absent else None


def _of_groups(rule: Rule, view: pl.DataFrame, engine: Engine) -> Asked | LedgerRow:
    try:
        groups = figures(rule, view)
    # As above: whatever a figure raises, its rule is broken and the others go on.
    except Exception as error:  # noqa: BLE001
        return _entry(rule, engine).did_not_run("broken", reason(error))
    there = groups.table.filter(pl.col("figure").is_not_null())
    if there.is_empty():
        why = _no_groups(rule, groups.table)
        return _entry(rule, engine).did_not_run("nothing_to_look_at", why, not_judged=groups.not_judged)
    question = Question(rule, {"value": "figure"}, there.select("figure"))
    return Asked(rule, engine, question, there, None, there.height, groups.not_judged)


def _of_rows(mine: Prepared, view: pl.DataFrame, engine: Engine) -> Asked | LedgerRow:
    rule = mine.question.rule
    if not mine.looked_at:
        why = (
            "No value has all that it is held against: it or a part is missing, censored or superseded."
            if rule.expect == "sum_of"
            else "Every value is missing, censored or of another kind."
        )
        return _entry(rule, engine).did_not_run("nothing_to_look_at", why, not_judged=mine.not_judged)
    return Asked(rule, engine, mine.question, view, mine.at, mine.looked_at, mine.not_judged)


def _absent_analyte(rule: Rule, view: pl.DataFrame) -> str:
    wanted = rule.when.get("analyte")
    if isinstance(wanted, Mapping):
        return ""
    names = wanted if isinstance(wanted, tuple) else (wanted,) if wanted else ()
    if names and not view["analyte"].is_in(list(names)).any():
        return " or ".join(names)
    if rule.expect == "sum_of" and of_analytes(rule):
        there = set(view["analyte"].unique())
        return next((name for name in rule.arguments["parts"] if name not in there), "")
    return ""


def _no_groups(rule: Rule, groups: pl.DataFrame) -> str:
    if groups.is_empty():
        return "No row meets the rule's conditions."
    least = rule.arguments.get("min_n", 0)
    return f"No group has {least} results with a known {KINDS[rule.expect].figure.replace('_', ' ')}."


def _entry(rule: Rule, engine: Engine) -> Entry:
    analyte = rule.when.get("analyte")
    column = rule.columns[0] if rule.columns else "*"
    return Entry(
        rule_id=rule.id,
        engine=engine,
        table=rule.table,
        variable=analyte if isinstance(analyte, str) and column == "value" else column,
        severity=rule.severity,
        says=rule.says,
        source=rule.source,
    )
