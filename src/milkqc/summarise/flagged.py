"""Z-scores by site, and the children whose scores lie beyond WHO's limits of plausibility."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from milkqc import reference
from milkqc.summarise.overview import indices
from milkqc.summarise.people import with_site

BY_SITE: dict[str, Any] = {
    "site": pl.String,
    "index": pl.String,
    "label": pl.String,
    "n": pl.Int64,
    "mean": pl.Float64,
    "sd": pl.Float64,
    "percent_below_minus_2": pl.Float64,
    "percent_above_plus_2": pl.Float64,
    "flagged": pl.Int64,
}
CHILDREN: dict[str, Any] = {
    "participant_id": pl.String,
    "infant_id": pl.String,
    "visit": pl.String,
    "site": pl.String,
    "index": pl.String,
    "z": pl.Float64,
    "age_days": pl.Float64,
}


def zscores_by_site(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """All visits together, one row per index and site (BY_SITE); empty in a study without sites.

    Flagged scores are counted and take no part in mean, SD and shares, as WHO does.
    """
    growth = with_site(tables.get("growth", pl.DataFrame()), tables)
    parts = [pl.DataFrame(schema=BY_SITE)]
    for place, index in enumerate(indices(growth)):
        flag = pl.col(f"{index}_flag").fill_null(value=False)
        kept = pl.col(index).filter(~flag)
        told = (
            growth.filter(pl.col(index).is_not_null() & pl.col("site").is_not_null())
            .group_by("site")
            .agg(
                n=(~flag).sum(),
                mean=kept.mean(),
                sd=kept.std(ddof=1),
                percent_below_minus_2=100 * (kept < -2).mean(),
                percent_above_plus_2=100 * (kept > 2).mean(),
                flagged=flag.sum(),
            )
            .sort("site")
            .with_columns(index=pl.lit(index), label=pl.lit(_label(index)), place=place)
        )
        parts.append(told.select(pl.col(name).cast(kind) for name, kind in BY_SITE.items()))
    return pl.concat(parts).with_columns(pl.col(pl.Float64).round_sig_figs(10))


def flagged_children(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row per flagged score (CHILDREN), by participant, infant, visit and index."""
    growth = with_site(tables.get("growth", pl.DataFrame()), tables)
    parts = [pl.DataFrame(schema=CHILDREN)]
    for index in indices(growth):
        rows = growth.filter(pl.col(f"{index}_flag").fill_null(value=False))
        told = rows.with_columns(index=pl.lit(index), z=pl.col(index))
        parts.append(
            told.select(
                (pl.col(name) if name in told.columns else pl.lit(None)).cast(kind).alias(name)
                for name, kind in CHILDREN.items()
            )
        )
    return pl.concat(parts).sort("participant_id", "infant_id", "visit", maintain_order=True, nulls_last=True)


def _label(index: str) -> str:
    return reference.dictionary()["growth", index].label
