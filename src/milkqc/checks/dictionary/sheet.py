"""A table of an export as REDCap stored it: cells as text, whose row is whose, and where a reference leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as made
from functools import cached_property

import polars as pl

from milkqc import cells
from milkqc.checks.dictionary.fields import EVENT, INSTANCE, INSTRUMENT, Field, fields_of, record_id
from milkqc.model import Source

_PLACE = {"source_file": pl.String, "source_row": pl.Int64}


@dataclass(frozen=True)
class Export:
    """One source table with a data dictionary: its name in the mapping, and its files, which have the same columns.

    `event_forms` lists each event's forms, null where nobody said. `missing` are, by column, the codes that the
    mapping declares as missing (canonical text). `rows`, where given, are the only ones to be judged.
    """

    name: str
    sources: tuple[Source, ...]
    event_forms: Mapping[str, frozenset[str]] | None = None
    missing: Mapping[str, frozenset[str]] = made(default_factory=dict)
    rows: pl.DataFrame | None = None

    @property
    def explained(self) -> bool:
        """Whether a dictionary came with it."""
        return any("form" in variable.details for variable in self.sources[0].variables)


@dataclass(frozen=True)
class Sheet:
    """An export's rows. Texts are '' where blank; keys are null where blank."""

    export: Export

    @cached_property
    def fields(self) -> dict[str, Field]:
        """The dictionary's fields that have a column here."""
        return fields_of(self.export.sources[0])

    @cached_property
    def height(self) -> int:
        """How many rows."""
        return sum(source.table.height for source in self.export.sources)

    @cached_property
    def files(self) -> frozenset[tuple[str, str]]:
        """Name and sha256 of the files behind it, by which tables of one project are known."""
        return frozenset((one.origin.file, one.origin.sha256) for one in self.export.sources)

    @property
    def whole(self) -> bool:
        """Whether it has every row of its files."""
        return all(source.rows is None for source in self.export.sources)

    def text(self, column: str) -> pl.Series:
        """What the column holds, without white space at its ends; '' where blank."""
        held = self._texts.get(column)
        if held is None:
            parts = [cells.source_text(source, column) for source in self.export.sources]
            held = self._texts[column] = pl.concat(parts).cast(pl.String).fill_null("").str.strip_chars()
        return held

    def declared_missing(self, column: str) -> pl.Series:
        """True where the cell is a missing-data code of the project or of the mapping."""
        listed = sorted(self.export.missing.get(column, ()))
        if not listed and not any(column in source.codes.columns for source in self.export.sources):
            return self._never
        codes = [
            source.codes[column].is_not_null() & (source.reasons[column] != "untouched")
            if column in source.codes.columns
            else pl.repeat(False, source.table.height, dtype=pl.Boolean, eager=True)
            for source in self.export.sources
        ]
        return (pl.concat(codes) | cells.canonical(self.text(column)).is_in(listed)).fill_null(value=False)

    def codes(self, field: Field) -> frozenset[str]:
        """The missing-data codes of the field's project: those that the export lists, and those seen in the field."""
        seen: set[str] = set()
        for source in self.export.sources:
            if field.column in source.codes.columns:
                there = source.reasons[field.column] != "untouched"
                seen.update(source.codes[field.column].filter(there).drop_nulls().to_list())
        return field.missing_codes | seen

    @cached_property
    def record(self) -> str | None:
        """The column of the record id."""
        return record_id(self.export.sources[0])

    @cached_property
    def keys(self) -> pl.DataFrame:
        """record, event, instrument, instance of each row; all null where the export has no such column."""
        columns = {"record": self.record, "event": EVENT, "instrument": INSTRUMENT, "instance": INSTANCE}
        there = self.export.sources[0].table.columns
        return pl.DataFrame(
            [
                _blank_null(self.text(column)).alias(name)
                if column is not None and column in there
                else pl.repeat(None, self.height, dtype=pl.String, eager=True).alias(name)
                for name, column in columns.items()
            ]
        )

    @cached_property
    def places(self) -> pl.DataFrame:
        """source_file and source_row (1-based in the file) of each row."""
        return pl.concat(
            pl.DataFrame(
                {
                    "source_file": [source.origin.file] * source.table.height,
                    "source_row": range(1, source.table.height + 1) if source.rows is None else source.rows,
                },
                schema=_PLACE,
            )
            for source in self.export.sources
        )

    def participants(self, mapped: pl.DataFrame) -> pl.Series:
        """Each row's participant, told by the rows of its record that mapping placed (`Mapped.rows`).

        Null where none of them was placed, or they went to several participants.
        """
        if "participant_id" not in self._held:
            facts = self.places.with_columns(record=self.keys["record"])
            known = (
                mapped.select("source_file", "source_row", "participant_id")
                .drop_nulls()
                .join(facts, on=list(_PLACE), how="inner")
                .group_by("record")
                .agg(pl.col("participant_id").first(), n=pl.col("participant_id").n_unique())
                .filter(pl.col("n") == 1)
            )
            found = facts.join(known, on="record", how="left", maintain_order="left")
            self._held["participant_id"] = found["participant_id"]
        return self._held["participant_id"]

    @cached_property
    def judged(self) -> pl.Series:
        """True for the rows that findings may be about."""
        if self.export.rows is None:
            return pl.repeat(True, self.height, dtype=pl.Boolean, eager=True)
        wanted = self.export.rows.select(*_PLACE).unique().with_columns(_in=pl.lit(value=True))
        found = self.places.join(wanted, on=list(_PLACE), how="left", maintain_order="left")
        return found["_in"].fill_null(value=False)

    @cached_property
    def touched(self) -> Mapping[str, pl.Series]:
        """By form: true in the rows where a person entered something, or set its status.

        REDCap writes 0 for a checkbox and a status that nobody ever saw, and works out calculations on its own.
        """
        marks: dict[str, list[pl.Series]] = {}
        for each in self.fields.values():
            held = marks.setdefault(each.form, [])
            if each.type == "calc" or each.column == self.record:
                continue
            for column in each.columns:
                text = self.text(column)
                unseen = ["", "0"] if each.type in ("checkbox", "status") else [""]
                held.append(~text.is_in(unseen))
        nothing = pl.repeat(False, self.height, dtype=pl.Boolean, eager=True)
        return {
            form: pl.select(pl.any_horizontal(nothing, *held)).to_series() for form, held in marks.items()
        }

    @cached_property
    def repeating(self) -> Mapping[str, frozenset[str]]:
        """By form: the events ('' in a classic project) in which it has rows of its own, as a repeating instrument."""
        found: dict[str, set[str]] = {}
        pairs = self.keys.select("instrument", pl.col("event").fill_null("")).drop_nulls().unique()
        for instrument, event in pairs.iter_rows():
            found.setdefault(instrument, set()).add(event)
        return {form: frozenset(events) for form, events in found.items()}

    @cached_property
    def _never(self) -> pl.Series:
        return pl.repeat(False, self.height, dtype=pl.Boolean, eager=True)

    @cached_property
    def _held(self) -> dict[str, pl.Series]:
        return {}

    @cached_property
    def _texts(self) -> dict[str, pl.Series]:
        return {}


def _blank_null(text: pl.Series) -> pl.Series:
    return text.to_frame("t").select(pl.when(pl.col("t") != "").then("t")).to_series()
