"""The promise held against a table: pandera's verdict read as failing masks, findings and ledger rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from milkqc.checks.contract.backend import our_pandera
from milkqc.checks.contract.promises import Promise, as_promised, promises, schema
from milkqc.checks.ledger import Entry, reason, written
from milkqc.checks.spark import without_spark
from milkqc.clock import Clock
from milkqc.findings import drafts
from milkqc.messages import message, title
from milkqc.model import TABLES, Checked, LedgerRow
from milkqc.reference import Column, columns, dictionary

SOURCE = "data dictionary"
# In the long tables a column's finding belongs to the analyte of its row.
_RESULT_COLUMNS = {"value", "limit"}


def check(tables: Mapping[str, pl.DataFrame]) -> Checked:
    """Each table judged against its promise: a critical finding for every failing cell, a ledger row per check.

    Tables that are absent or empty are `nothing_to_look_at`. Nulls in nullable columns are not looked at.
    A check of a column that is absent or of the wrong type is `skipped`; one that raises is `broken`.
    """
    found, clock = [], Clock()
    for name in TABLES:
        # pandera judges a whole table at once, so its promises share the time.
        with clock(*(promise.id for promise in promises(name))):
            found.append(_checked_table(name, tables.get(name)))
    return Checked(
        pl.concat([part.drafts for part in found]),
        tuple(row for part in found for row in part.ledger),
        clock.seconds,
    )


def _checked_table(table: str, frame: pl.DataFrame | None) -> Checked:
    try:
        return _check_table(table, frame)
    # Whatever pandera or a table does not bear: the other tables are judged, and these promises do not look kept.
    except Exception as error:  # noqa: BLE001
        why = reason(error)
        return Checked(
            drafts(), tuple(entry(promise).did_not_run("broken", why) for promise in promises(table))
        )


# Units that a sentence does not write: ratios, scores, and concentrations whose unit stands in the row.
_UNWRITTEN = {"", "1", "{z}", "by analyte"}


@dataclass
class _Verdict:
    """What pandera said of one table: failing masks by (check id, column), and what could not be judged."""

    masks: dict[tuple[str, str], pl.Series]
    absent: set[str]
    mistyped: dict[str, str]
    broken: dict[str, str]


def _check_table(table: str, frame: pl.DataFrame | None) -> Checked:
    if frame is None or frame.is_empty():
        why = "The table is not mapped." if frame is None else "The table has no rows."
        rows = tuple(entry(promise).did_not_run("nothing_to_look_at", why) for promise in promises(table))
        return Checked(drafts(), rows)
    judged = as_promised(table, frame)
    verdict = _verdict(table, judged)
    outcomes = [_outcome(promise, judged, verdict) for promise in promises(table)]
    return Checked(pl.concat([part for part, _ in outcomes]), tuple(row for _, row in outcomes))


def _verdict(table: str, frame: pl.DataFrame) -> _Verdict:
    with without_spark():
        import pandera.errors

    verdict = _Verdict({}, set(), {}, {})
    try:
        with our_pandera():
            schema(table).validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        # Types first: what a check says of a column of the wrong type is noise.
        for error in sorted(
            errors.schema_errors, key=lambda error: error.reason_code.name != "WRONG_DATATYPE"
        ):
            _sort_in(verdict, table, frame, error)
    return verdict


def _sort_in(verdict: _Verdict, table: str, frame: pl.DataFrame, error: Any) -> None:
    kind, column = error.reason_code.name, getattr(error.schema, "name", "")
    if kind == "COLUMN_NOT_IN_DATAFRAME":
        verdict.absent.add(str(error.failure_cases))
    elif kind == "WRONG_DATATYPE":
        verdict.mistyped[column] = str(frame.schema[column])
    elif column in verdict.mistyped:
        return
    elif kind == "SERIES_CONTAINS_NULLS":
        verdict.masks[f"{table}.{column}.missing", column] = ~_holds(error)
    elif kind == "SERIES_CONTAINS_DUPLICATES":
        verdict.masks[f"{table}.row_id.unique", column] = ~_holds(error)
    elif kind == "DATAFRAME_CHECK" and error.check_output is not None:
        verdict.masks[error.check.error, column] = ~_holds(error)
    else:
        verdict.broken[getattr(error.check, "error", None) or f"{table}.columns.type"] = reason(str(error))


def _holds(error: Any) -> pl.Series:
    output = error.check_output
    series = output.to_series() if isinstance(output, pl.DataFrame) else output.collect().to_series()
    return series.fill_null(value=True)


def _outcome(promise: Promise, frame: pl.DataFrame, verdict: _Verdict) -> tuple[pl.DataFrame, LedgerRow]:
    table, rule_id = promise.table, promise.id
    if rule_id in verdict.broken:
        return drafts(), entry(promise).did_not_run("broken", verdict.broken[rule_id])
    if rule_id == f"{table}.columns.absent":
        gone = sorted(verdict.absent)
        found = drafts(_of_column(promise, name, "absent", "present") for name in gone)
        counts = {"looked_at": len(columns(table)), "failed": len(gone), "findings": len(gone)}
        return found, entry(promise).ran(**counts)
    if rule_id == f"{table}.columns.type":
        wrong = sorted(verdict.mistyped.items())
        wanted = {column.column: column.type for column in columns(table)}
        found = drafts(_of_column(promise, name, kind, wanted[name]) for name, kind in wrong)
        looked = len(columns(table)) - len(verdict.absent)
        return found, entry(promise).ran(looked_at=looked, failed=len(wrong), findings=len(wrong))
    return _cells(promise, frame, verdict)


def _cells(promise: Promise, frame: pl.DataFrame, verdict: _Verdict) -> tuple[pl.DataFrame, LedgerRow]:
    spoilt = verdict.absent | set(verdict.mistyped)
    judged = [column for column in _judged_columns(promise) if column.column not in spoilt]
    if not judged:
        return drafts(), entry(promise).did_not_run("skipped", "The column is absent or of the wrong type.")
    parts, looked, failed, unsure = [], 0, 0, 0
    for column in judged:
        mask = verdict.masks.get((promise.id, column.column))
        beyond = _beyond_judging(promise, column, frame)
        values = frame[column.column]
        looked += (
            frame.height
            if promise.id.endswith((".missing", ".unique"))
            else values.len() - values.null_count()
        )
        looked -= int(beyond.sum())
        unsure += int(beyond.sum())
        if mask is not None:
            fails = mask & ~beyond
            failed += int(fails.sum())
            parts.append(_findings(promise, column, frame.filter(fails)))
    found = pl.concat(parts) if parts else drafts()
    if not looked and not unsure:
        return found, entry(promise).did_not_run("nothing_to_look_at", "Every value is missing.")
    return found, entry(promise).ran(
        looked_at=looked, failed=failed, not_judged=unsure, findings=found.height
    )


def _judged_columns(promise: Promise) -> Iterator[Column]:
    for column in columns(promise.table):
        if promise.id == f"{promise.table}.numbers.finite":
            if column.type == "number":
                yield column
        elif column.column == promise.column:
            yield column


def _beyond_judging(promise: Promise, column: Column, frame: pl.DataFrame) -> pl.Series:
    """Cells that are not finite have their own finding; one cause is one finding."""
    if column.type == "number" and promise.id.endswith(".impossible"):
        return (~frame[column.column].is_finite()).fill_null(value=False)
    return pl.repeat(value=False, n=frame.height, eager=True)


def _findings(promise: Promise, column: Column, failing: pl.DataFrame) -> pl.DataFrame:
    """One draft per failing cell; of a repeated row_id one draft for all its rows."""
    name = column.column
    of_analyte = promise.table in {"milk", "biomarkers"} and name in _RESULT_COLUMNS
    variable = pl.col("analyte") if of_analyte and "analyte" in failing.columns else pl.lit(name)
    row_id = pl.col("row_id") if "row_id" in failing.columns else pl.lit(None, dtype=pl.String)
    rows = failing.select(
        row_id=row_id.cast(pl.String).fill_null("*"), variable=variable, value=pl.col(name), n_rows=pl.lit(1)
    )
    if promise.id.endswith(".row_id.unique"):
        rows = rows.group_by("row_id", "variable", "value", maintain_order=True).agg(n_rows=pl.len())
    return drafts(
        _draft(
            promise,
            row["row_id"],
            row["variable"],
            written(row["value"]),
            expected=promise.expected,
            n_rows=row["n_rows"],
        )
        for row in rows.iter_rows(named=True)
    )


def _of_column(promise: Promise, column: str, value: str, expected: str) -> dict[str, Any]:
    return _draft(promise, "*", column, value, expected=expected, n_rows=1)


def _draft(
    promise: Promise, row_id: str, variable: str, value: str | None, *, expected: str, n_rows: int
) -> dict[str, Any]:
    known = dictionary().get((promise.table, variable))
    unit = known.unit if known is not None and known.type in {"number", "integer"} else ""
    shown = f"{value} {unit}" if value is not None and unit not in _UNWRITTEN else value
    fields = {
        "variable": variable,
        "label": known.label if known is not None else variable,
        "value": value,
        "shown": shown,
        "expected": expected,
        "n_rows": n_rows,
    }
    return {
        "rule_id": promise.id,
        "severity": "critical",
        "table": promise.table,
        "row_id": row_id,
        "engine": "pandera",
        "variable": variable,
        "value": value,
        "expected": expected,
        "n_rows": n_rows,
        "message": message(text_id(promise), fields),
    }


def text_id(promise: Promise) -> str:
    """The catalogue has one text per kind of promise, not one per column."""
    kind = promise.id.removeprefix(f"{promise.table}.")
    return f"contract.{kind if promise.column == '*' or kind == 'row_id.unique' else kind.rpartition('.')[2]}"


def entry(promise: Promise) -> Entry:
    """The promise as the ledger names it."""
    return Entry(
        rule_id=promise.id,
        engine="pandera",
        table=promise.table,
        variable=promise.column,
        severity="critical",
        says=f"{title(text_id(promise))}: expected {promise.expected}.",
        source=SOURCE,
    )
