"""Totals of a long laboratory file against their parts: the rows of one sample brought together, by `compare`."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from milkqc import reference, units
from milkqc.errors import UnitError
from milkqc.mapping import comparisons
from milkqc.mapping import formula as formulas
from milkqc.mapping.comparisons import OURS, THEIRS, TOTAL
from milkqc.mapping.language import Block, Comparison

# One sample of one person at one visit.
_SAMPLE = ["participant_id", "infant_id", "visit", "sample_id"]


def with_totals(frame: pl.DataFrame, blocks: Mapping[str, Block]) -> pl.DataFrame:
    """Stacked results with what each long block of `blocks` (by `_block`) compares: the study's total, and ours.

    `let_compare_NAME` and `let_formula_NAME` are in the comparison's unit and stand on one row of each sample: the
    row of the total, or the sample's first where the total is a column. A part is the mean of its reported
    results; ours is null where a part is absent, missing, censored, in a unit that does not convert, or was
    measured in two ways (method or measurand), for then nobody knows which of them the total holds.
    """
    for name, block in blocks.items():
        for compared, spec in block.compare.items():
            if comparisons.over_rows(block, spec):
                frame = _with_total(frame, name, compared, spec, block)
    return frame


def _with_total(
    frame: pl.DataFrame, block_name: str, name: str, spec: Comparison, block: Block
) -> pl.DataFrame:
    unit = spec.unit.text if spec.unit is not None else None
    rows = _in_unit(
        frame.filter(pl.col("_block") == block_name, pl.col("reported").fill_null(value=True)), unit or ""
    )
    if rows.is_empty():
        return frame
    ours = _ours(rows, spec.formula or "", unit)
    analyte = comparisons.total_of(block, spec)
    if analyte is not None:
        totals = rows.filter(pl.col("analyte") == analyte).select(
            "row_id", *_SAMPLE, theirs="part", written=pl.lit(unit)
        )
    else:
        first = rows.sort("row_id").unique(_SAMPLE, keep="first", maintain_order=True)
        number, written = f"{TOTAL}{name}__number", f"{TOTAL}{name}__raw_unit"
        totals = first.select("row_id", *_SAMPLE, theirs=number, written=written)
    told = totals.join(ours, on=_SAMPLE, how="left", nulls_equal=True).select(
        "row_id",
        pl.col("theirs").alias(f"{THEIRS}{name}__number"),
        pl.col("written").alias(f"{THEIRS}{name}__raw_unit"),
        pl.col("ours").alias(f"{OURS}{name}__number"),
        pl.lit(unit, dtype=pl.String).alias(f"{OURS}{name}__raw_unit"),
    )
    made = [column for column in told.columns if column != "row_id"]
    joined = frame.join(told, on="row_id", how="left", maintain_order="left", suffix="__here")
    # Another block of the same comparison has rows of its own.
    both = [column for column in made if column in frame.columns]
    return joined.with_columns(pl.coalesce(f"{column}__here", column).alias(column) for column in both).drop(
        f"{column}__here" for column in both
    )


def _in_unit(rows: pl.DataFrame, unit: str) -> pl.DataFrame:
    """`rows` with `part`: the number in the comparison's unit, null where it is none or does not convert."""
    pairs = rows.select("raw_unit", "substance").unique().sort("raw_unit", "substance", nulls_last=True)
    factors = pairs.with_columns(
        _factor=pl.Series(
            [_factor(raw, unit, substance) for raw, substance in pairs.rows()], dtype=pl.Float64
        )
    )
    joined = rows.join(
        factors, on=["raw_unit", "substance"], how="left", nulls_equal=True, maintain_order="left"
    )
    return joined.with_columns(
        part=pl.when(pl.col("censored").is_null()).then(pl.col("number") * pl.col("_factor"))
    )


def _factor(raw: str | None, unit: str, substance: str | None) -> float | None:
    try:
        matter = None if substance is None else reference.substance(substance)
        return None if raw is None else units.unit_factor(raw, unit, substance=matter)
    except UnitError:
        return None  # a finding of its own, where the unit is none that milkqc knows


def _ours(rows: pl.DataFrame, formula: str, unit: str | None) -> pl.DataFrame:
    """The formula for each sample: _SAMPLE and `ours`."""
    tree = formulas.parse(formula)
    samples = rows.select(_SAMPLE).unique().sort(_SAMPLE, nulls_last=True)
    whole = pl.col("part").null_count() == 0
    alone = pl.struct("method", "measures").n_unique() == 1
    cells = rows.group_by([*_SAMPLE, "analyte"]).agg(part=pl.when(whole & alone).then(pl.col("part").mean()))

    def part(name: formulas.Name) -> formulas.Worked:
        mine = cells.filter(pl.col("analyte") == name.name).drop("analyte")
        value = samples.join(mine, on=_SAMPLE, how="left", nulls_equal=True, maintain_order="left")["part"]
        return formulas.Worked(
            value, pl.select(pl.when(value.is_null()).then(pl.lit("no_value"))).to_series()
        )

    made = formulas.evaluate(tree, part, lambda _: formulas.Type("number", unit), samples.height)
    return samples.with_columns(made.value.alias("ours"))
