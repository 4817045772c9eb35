"""How much milk (by weight) or fat a litre of each sample holds, for units per kg of milk and per gram of fat."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from milkqc import units
from milkqc.errors import UnitError
from milkqc.mapping import actions, values
from milkqc.mapping.actions import Place
from milkqc.mapping.language import Analyte, Column, Content
from milkqc.mapping.values import Mapped

# The unit that each content has inside, and what cannot be one in it. Body fluids weigh 1.00 to 1.06 kg/L; wider here,
# so that only another unit (1030 g/L as kg/L) is refused. Fat itself weighs 0.92 kg/L, so no litre holds more of it.
UNIT = {"density": "kg/L", "fat": "g/L"}
BETWEEN = {"density": (0.9, 1.2), "fat": (0.0, 920.0)}
# The column of the internal tables that holds each, and the one with the cell as written.
COLUMN = {"density": "density_kg_l", "fat": "fat_g_l"}


def contents(spec: Analyte, place: Place) -> dict[str, Mapped]:
    """`density` (kg/L) and `fat` (g/L) of each row, as far as `spec` declares them.

    A cell that is no number, or none that could be a density or a fat content, is a problem and missing.
    """
    given = {name: getattr(spec, name) for name in UNIT}
    return {name: _content(name, content, place) for name, content in given.items() if content is not None}


def columns(made: dict[str, Mapped]) -> list[pl.Series]:
    """The internal columns of contents: the number in its unit, and the cell as written."""
    parts = []
    for name, mapped in made.items():
        parts += [mapped.value.alias(COLUMN[name]), mapped.raw.alias(f"{name}_raw")]
    return parts


def _content(name: str, content: Content, place: Place) -> Mapped:
    height = place.rows.height
    if content.from_ is None:
        none = pl.repeat(None, height, dtype=pl.String, eager=True)
        value = pl.repeat(content.value, height, dtype=pl.Float64, eager=True)
        return Mapped(value, none, none)
    column = Column.model_validate({"from": content.from_, "unit": content.unit, "missing": content.missing})
    read = actions.make(column, "number", place)
    texts = read.unit if read.unit is not None else pl.repeat(None, height, dtype=pl.String, eager=True)
    factors = {text: _factor(text, UNIT[name]) for text in texts.unique().to_list()}
    factor = pl.Series([factors[text] for text in texts.to_list()], dtype=pl.Float64)
    value = read.value.cast(pl.Float64) * factor
    low, high = BETWEEN[name]
    bad = (read.value.is_not_null() & ~((value > low) & (value <= high)).fill_null(False)).fill_null(False)
    expected = f"a {'density' if name == 'density' else 'fat content'} up to {high:g} {UNIT[name]}"
    if low:
        expected = f"a density of {low:g} to {high:g} {UNIT[name]}"
    found = values.problems(bad, "reading.number.unreadable", read.raw, expected)
    return replace(
        read,
        value=pl.select(pl.when(~bad).then(value)).to_series(),
        missing=pl.select(pl.when(bad).then(pl.lit("unreadable")).otherwise(read.missing)).to_series(),
        problems=pl.concat([read.problems, found]),
    )


def _factor(text: str | None, to: str) -> float | None:
    try:
        return None if text is None else units.unit_factor(text, to)
    except UnitError:
        return None
