"""OUT opened for explaining: each table with its lineage, once, by row; nothing but OUT is read."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from milkqc.explain.model import ExplainError
from milkqc.model import TABLES

Row = dict[str, Any]


class Store:
    """The tables of one OUT as rows (dicts), what the run kept of the mapping, findings and ledger."""

    def __init__(self, out: Path, data: Path | None = None):
        self.out, self.data = out, data
        try:
            self.manifest = json.loads((out / "manifest.json").read_text("utf-8"))
        except (OSError, ValueError):
            raise ExplainError(
                f"{out}: there is no manifest of milkqc in it. Give the folder that `milkqc run` wrote (--out)."
            ) from None
        level = (self.manifest.get("privacy") or {}).get("level")
        if level == "public":
            raise ExplainError(
                f"{out} holds published aggregates: no rows, so no cells to explain. Explain the internal OUT."
            )
        if "pool" in self.manifest:
            raise ExplainError(
                f"{out}: is pooled from several runs. Explain the run that the row comes from."
            )
        try:
            self.trace = json.loads((out / "lineage" / "mapping.json").read_text("utf-8"))
        except (OSError, ValueError):
            raise ExplainError(
                f"{out}: lineage/mapping.json is missing, so this OUT cannot explain itself. Run the study again."
            ) from None
        if self.trace.get("version") != 1:
            raise ExplainError(f"{out}: its lineage is of another version of milkqc. Use that version.")

    @cached_property
    def files(self) -> dict[tuple[str, str], dict[str, Any]]:
        """What is known of each (source table, file): sha256, sheet, and `upload`: is it in `data` as it was?"""
        return {
            (name, one["file"]): one | self._at_hand(one["file"], one["sha256"])
            for name, table in self.trace["tables"].items()
            for one in table["files"]
        }

    def _at_hand(self, file: str, sha256: str | None) -> dict[str, str]:
        """`same`, `changed` or `absent`, where a folder of uploads is given."""
        if self.data is None or not sha256:
            return {}
        try:
            with (self.data / file).open("rb") as upload:
                now = hashlib.file_digest(upload, "sha256").hexdigest()
        except OSError:
            return {"upload": "absent"}
        return {"upload": "same" if now == sha256 else "changed"}

    def _parquet(self, name: str) -> pl.DataFrame:
        try:
            return pl.read_parquet(self.out / f"{name}.parquet", glob=False)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise ExplainError(
                f"{self.out}: {name}.parquet cannot be read ({type(error).__name__}). Run the study again."
            ) from None

    @cached_property
    def internal(self) -> dict[str, pl.DataFrame]:
        """Each harmonised table with its lineage beside it, sorted by row_id: what checks were asked of."""
        found = {}
        for name in TABLES:
            clean, lineage = self._parquet(f"harmonized/{name}"), self._parquet(f"lineage/{name}")
            if clean.height != lineage.height or not clean["row_id"].equals(lineage["row_id"]):
                raise ExplainError(
                    f"{self.out}: {name} and its lineage are not of one run. Run the study again."
                )
            rest = [column for column in lineage.columns if column not in clean.columns]
            found[name] = clean.hstack(lineage.select(rest))
        return found

    @cached_property
    def tables(self) -> dict[str, list[Row]]:
        """The rows of each."""
        return {name: frame.to_dicts() for name, frame in self.internal.items()}

    @cached_property
    def analysis(self) -> list[Row]:
        """The rows of the analysis file."""
        return self._parquet("analysis").to_dicts()

    @cached_property
    def columns(self) -> dict[str, list[str]]:
        """The columns of each clean table."""
        return {
            name: list(pl.read_parquet_schema(self.out / f"harmonized/{name}.parquet")) for name in TABLES
        }

    @cached_property
    def by_id(self) -> dict[tuple[str, str], Row]:
        """Rows by (table, row_id)."""
        return {(name, row["row_id"]): row for name, rows in self.tables.items() for row in rows}

    def _grouped(self, table: str, *keys: str) -> dict[tuple[Any, ...], list[Row]]:
        groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
        for row in self.tables[table]:
            groups[tuple(row[key] for key in keys)].append(row)
        return groups

    @cached_property
    def people(self) -> dict[tuple[Any, ...], list[Row]]:
        """participants by infant_id."""
        return self._grouped("participants", "infant_id")

    @cached_property
    def families(self) -> dict[tuple[Any, ...], list[Row]]:
        """participants by participant_id."""
        return self._grouped("participants", "participant_id")

    @cached_property
    def visits(self) -> dict[tuple[Any, ...], list[Row]]:
        """visits by participant_id and visit."""
        return self._grouped("visits", "participant_id", "visit")

    @cached_property
    def growth(self) -> dict[tuple[Any, ...], list[Row]]:
        """growth by infant_id and visit."""
        return self._grouped("growth", "infant_id", "visit")

    @cached_property
    def children(self) -> dict[tuple[Any, ...], list[Row]]:
        """growth by infant_id."""
        return self._grouped("growth", "infant_id")

    @cached_property
    def milk(self) -> dict[tuple[Any, ...], list[Row]]:
        """milk by participant_id, visit and analyte."""
        return self._grouped("milk", "participant_id", "visit", "analyte")

    @cached_property
    def findings(self) -> pl.DataFrame:
        """findings.csv, every column a text."""
        return pl.read_csv(self.out / "findings.csv", infer_schema=False)

    @cached_property
    def checks(self) -> pl.DataFrame:
        """checks.csv, every column a text."""
        return pl.read_csv(self.out / "checks.csv", infer_schema=False)

    @cached_property
    def checks_of(self) -> dict[str, list[dict[str, Any]]]:
        """The rows of checks.csv by table."""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for check in self.checks.iter_rows(named=True):
            found[check["table"]].append(check)
        return found

    @cached_property
    def _found(self) -> dict[tuple[str, str, str], list[str]]:
        found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        for one in self.findings.iter_rows(named=True):
            found[one["rule_id"], one["table"], one["variable"] or ""].append(one["row_id"])
        return found

    def found(self, rule_id: str, table: str, variable: str) -> list[str]:
        """The row_ids (or groups, or `*`) of a check's findings."""
        return self._found.get((rule_id, table, variable), [])

    @cached_property
    def told_once(self) -> dict[tuple[str, ...], str]:
        """Findings about a source cell of which several rows were made: where each stands, by rule, table, variable and cell."""
        several = self.findings.filter(
            pl.col("n_rows").cast(pl.Int64) > 1, pl.col("source_row").is_not_null()
        )
        keys = ("rule_id", "table", "variable", "source_file", "source_row")
        return {tuple(row[:-1]): row[-1] for row in several.select(*keys, "row_id").iter_rows()}
