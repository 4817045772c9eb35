"""INTERGROWTH scores of the size at birth that the participants table holds, for the checks; no column of any output."""

from __future__ import annotations

import polars as pl

from milkqc.derive.frames import newborn_scores
from milkqc.derive.scorers import BIRTH_MEASURES

_NEEDED = ("gestational_age_days", "infant_sex")


def newborn_size(participants: pl.DataFrame) -> pl.DataFrame:
    """ig_waz, ig_laz and ig_hcz of each participant, in order; null where gestation, sex or the measure is unknown."""
    measures = [column for column, _ in BIRTH_MEASURES.values()]
    asked = participants.select(
        (
            pl.col(name).cast(pl.String if name == "infant_sex" else pl.Float64)
            if name in participants.columns
            else pl.lit(None, dtype=pl.String if name == "infant_sex" else pl.Float64)
        ).alias(name)
        for name in (*_NEEDED, *measures)
    )
    return newborn_scores(asked).select(list(BIRTH_MEASURES))
