"""Visits by their usual names: `Month 3`, `3 months`, `month_3_arm_1` are month_3; and the day that this plans."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from milkqc.drafting.synonyms import code_of
from milkqc.drafting.words import fold

_DAYS = {"day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25}
_ARM = re.compile(r"[_ ]arm[_ ]?[0-9]+\w*$", re.IGNORECASE)


def visit_name(text: str) -> str:
    """milkqc's style of name for a visit: `month_3`, `birth`; "" when the text does not say which it is."""
    folded = fold(_ARM.sub("", text.strip()))
    words = re.sub(r"(?<=[a-z])(?=[0-9])|(?<=[0-9])(?=[a-z])", " ", folded).split()
    numbers = [word for word in words if word.isdigit()]
    kinds = [kind for word in words if not word.isdigit() and (kind := code_of("visit_name", word))]
    if len(numbers) == 1 and len(kinds) == 1 and kinds[0] in _DAYS:
        return f"{kinds[0]}_{int(numbers[0])}"
    if not numbers and len(set(kinds)) == 1 and kinds[0] not in _DAYS:
        return kinds[0]
    return ""


def visit_codes(values: Iterable[str], labels: Mapping[str, str]) -> dict[str, str]:
    """Each value (by its label where it has one) to a visit's name; empty when one of them says nothing."""
    found = {value: visit_name(labels.get(value) or value) for value in values}
    return found if all(found.values()) and len(set(found.values())) == len(found) else {}


def planned_day(name: str) -> int | None:
    """The day of life that a visit's name plans: birth 0, month_3 91; None for a name that says none."""
    if name == "birth":
        return 0
    kind, _, number = name.partition("_")
    return round(_DAYS[kind] * int(number)) if kind in _DAYS and number.isdigit() else None
