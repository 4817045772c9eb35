"""Where a reference leads: [field] in the same event, [event][field] in another one of the same record."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import polars as pl

from milkqc.checks.dictionary.fields import Field
from milkqc.checks.dictionary.logic import FieldRef, NotEvaluated, Value
from milkqc.checks.dictionary.logic.values import from_text
from milkqc.checks.dictionary.sheet import Sheet


class References:
    """Finds fields for the rows of one sheet: in the sheet itself, else in other tables of the same project."""

    def __init__(self, sheet: Sheet, others: Sequence[Sheet]):
        self._sheet = sheet
        self._sheets = (sheet, *others)
        self._found: dict[tuple[str, str, str], tuple[Value, Collection[str]]] = {}

    def __call__(self, ref: FieldRef) -> tuple[Value, Collection[str]]:
        """The field's Value in each row, and the project's missing-data codes. NotEvaluated, with the reason."""
        key = (ref.event, ref.name, ref.code)
        if key not in self._found:
            self._found[key] = self._looked_up(ref)
        return self._found[key]

    def _looked_up(self, ref: FieldRef) -> tuple[Value, Collection[str]]:
        home = next((sheet for sheet in self._sheets if ref.name in sheet.fields), None)
        if home is None:
            dropped = any(
                ref.name in source.dropped for sheet in self._sheets for source in sheet.export.sources
            )
            why = "was dropped as an identifier" if dropped else "is not in the export"
            raise NotEvaluated(f"it refers to [{ref.name}], which {why}")
        field = home.fields[ref.name]
        column = _column(field, ref)
        if ref.event or home is not self._sheet:
            text = self._elsewhere(home, field, column, ref.event)
        else:
            text = self._here(field, column)
        if field.type == "checkbox":
            # A box that nobody saw is not ticked.
            text = (
                text.to_frame("t")
                .select(pl.when(pl.col("t") == "").then(pl.lit("0")).otherwise("t"))
                .to_series()
            )
        codes = home.codes(field)
        return _not_counted(from_text(text, comma=field.comma), codes), codes

    def _here(self, field: Field, column: str) -> pl.Series:
        """The row's own cell; in the row of another repeating form, that of the event's plain row."""
        sheet = self._sheet
        own = sheet.text(column)
        if not sheet.repeating or column == sheet.record:
            return own
        plain = self._elsewhere(sheet, field, column, "")
        facts = sheet.keys.select("instrument", pl.col("event").fill_null("")).with_columns(
            own=own, plain=plain
        )
        alone = pl.col("instrument").is_null() & ~pl.col("event").is_in(_sorted(sheet.repeating, field))
        return facts.select(
            pl.when(alone | (pl.col("instrument") == field.form)).then("own").otherwise("plain")
        ).to_series()

    def _elsewhere(self, home: Sheet, field: Field, column: str, event: str) -> pl.Series:
        """The cell in the record's plain row of `event`, or of the row's own event; null where it is not known.

        It is not known when the form or the whole event repeats there (which instance is meant?), or the row is
        there twice.
        """
        if event and home.keys["event"].null_count() == home.height:
            raise NotEvaluated(f"it refers to the event [{event}], and the project has none")
        if event and not (home.keys["event"] == event).any():
            raise NotEvaluated(f"it refers to the event [{event}], of which the export has no row")
        if self._sheet.record is None or home.record is None:
            raise NotEvaluated("it refers to another row, and the record id is not in the export")
        wanted = self._sheet.keys.select(
            "record", event=pl.lit(event) if event else pl.col("event").fill_null("")
        )
        plain = (
            home.keys.with_columns(pl.col("event").fill_null(""), text=home.text(column))
            .filter(pl.col("instrument").is_null() & pl.col("instance").is_null())
            .group_by("record", "event")
            .agg(pl.col("text").first(), n=pl.len())
        )
        several = home.keys.filter(pl.col("instrument").is_null() & pl.col("instance").is_not_null())
        repeats = [*_sorted(home.repeating, field), *several["event"].fill_null("").unique().sort().to_list()]
        found = wanted.join(plain, on=["record", "event"], how="left", maintain_order="left")
        return found.select(
            pl.when(pl.col("record").is_null() | pl.col("event").is_in(repeats) | (pl.col("n") > 1))
            .then(None)
            .otherwise(pl.col("text").fill_null(""))
        ).to_series()


def _not_counted(value: Value, codes: Collection[str]) -> Value:
    """The Value with the number of a missing-data code (-999) not known: nobody says that REDCap counts with it."""
    coded = value.text.is_in(sorted(codes)) & ~value.number.is_nan()
    if not coded.any():
        return value
    facts = pl.DataFrame({"number": value.number, "coded": coded})
    return replace(value, number=facts.select(pl.when(~pl.col("coded")).then("number"))["number"])


def _sorted(repeating: Mapping[str, frozenset[str]], field: Field) -> list[str]:
    return sorted(repeating.get(field.form, frozenset()))


def _column(field: Field, ref: FieldRef) -> str:
    if field.type != "checkbox":
        if ref.code:
            raise NotEvaluated(f"[{ref.name}({ref.code})] asks for a choice of a field that is no checkbox")
        return field.column
    if not ref.code:
        raise NotEvaluated(f"[{ref.name}] is a checkbox without the code of a choice")
    for column, code in field.columns.items():
        if code.lower() == ref.code.lower():
            return column
    raise NotEvaluated(f"[{ref.name}({ref.code})] is no choice of that checkbox")
