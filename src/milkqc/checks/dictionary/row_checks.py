"""What can be said of a row: that its key is its own, and that it holds only forms that belong there."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from milkqc.checks.dictionary.fields import Field
from milkqc.checks.dictionary.sheet import Sheet
from milkqc.checks.dictionary.verdict import NotJudged, Verdict

KEY = ("record", "event", "instrument", "instance")


def key_check(sheet: Sheet) -> Verdict | NotJudged:
    """Rows that share record, event, repeating instrument and instance: one failing position for each such key."""
    name = sheet.record or "record"
    field = sheet.fields.get(name) or Field(name, "", "text", name, {name: ""})
    if sheet.record is None:
        return NotJudged("redcap.key.unique", field, "the record id is not in the export")
    keyed = sheet.keys.with_columns(at=pl.int_range(pl.len(), dtype=pl.UInt32), judged=sheet.judged).filter(
        pl.col("record").is_not_null() & pl.col("judged")
    )
    twice = (
        keyed.group_by(*KEY, maintain_order=True)
        .agg(pl.col("at").first(), n=pl.len().cast(pl.Int64))
        .filter(pl.col("n") > 1)
    )
    shown = twice.select(
        value=pl.concat_str([pl.col(name) for name in KEY], separator=", ", ignore_nulls=True),
        expected=pl.lit("one row"),
        column=pl.lit(sheet.record),
    )
    if field.identifier:
        shown = shown.with_columns(value=pl.lit(None, dtype=pl.String))
    return Verdict(
        "redcap.key.unique",
        field,
        twice["at"],
        keyed.height,
        0,
        shown["value"],
        shown["expected"],
        shown["column"],
        twice["n"],
    )


def place_checks(sheet: Sheet, form: str, fields: list[Field]) -> Iterator[Verdict | NotJudged]:
    """Rows that hold a form's cells though their event, or their repeating instrument, does not have the form."""
    whole = Field(form, form, "form", form, {each.column: "" for each in fields})
    eventful = sheet.keys["event"].null_count() < sheet.height
    forms = sheet.export.event_forms
    if eventful and forms is None:
        why = "nobody said which events have which forms: give the project's list as `event_forms`"
        yield NotJudged("redcap.outside_event", whole, why)
    listed = sorted(event for event, has in (forms or {}).items() if form in has)
    known = sorted(forms or {})
    facts = sheet.keys.select(
        outside=(pl.col("event").is_in(known) & ~pl.col("event").is_in(listed))
        | (pl.col("instrument") != form).fill_null(value=False),
        placed=pl.col("event").is_in(known) | pl.col("instrument").is_not_null(),
    ).fill_null(value=False)
    filled = _filled(sheet, fields)
    held = filled.select(pl.any_horizontal(pl.all())).to_series() if fields else facts["placed"] & False
    among = facts["placed"] & held & sheet.judged
    if not among.any() and not (facts["placed"] & sheet.judged).any():
        return
    rows = (among & facts["outside"]).arg_true().cast(pl.UInt32)
    names = (
        filled[rows].select(
            pl.concat_str(
                [pl.when(pl.col(name)).then(pl.lit(name)) for name in filled.columns],
                separator="; ",
                ignore_nulls=True,
            ).alias("names")
        )["names"]
        if filled.width
        else pl.Series([], dtype=pl.String)
    )
    yield Verdict(
        "redcap.outside_event",
        whole,
        rows,
        int((facts["placed"] & sheet.judged).sum()),
        0,
        names,
        _belongs(sheet, rows, form),
        names,
        pl.repeat(1, rows.len(), dtype=pl.Int64, eager=True),
    )


def _filled(sheet: Sheet, fields: list[Field]) -> pl.DataFrame:
    """For each column of a form, whether it holds what a person entered; a status or box of 0 is no entry."""
    return pl.DataFrame(
        {
            column: ~sheet.text(column).is_in(["", "0"] if each.type in ("checkbox", "status") else [""])
            for each in fields
            if each.type != "calc" and each.column != sheet.record
            for column in each.columns
        }
    )


def _belongs(sheet: Sheet, rows: pl.Series, form: str) -> pl.Series:
    return sheet.keys[rows].select(
        pl.when((pl.col("instrument") != form).fill_null(value=False))
        .then(pl.concat_str(pl.lit("nothing in a row of "), "instrument"))
        .otherwise(pl.concat_str(pl.lit("nothing in "), "event"))
        .alias("expected")
    )["expected"]
