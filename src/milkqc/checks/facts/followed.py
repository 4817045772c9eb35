"""Visits beside measurements and samples: what the visit was, when somebody died, who came to what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

_KEY = ("participant_id", "visit")
# Of the visit that a row belongs to; null where the visits table has none, or two of that name.
ROW: Mapping[str, Any] = {
    "visit_outcome": pl.String(),
    "visit_feeding": pl.String(),
    "visit_mastitis": pl.Boolean(),
    "visit_days_apart": pl.Float64(),
    "participant_died_date": pl.Date(),
}
# Day of the visit since 1970, for putting visits in order; null where the date lies before the birth.
DAY: Mapping[str, Any] = {"visit_day": pl.Float64()}
OWN_VISIT: Mapping[str, Any] = {
    **DAY,
    "visit_age_days": pl.Float64(),
    "in_growth": pl.Boolean(),
    "participant_died_date": pl.Date(),
    "weight_change_kg": pl.Float64(),
    "height_change_cm": pl.Float64(),
}
# Days since 1970; `visits_held` is `|birth|month_3|`, every visit that any table has of the participant.
PERSON: Mapping[str, Any] = {
    "visits_held": pl.String(),
    "birth_day": pl.Float64(),
    "exit_day": pl.Float64(),
    "growth_rows": pl.Int64(),
    "milk_rows": pl.Int64(),
}
_TABLES = ("visits", "growth", "milk", "biomarkers")
# As people write it in exit_reason.
_DIED = r"(?i)\b(died|dead|death|deceased)\b"


def with_followed(views: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The views with ROW (growth, milk, biomarkers), DAY (growth), OWN_VISIT (visits) and PERSON (participants)."""
    died = _died(views)
    visit = _visit(views["visits"])
    seen = dict(views)
    for name in ("growth", "milk", "biomarkers"):
        seen[name] = _beside(views[name], visit, died, "visit_date" if name == "growth" else "sample_date")
    seen["growth"] = seen["growth"].with_columns(_day(before_birth=pl.col("age_days") < 0))
    seen["visits"] = _visits(views, died)
    seen["participants"] = _people(views)
    return seen


def _visit(visits: pl.DataFrame) -> pl.DataFrame:
    once = visits.filter(pl.struct(_KEY).is_duplicated().not_())
    return once.select(
        *_KEY,
        visit_outcome="outcome",
        visit_feeding="feeding",
        visit_mastitis="mastitis",
        _visited="visit_date",
    )


def _beside(table: pl.DataFrame, visit: pl.DataFrame, died: pl.DataFrame, date: str) -> pl.DataFrame:
    apart = (pl.col(date) - pl.col("_visited")).dt.total_days().cast(pl.Float64)
    return (
        table.join(visit, on=_KEY, how="left", maintain_order="left")
        .with_columns(visit_days_apart=apart)
        .drop("_visited")
        .join(died, on="participant_id", how="left", maintain_order="left")
    )


def _died(views: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The day of death by participant: what the exit says, else the visit; of twins nobody knows whose it is."""
    people, visits = views["participants"], views["visits"]
    left = people.filter(pl.col("exit_reason").str.contains(_DIED)).select("participant_id", day="exit_date")
    told = visits.filter(pl.col("outcome") == "died").select("participant_id", day="visit_date")
    several = people.filter(pl.col("participant_id").is_duplicated())["participant_id"].unique()
    days = pl.concat([left, told]).drop_nulls().filter(~pl.col("participant_id").is_in(several.to_list()))
    return days.group_by("participant_id").agg(participant_died_date=pl.col("day").min())


def _day(*, before_birth: pl.Expr) -> pl.Expr:
    day = pl.col("visit_date").cast(pl.Int32).cast(pl.Float64)
    return pl.when(before_birth.fill_null(value=False)).then(None).otherwise(day).alias("visit_day")


def _visits(views: Mapping[str, pl.DataFrame], died: pl.DataFrame) -> pl.DataFrame:
    measured = (
        views["growth"]
        .filter(pl.col("visit_date").is_not_null())
        .select(*_KEY)
        .unique()
        .with_columns(in_growth=pl.lit(value=True))
    )
    visits = views["visits"]
    age = (pl.col("visit_date") - pl.col("participant_infant_birth_date")).dt.total_days().cast(pl.Float64)
    return (
        visits.with_columns(visit_age_days=age)
        .with_columns(_day(before_birth=pl.lit(value=False)))
        .join(measured, on=_KEY, how="left", maintain_order="left")
        .with_columns(
            pl.col("in_growth").fill_null(value=False),
            _change("mother_weight_kg").alias("weight_change_kg"),
            pl.coalesce(
                _change("mother_height_measured_cm"),
                pl.col("mother_height_measured_cm") - pl.col("participant_mother_height_cm"),
            ).alias("height_change_cm"),
        )
        .join(died, on="participant_id", how="left", maintain_order="left")
    )


def _change(column: str) -> pl.Expr:
    """From the participant's visit before that has a value, in order of dates; null without one."""
    known = pl.col(column).is_not_null() & pl.col("visit_date").is_not_null()
    value = pl.when(known).then(pl.col(column))
    before = value.forward_fill().shift(1).over("participant_id", order_by=("visit_date", "row_id"))
    return pl.when(known & pl.col("participant_id").is_not_null()).then(value - before)


def _people(views: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    people = views["participants"]
    held = (
        pl.concat([views[name].select(*_KEY) for name in _TABLES])
        .drop_nulls()
        .unique()
        .sort(_KEY)
        .group_by("participant_id", maintain_order=True)
        .agg(visits_held=pl.concat_str(pl.lit("|"), pl.col("visit").str.join("|"), pl.lit("|")).first())
    )
    counts = [
        views[name].group_by("participant_id").agg(pl.len().cast(pl.Int64).alias(f"{name}_rows"))
        for name in ("growth", "milk")
    ]
    joined = people.with_columns(
        birth_day=pl.col("infant_birth_date").cast(pl.Int32).cast(pl.Float64),
        exit_day=pl.col("exit_date").cast(pl.Int32).cast(pl.Float64),
    )
    for part in (held, *counts):
        joined = joined.join(part, on="participant_id", how="left", maintain_order="left")
    return joined.with_columns(
        pl.col("visits_held").fill_null("|"), pl.col("growth_rows", "milk_rows").fill_null(0)
    )
