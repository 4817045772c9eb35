"""How much a report lists before it points to the files, and how a table's cells become plain values."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import polars as pl

MOST_BYTES = 2_000_000
# controls, and the marks that turn the direction of text: a value must not rearrange the sentence around it
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)


@dataclass(frozen=True)
class Limits:
    """The most that is listed: rows per list, findings and absent people in all, actions, checks, variables, sites, rows of other
    tables, characters of a text."""

    rows_per_rule: int = 25
    rows: int = 900
    people: int = 900
    rules: int = 150
    checks: int = 600
    variables: int = 120
    sites: int = 8
    table: int = 400
    text: int = 320

    @property
    def smallest(self) -> bool:
        """Nothing is left to halve."""
        return all(getattr(self, each.name) <= 8 for each in fields(self))

    def halved(self) -> Limits:
        """Half of everything, never below 8."""
        return replace(self, **{each.name: max(8, getattr(self, each.name) // 2) for each in fields(self)})


def listing(frame: pl.DataFrame, cap: int, *, limits: Limits, file: str = "") -> dict[str, Any]:
    """The first `cap` rows as plain dicts, the number of rows in all and left off, and where the whole stands."""
    rows = [plain(row, limits=limits) for row in frame.head(cap).iter_rows(named=True)]
    return {"rows": rows, "total": frame.height, "left_off": frame.height - len(rows), "file": file}


def plain(value: Any, *, limits: Limits) -> Any:
    """`value` as JSON knows it: finite floats of 10 significant digits (else null), ISO dates, text made short."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return float(f"{value:.10g}") if math.isfinite(value) else None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {clip(str(key), limits.text): plain(item, limits=limits) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return [plain(item, limits=limits) for item in sorted(value, key=str)]
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(item, limits=limits) for item in value]
    return clip(str(value), limits.text)


def clip(text: str, most: int) -> str:
    """At most `most` characters, an ellipsis where it was cut; control and direction marks become U+FFFD."""
    seen = _UNSEEN.sub("\ufffd", text)
    return seen if len(seen) <= most else seen[: most - 1] + "…"


def place(file: str) -> str:
    """A file as the report may name it: relative to the data folder, never a path of this machine."""
    rooted = PurePosixPath(file).is_absolute() or PureWindowsPath(file).drive
    return PureWindowsPath(file).name if rooted else file
