"""Repeated measures of one child: the readings behind a combined value, and rows of one child on one day."""

from __future__ import annotations

import polars as pl

# A reading that is not within these times the combined value is a missing code or another quantity, no reading.
_WITHIN = 2.0
# 14.25 is the mean of 14.2 and 14.3; binary noise must not make it lie outside of them.
_NOISE = 1e-9


def readings(growth: pl.DataFrame, variable: str) -> pl.Series:
    """The readings behind each value of `variable`, in its unit, as lists; the value itself where it has one only.

    Taken from `X__raw` (`LEN1=60.1; LEN2=60.4`) times `X__factor`. Null where there is no value. Cells that do not
    hold the value between them (a mother weighed with and without her child) are no readings of it: the value alone.
    """
    value = pl.col(variable).cast(pl.Float64)
    alone = pl.when(value.is_not_null()).then(pl.concat_list(value))
    raw, factor = f"{variable}__raw", f"{variable}__factor"
    if not {raw, factor} <= set(growth.columns):
        return growth.select(alone.alias(variable)).to_series()
    several = pl.col(raw).cast(pl.String).str.contains("; ", literal=True).fill_null(value=False)
    if not growth.select(several.any()).item():
        return growth.select(alone.alias(variable)).to_series()
    cells = (
        growth.with_row_index("_row")
        .filter(several & value.is_not_null())
        .select("_row", value.alias("_value"), pl.col(factor).alias("_factor"), pl.col(raw).str.split("; "))
        .explode(raw)
        .with_columns(_reading=_number(pl.col(raw).str.extract(r"=([^=]*)$", 1)) * pl.col("_factor"))
        .filter(
            (pl.col("_reading") * _WITHIN >= pl.col("_value"))
            & (pl.col("_reading") <= _WITHIN * pl.col("_value"))
        )
    )
    found = (
        cells.group_by("_row", maintain_order=True)
        .agg("_reading", pl.col("_value").first())
        .filter(
            (pl.col("_reading").list.min() <= pl.col("_value") + _NOISE)
            & (pl.col("_reading").list.max() >= pl.col("_value") - _NOISE)
        )
        .select("_row", "_reading")
    )
    joined = growth.with_row_index("_row").join(found, on="_row", how="left", maintain_order="left")
    return joined.select(pl.coalesce("_reading", alone).alias(variable)).to_series()


def _number(text: pl.Expr) -> pl.Expr:
    """A number as studies write it, with a point or a decimal comma; null for anything else."""
    return (
        text.str.strip_chars()
        .str.replace(r"^([0-9]+),([0-9]{1,2})$", "${1}.${2}")
        .cast(pl.Float64, strict=False)
    )


def same_day(rows: pl.DataFrame, variable: str) -> pl.DataFrame:
    """`place`, `first`, `second`: the first two values of a child at one age in days, that stand in different rows.

    `rows` has infant_id, age_days and row_id; `place` is the position of the first row. Rows of unknown child or
    age are left out. Which row is first is decided by row_id, not by the order of the frame.
    """
    repeated = (
        rows.with_row_index("place")
        .filter(
            pl.col("infant_id").is_not_null()
            & pl.col("age_days").is_not_null()
            & pl.col(variable).is_not_null()
        )
        .sort("infant_id", "age_days", "row_id", maintain_order=True)
        .group_by("infant_id", "age_days", maintain_order=True)
        .agg("place", pl.col(variable))
        .filter(pl.col(variable).list.len() > 1)
    )
    return repeated.select(
        place=pl.col("place").list.get(0),
        first=pl.col(variable).list.get(0),
        second=pl.col(variable).list.get(1),
    )
