"""The samples of one mother exchanged between two visits: is her profile likelier the other way round?

The logarithms of a mother's results at two visits are taken as one draw from a t distribution over all mothers:
medians and spreads of each analyte and visit, correlations between analytes and between visits. Exchanged, the same
numbers are another draw; the ratio of both densities is the evidence. What it can see, how many analytes and visits it
needs, and how often it is wrong, is measured by `python -m benchmarks exchanged` (docs/packs.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

EXCHANGED: Mapping[str, Any] = {
    "exchanged_odds": pl.Float64(),
    "exchanged_with": pl.String(),
    "exchanged_analytes": pl.Int64(),
}
# Mothers with all analytes at both visits, and analytes, without which nothing is said.
MOTHERS, ANALYTES = 30, 2
# Robust spread of a normal distribution: 1.4826 median absolute deviations.
_MAD = 1.4826
# Beyond this many spreads a result is no evidence of anything but itself; its weight stays that of the bound.
_BOUND = 4.0
# Degrees of freedom: with a normal density a mother who is unusual in everything would be suspected (docs/packs.md).
_TAILS = 5.0
_LN10 = float(np.log(10))
Floats = npt.NDArray[np.float64]


def with_exchanged(milk: pl.DataFrame) -> pl.DataFrame:
    """The view with log10 of the odds that a sample was exchanged with another of the mother, which, by how many analytes.

    Null where the sample's mother has no other sample at a second visit, or too few mothers have the same analytes.
    """
    samples = _samples(milk)
    found = [
        pair
        for one, other in combinations(sorted(samples), 2)
        for pair in _pair(samples[one], samples[other])
    ]
    told = pl.DataFrame(found, schema={"_sample": pl.String, **EXCHANGED}, orient="row")
    # A mother with three visits has three pairs: the strongest counts.
    told = told.sort("exchanged_odds", "_sample", "exchanged_with", descending=[True, False, False]).unique(
        "_sample", keep="first", maintain_order=True
    )
    return (
        milk.with_columns(_sample=_label())
        .join(told, on="_sample", how="left", maintain_order="left")
        .drop("_sample")
    )


def log_odds(first: Floats, second: Floats) -> Floats:
    """For each mother (a row) the natural log of the density of her results exchanged over that as they are.

    `first` and `second` hold the logarithms of her results at two visits, an analyte a column, none missing.
    """
    here = np.hstack([first, second])
    middle = np.median(here, axis=0)
    spread = _MAD * np.median(np.abs(here - middle), axis=0)
    if not np.all(spread > 0):
        return np.full(len(first), np.nan)
    standard = np.clip((here - middle) / spread, -_BOUND, _BOUND)
    width = first.shape[1]
    # A tenth of the way to no correlation keeps few mothers from promising more than they know.
    correlation = 0.9 * np.corrcoef(standard, rowvar=False) + 0.1 * np.eye(2 * width)
    inverse = np.linalg.inv(correlation)
    there = np.hstack([second, first])
    exchanged = np.clip((there - middle) / spread, -_BOUND, _BOUND)
    as_they_are = np.einsum("ij,jk,ik->i", standard, inverse, standard)
    other_way = np.einsum("ij,jk,ik->i", exchanged, inverse, exchanged)
    dimensions = 2 * width
    odds: Floats = (_TAILS + dimensions) / 2 * (np.log1p(as_they_are / _TAILS) - np.log1p(other_way / _TAILS))
    return odds


def _label() -> pl.Expr:
    return pl.concat_str("participant_id", "visit", "sample_id", separator="|")


def _samples(milk: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """By visit: a row for each sample, ln of its mean result by analyte. Only plain numbers, only what is reported."""
    plain = milk.filter(
        (pl.col("value") > 0)
        & pl.col("censored").is_null()
        & pl.col("reported").fill_null(value=True)
        & pl.all_horizontal(pl.col("participant_id", "visit", "sample_id", "analyte").is_not_null())
    )
    if plain.is_empty():
        return {}
    rows = (
        plain.group_by("participant_id", "visit", "sample_id", "analyte")
        .agg(pl.col("value").log().mean())
        .with_columns(_sample=_label())
        .sort("_sample", "analyte")
    )
    return {
        visit: part.pivot("analyte", index=["participant_id", "sample_id", "_sample"], values="value").sort(
            "_sample"
        )
        for (visit,), part in sorted(rows.partition_by("visit", as_dict=True).items())
    }


def _pair(one: pl.DataFrame, other: pl.DataFrame) -> Iterator[tuple[str, float, str, int]]:
    """What speaks for an exchange in each pair of samples that the same mother gave at two visits."""
    keys = {"participant_id", "sample_id", "_sample"}
    analytes = sorted(set(one.columns) & set(other.columns) - keys)
    if len(analytes) < ANALYTES:
        return
    # A tube for other analytes is no partner.
    one, other = (
        part.filter(pl.any_horizontal(pl.col(analytes).is_not_null())).select(
            "participant_id", "_sample", *analytes
        )
        for part in (one, other)
    )
    both = one.join(other, on="participant_id", suffix="_")
    # Of rarely measured analytes one would lose the mothers who lack them.
    kept = [
        name
        for name in analytes
        if both.select((pl.col(name) + pl.col(f"{name}_")).count()).item() >= both.height / 2
    ]
    both = both.drop_nulls([*kept, *(f"{name}_" for name in kept)]).sort("_sample", "_sample_")
    if len(kept) < ANALYTES or both["participant_id"].n_unique() < MOTHERS:
        return
    odds = log_odds(both.select(kept).to_numpy(), both.select(f"{name}_" for name in kept).to_numpy())
    for sample, twin, value in zip(both["_sample"], both["_sample_"], odds, strict=True):
        if np.isfinite(value):
            yield sample, float(value) / _LN10, twin, len(kept)
            yield twin, float(value) / _LN10, sample, len(kept)
