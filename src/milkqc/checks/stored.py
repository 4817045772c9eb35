"""Rules and settings as plain data, so that a run's own can be asked again later, and back."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from milkqc.checks.declare import Settings
from milkqc.model import Rule

# A text that no rule holds marks what JSON has no form for.
_DAY = "\x1fdate"
_KEPT = ("expect", "arguments", "when")


def as_plain(value: Any) -> Any:
    """A value of a rule as JSON has it: tuples as lists, dates marked."""
    if isinstance(value, Mapping):
        return {str(key): as_plain(part) for key, part in value.items()}
    if isinstance(value, dt.date):
        return {_DAY: value.isoformat()}
    return [as_plain(part) for part in value] if isinstance(value, tuple | list | set | frozenset) else value


def restored(value: Any) -> Any:
    """What `as_plain` was given: lists as tuples, marked dates as dates."""
    if isinstance(value, dict):
        if set(value) == {_DAY}:
            return dt.date.fromisoformat(value[_DAY])
        return {key: restored(part) for key, part in value.items()}
    return tuple(restored(part) for part in value) if isinstance(value, list) else value


def plain_rule(rule: Rule) -> dict[str, Any]:
    """What of a rule decides its verdict, without what is empty."""
    return {name: as_plain(said) for name in _KEPT if (said := getattr(rule, name))}


def rule_of(rule_id: str, plain: Mapping[str, Any]) -> Rule:
    """A rule of a rule file with what decides its verdict; its texts are empty."""
    return Rule(
        id=rule_id,
        table=plain["table"],
        columns=tuple(plain["columns"]),
        severity="info",
        says="",
        source="",
        level=plain["level"],
        **{name: restored(plain[name]) for name in _KEPT if name in plain},
    )


def plain_settings(settings: Settings) -> dict[str, Any]:
    """The settings that are not as they are by themselves."""
    untouched = Settings()
    return {
        one.name: as_plain(said)
        for one in dataclasses.fields(settings)
        if (said := getattr(settings, one.name)) != getattr(untouched, one.name)
    }


def settings_of(plain: Mapping[str, Any]) -> Settings:
    """The settings of a run, as far as this version of milkqc knows them."""
    known = {one.name for one in dataclasses.fields(Settings)}
    return Settings(**{name: restored(said) for name, said in plain.items() if name in known})
