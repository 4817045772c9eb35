"""Rules of a file said in a study's own names of visits: `expectations: [{file: ..., visits: {month_3: three_months}}]`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from milkqc.model import Rule

if TYPE_CHECKING:
    from milkqc.mapping.faults import FaultList
    from milkqc.mapping.load import Loaded

_VISIT = "visit"


def in_visits_of(loaded: Loaded, rules: Sequence[Rule], faults: FaultList | None) -> tuple[Rule, ...]:
    """`rules`, those of files whose entry has `visits` with these names in their `when`.

    A name that no rule of the file has becomes a fault of the mapping (M123) in `faults`.
    """
    told = list(rules)
    for place, entry in enumerate(loaded.mapping.expectations):
        if entry.file is None or not entry.visits:
            continue
        name = PurePath(entry.file).name
        theirs = [index for index, rule in enumerate(told) if PurePath(rule.file).name == name]
        known = {visit for index in theirs for visit in _named(told[index].when)}
        if faults is not None:
            for visit in sorted(entry.visits.keys() - known):
                faults.add(
                    ("expectations", place, "visits", visit),
                    "M123",
                    f"no rule of {entry.file} names a visit {visit!r}.",
                    f"They name {', '.join(sorted(known))}." if known else "Leave out `visits`.",
                )
        for index in theirs:
            rule = told[index]
            told[index] = dataclasses.replace(rule, when=_renamed(rule.when, entry.visits))
    return tuple(told)


def _renamed(when: Any, names: Mapping[str, str], *, visit: bool = False) -> Any:
    if isinstance(when, Mapping):
        return {key: _renamed(value, names, visit=visit or key == _VISIT) for key, value in when.items()}
    if isinstance(when, tuple):
        return tuple(_renamed(one, names, visit=visit) for one in when)
    return names.get(when, when) if visit and isinstance(when, str) else when


def _named(when: Any, *, visit: bool = False) -> Iterator[str]:
    if isinstance(when, Mapping):
        for key, value in when.items():
            yield from _named(value, visit=visit or key == _VISIT)
    elif isinstance(when, tuple):
        for one in when:
            yield from _named(one, visit=visit)
    elif visit and isinstance(when, str):
        yield when
