"""What a study changes about rules: other limits, another severity, or a rule switched off, always with a reason."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from milkqc.errors import Fault, SuiteFaults
from milkqc.model import Rule, Severity


@dataclass(frozen=True)
class Change:
    """One change. `off` is the reason for switching the rule off; `reason` the reason for other limits.

    `min` and `max` are in the unit that the rule judges (canonical). `file` and `line` say where it was written.
    """

    rule: str
    off: str | None = None
    min: float | None = None
    max: float | None = None
    severity: Severity | None = None
    reason: str | None = None
    file: str = ""
    line: int = 0


def changed(
    rules: Sequence[Rule], changes: Iterable[Change], *, others: Collection[str] = ()
) -> tuple[Rule, ...]:
    """The rules with a study's limits and severities; the reason joins the rule's source.

    `others` are the ids of rules that live elsewhere (coded rules): they can be switched off, not changed.
    Raises SuiteFaults: R301 no such rule, R302 no reason, R303 the rule has no such limit.
    """
    known = {rule.id: rule for rule in rules}
    faults: list[Fault] = []

    def fault(change: Change, code: str, what: str, todo: str) -> None:
        faults.append(Fault(change.file, change.line, code, change.rule, what, todo))

    for change in changes:
        rule = known.get(change.rule)
        wanted = {"min": change.min, "max": change.max}
        limits = {key: value for key, value in wanted.items() if value is not None}
        if rule is None:
            if change.rule not in others:
                fault(change, "R301", "there is no such rule.", "See `milkqc rules` for the ids.")
            elif limits or change.severity:
                fault(change, "R303", "its limits are not in a rule file.", "It can only be switched off.")
        if not (change.off or change.reason):
            fault(change, "R302", "the change has no reason.", "Say why, in `off` or `reason`.")
        if rule is None:
            continue
        lacking = [key for key in limits if key not in rule.arguments]
        if lacking:
            fault(change, "R303", f"the rule has no {' and no '.join(lacking)}.", "Write a rule of your own.")
            continue
        known[rule.id] = dataclasses.replace(
            rule,
            arguments={**rule.arguments, **limits},
            severity=change.severity or rule.severity,
            source=f"{rule.source}; changed by the study: {change.reason}" if change.reason else rule.source,
        )
    if faults:
        raise SuiteFaults(faults)
    return tuple(known[rule.id] for rule in rules)


def switched_off(changes: Iterable[Change]) -> dict[str, str]:
    """Rule id -> the reason for switching it off, for the `off` of every home of checks."""
    return {change.rule: change.off for change in changes if change.off}
