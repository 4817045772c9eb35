"""Which growth standard a row is judged by: newborn size, preterm growth, or WHO at one age or the other."""

from __future__ import annotations

from typing import Literal

import polars as pl

from milkqc.derive.ages import FIVE_YEARS_DAYS, TERM_FROM_DAYS
from milkqc.derive.newborn import FIRST_DAY, LAST_DAY
from milkqc.derive.preterm import FIRST_WEEK, LAST_WEEK

PretermAge = Literal["corrected", "chronological"]

# Villar et al. 2014 measured within 12 hours of birth; the R package gigs, and we, take the first 3 days.
BIRTH_BEFORE_DAYS = 3
# Two years: the last day of WHO's length tables; beyond it no standard asks for a corrected age.
CORRECTED_TO_DAYS = 730


def growth_standard(*, preterm_age: PretermAge) -> pl.Expr:
    """`intergrowth_newborn`, `intergrowth_preterm`, `who_corrected` or `who`, of a frame of the columns
    age_days, gestation (whole days at birth), first (the infant's first measure).

    Null without an age, before birth, from 60 months, and for a preterm before 27 weeks after the last
    menstruation (other than at birth): no standard is made for these. Unknown gestation counts as term.
    `chronological` goes on with WHO at uncorrected age after 64 weeks.
    """
    age, gestation = pl.col("age_days"), pl.col("gestation")
    at_birth = pl.col("first") & (age < BIRTH_BEFORE_DAYS) & gestation.is_between(FIRST_DAY, LAST_DAY)
    preterm = gestation < TERM_FROM_DAYS
    weeks = postmenstrual_weeks()
    none = age.is_null() | (age < 0) | (age >= FIVE_YEARS_DAYS)
    corrected = preterm & (age <= CORRECTED_TO_DAYS) & (preterm_age == "corrected")
    return (
        pl.when(none)
        .then(None)
        .when(at_birth)
        .then(pl.lit("intergrowth_newborn"))
        .when(preterm & (weeks < FIRST_WEEK))
        .then(None)
        .when(preterm & (weeks <= LAST_WEEK))
        .then(pl.lit("intergrowth_preterm"))
        .when(corrected)
        .then(pl.lit("who_corrected"))
        .otherwise(pl.lit("who"))
        .alias("growth_standard")
    )


def postmenstrual_weeks() -> pl.Expr:
    """Exact weeks since the last menstruation, from the columns gestation and age_days."""
    return (pl.col("gestation") + pl.col("age_days")) / 7


def first_measure() -> pl.Expr:
    """True in the rows of an infant's first measured age, of a frame of infant_id, age_days, measured_any.

    Rows without any measure, an age or before birth do not count; rows of one age are first together; a row
    without an infant stands for itself.
    """
    counted = pl.when(pl.col("measured_any") & (pl.col("age_days") >= 0)).then(pl.col("age_days"))
    first = pl.when(pl.col("infant_id").is_null()).then(counted).otherwise(counted.min().over("infant_id"))
    return (counted == first).fill_null(value=False)
