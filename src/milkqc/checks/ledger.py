"""The ledger: one row for every check, whatever became of it, and the words in which findings show values."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable
from typing import Any

import polars as pl

from milkqc.model import LedgerRow

# checks.csv: the fields of LedgerRow, in their order.
CHECKS_SCHEMA: dict[str, Any] = {
    field.name: pl.Int64 if field.type == "int" else pl.String for field in dataclasses.fields(LedgerRow)
}
_ENGINES = ("reading", "pandera", "rules", "gx")
_LONGEST_REASON = 300


def frame(rows: Iterable[LedgerRow]) -> pl.DataFrame:
    """The ledger as a table (CHECKS_SCHEMA), sorted by engine (contract, rules, suites), table, rule_id, variable."""
    return pl.DataFrame([dataclasses.asdict(row) for row in sort(rows)], schema=CHECKS_SCHEMA, orient="row")


def sort(rows: Iterable[LedgerRow]) -> tuple[LedgerRow, ...]:
    """Ledger rows in their one order."""
    return tuple(
        sorted(rows, key=lambda row: (_ENGINES.index(row.engine), row.table, row.rule_id, row.variable))
    )


def reason(error: BaseException | str) -> str:
    """Why a check broke, in one line: the error's type and the first line of its message."""
    text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    lines = text.strip().splitlines()
    return (lines[0] if lines else "no message")[:_LONGEST_REASON]


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
