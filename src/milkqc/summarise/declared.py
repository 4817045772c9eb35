"""The units in which the study's numbers came, and the factor that each was multiplied by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from milkqc import reference

UNITS: dict[str, Any] = {
    "table": pl.String,
    "variable": pl.String,
    "substance": pl.String,
    "raw_unit": pl.String,
    "unit": pl.String,
    "factor": pl.Float64,
    "values": pl.Int64,
}
_RESULTS = ("milk", "biomarkers")


def units(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row per variable, raw unit, substance and factor (UNITS) with the number of values that came so.

    `raw_unit` is the text of the mapping, the header or the row; `factor` is null where it could not be
    converted. Numbers without a unit (counts, scores) are left out.
    """
    parts = [pl.DataFrame(schema=UNITS), *_parts(tables)]
    return pl.concat(parts).sort(
        "table", "variable", "values", "raw_unit", descending=[False, False, True, False]
    )


def _parts(tables: Mapping[str, pl.DataFrame]) -> Iterator[pl.DataFrame]:
    dictionary = reference.dictionary()
    for table, frame in tables.items():
        if frame.is_empty():
            continue
        if table in _RESULTS and {"analyte", "raw_unit", "factor", "unit", "raw"} <= set(frame.columns):
            substance = "substance" if "substance" in frame.columns else None
            yield _counted(frame, table, "analyte", "raw_unit", "factor", pl.col("unit"), substance)
        for name in frame.columns:
            raw_unit, factor = f"{name}__raw_unit", f"{name}__factor"
            if raw_unit in frame.columns and factor in frame.columns:
                known = dictionary.get((table, name))
                unit = pl.lit(known.unit if known else None, dtype=pl.String)
                yield _counted(frame.with_columns(_name=pl.lit(name)), table, "_name", raw_unit, factor, unit)


def _counted(
    frame: pl.DataFrame,
    table: str,
    variable: str,
    raw_unit: str,
    factor: str,
    unit: pl.Expr,
    substance: str | None = None,
) -> pl.DataFrame:
    told = frame.select(
        table=pl.lit(table),
        variable=pl.col(variable),
        substance=pl.col(substance) if substance else pl.lit(None, dtype=pl.String),
        raw_unit=pl.col(raw_unit),
        unit=unit,
        factor=pl.col(factor).cast(pl.Float64),
    ).filter(pl.col("raw_unit").is_not_null())
    counted = told.group_by("table", "variable", "substance", "raw_unit", "unit", "factor").agg(
        values=pl.len()
    )
    return counted.select(pl.col(name).cast(kind) for name, kind in UNITS.items())
