"""The limits that a study gives for a rule, typed like the rule's own: numbers, dates, sets, patterns, shares, tolerances."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from milkqc.checks.ledger import written
from milkqc.checks.suites.arguments import Arguments
from milkqc.checks.suites.bounds import BOUNDS, HARD
from milkqc.checks.suites.kinds import KINDS
from milkqc.model import Rule
from milkqc.yamlfile import Document

# Limits that a rule may be given although it ships without: of its kind, and beside limits that it has.
_BESIDE = frozenset({"tolerance", "offset", "min_n", "hard_severity", *HARD})
LIMITS = (
    *("min", "max", "above", "below", "share"),
    *("values", "pattern", "tolerance", "hard_min", "hard_max", "hard_severity"),
    *("quantile", "max_distance", "max_difference", "max_ratio", "factor", "offset", "min_n"),
)


@dataclass
class Given:
    """The limits as the rule takes them, and what is wrong with the others: what and what to do."""

    limits: dict[str, Any] = field(default_factory=dict)
    wrong: list[tuple[str, str]] = field(default_factory=list)


def limits_of(rule: Rule) -> dict[str, Any]:
    """The limits of a rule of a rule file that a study may change, by name."""
    has = {name: rule.arguments[name] for name in LIMITS if rule.arguments.get(name) is not None}
    share = rule.arguments.get("tolerance_share")
    return {**has, "tolerance": f"{written(100 * share)}%"} if share else has


def of_file(rule: Rule, raw: Mapping[str, Any]) -> Given:
    """What a study gives for a rule of a rule file."""
    kind = KINDS[rule.expect]
    taken = {*kind.arguments, *(("min_n",) if kind.level == "dataset" else ())} & _BESIDE
    has = limits_of(rule)
    given = Given(wrong=_lacking(raw, {*has, *taken}, has))
    reader = _Reader(rule, {name: _text(value) for name, value in raw.items() if name in {*has, *taken}})
    typed = reader.typed_limits()
    if not reader.wrong:
        merged = {**has, **typed}
        low, high = (_first(merged, names) for names in (("min", "above"), ("max", "below")))
        if low is not None and high is not None and low > high:
            reader.wrong.append(_backwards(low, high))
        else:
            reader.beyond(merged)
    given.wrong += reader.wrong
    given.limits = typed
    return given


def of_function(has: Mapping[str, Any], raw: Mapping[str, Any]) -> Given:
    """What a study gives for a decorated function; each limit is of the type of the one that ships."""
    given = Given(wrong=_lacking(raw, set(has), has))
    for name, value in raw.items():
        if name in has:
            try:
                given.limits[name] = _like(has[name], _text(value))
            except ValueError as error:
                given.wrong.append((f"{name} cannot be {_said(value)}.", str(error)))
    merged = {**has, **given.limits}
    low, high = merged.get("min"), merged.get("max")
    if not given.wrong and low is not None and high is not None and low > high:
        given.wrong.append(_backwards(low, high))
    share = given.limits.get("share")
    if share is not None and not 0 <= share <= 1:
        given.wrong.append((f"a share lies between 0 and 1, not {share:g}.", "Write 0.2 for 20 %."))
    return given


class _Reader(Arguments):
    """Types limits as a rule file's own are typed."""

    def __init__(self, rule: Rule, raw: Mapping[str, Any]):
        super().__init__(Document("", {}, {}), (), raw, rule.table, {})
        self.rule = rule
        self.wrong: list[tuple[str, str]] = []

    def fault(self, key: str | tuple[str | int, ...] | None, code: str, what: str, todo: str) -> None:  # noqa: ARG002
        self.wrong.append((what, todo))

    def typed_limits(self) -> dict[str, Any]:
        column = self.known(self.rule.columns[0]) if self.rule.columns else None
        kind = KINDS[self.rule.expect]
        found: dict[str, Any] = {}
        for name in self.entry:
            if name == "min_n":
                found[name] = self.count(name)
            elif (kind.name, name) == ("sum_of", "tolerance"):
                # The one that is not given would stay the rule's own.
                found |= {"tolerance": 0.0, "tolerance_share": 0.0, **self.tolerance(self.entry[name])}
            else:
                found[name] = self._argument(name, kind, column)
        return found

    def beyond(self, merged: dict[str, Any]) -> None:
        """The faults of limits that do not go together."""
        self._limits({name: value for name, value in merged.items() if name in {*BOUNDS, *HARD}})


def _lacking(raw: Mapping[str, Any], known: set[str], has: Mapping[str, Any]) -> list[tuple[str, str]]:
    lacking = [name for name in raw if name not in known]
    if not lacking:
        return []
    told = "It has " + " and ".join(has) + "." if has else "Change its severity, or switch it off."
    return [(f"the rule has no {' and no '.join(lacking)}.", told)]


def _backwards(low: Any, high: Any) -> tuple[str, str]:
    return f"the lower limit {_said(low)} would be above the upper one, {_said(high)}.", "Give both."


def _like(has: Any, text: Any) -> Any:
    """The text typed as `has` is; ValueError with what to write."""
    if isinstance(has, tuple):
        items = text if isinstance(text, list) else [text]
        return tuple(_like(has[0], item) for item in items)
    if isinstance(has, float | int) and not isinstance(text, list):
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise ValueError("Write a number with a decimal point.")
        return number
    if isinstance(has, dt.date) and not isinstance(text, list):
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            raise ValueError("Write a date as 2024-05-31.") from None
    if not isinstance(text, str):
        # A value of the study, refused as any other that does not fit.
        raise ValueError("Write one value.")  # noqa: TRY004
    return text


def _text(value: Any) -> Any:
    """As a YAML file gives it: texts, and lists of texts."""
    if isinstance(value, list | tuple):
        return [_text(one) for one in value]
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _said(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_said(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _first(arguments: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((arguments[name] for name in names if arguments.get(name) is not None), None)
