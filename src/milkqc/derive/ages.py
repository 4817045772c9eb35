"""Age: days and months, the whole days that WHO's tables know, and the child's age from what a row says."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]

# WHO Anthro: 365.25 / 12. Every conversion between days and months in WHO's software uses it.
DAYS_PER_MONTH = 30.4375
# WHO Child Growth Standards end before 60 months, judged on the unrounded age.
FIVE_YEARS_DAYS = 60 * DAYS_PER_MONTH
# WHO Anthro: a child under 9 months cannot stand to be measured.
STANDING_FROM_DAYS = 9 * DAYS_PER_MONTH
# WHO Child Growth Standards: length (lying) below 24 months, height (standing) from 731 days.
HEIGHT_FROM_DAY = 731
# WHO, ICD-10: preterm is less than 37 completed weeks (259 days); the due date is at 40 weeks.
TERM_FROM_DAYS, DUE_DATE_DAYS = 259, 280


def whole_days(days: Floats) -> Floats:
    """Age as a whole number of days, as WHO counts: a half goes up. NaN stays NaN."""
    floor = np.floor(days)
    return floor + (days - floor >= 0.5)


def days_from_months(months: Floats) -> Floats:
    """Age in days, not rounded; months are never rounded before (whole months shift a score by up to 2)."""
    return months * DAYS_PER_MONTH


def age_columns(
    *,
    visit_date: pl.Expr,
    birth_date: pl.Expr,
    reported_days: pl.Expr,
    visit: pl.Expr,
    schedule: Mapping[str, float],
) -> list[pl.Expr]:
    """age_days, age_months and age_basis of a row.

    From the two dates where both are there (`dates`), else as the source reports it (`reported`), else the
    day that the schedule plans for the visit (`nominal`). A negative age is kept. All null where none is known.
    """
    dated = (visit_date - birth_date).dt.total_days().cast(pl.Float64)
    planned = pl.lit(None, dtype=pl.Float64)
    if schedule:
        planned = visit.replace_strict(
            list(schedule), [float(day) for day in schedule.values()], default=None, return_dtype=pl.Float64
        )
    days = pl.coalesce(dated, reported_days, planned)
    basis = (
        pl.when(dated.is_not_null())
        .then(pl.lit("dates"))
        .when(reported_days.is_not_null())
        .then(pl.lit("reported"))
        .when(planned.is_not_null())
        .then(pl.lit("nominal"))
    )
    return [days.alias("age_days"), (days / DAYS_PER_MONTH).alias("age_months"), basis.alias("age_basis")]


def corrected_days(age_days: pl.Expr, gestation_days: pl.Expr) -> pl.Expr:
    """Age in days counted from the due date, for preterms only; null for the rest and where either is unknown.

    A term child's age is not corrected: at 38 weeks it would take 14 days off a child that is not early.
    """
    return pl.when(gestation_days < TERM_FROM_DAYS).then(age_days - (DUE_DATE_DAYS - gestation_days))
