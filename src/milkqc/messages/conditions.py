"""A rule's `when` in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WORDS = {"min": "at least", "above": "above", "max": "at most", "below": "below", "not": "not"}


def condition_text(when: Mapping[str, Any]) -> str:
    """`analyte is zinc and days_postpartum is at least 7`; empty for no condition."""
    return " and ".join(_part(name, wanted) for name, wanted in when.items())


def _part(name: str, wanted: Any) -> str:
    if name in {"any", "all"}:
        joined = (" or " if name == "any" else " and ").join(condition_text(one) for one in wanted)
        return f"({joined})"
    if not isinstance(wanted, Mapping):
        return f"{name} is {_listed(wanted)}"
    parts = [
        ("missing" if value else "there") if word == "missing" else f"{_WORDS[word]} {_listed(value)}"
        for word, value in wanted.items()
    ]
    return f"{name} is {' and '.join(parts)}"


def _listed(value: Any) -> str:
    values = value if isinstance(value, tuple) else (value,)
    return " or ".join(
        str(one).lower() if isinstance(one, bool) else f"{one:g}" if isinstance(one, float) else str(one)
        for one in values
    )
