"""In which order results came about: their place in the run of a laboratory, and which of several is the latest."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from milkqc import cells as text_cells
from milkqc.mapping.actions import Place
from milkqc.mapping.language import Block
from milkqc.mapping.rows import Rows
from milkqc.mapping.values import Mapped


def run_order(block: Block, rows: Rows) -> pl.Series:
    """The position in the run of each row, where the block's controls name its column; else null."""
    if block.controls is None or block.controls.order is None:
        return pl.repeat(None, rows.height, dtype=pl.Float64, eager=True)
    cells = rows.cells(block.controls.order)
    if cells.native is not None and cells.kind == "number":
        return cells.native.cast(pl.Float64)
    return text_cells.numbers(cells.text)["number"]


def latest(column: str, block: Block, place: Place, made: Mapping[str, Mapped]) -> pl.Series:
    """What decides which of several results is the latest: the mapped date, else the file's date or number."""
    for name, spec in block.columns.items():
        if spec.from_ == (column,) and made[name].value.dtype in {pl.Date, pl.Float64}:
            return made[name].value.cast(pl.Float64)
    cells = place.rows.cells(place.named(column))
    if cells.native is not None and cells.kind != "boolean":
        return cells.native.to_physical().cast(pl.Float64)
    return latest_order(cells.text)


def latest_order(text: pl.Series) -> pl.Series:
    """Text that orders results by itself: ISO dates as days, else plain numbers; null for anything else."""
    days = text_cells.dates(text, "%Y-%m-%d")["date"].to_physical().cast(pl.Float64)
    return days if days.is_not_null().any() else text_cells.numbers(text)["number"]
