"""The ledger: one row for every check, whatever became of it, and the words in which findings show values."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl

from milkqc.errors import reason
from milkqc.model import Engine, LedgerRow, Severity, Status

__all__ = ["CHECKS_SCHEMA", "Entry", "frame", "more", "reason", "sort", "written"]

# checks.csv: the fields of LedgerRow, in their order.
CHECKS_SCHEMA: dict[str, Any] = {
    field.name: pl.Int64 if field.type == "int" else pl.String for field in dataclasses.fields(LedgerRow)
}
_ENGINES = ("reading", "pandera", "rules", "gx", "expressions")


@dataclass(frozen=True)
class Entry:
    """A check as the ledger names it, before anybody knows what became of it."""

    rule_id: str
    engine: Engine
    table: str
    variable: str
    severity: Severity
    says: str = ""
    source: str = ""

    def ran(self, *, looked_at: int, failed: int, findings: int, not_judged: int = 0) -> LedgerRow:
        """It judged `looked_at` values (LedgerRow says what is counted)."""
        return self._row("ran", looked_at=looked_at, failed=failed, findings=findings, not_judged=not_judged)

    def did_not_run(self, status: Status, why: str, *, not_judged: int = 0) -> LedgerRow:
        """It judged nothing, and why."""
        return self._row(status, why=why, not_judged=not_judged)

    def switched_off(self, by_study: str) -> LedgerRow:
        """The study does not want it, for a reason of its own."""
        return self.did_not_run("skipped", f"Switched off by the study: {by_study}")

    def no_rows(self) -> LedgerRow:
        """Its table is empty or not mapped."""
        return self.did_not_run("nothing_to_look_at", f"There are no {self.table} rows.")

    def _row(self, status: Status, **outcome: Any) -> LedgerRow:
        return LedgerRow(status=status, **dataclasses.asdict(self), **outcome)


def reasoned(rows: Iterable[LedgerRow]) -> list[LedgerRow]:
    """The rows, each that had nothing to look at with a reason."""
    return [
        dataclasses.replace(row, why="There was no value to judge.")
        if row.status == "nothing_to_look_at" and not row.why
        else row
        for row in rows
    ]


def frame(rows: Iterable[LedgerRow]) -> pl.DataFrame:
    """The ledger as a table (CHECKS_SCHEMA), sorted by engine (contract, rules, suites), table, rule_id, variable."""
    return pl.DataFrame([dataclasses.asdict(row) for row in sort(rows)], schema=CHECKS_SCHEMA, orient="row")


def more(checks: pl.DataFrame, rows: Iterable[LedgerRow]) -> pl.DataFrame:
    """The ledger as a table with further rows in their places."""
    return frame([*(LedgerRow(**row) for row in checks.iter_rows(named=True)), *rows])


def sort(rows: Iterable[LedgerRow]) -> tuple[LedgerRow, ...]:
    """Ledger rows in their one order."""
    return tuple(
        sorted(rows, key=lambda row: (_ENGINES.index(row.engine), row.table, row.rule_id, row.variable))
    )


def written(value: object) -> str | None:
    """A value as findings show it: ISO dates, whole numbers without a point, at most 10 significant digits."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.10g}".replace("-0", "0") if value == 0 else f"{value:.10g}"
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value)
