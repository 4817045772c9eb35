"""The texts of source cells taken apart again and read as the mapping read them."""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from milkqc import cells


def split(text: str | None, names: list[str]) -> dict[str, str | None]:
    """`WB1=5.2; WB2=` by name, as the lineage writes several cells; an empty text is a blank cell."""
    if text is None:
        return dict.fromkeys(names)
    there = [name for name in names if f"{name}=" in text]
    found: dict[str, str | None] = dict.fromkeys(names)
    start = 0
    for place, name in enumerate(there):
        begin = text.find(f"{name}=", start)
        if begin < 0:
            continue
        begin += len(name) + 1
        end = len(text)
        for following in there[place + 1 :]:
            at = text.find(f"; {following}=", begin)
            if at >= 0:
                end = at
                break
        found[name] = text[begin:end] or None
        start = end
    return found


@lru_cache(maxsize=100_000)
def number(text: str | None, decimal: str | None = None, thousands: str | None = None) -> float | None:
    """The number that a cell's text is; null for anything else."""
    if text is None:
        return None
    read = cells.numbers(pl.Series([text], dtype=pl.String), decimal=decimal, thousands=thousands)
    found: float | None = read["number"][0]
    return found


@lru_cache(maxsize=10_000)
def canonical(text: str | None) -> str | None:
    """The form in which codes are compared."""
    found: str | None = cells.canonical(pl.Series([text], dtype=pl.String))[0]
    return found
