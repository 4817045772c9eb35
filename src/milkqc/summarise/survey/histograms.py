"""The counts behind the statistics: last and whole digits, z-scores in bins, positions against the age."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

from milkqc.summarise.survey.arrays import Arrays, groups_of
from milkqc.summarise.survey.rows import GROUPINGS, TWO_YEARS_DAYS, Rows
from milkqc.summarise.survey.table import ALL

DIGITS_SCHEMA: dict[str, Any] = {
    "by": pl.String,
    "group": pl.String,
    "variable": pl.String,
    "kind": pl.String,
    "decimals": pl.Int64,
    "digit": pl.Int64,
    "n": pl.Int64,
}
POSITIONS_SCHEMA: dict[str, Any] = {
    "by": pl.String,
    "group": pl.String,
    "age": pl.String,
    "lying": pl.Int64,
    "standing": pl.Int64,
    "unknown": pl.Int64,
    "percent_against": pl.Float64,
}
BINS_SCHEMA: dict[str, Any] = {
    "by": pl.String,
    "group": pl.String,
    "index": pl.String,
    "low": pl.Float64,
    "high": pl.Float64,
    "n": pl.Int64,
    "mean": pl.Float64,
    "sd": pl.Float64,
}
BIN_WIDTH, BIN_REACH = 0.5, 6.0
UNDER, FROM = "under 24 months", "from 24 months"


def digit_table(rows: Rows, known: Arrays, *, by: Sequence[str] = GROUPINGS) -> pl.DataFrame:
    """Counts (DIGITS_SCHEMA) of each reading's last digit (`kind` last) and of the digit before the point (`whole`).

    All ten digits of a group and measure have a row, also those that do not occur. `known` are the arrays of the rows.
    """
    groups = list(_groups(rows.frame, by))
    told = [
        (name, group, variable, kind, digits.read_to, digit, int(n))
        for variable, digits in known.digits.items()
        for name, group, at in groups
        for kind in ("last", "whole")
        for digit, n in enumerate(digits.counts(at, kind=kind))
    ]
    return pl.DataFrame(told, schema=DIGITS_SCHEMA, orient="row")


def position_table(rows: Rows, known: Arrays, *, by: Sequence[str] = GROUPINGS) -> pl.DataFrame:
    """Lengths by position below and from 24 months (POSITIONS_SCHEMA); `percent_against` is of the known positions."""
    told = []
    measured = (
        rows.frame["length_cm"].is_not_null() & (rows.frame["age_days"] >= 0).fill_null(value=False)
    ).to_numpy()
    old = known.age_days >= TWO_YEARS_DAYS
    for name, group, at in _groups(rows.frame, by):
        here = at[measured[at]]
        for age, own, against in ((UNDER, here[~old[here]], "standing"), (FROM, here[old[here]], "lying")):
            counts = {"lying": int(known.lying[own].sum()), "standing": int(known.standing[own].sum())}
            told_of = sum(counts.values())
            percent = 100 * counts[against] / told_of if told_of else None
            told.append((name, group, age, counts["lying"], counts["standing"], len(own) - told_of, percent))
    return pl.DataFrame(told, schema=POSITIONS_SCHEMA, orient="row").with_columns(
        pl.col(pl.Float64).round_sig_figs(10)
    )


def score_bins(rows: Rows, *, by: Sequence[str] = ("site",)) -> pl.DataFrame:
    """Scores that WHO does not flag, in bins of 0.5 (low <= z < high, the outermost open), with mean and SD of all of
    the group's (BINS_SCHEMA); bins without a score have no row.
    """
    parts = [pl.DataFrame(schema=BINS_SCHEMA)]
    for name, group, at in _groups(rows.frame, by):
        for index in rows.indices:
            kept = rows.frame[at].filter(pl.col(index).is_not_null() & ~pl.col(f"{index}_flag"))
            low = ((pl.col(index) / BIN_WIDTH).floor() * BIN_WIDTH).clip(-BIN_REACH, BIN_REACH - BIN_WIDTH)
            parts.append(
                kept.group_by(low=low)
                .agg(n=pl.len())
                .sort("low")
                .select(
                    pl.lit(name).alias("by"),
                    pl.lit(group).alias("group"),
                    pl.lit(index).alias("index"),
                    "low",
                    (pl.col("low") + BIN_WIDTH).alias("high"),
                    pl.col("n").cast(pl.Int64),
                    pl.lit(kept[index].mean(), dtype=pl.Float64).round_sig_figs(10).alias("mean"),
                    pl.lit(kept[index].std(), dtype=pl.Float64).round_sig_figs(10).alias("sd"),
                )
            )
    return pl.concat(parts)


def _groups(frame: pl.DataFrame, by: Sequence[str]) -> Iterator[tuple[str, str, np.ndarray]]:
    yield ALL, ALL, np.arange(frame.height)
    for name in by:
        for group, at in groups_of(frame[name]):
            yield name, group, at
