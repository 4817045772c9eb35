"""Rows that say the same thing of one key made into one row; what they disagree on is missing and a problem."""

from __future__ import annotations

import polars as pl

from milkqc import units
from milkqc.errors import UnitError

CONFLICT_SCHEMA = {
    "group": pl.UInt32,
    "variable": pl.String,
    "value": pl.String,
    "n_rows": pl.Int64,
}


def variables(frame: pl.DataFrame) -> list[str]:
    """The mapped columns of an internal table, by name: those that carry a raw text."""
    return [name.removesuffix("__raw") for name in frame.columns if name.endswith("__raw")]


def merge(frame: pl.DataFrame, by: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row per `by`, in the order of first appearance, and the conflicts (CONFLICT_SCHEMA).

    A cell that is given once, or several times alike, is kept with its raw text and source row (`X__source_row`);
    cells that differ make it missing with reason `conflict`, the raw texts listed. Numbers are alike when they
    are the same amount, whatever their units.
    """
    grouped = frame.with_columns(_group=pl.struct(by).rank("dense").cast(pl.UInt32))
    order = grouped.group_by("_group", maintain_order=True).agg(pl.exclude("_group").first(), _rows=pl.len())
    result = order
    conflicts = [pl.DataFrame(schema=CONFLICT_SCHEMA)]
    for name in variables(frame):
        merged, apart = _column(grouped, name)
        result = result.drop([c for c in merged.columns if c in result.columns and c != "_group"]).join(
            merged, on="_group", how="left", maintain_order="left"
        )
        conflicts.append(apart)
    kept = [name for name in frame.columns if name in result.columns]
    added = [name for name in result.columns if name.endswith("__source_row") and name not in kept]
    found = pl.concat(conflicts)
    places = pl.DataFrame(
        {"group": result["_group"], "place": pl.int_range(result.height, dtype=pl.UInt32, eager=True)}
    )
    found = found.join(places, on="group", how="left", maintain_order="left").select(
        pl.col("place").alias("group"), "variable", "value", "n_rows"
    )
    return result.select(kept + added), found


def _column(grouped: pl.DataFrame, name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    parts = [c for c in grouped.columns if c in {name, f"{name}__number"} or c.startswith(f"{name}__")]
    value = _comparable(grouped, name)
    work = grouped.select("_group", "source_row", *parts).with_columns(_value=value)
    given = pl.col("_value").is_not_null()
    # Where nobody gives a value, the first reason for its being missing is kept.
    told = pl.col(f"{name}__missing").is_not_null()
    pick = [
        pl.coalesce(pl.col(c).filter(given).first(), pl.col(c).filter(told).first()).alias(c) for c in parts
    ]
    rows = pl.coalesce(
        pl.col("source_row").filter(given).first(), pl.col("source_row").filter(told).first()
    ).alias(f"{name}__source_row")
    merged = work.group_by("_group", maintain_order=True).agg(
        *pick,
        *([] if f"{name}__source_row" in parts else [rows]),
        _n=pl.col("_value").drop_nulls().n_unique(),
        _all=pl.col(f"{name}__raw").filter(given).unique(maintain_order=True).str.join("; "),
        _rows=given.sum().cast(pl.Int64),
        _given=given.any(),
    )
    apart = pl.col("_n") > 1
    conflicts = merged.filter(apart).select(
        group="_group", variable=pl.lit(name), value="_all", n_rows="_rows"
    )
    emptied = [c for c in (name, f"{name}__number") if c in parts]
    merged = merged.with_columns(
        *(pl.when(~apart).then(c).alias(c) for c in emptied),
        pl.when(apart).then("_all").otherwise(f"{name}__raw").alias(f"{name}__raw"),
        pl.when(apart)
        .then(pl.lit("conflict"))
        .when("_given")
        .then(pl.lit(None))
        .otherwise(f"{name}__missing")
        .alias(f"{name}__missing"),
    )
    return merged.drop("_n", "_all", "_rows", "_given"), conflicts


def _comparable(grouped: pl.DataFrame, name: str) -> pl.Expr:
    """A column's values in a form in which equal amounts are equal."""
    if f"{name}__number" not in grouped.columns:
        return pl.col(name).cast(pl.String)
    raw_units = grouped[f"{name}__raw_unit"].unique().drop_nulls().sort().to_list()
    if len(raw_units) < 2:
        return pl.col(f"{name}__number")
    factors: dict[str, float | None] = {}
    for unit in raw_units:
        try:
            factors[unit] = units.unit_factor(unit, raw_units[0])
        except UnitError:
            factors[unit] = None
    factor = pl.col(f"{name}__raw_unit").replace_strict(factors, default=1.0, return_dtype=pl.Float64)
    return (pl.col(f"{name}__number") * factor).round_sig_figs(12)
