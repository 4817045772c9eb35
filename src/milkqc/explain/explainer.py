"""Every cell of one OUT explained from OUT alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from milkqc import reference
from milkqc.explain import concerns, growth, milk, seek, verdicts
from milkqc.explain.again import Again
from milkqc.explain.analysis import Analysis
from milkqc.explain.mapped import block_of, mapped
from milkqc.explain.model import Cell, ExplainError, as_json
from milkqc.explain.store import Row, Store
from milkqc.model import TABLES


@dataclass(frozen=True)
class Explained:
    """One cell with the findings on it and what the rules said of it."""

    cell: Cell
    findings: list[dict[str, Any]]
    rules: list[dict[str, Any]]
    manifest: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Plain data, with the study and the hash of its mapping."""
        return {
            "study": self.manifest["study"],
            "mapping": self.manifest["mapping"],
            **as_json(self.cell),
            "findings": self.findings,
            "rules": self.rules,
        }

    def as_text(self) -> str:
        """For people (docs/explain.md)."""
        from milkqc.explain.page import page

        return page(self)


class Explainer:
    """Explains cells of the OUT in a folder; tables are loaded once, and cells that others are made of kept.

    With the folder of uploads (`data`) each source cell says whether the file there is the one of the run.
    """

    def __init__(self, out: str | Path, data: str | Path | None = None):
        self.store = Store(Path(out), None if data is None else Path(data))
        self._known: dict[tuple[str, str, str], Cell] = {}
        self._analysis: Analysis | None = None
        self._again = Again(self.store)

    @property
    def analysis(self) -> Analysis:
        """The analysis file's own part."""
        if self._analysis is None:
            self._analysis = Analysis(self.store, self.harmonised)
        return self._analysis

    def harmonised(self, table: str, row: Row, column: str) -> Cell:
        """A cell of a harmonised table."""
        key = (table, row["row_id"], column)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._harmonised(table, row, column)
        return found

    def _harmonised(self, table: str, row: Row, column: str) -> Cell:
        if table == "growth" and column in growth.DERIVED:
            return growth.derived(self.store, row, column, self.harmonised)
        if table in {"milk", "biomarkers"}:
            if column in milk.DERIVED:
                return milk.derived(self.store, table, row, column, self.harmonised)
            known = reference.dictionary().get((table, column))
            if column not in {*_MILK_KEYS} and f"{column}__raw" not in row and known is not None:
                return _declared(self.store, table, row, column)
        if column == "row_id":
            return Cell(
                table, row["row_id"], column, row["row_id"], None, "computed", "made of the row's key"
            )
        return mapped(self.store, table, row, column)

    def explain(
        self,
        participant: str,
        visit: str,
        variable: str,
        *,
        infant: str | None = None,
        sample: str | None = None,
        table: str = "analysis",
    ) -> list[Explained]:
        """The cell (of a harmonised table with repeated rows: the cells) that a person asks for.

        In the analysis file a variable is a column, or an analyte for its concentration. In milk and biomarkers it
        is an analyte, or `analyte.column`. The visit of a participant's fact is not asked for: any text will do.
        Raises ExplainError, which names the nearest, for what is not there, and for the arm of a blinded study.
        """
        store = self.store
        column = seek.column(store, self.analysis, table, variable)
        if column.split(".")[-1] in {"arm", "participant_arm"} and store.trace["unblinded"] is None:
            raise ExplainError(
                "The study is blinded: arms are not shown. `unblinded: reason` in the mapping opens them."
            )
        found = []
        for row in seek.rows(store, table, participant, visit, column, infant=infant, sample=sample):
            if table == "analysis":
                cell = self.analysis.cell(row, column)
                behind = concerns.behind(cell)
            else:
                name = column.partition(".")[2] or "value" if table in seek.RESULTS else column
                cell = self.harmonised(table, row, name)
                behind = [(table, row["row_id"], name)]
            called = [verdicts.names(store, place)[1] for place in behind]
            said = verdicts.said(store, self._again, behind)
            found.append(Explained(cell, concerns.findings(store, behind, called), said, store.manifest))
        return found

    def cells(self, table: str = "analysis") -> Iterator[tuple[Row, str, Cell]]:
        """Every cell of the analysis file (or a harmonised table): its row, its column and its explanation."""
        if table == "analysis":
            for row in self.store.analysis:
                for column in row:
                    yield row, column, self.analysis.cell(row, column)
            return
        if table not in TABLES:
            raise ExplainError(f"there is no table {table!r}. There are analysis, {', '.join(TABLES)}.")
        for row in self.store.tables[table]:
            for column in self.store.columns[table]:
                yield row, column, self.harmonised(table, row, column)


_MILK_KEYS = ("participant_id", "infant_id", "visit", "sample_id")


def _declared(store: Store, table: str, row: Row, column: str) -> Cell:
    """A fact of a result that the mapping says for its analyte or block, not cell by cell."""
    block: dict[str, Any] = block_of(store, row, column)
    value = row[column]
    spec = {**block.get("every", {}), **block.get("analytes", {}).get(row["analyte"], {})}
    said = spec.get("line", block.get("line", 0))
    where = f"{store.trace['mapping']}:{said}"
    if value is None:
        return Cell(table, row["row_id"], column, None, None, "missing", because="not mapped", mapping=where)
    says = {
        "analyte": "the analyte that the mapping names",
        "specimen": "the block's specimen",
        "reported": "false for a run that a later one replaced",
        "replicate": "numbered by what the rows hold",
    }.get(column, f"the mapping says {value!r}")
    return Cell(table, row["row_id"], column, value, None, "declared", says, mapping=where)
