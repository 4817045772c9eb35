"""What is no fault of a mapping, and yet likely a slip: seen without any data."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from milkqc.errors import Fault
from milkqc.mapping.load import Loaded
from milkqc.yamlfile import Path_


def doubts(loaded: Loaded) -> Iterator[Fault]:
    """A fault for each visit that is nearly one of the schedule. A visit that is not planned is allowed."""
    faults, planned = loaded.faults(), list(loaded.mapping.schedule)
    for path, visit in _visits(loaded):
        near = next((one for one in planned if _nearly(visit, one)), None) if visit not in planned else None
        if near is not None:
            what = f"the schedule has no visit {visit!r}, so it has no window and no planned day."
            faults.add(path, "M409", what, f"Did you mean {near}?")
    yield from faults.faults


def _visits(loaded: Loaded) -> Iterator[tuple[Path_, str]]:
    """Every visit that the mapping itself names, with its place."""
    for table, place, block in loaded.mapping.blocks():
        for visit in block.visits or {}:
            yield (table, place, "visits", visit), visit
        spec = block.key.get("visit")
        if spec is None:
            continue
        for code, visit in (spec.codes or {}).items():
            yield (table, place, "key", "visit", "codes", code), visit
        if spec.do == "constant" and spec.value is not None:
            yield (table, place, "key", "visit", "value"), spec.value


def _nearly(visit: str, planned: str) -> bool:
    """Whether two names differ only in how they are written: the same number, and nearly the same letters."""
    if [int(one) for one in re.findall("[0-9]+", visit)] != [
        int(one) for one in re.findall("[0-9]+", planned)
    ]:
        return False
    one, other = (re.sub("[^a-z]", "", name.casefold()) for name in (visit, planned))
    return one == other or difflib.SequenceMatcher(None, one, other).ratio() >= 0.75
