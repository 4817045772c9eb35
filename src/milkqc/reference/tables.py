"""The csv files of reference/data as frames."""

from __future__ import annotations

import polars as pl

from milkqc.units.tables import rows


def table(name: str, *, numbers: tuple[str, ...] = ()) -> pl.DataFrame:
    """One file of reference/data: text columns, those in `numbers` Float64, null where a cell is empty."""
    cells = rows(name)
    frame = pl.DataFrame(cells, schema=dict.fromkeys(cells[0], pl.String), orient="row")
    return frame.with_columns(pl.when(pl.all() != "").then(pl.all())).with_columns(
        pl.col(number).cast(pl.Float64) for number in numbers
    )
