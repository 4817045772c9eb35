"""What the report says of the run itself: the verdict, the date of the data, the files, the rows, the settings."""

from __future__ import annotations

from pathlib import PureWindowsPath
from typing import Any

import polars as pl

from milkqc.model import Reconciled, Result
from milkqc.report.limits import Limits, place, plain
from milkqc.report.verdict import decision

_SETTINGS = (
    "fail_on",
    "exit_code",
    "milkqc_version",
    "mapping_sha256",
    "schedule",
    "unblinded",
    "stage_cutoffs",
    "preterm_age",
    "censored",
    "rule_files",
    "rules_changed",
    "rules_off",
    "study_start",
    "data_cutoff",
    "versions",
)


def verdict(result: Result, summary: dict[str, dict[str, int]], limits: Limits) -> dict[str, Any]:
    """The decision on the upload with its rule, and the run's own word for it."""
    word, rule = decision(result.settings, summary)
    told = {
        "decision": word,
        "rule": rule,
        "verdict": str(result.settings.get("verdict") or "") or None,
        "reason": result.settings.get("verdict_reason") or "",
        "fail_on": result.settings.get("fail_on"),
        "exit_code": result.settings.get("exit_code"),
    }
    return {name: plain(value, limits=limits) for name, value in told.items()}


def date_of_data(result: Result) -> dict[str, Any]:
    """The declared cut-off, else the latest date found in the data; where that stands. Never a clock."""
    dates = result.statistics.get("dates", pl.DataFrame())
    last = dates.sort("last", descending=True).row(0, named=True) if dates.height else None
    latest = last["last"].isoformat() if last else None
    cutoff = result.settings.get("data_cutoff")
    return {
        "date": str(cutoff) if cutoff else latest,
        "basis": "data_cutoff" if cutoff else "latest date in the data" if latest else None,
        "latest": latest,
        "found_in": f"{last['table']}.{last['variable']}" if last else None,
    }


def reconciliation(result: Result, limits: Limits) -> dict[str, Any]:
    """The account of rows, block by block, and whether all of them add up."""
    read = [_account(block, limits) for block in result.reconciliation]
    return {
        "blocks": read[: limits.table],
        "left_off": max(0, len(read) - limits.table),
        "balanced": all(block["balanced"] for block in read),
        "rejected_rows": result.rejected.height,
        "file": "rejected.csv",
    }


def _account(block: Reconciled, limits: Limits) -> dict[str, Any]:
    told: dict[str, Any] = {
        name: getattr(block, name)
        for name in ("block", "table", "source", "read", "used", "set_aside", "rejected", "rows_out")
    }
    told["balanced"] = block.read == block.used + block.set_aside + block.rejected
    checked: dict[str, Any] = plain(told, limits=limits)
    return checked


def inputs(result: Result, limits: Limits) -> dict[str, Any]:
    """The files that were read, by name."""
    rows = [
        {
            "file": place(origin.file),
            "sha256": origin.sha256,
            "format": origin.format,
            "encoding": origin.encoding,
            "encoding_basis": origin.encoding_basis,
            "rows": origin.rows,
            "columns": origin.columns,
            "reader": origin.reader,
            "reader_version": origin.reader_version,
            "notes": list(origin.notes),
        }
        for origin in result.origins
    ]
    rows.sort(key=lambda row: (str(row["file"]), str(row["sha256"])))
    return {
        "files": plain(rows[: limits.table], limits=limits),
        "left_off": max(0, len(rows) - limits.table),
        "file": "manifest.json",
    }


def settings(result: Result, limits: Limits) -> dict[str, Any]:
    """What decided how the data were read and judged; paths are not the report's to tell."""
    given = result.settings
    return {name: plain(given.get(name), limits=limits) for name in _SETTINGS} | {
        "mapping_file": _base(given.get("mapping_file")),
        "not_collected": _not_collected(result, limits),
    }


def _not_collected(result: Result, limits: Limits) -> dict[str, Any]:
    declared = result.settings.get("not_collected") or {}
    kept: dict[str, Any] = plain(dict(sorted(declared.items())[: limits.table]), limits=limits)
    return kept


def _base(file: Any) -> str | None:
    """The name of the mapping file; where it lay is not the report's to tell."""
    return PureWindowsPath(str(file)).name if file else None
