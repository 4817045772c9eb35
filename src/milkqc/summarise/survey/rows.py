"""The growth rows as the statistics see them: who measured, where, which readings; and whether this is a survey."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from milkqc.summarise.survey.formulas import SURVEY_FROM_MONTHS, SURVEY_TO_MONTHS
from milkqc.summarise.survey.replicates import readings, same_day

DAYS_PER_MONTH = 30.4375
# 24 reported months are 730.5 days: the table of 24 months begins there (WHO counts whole days, half up).
TWO_YEARS_DAYS = 730.5
MEASURES = (
    "weight_kg",
    "length_cm",
    "head_circumference_cm",
    "muac_cm",
    "triceps_skinfold_mm",
    "subscapular_skinfold_mm",
)
# Calipers are read to 0.2 mm, so that the last digits of skinfolds cannot be even.
DIGIT_MEASURES = MEASURES[:4]
INDICES = ("laz", "waz", "wlz", "baz", "hcz", "acz", "tsz", "ssz")
GROUPINGS = ("site", "team", "observer")
_TEXTS = ("row_id", "infant_id", "infant_sex", "age_basis", "measured", *GROUPINGS)
# A survey sees each child once, at ages spread over 6-59 months (and perhaps 0-5). Ours, unverified.
_ONCE, _IN_RANGE, _SPREAD_MONTHS, _LEAST_AGES = 0.95, 0.75, 24.0, 30
# A visit that came to nothing has no measures, which are no gaps of the team's.
_ABSENT = ("missed", "withdrawn", "died", "moved")


@dataclass(frozen=True)
class Rows:
    """`frame`: one row per growth row, all columns of this module's lists, null where unknown, and whole `months`;
    `touched` where anything was measured, `seen` where the visit came about (else no gap of it counts).

    `measures` and `indices` are those that have any value. `readings` by measure are lists, as long as the frame.
    `pairs` by measure: `place` (row), `first`, `second`. `not_a_survey` says why the statistics of a cross-sectional
    survey do not apply; empty when they do.
    """

    frame: pl.DataFrame
    measures: tuple[str, ...]
    indices: tuple[str, ...]
    readings: Mapping[str, pl.Series]
    pairs: Mapping[str, pl.DataFrame]
    not_a_survey: str


def prepared(
    growth: pl.DataFrame, participants: pl.DataFrame | None = None, visits: pl.DataFrame | None = None
) -> Rows:
    """Rows of an internal or a plain growth frame; what is not in it is null, sex and site may be the participant's.

    `visits` tells by its `outcome` which visits did not come about. A text is used as it stands; an empty one is null. Flags are false where null.
    """
    frame = growth.with_columns(
        _column(growth, name, pl.String, place=name == "row_id") for name in _TEXTS
    ).with_columns(
        _column(growth, name, pl.Float64) for name in ("age_days", *MEASURES, *INDICES)
    )  # fmt: skip
    if participants is not None and participants.height:
        frame = _with_people(frame, participants)
    frame = frame.with_columns(
        *(pl.col(name).replace("", None) for name in _TEXTS),
        *(
            (pl.col(f"{name}_flag") if f"{name}_flag" in growth.columns else pl.lit(None))
            .cast(pl.Boolean)
            .fill_null(value=False)
            .alias(f"{name}_flag")
            for name in INDICES
        ),
        # 18 months x 30.4375 d / 30.4375 d may fall short of 18 by a rounding error.
        months=(pl.col("age_days") / DAYS_PER_MONTH + 1e-9).floor().cast(pl.Int64),
        touched=pl.any_horizontal(pl.col(*MEASURES, *INDICES).is_not_null()),
    )
    frame = _with_outcome(frame, visits)
    measures = tuple(name for name in MEASURES if frame[name].count())
    read = {name: readings(frame, name) for name in measures}
    return Rows(
        frame=frame,
        measures=measures,
        indices=tuple(name for name in INDICES if frame[name].count()),
        readings=read,
        pairs={name: _pairs(frame, name, read[name]) for name in measures},
        not_a_survey=_not_a_survey(frame),
    )


def decimals(values: np.ndarray) -> int:
    """How many decimals a measure (kg, cm) was read to: one, or two where every second decimal really occurs.

    A scale of 10 g shows every digit at the second place; one of 50 or 20 g does not, and is judged at the first.
    """
    if values.size < 100:
        return 1
    hundred = np.rint(values * 100)
    counts = np.bincount(np.mod(hundred, 10).astype(np.int64), minlength=10)
    return 2 if counts.min() >= values.size / 100 else 1


def _column(frame: pl.DataFrame, name: str, kind: Any, *, place: bool = False) -> pl.Expr:
    if name in frame.columns:
        return pl.col(name).cast(kind)
    if place:
        return pl.int_range(pl.len()).cast(pl.String).str.zfill(12).alias(name)
    return pl.lit(None, dtype=kind).alias(name)


def _with_people(frame: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Sex by infant, site and team by participant, where the row says none; facts that disagree are null."""
    for key, facts in (("infant_id", ("infant_sex",)), ("participant_id", ("site", "team"))):
        there = [name for name in facts if name in people.columns]
        if key not in people.columns or key not in frame.columns or not there:
            continue
        known = (
            people.filter(pl.col(key).is_not_null())
            .group_by(key)
            .agg(
                pl.when(pl.col(name).drop_nulls().n_unique() == 1)
                .then(pl.col(name).drop_nulls().first())
                .cast(pl.String)
                .alias(f"_{name}")
                for name in there
            )
        )
        frame = (
            frame.join(known, on=key, how="left", maintain_order="left")
            .with_columns(pl.coalesce(name, f"_{name}").alias(name) for name in there)
            .drop(f"_{name}" for name in there)
        )
    return frame


