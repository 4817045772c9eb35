"""The laboratory's own rows read like its samples: what blanks, control materials and duplicates gave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from milkqc import cells as text_cells
from milkqc import reference
from milkqc.mapping import actions, analytes, contents, orders, results, targets
from milkqc.mapping.actions import Place
from milkqc.mapping.language import Block, Controls
from milkqc.mapping.limits import limits
from milkqc.mapping.rows import Rows
from milkqc.units import unit_factor

# What a control row has besides its result, as far as the block maps it.
_FACTS = {
    "batch": pl.String,
    "run": pl.String,
    "run_date": pl.Date,
    "method": pl.String,
    "measures": pl.String,
}
SCHEMA: dict[str, Any] = {
    "row_id": pl.String,
    "block": pl.String,
    "kind": pl.String,
    "level": pl.String,
    "sample_id": pl.String,
    "analyte": pl.String,
    "number": pl.Float64,
    "censored": pl.String,
    "limit_raw": pl.Float64,
    "raw": pl.String,
    "raw_unit": pl.String,
    "substance": pl.String,
    "missing_reason": pl.String,
    **_FACTS,
    "run_order": pl.Float64,
    "target_mean": pl.Float64,
    "target_sd": pl.Float64,
    "density_kg_l": pl.Float64,
    "fat_g_l": pl.Float64,
    "source_file": pl.String,
    "source_row": pl.Int64,
}


def control_rows(name: str, block: Block, rows: Rows, missing: Mapping[str, str]) -> pl.DataFrame:
    """One row for each control row and analyte of a block (SCHEMA), in the raw unit; none without `controls`.

    `kind` is blank, control or duplicate; `level` the material's name; `sample_id` the sample that a duplicate
    repeats. A result that cannot be read has `missing_reason` unreadable; `target_*` are the certificate's, in the
    canonical unit. `row_id` is `control FILE ROW ANALYTE`: unique, and never one of a sample's.
    """
    if block.controls is None or rows.own is None or rows.height == 0:
        return pl.DataFrame(schema=SCHEMA)
    place = Place(rows, missing)
    kinds = rows.own["kind"]
    shared = rows.places().with_columns(
        kind=kinds,
        level=_level(block.controls, rows),
        sample_id=_of(block, block.controls, place),
        run_order=orders.run_order(block, rows),
        block=pl.lit(name),
    )
    for fact, kind in _FACTS.items():
        shared = shared.with_columns(_fact(block, fact, place, kind).alias(fact))
    made = [pl.DataFrame(schema=SCHEMA)]
    for analyte, mapped, mine, spec in analytes.made(block, place):
        if analyte is None:
            continue
        frame = shared.with_columns(analyte=pl.lit(analyte)).with_columns(
            [
                *results.result_columns(mapped, limits(spec, place), spec, place, block),
                *contents.columns(contents.contents(spec, place)),
            ]
        )
        frame = frame.filter(mine).with_columns(_targets(block.controls, analyte, spec.substance))
        made.append(frame.with_columns(_row_id()).select(_typed(frame.columns)))
    return pl.concat(made).sort("block", "source_file", "source_row", "analyte")


def _typed(columns: list[str]) -> Iterator[pl.Expr]:
    for name, kind in SCHEMA.items():
        there = name in columns or name == "row_id"
        yield (pl.col(name).cast(kind) if there else pl.lit(None, dtype=kind)).alias(name)


def _row_id() -> pl.Expr:
    parts = [
        pl.lit("control"),
        pl.col("source_file"),
        pl.col("source_row").cast(pl.String),
        pl.col("analyte"),
    ]
    return pl.concat_str(parts, separator=" ").alias("row_id")


def _level(given: Controls, rows: Rows) -> pl.Series:
    column = given.level if given.level is not None else given.from_
    return text_cells.canonical(rows.cells(column).text)


def _of(block: Block, given: Controls, place: Place) -> pl.Series:
    if given.of is not None:
        return text_cells.key_text(place.rows.cells(given.of).text)
    if "sample_id" in block.key:
        return text_cells.key_text(actions.make(block.key["sample_id"], "text", place).value)
    return pl.repeat(None, place.rows.height, dtype=pl.String, eager=True)


def _fact(block: Block, name: str, place: Place, kind: Any) -> pl.Series:
    spec = block.columns.get(name)
    if spec is None:
        return pl.repeat(None, place.rows.height, dtype=kind, eager=True)
    column = targets.mappable("milk")[name]
    return actions.make(spec, column.type, place, allowed=column.codes).value.cast(kind)


def _targets(given: Controls, analyte: str, substance: str | None) -> list[pl.Expr]:
    """The certificate's mean and SD of each level, in the analyte's canonical unit."""
    means: dict[str, float] = {}
    sds: dict[str, float] = {}
    for level, own in given.targets.items():
        if analyte in own:
            factor = unit_factor(own[analyte].unit, reference.analytes()[analyte].unit, substance=substance)
            means[level], sds[level] = own[analyte].mean * factor, own[analyte].sd * factor
    return [
        pl.col("level").replace_strict(found, default=None, return_dtype=pl.Float64).alias(name)
        for name, found in (("target_mean", means), ("target_sd", sds))
    ]
