"""Verdicts as draft findings: of the harmonised row where the source row went, else of the record itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from milkqc.checks.dictionary.fields import Field
from milkqc.checks.dictionary.row_checks import KEY
from milkqc.checks.dictionary.sheet import Sheet
from milkqc.checks.dictionary.verdict import SEVERITY, Verdict
from milkqc.findings import as_drafts, drafts
from milkqc.messages import message, sentence
from milkqc.model import TABLES

# A field that fails in most of its rows has one cause: the dictionary, the import or the export. One finding.
MOST_SHARE, MOST_ROWS = 0.5, 10
_PLACES = {
    "source_file": pl.String,
    "source_row": pl.Int64,
    "table": pl.String,
    "row_id": pl.String,
    "analyte": pl.String,
    "participant_id": pl.String,
}


@dataclass(frozen=True)
class Mapped:
    """Where source rows went: source_file, source_row, table, row_id, analyte (null but in results), participant_id, a
    line for each harmonised row; and by (table, variable) the source columns behind it, joined by `; `."""

    rows: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_PLACES))
    columns: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def uses(self, columns: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """The (table, variable) that are made from one of these source columns, in the order of the tables."""
        found = [key for key, text in self.columns.items() if set(text.split("; ")) & set(columns)]
        return tuple(sorted(found, key=lambda key: (TABLES.index(key[0]), key[1])))


def drafts_of(verdict: Verdict, sheet: Sheet, mapped: Mapped) -> pl.DataFrame:
    """A draft for each failing row; one for the whole field where most of its rows fail."""
    if not verdict.failing.len():
        return drafts()
    place = _Place(sheet, mapped, verdict.field)
    if _of_one_cause(verdict):
        return drafts([_of_field(verdict, sheet, place)])
    held = pl.lit(None, dtype=pl.String) if verdict.field.identifier else pl.col("value")
    rows = (
        place.rows(verdict.failing)
        .with_columns(
            value=verdict.values,
            expected=verdict.expected,
            source_column=verdict.columns,
            n_rows=verdict.n_rows,
            looked_at=pl.lit(verdict.looked_at),
            **{name: pl.lit(text) for name, text in _said(verdict).items()},
        )
        .with_columns(value=held)
    )
    shown = (
        pl.when(pl.col("value").is_null())
        .then(pl.lit("The value"))
        .when(pl.col("value") == "")
        .then(pl.lit("nothing"))
        .otherwise("value")
    )
    told = rows.with_columns(value=shown).select(message=sentence(verdict.rule_id, rows.columns))
    return as_drafts(
        rows.with_columns(pl.when(pl.col("value") != "").then("value").alias("value"), told["message"]).drop(
            "looked_at"
        )
    )


def _said(verdict: Verdict) -> dict[str, str]:
    """What every draft of a verdict says."""
    return {
        "rule_id": verdict.rule_id,
        "severity": SEVERITY[verdict.rule_id],
        "engine": "rules",
        "variable": verdict.field.name,
        "label": verdict.field.label,
    }


def _of_one_cause(verdict: Verdict) -> bool:
    failing = verdict.failing.len()
    of_rows = verdict.rule_id in ("redcap.key.unique", "redcap.outside_event")
    return not of_rows and failing >= MOST_ROWS and failing > MOST_SHARE * verdict.looked_at


def _of_field(verdict: Verdict, sheet: Sheet, place: _Place) -> dict[str, Any]:
    first = sheet.places[verdict.failing[:1]].row(0, named=True)
    # What each row should hold differs where it is worked out; what the field takes does not.
    alike = verdict.expected.n_unique() == 1
    draft = {
        **_said(verdict),
        "table": place.table,
        "row_id": "*",
        "expected": verdict.expected[0] if alike else None,
        "n_rows": verdict.failing.len(),
        "source_file": first["source_file"],
        "source_row": first["source_row"],
        "source_column": verdict.columns[0],
    }
    words = {**draft, "looked_at": verdict.looked_at}
    return {**draft, "message": message(verdict.rule_id, words, variant="most")}


class _Place:
    """Where the findings of one field stand."""

    def __init__(self, sheet: Sheet, mapped: Mapped, judged: Field):
        self._sheet, self._mapped = sheet, mapped
        self._direct = mapped.uses(tuple(judged.columns))
        near = [each.columns for each in sheet.fields.values() if each.form == judged.form]
        nearby = mapped.uses([name for columns in near for name in columns if name != sheet.record])
        preferred = [table for table, _ in (*self._direct, *nearby)]
        self._tables = tuple(dict.fromkeys((*preferred, *TABLES)))

    @property
    def table(self) -> str:
        """The table of a finding about the whole field."""
        return self._direct[0][0] if self._direct else self._sheet.export.name

    def rows(self, failing: pl.Series) -> pl.DataFrame:
        """table, row_id, source_file, source_row, participant_id of the failing positions, in their order."""
        asked = self._sheet.places[failing].with_columns(
            own=self._own_ids(failing), participant_id=self._sheet.participants(self._mapped.rows)[failing]
        )
        ranks = {table: place for place, table in enumerate(self._tables)}
        analytes = [variable for _, variable in self._direct]
        best = (
            self._mapped.rows.join(
                asked.unique(["source_file", "source_row"]), on=["source_file", "source_row"], how="semi"
            )
            .with_columns(
                _table=pl.col("table").replace_strict(ranks, return_dtype=pl.Int64),
                _analyte=~pl.col("analyte").is_in(analytes).fill_null(value=True),
            )
            .sort("_table", "_analyte", "row_id")
            .unique(["source_file", "source_row"], keep="first", maintain_order=True)
            .select("source_file", "source_row", "table", "row_id")
        )
        found = asked.join(best, on=["source_file", "source_row"], how="left", maintain_order="left")
        return found.select(
            pl.col("table").fill_null(self._sheet.export.name),
            pl.coalesce("row_id", "own").alias("row_id"),
            "source_file",
            "source_row",
            # Of a harmonised row its own table tells.
            pl.when(pl.col("row_id").is_null()).then("participant_id").alias("participant_id"),
        )

    def _own_ids(self, failing: pl.Series) -> pl.Series:
        """The record's key for rows that went nowhere: `7|month_3_arm_1|milk|2`, absent parts left out.

        In the fixed shape of row ids, `|`, `#` and `\\` are escaped. Without a record id, the row of the file.
        """
        keys = self._sheet.keys[failing].with_columns(
            row=pl.concat_str(pl.lit("row "), self._sheet.places[failing]["source_row"].cast(pl.String))
        )
        parts = [pl.col(name).str.replace_all(r"([\\|#])", r"\$1") for name in KEY]
        return keys.select(
            pl.when(pl.col("record").is_null())
            .then("row")
            .otherwise(pl.concat_str(parts, separator="|", ignore_nulls=True))
            .alias("own")
        )["own"]
