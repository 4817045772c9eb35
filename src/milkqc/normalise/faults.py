"""What normalising finds: the rules, a draft for each failing row, and the spelling of a unit perhaps meant."""

from __future__ import annotations

import hashlib

import polars as pl

from milkqc.errors import UnitError
from milkqc.findings import as_drafts, drafts
from milkqc.units import canonical, nearest

UNIT = "{}.unit.unreadable"
SUBSTANCE = "{}.substance.unreadable"
WHOLE = "{}.value.not_whole"


def shown_unit(column: str) -> pl.Expr:
    """The unit text of a column as a finding shows it."""
    return pl.col(column).fill_null("(none)")


def perhaps(failing: pl.DataFrame, column: str) -> pl.Expr:
    """For each unit text that nobody knows the spellings that were perhaps meant, in words; else the empty text."""
    return pl.col(column).replace_strict(
        {text: _meant(text) for text in failing[column].drop_nulls().unique()},
        default="",
        return_dtype=pl.String,
    )


def _meant(text: str) -> str:
    try:
        canonical(text)
    except UnitError:
        *most, last = nearest(text) or ("",)
        named = f"{', '.join(most)} or {last}" if most else last
        return f" (did you mean {named}?)" if named else ""
    return ""  # a known unit, of another kind of measure


def failing_rows(
    table: str, failing: pl.DataFrame, rule: str, variable: pl.Expr, value: pl.Expr, expected: pl.Expr
) -> pl.DataFrame:
    """A critical finding for each failing row; those of one variable and one text share their cause."""
    if failing.is_empty():
        return drafts()
    told = failing.select(
        "row_id",
        rule_id=pl.lit(rule.format(table)),
        severity=pl.lit("critical"),
        table=pl.lit(table),
        engine=pl.lit("reading"),
        variable=variable,
        value=value,
        expected=expected,
        cause=pl.concat_str(pl.lit(rule.format(table)), variable, value, separator="\x1f"),
    )
    causes = {cause: hashlib.sha256(cause.encode()).hexdigest()[:16] for cause in told["cause"].unique()}
    return as_drafts(told.with_columns(cause_id=pl.col("cause").replace_strict(causes)).drop("cause"))
