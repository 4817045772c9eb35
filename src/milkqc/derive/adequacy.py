"""Milk beside its adequacy estimate: day and stage of lactation, the estimate, and how the result compares."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from milkqc.reference.judging import judged
from milkqc.reference.mae import MaeChoice

# The first day of transitional and of mature milk.
TRANSITIONAL, MATURE = 6, 16
STAGE_TEXT = (
    f"Colostrum is milk of days 0 to {TRANSITIONAL - 1} after birth, transitional milk of days {TRANSITIONAL} to "
    f"{MATURE - 1}, mature milk from day {MATURE}."
)


def compare(
    milk: pl.DataFrame,
    participants: pl.DataFrame,
    choice: MaeChoice | None,
    *,
    schedule: Mapping[str, float | None] | None = None,
) -> pl.DataFrame:
    """`milk` (in canonical units) with days_postpartum, stage, mae, below_mae, mae_status; its rows in order.

    See `days_postpartum` for the day and `reference.judging.judged` for the comparison. `stage` is null where
    the day is unknown or before birth. Without a choice every status is `none`.
    """
    with_day = days_postpartum(milk, participants, schedule=schedule)
    day = pl.col("days_postpartum")
    stage = (
        pl.when(day < 0)
        .then(None)
        .when(day < TRANSITIONAL)
        .then(pl.lit("colostrum"))
        .when(day < MATURE)
        .then(pl.lit("transitional"))
        .when(day.is_not_null())
        .then(pl.lit("mature"))
    )
    return judged(with_day.with_columns(stage=stage), choice)


def days_postpartum(
    samples: pl.DataFrame,
    participants: pl.DataFrame,
    *,
    schedule: Mapping[str, float | None] | None = None,
) -> pl.DataFrame:
    """`samples` with `days_postpartum` (Float64): from sample_date and the birth date of the participant.

    Twins of one participant count from the first birth. Negative days are kept. Where a date is missing, the
    day that `schedule` gives for the visit, if any; else null.
    """
    births = participants.group_by("participant_id").agg(_birth=pl.col("infant_birth_date").min())
    nominal = {visit: float(day) for visit, day in (schedule or {}).items() if day is not None}
    days = (pl.col("sample_date") - pl.col("_birth")).dt.total_days().cast(pl.Float64)
    expected = pl.col("visit").replace_strict(nominal, default=None, return_dtype=pl.Float64)
    return (
        samples.join(births, on="participant_id", how="left", maintain_order="left")
        .with_columns(days_postpartum=pl.coalesce(days, expected))
        .drop("_birth")
    )
