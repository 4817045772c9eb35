"""Samples beside each other: one tube at two places, sodium over potassium, a mother's samples exchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from milkqc.checks.facts.exchanged import EXCHANGED, with_exchanged

TUBE: Mapping[str, Any] = {"sample_elsewhere": pl.String()}
SAMPLE: Mapping[str, Any] = {
    **TUBE,
    "sodium_potassium": pl.Float64(),
    "storage_days_dated": pl.Float64(),
    **EXCHANGED,
}
_PLACE = ("participant_id", "visit")
# Tubes that are numbered anew for every participant or visit share their numbers by design: more than this share of
# them, unless they are the exception in a short list: labels of some length, at two places each.
ANEW, FEW, LABEL = 0.2, 2, 3
# g/mol (IUPAC standard atomic weights, as analytes.csv has them).
SODIUM, POTASSIUM = 22.98977, 39.0983


def with_tubes(results: pl.DataFrame) -> pl.DataFrame:
    """The view with `sample_elsewhere`, the other participant and visit that have the same sample_id.

    Null everywhere where more than a fifth of the sample ids are at several places: then they are numbered anew. One or
    two labels of three characters or more, at two places each, are an exception even where the whole list is short.
    """
    known = results.select("sample_id", *_PLACE).drop_nulls().unique()
    places = (
        known.with_columns(_at=pl.concat_str(*_PLACE, separator=", "))
        .group_by("sample_id")
        .agg(_n=pl.len(), _first=pl.col("_at").min(), _last=pl.col("_at").max())
    )
    several = places.filter(pl.col("_n") > 1)
    few = (
        several.height <= FEW
        and several.height < places.height
        and several.filter((pl.col("_n") > 2) | (pl.col("sample_id").str.len_chars() < LABEL)).is_empty()
    )
    if several.height > ANEW * places.height and not few:
        return results.with_columns(pl.lit(None, dtype=pl.String).alias("sample_elsewhere"))
    here = pl.concat_str(*_PLACE, separator=", ")
    return (
        results.join(several, on="sample_id", how="left", maintain_order="left")
        .with_columns(sample_elsewhere=pl.when(here == pl.col("_first")).then("_last").otherwise("_first"))
        .drop("_n", "_first", "_last")
    )


def with_samples(milk: pl.DataFrame) -> pl.DataFrame:
    """The milk view with the columns of SAMPLE; `sodium_potassium`, a ratio of moles, stands at the row of sodium."""
    seen = with_tubes(milk)
    potassium = (
        seen.filter(
            (pl.col("analyte") == "potassium") & pl.col("value").is_not_null() & (pl.col("value") > 0)
        )
        .group_by(*_PLACE, "sample_id")
        .agg(_potassium=pl.col("value").mean())
    )
    ratio = (pl.col("value") / SODIUM) / (pl.col("_potassium") / POTASSIUM)
    stored = (pl.col("run_date") - pl.col("sample_date")).dt.total_days().cast(pl.Float64)
    seen = (
        seen.join(potassium, on=[*_PLACE, "sample_id"], how="left", nulls_equal=True, maintain_order="left")
        .with_columns(
            sodium_potassium=pl.when(pl.col("analyte") == "sodium").then(ratio), storage_days_dated=stored
        )
        .drop("_potassium")
    )
    return with_exchanged(seen)
