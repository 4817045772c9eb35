"""The cells of a REDCap Source by the types of its dictionary: numbers, dates, booleans; text where it is text."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from milkqc import cells
from milkqc.model import Source, Variable

_DATES = ("date", "date_dmy", "date_mdy", "date_ymd")
NOT_COMPLETED = "[not completed]"


@dataclass(frozen=True)
class Typed:
    """A Source's table with typed columns. `reasons` says why each null is one (`unreadable`: it did not parse).

    `reasons` has the columns that hold nulls; both are as long as the Source's table.
    """

    table: pl.DataFrame
    reasons: pl.DataFrame


def kind_of(variable: Variable) -> str:
    """`number`, `integer`, `date`, `datetime`, `boolean` or `text`, by the field's type and validation.

    Record ids, codes of choices, telephone, postcode and record numbers, and times of day are text.
    """
    if variable.source_type in {"calc", "slider"}:
        return "number"
    if variable.source_type in {"yesno", "truefalse", "checkbox"}:
        return "boolean"
    if variable.source_type == "timestamp":
        return "datetime"
    if variable.source_type != "text":
        return "text"
    word = variable.source_format
    if word in {"integer", "int"}:
        return "integer"
    if word == "float" or word.startswith("number"):
        return "number"
    if word in _DATES:
        return "date"
    return "datetime" if word.startswith("datetime") else "text"


def typed(source: Source) -> Typed:
    """The cells of a REDCap Source as values; nothing is guessed, and what does not parse is null, `unreadable`.

    Integer columns are Int64, numbers Float64 (a comma is the decimal sign only where the validation says so),
    dates Date, dates with times Datetime, yes-no, true-false and checkboxes Boolean, everything else String.
    """
    columns: list[pl.Series] = []
    reasons: list[pl.Series] = []
    for variable in source.variables:
        text = source.table[variable.name]
        values = parsed(variable, text, kind_of(variable))
        columns.append(values)
        if values.null_count():
            known = source.reasons[variable.name] if variable.name in source.reasons.columns else None
            reasons.append(_reasons(text, values, known))
    height = source.table.height
    return Typed(pl.DataFrame(columns), pl.DataFrame(reasons) if reasons else pl.DataFrame(height=height))


def parsed(variable: Variable, text: pl.Series, kind: str) -> pl.Series:
    """One column of text as values of `kind`, null where a cell is blank or does not parse."""
    if kind == "number":
        return _numbers(text, comma=variable.source_format.endswith("comma_decimal")).rename(text.name)
    if kind == "integer":
        whole = text.cast(pl.Int64, strict=False)
        if whole.null_count() == text.null_count():
            return whole
        trimmed = text.str.strip_chars()
        return _where(
            trimmed.str.contains("^[-+]?[0-9]{1,18}$"),
            trimmed.str.strip_prefix("+").cast(pl.Int64, strict=False),
        )
    if kind == "date":
        days = text.str.to_date("%Y-%m-%d", strict=False)
        if days.null_count() == text.null_count() and (text.str.len_bytes() == 10).all():
            return days
        return _where(text.str.contains("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), days)
    if kind == "datetime":
        # REDCap exports hours and minutes, with seconds only where the validation has them.
        whole = _where(text.str.contains("^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(:[0-9]{2})?$"), text)
        full = pl.select(
            pl.when(whole.str.len_chars() == 16).then(whole + pl.lit(":00")).otherwise(whole)
        ).to_series()
        return full.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False).rename(text.name)
    if kind == "boolean":
        word = text.str.strip_chars()
        values = pl.select(
            pl.when(word == "1").then(pl.lit(value=True)).when(word == "0").then(pl.lit(value=False))
        )
        return values.to_series().rename(text.name)
    return text


def _numbers(text: pl.Series, *, comma: bool) -> pl.Series:
    if not comma:
        values = text.cast(pl.Float64, strict=False)
        if values.null_count() == text.null_count() and values.is_finite().all():
            return values
    # Something is written in another way: the cells' own reading, in which `<0.5` is no number here.
    return cells.numbers(text, decimal="," if comma else ".", thousands="'")["number"]


def _where(mask: pl.Series, values: pl.Series) -> pl.Series:
    return pl.select(pl.when(mask).then(values)).to_series().rename(values.name)


def _reasons(text: pl.Series, values: pl.Series, known: pl.Series | None) -> pl.Series:
    known = pl.Series([None], dtype=pl.String) if known is None else known
    return (
        pl.select(
            pl.when(values.is_null())
            .then(
                pl.when(text.is_null())
                .then(pl.coalesce(known, pl.lit("empty")))
                .when(text == NOT_COMPLETED)
                .then(pl.lit("not_completed"))
                .otherwise(pl.lit("unreadable"))
            )
            .alias("r")
        )
        .to_series()
        .rename(text.name)
    )
