"""The checks by dimension and table: passed, failed, nothing to look at, could not run, kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from milkqc.model import TABLES
from milkqc.report.found import title_of
from milkqc.report.limits import Limits, plain
from milkqc.report.place import DIMENSIONS, place_of

STATES = ("passed", "failed", "nothing", "could_not_run")
STATE_WORDS = {
    "passed": "passed",
    "failed": "failed",
    "nothing": "nothing to look at",
    "could_not_run": "could not run",
}
_BEHIND = 25  # checks named behind one cell


def state(check: Mapping[str, Any]) -> str:
    """What became of a check: one of STATES. Broken and switched-off checks judged nothing; neither is a pass."""
    if check["status"] in {"broken", "skipped"}:
        return "could_not_run"
    if check["status"] != "ran":
        return "nothing"
    return "failed" if check["failed"] or check["findings"] else "passed"


def status(checks: pl.DataFrame, anchors: Mapping[tuple[str, str], str], limits: Limits) -> dict[str, Any]:
    """`tables` that have checks, and `rows`: per dimension one cell per table with the count of each state.

    A cell names the checks `behind` its failures and its checks that could not run: rule, variable, why, and
    where in the report its findings are listed.
    """
    cells: dict[tuple[str, str], dict[str, Any]] = {}
    for check in checks.iter_rows(named=True):
        table = check["table"] if check["table"] in TABLES else "other"
        became = state(check)
        dimension = place_of(check["rule_id"], check["table"] or "").dimension
        cell = cells.setdefault((dimension, table), {**dict.fromkeys(STATES, 0), "behind": []})
        cell[became] += 1
        if became in {"failed", "could_not_run"}:
            cell["behind"].append(
                {
                    "rule_id": check["rule_id"],
                    "title": title_of(check["rule_id"], {check["rule_id"]: check["says"] or ""}),
                    "variable": check["variable"],
                    "state": became,
                    "failed": check["failed"],
                    "looked_at": check["looked_at"],
                    "findings": check["findings"],
                    "why": check["why"],
                    "link": anchors.get((check["rule_id"], check["table"])),
                }
            )
    tables = [name for name in (*TABLES, "other") if any(table == name for _, table in cells)]
    rows = [
        {
            "dimension": dimension,
            "cells": [_cell(table, cells.get((dimension, table)), limits) for table in tables],
        }
        for dimension in DIMENSIONS
        if any(dimension == name for name, _ in cells)
    ]
    whole = {name: sum(cell[name] for cell in cells.values()) for name in STATES}
    return {"tables": tables, "rows": rows, "whole": whole}


def _cell(table: str, cell: dict[str, Any] | None, limits: Limits) -> dict[str, Any]:
    known = cell or {**dict.fromkeys(STATES, 0), "behind": []}
    behind = sorted(known["behind"], key=lambda each: (each["state"] != "could_not_run", -each["findings"]))
    most = min(_BEHIND, limits.rules)
    return {
        "table": table,
        **{name: known[name] for name in STATES},
        "behind": plain(behind[:most], limits=limits),
        "left_off": max(0, len(behind) - most),
    }
