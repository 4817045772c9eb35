"""What a study changes about rules: other limits, another severity, or a rule switched off, always with a reason."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import polars as pl

from milkqc.checks.suites.given import of_file, of_function
from milkqc.errors import Fault, SuiteFaults
from milkqc.model import LedgerRow, Rule, Severity

_NONE: Mapping[str, str] = MappingProxyType({})
_NO_LIMITS: Mapping[str, Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True)
class Change:
    """One change. `off` is the reason for switching the rule off; `reason` the reason for other limits.

    `limits` are written by the names that the rule gives them, as texts (or lists of texts) or typed, in the unit that
    the rule judges (canonical), shares between 0 and 1. `file` and `line` say where it was written.
    """

    rule: str
    off: str | None = None
    severity: Severity | None = None
    reason: str | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    line: int = 0


@dataclass(frozen=True)
class Changed:
    """`rules` of rule files with the study's limits and severities, and its `limits` for functions, by rule id."""

    rules: tuple[Rule, ...]
    limits: Mapping[str, Mapping[str, Any]]


def changed(
    rules: Sequence[Rule],
    changes: Sequence[Change],
    *,
    others: Collection[str] = (),
    functions: Mapping[str, Mapping[str, Any]] = _NO_LIMITS,
    fixed: Mapping[str, str] = _NONE,
) -> Changed:
    """The rules with a study's limits and severities; the reason joins the rule's source.

    `others` are the ids of rules that live elsewhere, `functions` the limits of those of them that have some. `fixed`
    maps ids that no study may change to the reason. Raises SuiteFaults: R301 no such rule, R302 no reason, R303 the
    rule has no such limit, it takes no such value, or it cannot be changed, R304 changed twice or in two ways that
    contradict each other.
    """
    known = {rule.id: rule for rule in rules}
    limits: dict[str, Mapping[str, Any]] = {}
    faults: list[Fault] = []
    seen: set[str] = set()
    for change in changes:
        rule = known.get(change.rule)
        given = (
            of_file(rule, change.limits)
            if rule is not None
            else of_function(functions.get(change.rule, {}), change.limits)
        )
        wrong = [
            *_wrong(change, rule, others, fixed, [*known, *others, *fixed]),
            *_contradictions(change, seen),
            *(
                ("R303", what, todo)
                for what, todo in given.wrong
                if rule is not None or (change.rule in others and change.rule not in fixed)
            ),
        ]
        faults += [
            Fault(change.file, change.line, code, change.rule, what, todo) for code, what, todo in wrong
        ]
        seen.add(change.rule)
        if wrong or change.off:
            continue
        if rule is None:
            limits[change.rule] = given.limits
            continue
        known[rule.id] = dataclasses.replace(
            rule,
            arguments={**rule.arguments, **given.limits},
            severity=change.severity or rule.severity,
            source=f"{rule.source}; changed by the study: {change.reason}" if change.reason else rule.source,
        )
    if faults:
        raise SuiteFaults(faults)
    return Changed(
        tuple(known[rule.id] for rule in rules), {name: each for name, each in limits.items() if each}
    )


def _wrong(
    change: Change,
    rule: Rule | None,
    others: Collection[str],
    fixed: Mapping[str, str],
    known: Sequence[str],
) -> Iterable[tuple[str, str, str]]:
    name = change.rule
    if rule is None and name in fixed:
        yield "R303", "no study can change it.", fixed[name]
    elif rule is None and name not in others:
        yield "R301", "there is no such rule.", _near(name, known)


def _contradictions(change: Change, seen: Collection[str]) -> Iterable[tuple[str, str, str]]:
    if not (change.off or change.reason):
        yield "R302", "the change has no reason.", "Say why, in `off` or `reason`."
    elif not change.off and not change.limits and change.severity is None:
        yield "R304", "the entry changes nothing.", "Give a limit, a `severity`, or `off`."
    if change.off and (change.limits or change.severity):
        yield "R304", "it is switched off and changed.", "Keep one of the two."
    if change.rule in seen:
        yield "R304", "the rule is changed twice.", "Write one entry for it."


def _near(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=2, cutoff=0.6)
    return f"Did you mean {' or '.join(close)}?" if close else "See `milkqc rules list` for the ids."


def switched_off(changes: Iterable[Change]) -> dict[str, str]:
    """Rule id -> the reason for switching it off, for the `off` of every home of checks."""
    return {change.rule: change.off for change in changes if change.off}


def told(changes: Iterable[Change], before: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """What the study changed, for people, by rule id: `rule_id`, `what` ("max 9 instead of 7.9") and `reason`.

    `before` gives the limits and the severity of each rule as it ships.
    """
    found = []
    for change in sorted(changes, key=lambda each: each.rule):
        was = before.get(change.rule, {})
        wanted: dict[str, Any] = {**change.limits}
        if change.severity is not None:
            wanted["severity"] = change.severity
        parts = [
            f"{key} {_shown(value)}" + (f" instead of {_shown(was[key])}" if was.get(key) is not None else "")
            for key, value in wanted.items()
        ]
        found.append(
            {
                "rule_id": change.rule,
                "what": "switched off" if change.off else ", ".join(parts),
                "reason": change.off or change.reason or "",
            }
        )
    return found


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_shown(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def severities(changes: Iterable[Change]) -> dict[str, Severity]:
    """Rule id -> the severity that the study gives it."""
    return {change.rule: change.severity for change in changes if change.severity is not None}


def with_severities(
    drafts: pl.DataFrame, ledger: Iterable[LedgerRow], given: Mapping[str, Severity]
) -> tuple[pl.DataFrame, list[LedgerRow]]:
    """Draft findings and ledger rows of every home with the severities that the study gives."""
    if not given:
        return drafts, list(ledger)
    severity = pl.col("rule_id").replace_strict(given, default=pl.col("severity"), return_dtype=pl.String)
    return drafts.with_columns(severity=severity), [
        dataclasses.replace(row, severity=given.get(row.rule_id, row.severity)) for row in ledger
    ]
