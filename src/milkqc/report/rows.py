"""Findings as rows of a list: by participant and visit, never by a row number."""

from __future__ import annotations

from typing import Any

import polars as pl

from milkqc.report.limits import Limits, place, plain

SHOWN = (
    "finding_id",
    "severity",
    "status",
    "rule_id",
    "participant_id",
    "infant_id",
    "visit",
    "site",
    "sample_id",
    "variable",
    "label",
    "value",
    "unit",
    "expected",
    "message",
    "n_rows",
)
LEAST = 3  # findings that every group shows before the gravest ones fill up the budget
_NOBODY = {"*": "whole table", "arm": "whole table"}
_REJECTED = "rejected "  # how the row_id of a row begins that has no participant or visit


def told(row: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """One finding as the report lists it; `who` is its participant, or what it is about when it is nobody's.

    `suggestion` is what the value would be if it was written another way (`found.suggested`), else null.
    """
    cells: dict[str, Any] = plain({name: row[name] for name in SHOWN}, limits=limits)
    row_id = str(row["row_id"] or "")
    nobody = "no participant" if row_id.startswith(_REJECTED) else _NOBODY.get(row_id, row_id)
    cells["who"] = plain(row["participant_id"] or nobody, limits=limits)
    parts = [place(row["source_file"]) if row["source_file"] else None, row["source_column"]]
    cells["suggestion"] = plain(row.get("suggestion"), limits=limits)
    cells["source"] = plain(", ".join(part for part in parts if part) or None, limits=limits)
    return cells


def first(
    findings: pl.DataFrame, keys: list[str], most: int, budget: int, limits: Limits
) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
    """The first `most` findings of each group, open and grave ones first, `budget` in all.

    `findings` carry `open` and `rank` (0 is the gravest) and are only those of groups that are shown. Every group
    gets its first one before any gets a second, and so on up to LEAST; what is left of the budget goes to groups in
    the order in which their first finding stands, so that the gravest show most.
    """
    kept = (
        findings.sort(~pl.col("open"), "rank", maintain_order=True)
        .group_by(*keys, maintain_order=True)
        .head(most)
        .with_row_index("_place")
        .with_columns(_turn=pl.int_range(pl.len()).over(keys).clip(upper_bound=LEAST))
        .sort("_turn", "_place")
        .head(budget)
        .sort("_place")
    )
    lists: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in kept.iter_rows(named=True):
        lists.setdefault(tuple(row[key] for key in keys), []).append(told(row, limits))
    return lists
