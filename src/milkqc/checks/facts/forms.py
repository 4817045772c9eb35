"""Forms of measurement beside each other: the same form for two infants, more in a day than one person measures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

FORM: Mapping[str, Any] = {
    "same_form_as": pl.String(),
    "same_form_pair": pl.String(),
    "observer_day": pl.String(),
    "observer_rows": pl.Int64(),
    "observer_usual": pl.Float64(),
}
MEASURES = (
    "weight_kg", "length_cm", "head_circumference_cm", "muac_cm", "triceps_skinfold_mm", "subscapular_skinfold_mm",
)  # fmt: skip
LEAST_MEASURES = 3


def with_forms(growth: pl.DataFrame) -> pl.DataFrame:
    """The growth view with the columns of FORM."""
    return _days(_same(growth))


def _same(growth: pl.DataFrame) -> pl.DataFrame:
    """Another infant of whom one day's form says the same in every measure."""
    known = pl.sum_horizontal(pl.col(name).is_not_null() for name in MEASURES)
    keys = ["visit_date", *MEASURES]
    told = growth.filter(
        (known >= LEAST_MEASURES) & pl.col("visit_date").is_not_null() & pl.col("infant_id").is_not_null()
    )
    same = (
        told.select("infant_id", "row_id", *keys)
        .with_columns(_n=pl.col("infant_id").n_unique().over(keys))
        .filter(pl.col("_n") > 1)
        .with_columns(
            same_form_as=pl.when(pl.col("infant_id") == pl.col("infant_id").min().over(keys))
            .then(pl.col("infant_id").max().over(keys))
            .otherwise(pl.col("infant_id").min().over(keys))
        )
        .select("row_id", "same_form_as")
        .unique("row_id", keep="first", maintain_order=True)
    )
    joined = growth.join(same, on="row_id", how="left", maintain_order="left")
    low, high = pl.min_horizontal("infant_id", "same_form_as"), pl.max_horizontal("infant_id", "same_form_as")
    both = pl.concat_str(low, high, pl.col("visit_date").cast(pl.String), separator="; ")
    return joined.with_columns(same_form_pair=pl.when(pl.col("same_form_as").is_not_null()).then(both))


def _days(growth: pl.DataFrame) -> pl.DataFrame:
    """How many infants the observer measured that day, and on the middle one of all observers' days."""
    seen = growth.with_columns(
        observer_day=pl.concat_str(
            pl.lit("observer="), pl.col("observer"), pl.lit("; day="), pl.col("visit_date").cast(pl.String)
        )
    )
    days = (
        seen.filter(pl.col("observer_day").is_not_null())
        .group_by("observer_day")
        .agg(observer_rows=pl.col("infant_id").n_unique().cast(pl.Int64))
    )
    usual = days["observer_rows"].median()
    return seen.join(days, on="observer_day", how="left", maintain_order="left").with_columns(
        observer_usual=pl.when(pl.col("observer_day").is_not_null()).then(pl.lit(usual, dtype=pl.Float64))
    )