def _with_outcome(frame: pl.DataFrame, visits: pl.DataFrame | None) -> pl.DataFrame:
    keys = ["participant_id", "visit"]
    if visits is None or not {*keys, "outcome"} <= set(visits.columns) or not set(keys) <= set(frame.columns):
        return frame.with_columns(seen=pl.lit(value=True))
    gone = (
        visits.filter(pl.col("outcome").cast(pl.String).is_in(list(_ABSENT)))
        .select(keys)
        .unique()
        .with_columns(_gone=pl.lit(value=True))
    )
    joined = frame.join(gone, on=keys, how="left", maintain_order="left")
    return joined.with_columns(seen=pl.col("_gone").is_null() | pl.col("touched")).drop("_gone")


def _pairs(frame: pl.DataFrame, variable: str, read: pl.Series) -> pl.DataFrame:
    """The first two readings of each row; where no row has two, the repeats of a child on one day."""
    table = read.alias("read").to_frame().with_row_index("place").filter(pl.col("read").list.len() > 1)
    if table.height:
        return table.select("place", first=pl.col("read").list.get(0), second=pl.col("read").list.get(1))
    return same_day(frame.select("infant_id", "age_days", "row_id", variable), variable)


def _not_a_survey(frame: pl.DataFrame) -> str:
    aged = frame.filter(
        pl.col("touched")
        & pl.col("months").is_not_null()
        & (pl.col("age_basis").is_null() | (pl.col("age_basis") != "nominal"))
    )
    if aged.height < _LEAST_AGES:
        return f"Fewer than {_LEAST_AGES} measured children have an age."
    known = aged["infant_id"].drop_nulls()
    if known.len() and known.n_unique() < _ONCE * known.len():
        return "Children are seen at several visits, and a survey sees each child once."
    inside = aged["months"].is_between(SURVEY_FROM_MONTHS, SURVEY_TO_MONTHS - 1)
    if inside.mean() < _IN_RANGE:  # type: ignore[operator]  # the mean of a Boolean column is a float
        return "Ages are not those of a survey of children of 6 to 59 months."
    low, high = (aged["months"].quantile(part) or 0.0 for part in (0.05, 0.95))
    if high - low < _SPREAD_MONTHS:
        return "Ages lie within two years: the plan, not the population, decides how they are spread."
    return ""
