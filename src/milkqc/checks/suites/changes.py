"""What a study changes about rules: other limits, another severity, or a rule switched off, always with a reason."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import polars as pl

from milkqc.errors import Fault, SuiteFaults
from milkqc.model import LedgerRow, Rule, Severity

LIMITS = ("min", "max", "above", "below", "share")
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Change:
    """One change. `off` is the reason for switching the rule off; `reason` the reason for other limits.

    `min`, `max`, `above` and `below` are in the unit that the rule judges (canonical), `share` between 0 and 1.
    `file` and `line` say where it was written.
    """

    rule: str
    off: str | None = None
    min: float | None = None
    max: float | None = None
    severity: Severity | None = None
    reason: str | None = None
    file: str = ""
    line: int = 0
    above: float | None = None
    below: float | None = None
    share: float | None = None

    @property
    def limits(self) -> dict[str, float]:
        """The limits that it sets."""
        return {key: value for key in LIMITS if (value := getattr(self, key)) is not None}


def changed(
    rules: Sequence[Rule],
    changes: Sequence[Change],
    *,
    others: Collection[str] = (),
    fixed: Mapping[str, str] = _NONE,
) -> tuple[Rule, ...]:
    """The rules with a study's limits and severities; the reason joins the rule's source.

    `others` are the ids of rules that live elsewhere (coded rules): they have no limits to change. `fixed` maps
    ids that no study may change to the reason. Raises SuiteFaults: R301 no such rule, R302 no reason, R303 the
    rule has no such limit or cannot be changed, R304 changed twice or in two ways that contradict each other.
    """
    known = {rule.id: rule for rule in rules}
    faults: list[Fault] = []

    def fault(change: Change, code: str, what: str, todo: str) -> None:
        faults.append(Fault(change.file, change.line, code, change.rule, what, todo))

    seen: set[str] = set()
    for change in changes:
        for code, what, todo in _wrong(change, known.get(change.rule), seen, others, fixed, known):
            fault(change, code, what, todo)
        seen.add(change.rule)
        rule = known.get(change.rule)
        if rule is None or not set(change.limits) <= set(rule.arguments):
            continue
        arguments = {**rule.arguments, **change.limits}
        low, high = (_first(arguments, names) for names in (("min", "above"), ("max", "below")))
        if change.limits and _backwards(low, high):
            fault(
                change, "R303", f"the lower limit {low} would be above the upper one, {high}.", "Give both."
            )
        known[rule.id] = dataclasses.replace(
            rule,
            arguments=arguments,
            severity=change.severity or rule.severity,
            source=f"{rule.source}; changed by the study: {change.reason}" if change.reason else rule.source,
        )
    if faults:
        raise SuiteFaults(faults)
    return tuple(known[rule.id] for rule in rules)


def _wrong(
    change: Change,
    rule: Rule | None,
    seen: Collection[str],
    others: Collection[str],
    fixed: Mapping[str, str],
    known: Mapping[str, Rule],
) -> Iterable[tuple[str, str, str]]:
    name = change.rule
    if rule is None and name in fixed:
        yield "R303", "no study can change it.", fixed[name]
    elif rule is None and name not in others:
        yield "R301", "there is no such rule.", _near(name, [*known, *others, *fixed])
    elif rule is None and change.limits:
        yield "R303", "its limits are not in a rule file.", "Change its severity, or switch it off."
    elif rule is not None and (lacking := [key for key in change.limits if key not in rule.arguments]):
        has = " and ".join(key for key in LIMITS if key in rule.arguments)
        yield (
            "R303",
            f"the rule has no {' and no '.join(lacking)}.",
            f"It has {has}." if has else "Write a rule of your own.",
        )
    if not (change.off or change.reason):
        yield "R302", "the change has no reason.", "Say why, in `off` or `reason`."
    elif not change.off and not change.limits and change.severity is None:
        yield "R304", "the entry changes nothing.", "Give a limit, a `severity`, or `off`."
    if change.off and (change.limits or change.severity):
        yield "R304", "it is switched off and changed.", "Keep one of the two."
    if name in seen:
        yield "R304", "the rule is changed twice.", "Write one entry for it."


def _near(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=2, cutoff=0.6)
    return f"Did you mean {' or '.join(close)}?" if close else "See `milkqc rules list` for the ids."


def _first(arguments: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((arguments[name] for name in names if arguments.get(name) is not None), None)


def _backwards(low: Any, high: Any) -> bool:
    return isinstance(low, float | int) and isinstance(high, float | int) and low > high


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
