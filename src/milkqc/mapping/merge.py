"""Rows that say the same thing of one key made into one row; what they disagree on is missing and a problem."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from milkqc import units
from milkqc.errors import UnitError

# What stands between the texts of cells that were merged and say the same in other words.
ALSO = "; also: "

CONFLICT_SCHEMA = {
    "group": pl.UInt32,
    "variable": pl.String,
    "value": pl.String,
    "n_rows": pl.Int64,
}
# What belongs to a result's number and goes with it (docs/architecture.md).
_RESULT = (
    "number",
    "censored",
    "limit_raw",
    "limit_text",
    "raw_unit",
    "substance",
    "method",
    "measures",
    "dilution",
    "density_kg_l",
    "density_raw",
    "fat_g_l",
    "fat_raw",
)


_PLACES = {"_block": "source_block"}


@dataclass(frozen=True)
class _Cell:
    """The columns of one variable: what it says (`given`, `values`), its raw text, its reason."""

    name: str
    raw: str
    missing: str
    values: tuple[str, ...]
    given: pl.Expr


def variables(frame: pl.DataFrame) -> list[str]:
    """The mapped columns of an internal table, by name: those that carry a raw text."""
    return [name.removesuffix("__raw") for name in frame.columns if name.endswith("__raw")]


def merge(
    frame: pl.DataFrame, by: list[str], *, agreed: Collection[str] = ()
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row per `by`, in no particular order, and the conflicts (CONFLICT_SCHEMA); the rows' order changes nothing.

    A cell that is given once, or several times alike, is kept; cells that differ make it missing with reason
    `conflict`. Numbers are alike when they are the same amount, whatever their units; those named in `agreed`
    are alike because the caller says so. `X__raw` lists every text that the rows hold, the value's own first;
    `X__source_row` is the row it stands in; where the rows of the table come from several files, blocks or linked
    rows, `X__source_file`, `X__source_block` and `X__link_NAME__file`, `X__link_NAME__row` say which. The result of a laboratory (`number` ...) is one of the variables.
    """
    first = [name for name in ("_block", "source_file") if name in frame.columns]
    grouped = frame.with_columns(_group=pl.struct(by).rank("dense").cast(pl.UInt32))
    texts = sorted(name for name in frame.columns if name == "raw" or name.endswith("__raw"))
    ordered = grouped.sort(["_group", *first, *texts, "source_row"], nulls_last=True)
    result = ordered.group_by("_group", maintain_order=True).agg(pl.exclude("_group").first())
    conflicts = [pl.DataFrame(schema=CONFLICT_SCHEMA)]
    for cell in _cells(frame):
        own = grouped.sort(["_group", *first, cell.raw, "source_row"], nulls_last=True)
        merged, apart = _merged(own, cell, alike=cell.name in agreed)
        result = result.drop([c for c in merged.columns if c in result.columns and c != "_group"]).join(
            merged, on="_group", how="left", maintain_order="left"
        )
        conflicts.append(apart)
    kept = [name for name in frame.columns if name in result.columns]
    added = [name for name in result.columns if name not in kept and name != "_group"]
    found = pl.concat(conflicts)
    places = result.select("_group", place=pl.int_range(pl.len(), dtype=pl.UInt32))
    found = found.join(places, left_on="group", right_on="_group", how="left", maintain_order="left").select(
        pl.col("place").alias("group"), "variable", "value", "n_rows"
    )
    return result.select(kept + added), found


def _cells(frame: pl.DataFrame) -> list[_Cell]:
    cells = []
    for name in variables(frame):
        number = f"{name}__number"
        value = number if number in frame.columns else name
        others = (f"{name}__raw_unit",) if number in frame.columns else ()
        cells.append(
            _Cell(name, f"{name}__raw", f"{name}__missing", (value, *others), pl.col(value).is_not_null())
        )
    if {"raw", "number", "censored"} <= set(frame.columns):
        given = pl.col("number").is_not_null() | pl.col("censored").is_not_null()
        values = tuple(
            name for name in _RESULT if name in frame.columns and f"{name}__raw" not in frame.columns
        )
        cells.append(_Cell("number", "raw", "missing_reason", values, given))
    return cells


