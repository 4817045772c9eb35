"""Everything about the survey quality of a study: its tables, and the findings and ledger that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from milkqc.errors import reason
from milkqc.model import Checked
from milkqc.summarise.survey.arrays import arrays
from milkqc.summarise.survey.funnel import FUNNEL_SCHEMA, funnels
from milkqc.summarise.survey.histograms import (
    BINS_SCHEMA,
    DIGITS_SCHEMA,
    POSITIONS_SCHEMA,
    digit_table,
    position_table,
    score_bins,
)
from milkqc.summarise.survey.judge import broken, judge
from milkqc.summarise.survey.rows import prepared
from milkqc.summarise.survey.table import SCHEMA, survey_table

_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Surveyed:
    """`tables` by name: survey_quality, survey_digits, survey_positions (the files of OUT), survey_bins and
    survey_funnels (the report)."""

    tables: Mapping[str, pl.DataFrame]
    checked: Checked


_SCHEMAS = {
    "survey_quality": SCHEMA,
    "survey_digits": DIGITS_SCHEMA,
    "survey_positions": POSITIONS_SCHEMA,
    "survey_bins": BINS_SCHEMA,
    "survey_funnels": FUNNEL_SCHEMA,
}
FILES = ("survey_quality", "survey_digits", "survey_positions")


def surveyed(tables: Mapping[str, pl.DataFrame], *, off: Mapping[str, str] = _NONE) -> Surveyed:
    """The survey quality of the internal tables (`growth` scored, `participants`, `visits`); without growth rows, empty tables.

    `off` maps the id of a switched-off rule to the study's reason. Statistics that raise leave their tables empty, and
    every rule over them broken in the ledger, with the reason.
    """
    try:
        return _surveyed(tables, off)
    # The run goes on without its survey statistics, and the ledger and exit code 3 say so.
    except Exception as error:  # noqa: BLE001
        empty = {name: pl.DataFrame(schema=schema) for name, schema in _SCHEMAS.items()}
        return Surveyed(empty, broken(reason(error), off=off))


def _surveyed(tables: Mapping[str, pl.DataFrame], off: Mapping[str, str]) -> Surveyed:
    rows = prepared(tables.get("growth", pl.DataFrame()), tables.get("participants"), tables.get("visits"))
    known = arrays(rows)
    table = survey_table(rows, known)
    return Surveyed(
        tables={
            "survey_quality": table,
            "survey_digits": digit_table(rows, known),
            "survey_positions": position_table(rows, known),
            "survey_bins": score_bins(rows),
            "survey_funnels": funnels(table),
        },
        checked=judge(table, rows, off=off),
    )
