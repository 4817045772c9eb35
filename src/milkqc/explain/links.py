"""How a row came to a row of another table: each link on the way, with the key before and after cleaning."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import polars as pl

from milkqc import cells
from milkqc.explain.model import Hop
from milkqc.explain.store import Row, Store
from milkqc.mapping.rows import cleaned


def via(store: Store, row: Row, column: str, link: str, block: dict[str, Any]) -> tuple[Hop, ...]:
    """The links from the row of a cell to the one where its source column stands, in their order."""
    spec = block["with"][link]
    ((mine, end),) = spec["on"].items()
    before, _, inner = mine.partition(".")
    chained = bool(inner) and before in block["with"]
    way = via(store, row, column, before, block) if chained else ()
    steps = tuple(end.get("clean", ()))
    asked = _kept(row, column, f"link_{link}_raw")
    there = _kept(row, column, f"link_{link}__key")
    file, at = place_of(row, column, link)
    hop = Hop(
        link=link,
        asked=inner if chained else mine,
        text=asked,
        clean=steps,
        cleaned=key(asked, steps),
        to=end["to"],
        found=asked if there is None and at is not None else there,
        file=file,
        row=at,
        mapping=f"{store.trace['mapping']}:{spec['line']}",
    )
    return (*way, hop)


def place_of(row: Row, column: str, link: str) -> tuple[str | None, int | None]:
    """File and row that a link found for a cell."""
    return _kept(row, column, f"link_{link}__file"), _kept(row, column, f"link_{link}__row")


def _kept(row: Row, column: str, name: str) -> Any:
    """What the lineage keeps of a link: for the cell itself where rows were merged, else for the row."""
    return row.get(f"{column}__{name}", row.get(name))


@lru_cache(maxsize=10_000)
def key(text: str | None, steps: tuple[str, ...]) -> str | None:
    """A key as it is compared: canonical, then cleaned."""
    found: str | None = cleaned(cells.key_text(pl.Series([text], dtype=pl.String)), steps)[0]
    return found