def _merged(ordered: pl.DataFrame, cell: _Cell, *, alike: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    value = cell.values[0]
    places = {f"{cell.name}__{_PLACES.get(name, name)}": name for name in _places(ordered)}
    own = [name if name in ordered.columns else pl.col(whence).alias(name) for name, whence in places.items()]
    work = ordered.select(
        "_group",
        *own,
        cell.raw,
        cell.missing,
        *cell.values,
        _value=_comparable(ordered, cell),
        _given=cell.given,
    )
    given, told = pl.col("_given"), pl.col(cell.missing).is_not_null()
    # Where nobody gives a value, the first reason for its being missing is kept.
    pick = [
        pl.coalesce(pl.col(c).filter(given).first(), pl.col(c).filter(told).first()).alias(c)
        for c in (*cell.values, cell.missing, *places)
    ]
    whole = pl.concat([pl.col(cell.raw).filter(given), pl.col(cell.raw).filter(~given)])
    merged = work.group_by("_group", maintain_order=True).agg(
        *pick,
        whole.drop_nulls().unique(maintain_order=True).alias(cell.raw),
        _n=pl.col("_value").drop_nulls().n_unique(),
        _all=pl.col(cell.raw).filter(given).unique(maintain_order=True).str.join("; "),
        _rows=given.sum().cast(pl.Int64),
        _given=given.any(),
    )
    apart = pl.lit(value=False) if alike else pl.col("_n") > 1
    merged = merged.with_columns(
        pl.when(pl.col(cell.raw).list.len() > 0)
        .then(pl.when(apart).then(pl.col(cell.raw).list.join("; ")).otherwise(_texts(cell.raw)))
        .alias(cell.raw)
    )
    conflicts = merged.filter(apart).select(
        group="_group", variable=pl.lit(cell.name), value="_all", n_rows="_rows"
    )
    merged = merged.with_columns(
        pl.when(~apart).then(value).alias(value),
        pl.when(apart)
        .then(pl.lit("conflict"))
        .when(~pl.col("_given"))
        .then(cell.missing)
        .alias(cell.missing),
    )
    return merged.drop("_n", "_all", "_rows", "_given"), conflicts


def _texts(raw: str) -> pl.Expr:
    """The different texts of merged cells, the one that counts first. One that holds what stands between them is marked."""
    one = pl.element()
    unsafe = one.str.contains(ALSO, literal=True) | one.str.ends_with("\\")
    marked = one.str.replace_all("\\", "\\\\", literal=True).str.replace_all(ALSO, f"\\{ALSO}", literal=True)
    return pl.col(raw).list.eval(pl.when(unsafe).then(marked).otherwise(one)).list.join(ALSO)


def _places(frame: pl.DataFrame) -> list[str]:
    """The columns that say where a row comes from, those in which rows may differ."""
    several = [
        name for name in ("source_file", "_block") if name in frame.columns and frame[name].n_unique() > 1
    ]
    links = [name for name in frame.columns if name.startswith("link_")]
    return ["source_row", *several, *links]


def _comparable(ordered: pl.DataFrame, cell: _Cell) -> pl.Expr:
    """A column's values in a form in which equal amounts are equal."""
    value = cell.values[0]
    raw_unit = "raw_unit" if cell.name == "number" else f"{cell.name}__raw_unit"
    if raw_unit not in cell.values:
        return pl.col(value).cast(pl.String)
    raw_units = ordered[raw_unit].unique().drop_nulls().sort().to_list()
    if len(raw_units) < 2:
        return pl.col(value)
    factors: dict[str, float | None] = {}
    for unit in raw_units:
        try:
            factors[unit] = units.unit_factor(unit, raw_units[0])
        except UnitError:
            factors[unit] = None
    factor = pl.col(raw_unit).replace_strict(factors, default=1.0, return_dtype=pl.Float64)
    return (pl.col(value) * factor).round_sig_figs(12)
