"""Limits: how they are compared and how a person reads them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import narwhals.stable.v2 as nw

from milkqc.checks.ledger import written

BOUNDS = ("min", "above", "max", "below")
HARD = ("hard_min", "hard_max")
_EPOCH = dt.date(1970, 1, 1)


def comparable(limit: Any) -> Any:
    """A limit as it is compared: dates as days since 1970-01-01 and truth as 0 and 1, which every engine orders alike."""
    if isinstance(limit, dt.date):
        return (limit - _EPOCH).days
    return int(limit) if isinstance(limit, bool) else limit


def beyond(value: nw.Expr, arguments: Mapping[str, Any]) -> nw.Expr:
    """What lies beyond the limits; null where the value is."""
    against: dict[str, Callable[[Any], nw.Expr]] = {
        "min": lambda limit: value < limit,
        "above": lambda limit: value <= limit,
        "max": lambda limit: value > limit,
        "below": lambda limit: value >= limit,
    }
    tests = [against[key](comparable(arguments[key])) for key in BOUNDS if arguments.get(key) is not None]
    return tests[0] if len(tests) == 1 else nw.any_horizontal(*tests, ignore_nulls=False)


def beyond_hard(value: Any, arguments: Mapping[str, Any]) -> bool:
    """Whether one value lies beyond the hard limits, where there are any."""
    low, high = (arguments.get(key) for key in HARD)
    return value is not None and ((low is not None and value < low) or (high is not None and value > high))


def range_text(arguments: Mapping[str, Any], unit: str) -> str:
    """`0.07 to 7.9 mg/L`, `at least 3 cm`, `above 0, at most 5`."""
    unit = f" {unit}" if unit else ""
    low, high = arguments.get("min"), arguments.get("max")
    if low is not None and high is not None:
        return f"{written(low)} to {written(high)}{unit}"
    parts = [
        f"{word} {written(arguments[key])}"
        for key, word in (("min", "at least"), ("above", "above"), ("max", "at most"), ("below", "below"))
        if arguments.get(key) is not None
    ]
    return ", ".join(parts) + unit
