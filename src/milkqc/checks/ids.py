"""Every permanent rule id that ships. An id is never reused or renamed; a retired one stays in the list."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from milkqc.model import TABLES, Rule


def current(rules: Sequence[Rule]) -> tuple[str, ...]:
    """The ids of the contract, the coded rules, the dictionary's rules and `rules` (the loaded rule files), sorted."""
    from milkqc.checks.contract import promises
    from milkqc.checks.declare import all_rules
    from milkqc.checks.dictionary import SEVERITY
    from milkqc.checks.laboratory.rules import RULES as LABORATORY

    return tuple(
        sorted(
            {
                *(promise.id for table in TABLES for promise in promises(table)),
                *(rule.id for rule in all_rules()),
                *(rule.id for rule in rules),
                *LABORATORY,
                *(f"{table}.compare" for table in TABLES),
                *SEVERITY,
                "milk.limits.none",
                "biomarkers.limits.none",
            }
        )
    )


def listed() -> dict[str, bool]:
    """The ids of rule_ids.txt in their order; True for one in use, False for a retired one."""
    text = (resources.files("milkqc.checks") / "rule_ids.txt").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return {name: not rest for name, *rest in lines}
