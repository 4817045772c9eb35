"""What can be said of a cell by itself: its type, its choice, its soft range."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from milkqc.checks.dictionary import typed
from milkqc.checks.dictionary.fields import Field
from milkqc.checks.dictionary.sheet import Sheet
from milkqc.checks.dictionary.verdict import NotJudged, Verdict, verdict

# What takes any text, or holds nothing that an export shows.
_FREE = ("", "autocomplete")
_SHOWN_CHOICES = 12


def cell_checks(sheet: Sheet, field: Field) -> Iterator[Verdict | NotJudged]:
    """Type and range of a typed field, choices of a field that has them; nothing for free text."""
    if field.type in ("radio", "dropdown", "select", "yesno", "truefalse", "checkbox", "status"):
        for column in field.columns:
            yield _choice(sheet, field, column)
        return
    kind = typed.type_of(field)
    if kind is None:
        if field.type == "text" and field.validation not in _FREE:
            yield NotJudged("redcap.type", field, f"milkqc does not know the validation {field.validation}")
        return
    text = sheet.text(field.column)
    there = (text != "") & ~sheet.declared_missing(field.column) & sheet.judged
    fits = kind.fits(text)
    shown = None if field.validation in typed.PERSONAL else text
    yield verdict("redcap.type", field, fails=~fits, among=there, values=shown, expected=kind.words)
    if field.minimum.strip() or field.maximum.strip():
        yield _range(field, kind, text, there=there, fits=fits)


def _choice(sheet: Sheet, field: Field, column: str) -> Verdict:
    text = sheet.text(column)
    choices = ["0", "1"] if field.type == "checkbox" else sorted(field.choices)
    there = (text != "") & ~sheet.declared_missing(column) & sheet.judged
    few = ", ".join(choices[:_SHOWN_CHOICES]) + (" ..." if len(choices) > _SHOWN_CHOICES else "")
    return verdict(
        "redcap.choice",
        field,
        fails=~text.is_in(choices),
        among=there,
        values=text,
        expected=f"one of {few}" if choices else "no choice at all",
        column=column,
    )


def _range(
    field: Field, kind: typed.Type, text: pl.Series, *, there: pl.Series, fits: pl.Series
) -> Verdict | NotJudged:
    limits = typed.limits_of(field, kind)
    if limits.why:
        return NotJudged("redcap.range", field, limits.why)
    return verdict(
        "redcap.range",
        field,
        fails=typed.outside(text, limits, kind, comma=field.comma),
        among=there & fits,
        not_judged=there & ~fits,
        values=text,
        expected=typed.limits_in_words(field),
    )
