"""`milkqc.survey_quality`: the statistics of any table of children, without a study around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from milkqc.errors import MilkqcError
from milkqc.summarise.survey.rows import INDICES, MEASURES, prepared
from milkqc.summarise.survey.table import survey_table

if TYPE_CHECKING:
    import pandas as pd

_WORDS = {"infant_sex": ("male", "female"), "measured": ("lying", "standing")}
_NUMBERS = ("age_days", "age_months", *MEASURES, *INDICES)


class SurveyError(MilkqcError):
    """A frame whose survey quality cannot be told: no known frame, or columns that are missing or of another type."""


def survey_quality(
    frame: pl.DataFrame | pl.LazyFrame | pd.DataFrame, *, by: Sequence[str] = ()
) -> pl.DataFrame | pd.DataFrame:
    """The statistics of survey quality (docs/survey.md), for all rows and for each group of the columns `by`.

    Reads, whichever are there: infant_id, infant_sex, age_days or age_months, weight_kg, length_cm, muac_cm,
    head_circumference_cm, measured, and the scores and flags that `growth_scores` adds (without them no SD, skewness,
    kurtosis, flags or score). A pandas frame gives a pandas frame, a polars frame (eager or lazy) a polars frame.

    Raises:
        SurveyError: another kind of frame; a column of `by` that is missing; a column of another type; sexes or
            positions in other words. Missing columns are named together.
    """
    rows, pandas = _polars(frame)
    missing = [name for name in by if name not in rows.columns]
    if missing:
        raise SurveyError(
            f"survey_quality: columns {', '.join(missing)} are missing. Add them, or change `by`."
        )
    if not set(rows.columns) & {*MEASURES, *INDICES}:
        raise SurveyError(
            f"survey_quality: there is nothing to judge. Give at least one of {', '.join((*MEASURES, *INDICES))}."
        )
    _check(rows)
    if "age_days" not in rows.columns and "age_months" in rows.columns:
        rows = rows.with_columns(age_days=pl.col("age_months").cast(pl.Float64) * 30.4375)
    rows = rows.with_columns(pl.col(name).cast(pl.String) for name in by)
    told = survey_table(prepared(rows), by=tuple(by))
    return told.to_pandas() if pandas else told


def _polars(frame: Any) -> tuple[pl.DataFrame, bool]:
    from narwhals.stable.v2 import dependencies as known

    if isinstance(frame, pl.DataFrame):
        return frame, False
    if isinstance(frame, pl.LazyFrame):
        return frame.collect(), False
    if known.is_pandas_dataframe(frame):
        return pl.from_pandas(frame, nan_to_null=True), True
    raise SurveyError(
        f"survey_quality: cannot read a {type(frame).__name__}. Give a pandas frame or a polars frame (eager or lazy)."
    )


def _check(rows: pl.DataFrame) -> None:
    wrong = [
        name
        for name in _NUMBERS
        if name in rows.columns and not rows.schema[name].is_numeric() and rows.schema[name] != pl.Null
    ]
    if wrong:
        raise SurveyError(f"survey_quality: columns {', '.join(wrong)} hold no numbers. Convert them first.")
    for name, words in _WORDS.items():
        if name in rows.columns:
            texts = rows[name].cast(pl.String)
            other = texts.filter(texts.is_not_null() & ~texts.is_in(list(words))).unique().sort().to_list()
            if other:
                raise SurveyError(
                    f"survey_quality: column {name} holds {', '.join(map(repr, other[:5]))}; it takes "
                    f"{words[0]!r} and {words[1]!r}, or nothing. Recode it first."
                )
