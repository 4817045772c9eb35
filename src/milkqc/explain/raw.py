"""The texts of source cells taken apart again and read as the mapping read them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import polars as pl

from milkqc import cells
from milkqc.mapping.merge import ALSO

# What mapping.replicates writes between the cells of one value; a `; ` of a cell's own text has a `\` before it.
_BETWEEN = re.compile(r"(?<!\\)(?P<pairs>(?:\\\\)*); ")
_MERGED = re.compile(rf"(?<!\\)(?P<pairs>(?:\\\\)*){re.escape(ALSO)}")


def split(text: str | None, names: list[str]) -> dict[str, str | None]:
    """`WB1=5.2; WB2=` by name, as the lineage writes several cells; an empty text is a blank cell."""
    found: dict[str, str | None] = dict.fromkeys(names)
    left, name = list(names), None
    for part in _pieces(text):
        here = next((one for one in left if part.startswith(f"{one}=")), None)
        if here is None:
            # A text written before cells were marked: what belongs to no column belongs to the one before it.
            if name is not None:
                found[name] = f"{found[name] or ''}; {_plain(part)}"
            continue
        name, left = here, left[left.index(here) + 1 :]
        found[name] = _plain(part[len(name) + 1 :]) or None
    return found


def first(text: str | None) -> str | None:
    """Of the different texts of merged rows (mapping.merge) the one whose value counts."""
    return None if text is None else _unmarked(_cut(text, _MERGED)[0], ALSO)


def parts(text: str | None) -> list[str | None]:
    """The texts of several cells in their order, null where blank."""
    return [_plain(part.partition("=")[2]) or None for part in _pieces(text)]


def _pieces(text: str | None) -> list[str]:
    return [] if text is None else _cut(text, _BETWEEN)


def _cut(text: str, between: re.Pattern[str]) -> list[str]:
    found, start = [], 0
    for one in between.finditer(text):
        found.append(text[start : one.end("pairs")])
        start = one.end()
    return [*found, text[start:]]


def _plain(text: str) -> str:
    return _unmarked(text, "; ")


def _unmarked(text: str, between: str) -> str:
    if f"\\{between}" not in text and not text.endswith("\\"):
        return text
    return re.sub(rf"\\(\\|(?={re.escape(between)}))", r"\1", text)


def number(text: str | None, decimal: str | None = None, thousands: str | None = None) -> float | None:
    """The number that a cell's text is; null for anything else."""
    found: float | None = _read(text, decimal, thousands)["number"]
    return found


def censored(text: str | None, decimal: str | None = None, thousands: str | None = None) -> bool:
    """Whether a cell's text is a result beyond a limit: `<0.5`, ND."""
    return _read(text, decimal, thousands)["censored"] is not None


@lru_cache(maxsize=100_000)
def _read(text: str | None, decimal: str | None, thousands: str | None) -> dict[str, Any]:
    one = pl.Series([text], dtype=pl.String)
    return cells.numbers(one, decimal=decimal, thousands=thousands).row(0, named=True)


@lru_cache(maxsize=10_000)
def canonical(text: str | None) -> str | None:
    """The form in which codes are compared."""
    found: str | None = cells.canonical(pl.Series([text], dtype=pl.String))[0]
    return found
