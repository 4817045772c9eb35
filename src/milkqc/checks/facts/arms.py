"""Arms beside each other: shares that randomisation or blinding should have kept alike.

Rules may say these only in a study that is unblinded; nothing else reads them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import polars as pl

PERSON: Mapping[str, Any] = {"arms_preterm": pl.String(), "arms_exit": pl.String()}
VISIT: Mapping[str, Any] = {"arms_adherence": pl.String(), "arms_seen": pl.String()}
# Said when the shares of two arms differ by this much and chance hardly explains it (two-sided, each arm at least
# LEAST); of several arms the lowest against the highest.
POINTS, P_VALUE, LEAST = 0.10, 0.01, 20
TERM_DAYS = 259
GOOD_ADHERENCE = 75.0


def of_people(people: pl.DataFrame) -> pl.DataFrame:
    """The participants' view with what differs between arms: the share born preterm, the share that left."""
    return people.with_columns(
        pl.lit(_differ(people, pl.col("gestational_age_days") < TERM_DAYS, "arm"), pl.String).alias(
            "arms_preterm"
        ),
        pl.lit(_differ(people, _left(people), "arm"), pl.String).alias("arms_exit"),
    )


def of_visits(visits: pl.DataFrame) -> pl.DataFrame:
    """The visits' view with what differs between arms: good adherence, visits that took place."""
    arm = "participant_arm"
    return visits.with_columns(
        pl.lit(_differ(visits, pl.col("adherence_percent") >= GOOD_ADHERENCE, arm), pl.String).alias(
            "arms_adherence"
        ),
        pl.lit(_differ(visits, pl.col("outcome") == "seen", arm), pl.String).alias("arms_seen"),
    )


def _left(people: pl.DataFrame) -> pl.Expr:
    # Without any exit nobody can tell whether exits are recorded at all.
    known = people["exit_date"].null_count() < people.height
    return pl.col("exit_date").is_not_null() if known else pl.lit(None, dtype=pl.Boolean)


def _differ(rows: pl.DataFrame, holds: pl.Expr, arm: str) -> str | None:
    """`12 % of 93 against 31 % of 88`, the arm with the lower share first; null where the shares are alike."""
    shares = (
        rows.select(arm=pl.col(arm), holds=holds)
        .drop_nulls()
        .group_by("arm")
        .agg(n=pl.len(), k=pl.col("holds").sum())
        .filter(pl.col("n") >= LEAST)
        .with_columns(share=pl.col("k") / pl.col("n"))
        .sort("share", "arm")
    )
    if shares.height < 2:
        return None
    low, high = shares.row(0, named=True), shares.row(-1, named=True)
    if high["share"] - low["share"] < POINTS or _chance(low, high) > P_VALUE:
        return None
    return " against ".join(f"{100 * one['share']:.0f} % of {one['n']} ({one['arm']})" for one in (low, high))


def _chance(low: Mapping[str, Any], high: Mapping[str, Any]) -> float:
    """Two-sided p of equal shares, by the pooled normal approximation."""
    pooled = (low["k"] + high["k"]) / (low["n"] + high["n"])
    error = math.sqrt(pooled * (1 - pooled) * (1 / low["n"] + 1 / high["n"]))
    return math.erfc((high["share"] - low["share"]) / error / math.sqrt(2)) if error else 1.0
