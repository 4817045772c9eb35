"""The assay's limit of each row, in the raw unit: a number, a column, or a number by batch."""

from __future__ import annotations

import polars as pl

from milkqc import cells as text_cells
from milkqc.mapping import values
from milkqc.mapping.actions import Place
from milkqc.mapping.language import LimitOf
from milkqc.mapping.values import Mapped


def limits(limit: LimitOf | None, place: Place) -> Mapped:
    """Each row's limit (Float64), null where none is declared; one that cannot be read is a problem, its text kept."""
    height = place.rows.height
    none = pl.repeat(None, height, dtype=pl.String, eager=True)
    if limit is None or limit.value is not None:
        value = pl.repeat(limit.value if limit is not None else None, height, dtype=pl.Float64, eager=True)
        return Mapped(value, none, none)
    column = place.named(limit.from_ or limit.by or "")
    cells = place.rows.cells(column)
    reason = values.reasons(cells, place.missing, blanks=True)
    if limit.by is not None:
        words = {key: repr(value) for key, value in (limit.values or {}).items()}
        value = values.recode(cells.text, words).cast(pl.Float64)
        rule, expected = "reading.code.unknown", "a batch whose limit the mapping gives"
    else:
        value = _numbers(column, place)
        rule, expected = "reading.number.unreadable", "the assay's limit as a number"
    bad = value.is_null() & reason.is_null()
    return Mapped(
        pl.select(pl.when(reason.is_null()).then(value)).to_series(),
        cells.text,
        pl.select(pl.when(bad).then(pl.lit("unreadable")).otherwise(reason)).to_series(),
        (cells.column,),
        problems=values.problems(bad, rule, cells.text, expected),
        judged={rule: int(reason.is_null().sum())},
    )


def _numbers(column: str, place: Place) -> pl.Series:
    cells = place.rows.cells(column)
    if cells.kind == "number" and cells.native is not None:
        return cells.native
    decimal, thousands = place.rows.separators(column)
    parsed = text_cells.numbers(cells.text, decimal=decimal, thousands=thousands)
    # A limit column may itself say `<0.5`.
    return pl.select(pl.coalesce(parsed["number"], parsed["limit"])).to_series()
