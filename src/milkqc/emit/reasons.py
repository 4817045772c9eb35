"""Why cells of the harmonised tables and of the analysis table are missing: what the lineage says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from milkqc.model import Result
from milkqc.reference.wide import columns_of, unit_of

_KEYS: Mapping[str, tuple[str, ...]] = {
    "participants": ("infant_id",),
    "visits": ("participant_id", "visit"),
    "growth": ("infant_id", "visit"),
}
_MISSING = "__missing"


def reasons_of(table: str, result: Result) -> dict[str, pl.Series]:
    """Column -> reason per row of a harmonised table; only columns with some reason are there."""
    rows = result.table(table)
    lineage = result.lineage.get(table)
    found: dict[str, pl.Series] = {}
    if lineage is not None and lineage.height:
        said = rows.select("row_id").join(lineage, on="row_id", how="left", maintain_order="left")
        places = {name.removesuffix(_MISSING): name for name in lineage.columns if name.endswith(_MISSING)}
        found = {column: said[name] for column, name in places.items() if column in rows.columns}
    if "missing_reason" in rows.columns:
        found["value"] = rows["missing_reason"]
    return {name: why for name, why in found.items() if why.null_count() < len(why)}


def reasons(result: Result) -> dict[str, pl.Series]:
    """Analysis column -> reason per row of `result.analysis`; null where the cell has a value or nobody said why.

    Only columns with some reason are there. Rows of one key that give different reasons give none.
    """
    rows = result.analysis
    found: dict[str, pl.Series] = {}
    for table, key in _KEYS.items():
        lineage = result.lineage.get(table)
        if lineage is None:
            continue
        places = {
            name: _column(name.removesuffix(_MISSING), table, rows.columns)
            for name in lineage.columns
            if name.endswith(_MISSING)
        }
        said = result.table(table).select("row_id", *key).join(lineage, on="row_id", how="inner")
        _add(found, rows, said, key, {name: place for name, place in places.items() if place})
    _add_milk(found, rows, result.milk)
    return found


def _column(name: str, table: str, columns: Sequence[str]) -> str | None:
    """What a table's column is called in the analysis table: with the table's name where the plain one is taken."""
    return next((place for place in (f"{table}_{name}", name) if place in columns), None)


def _add_milk(found: dict[str, pl.Series], rows: pl.DataFrame, milk: pl.DataFrame) -> None:
    key = ("participant_id", "visit")
    for analyte in milk.get_column("analyte").unique().sort():
        part = milk.filter((pl.col("analyte") == analyte) & pl.col("reported").fill_null(value=True))
        column = columns_of(analyte, unit_of(analyte, part.get_column("unit")))["value"]
        if column in rows.columns:
            _add(found, rows, part, key, {"missing_reason": column})


def _add(
    found: dict[str, pl.Series],
    rows: pl.DataFrame,
    said: pl.DataFrame,
    key: tuple[str, ...],
    places: Mapping[str, str],
) -> None:
    if not places:
        return
    agreed = said.group_by(key).agg(
        pl.when(pl.col(name).drop_nulls().n_unique() == 1)
        .then(pl.col(name).drop_nulls().first())
        .alias(f"_{place}")
        for name, place in places.items()
    )
    joined = rows.join(agreed, on=key, how="left", maintain_order="left")
    for place in places.values():
        why = joined.select(pl.when(pl.col(place).is_null()).then(f"_{place}")).to_series()
        if why.null_count() < len(why):
            found[place] = why
