"""The laboratory as the report tells it: a page for each analyte whose results or controls name a batch."""

from __future__ import annotations

from typing import Any

import polars as pl

from milkqc.model import Result
from milkqc.report.adequacy import named
from milkqc.report.limits import Limits, plain

STATISTICS = ("laboratory_batches", "laboratory_medians", "laboratory_controls", "laboratory_duplicates")
_FINDING = ("finding_id", "severity", "status", "rule_id", "row_id", "message")


def laboratory(result: Result, findings: pl.DataFrame, limits: Limits) -> dict[str, Any]:
    """`pages`, an analyte each, in the order of their names; no pages where nothing names a batch.

    A page has `batches` (one row each, in run order), `medians` by visit and method, `controls` by level with their
    points, `duplicates` by level of concentration, and the `findings` whose row is one of its batches. Long lists
    keep the latest batches; `left_off` counts what is not shown.
    """
    batches = result.statistics.get(STATISTICS[0], pl.DataFrame())
    if batches.is_empty():
        return {"pages": [], "left_off": 0, "file": "checks.csv"}
    known = named(batches.select("analyte").unique()).sort("label", "analyte")
    kept = known.head(limits.variables)
    # What all pages may hold together is shared out, so that many analytes with many controls still fit.
    share = max(8, 4 * limits.table // max(1, kept.height))
    pages = [
        _page(result, findings, str(analyte), str(label), place, share, limits)
        for place, (analyte, label) in enumerate(kept.select("analyte", "label").iter_rows(), start=1)
    ]
    return {"pages": pages, "left_off": known.height - kept.height, "file": "checks.csv"}


def _page(
    result: Result, findings: pl.DataFrame, analyte: str, label: str, place: int, share: int, limits: Limits
) -> dict[str, Any]:
    batches, medians, controls, duplicates = (
        result.statistics.get(name, pl.DataFrame(schema={"analyte": pl.String})).filter(
            pl.col("analyte") == analyte
        )
        for name in STATISTICS
    )
    own = findings.filter(
        pl.col("table") == "milk", pl.col("variable") == analyte, pl.col("row_id").str.starts_with("batch=")
    ).select(_FINDING)
    return {
        "analyte": plain(analyte, limits=limits),
        "label": plain(label, limits=limits),
        "unit": plain(batches["unit"].drop_nulls().first() or "", limits=limits),
        "anchor": f"lab-{place}",
        "batches": _latest(batches.drop("analyte", "unit"), share, limits),
        "medians": [
            {"visit": plain(visit, limits=limits), "method": plain(method, limits=limits),
             **_latest(part.drop("analyte", "unit", "visit", "method", "measures"), share, limits)}
            for (method, _, visit), part in _parts(medians, ["method", "measures", "visit"])
        ],
        "controls": [
            {"level": plain(level, limits=limits), "mean": plain(part["mean"][0], limits=limits),
             "sd": plain(part["sd"][0], limits=limits), "basis": part["basis"][0],
             **_latest(part.select("batch", "order", "value", "z"), share, limits)}
            for (level,), part in sorted(_parts(controls, ["level"]), key=_by_mean)
        ],
        "duplicates": [plain(row, limits=limits) for row in duplicates.drop("analyte").iter_rows(named=True)],
        "findings": {
            "rows": [plain(row, limits=limits) for row in own.head(limits.rows_per_rule).iter_rows(named=True)],
            "left_off": max(0, own.height - limits.rows_per_rule),
        },
    }  # fmt: skip


def _parts(frame: pl.DataFrame, keys: list[str]) -> list[tuple[tuple[Any, ...], pl.DataFrame]]:
    return list(frame.group_by(keys, maintain_order=True)) if frame.height else []


def _by_mean(part: tuple[tuple[Any, ...], pl.DataFrame]) -> tuple[float, str]:
    """Materials from low to high."""
    (level,), rows = part
    return float(rows["value"].median()), str(level)  # type: ignore[arg-type]


def _latest(frame: pl.DataFrame, most: int, limits: Limits) -> dict[str, Any]:
    """The last `most` rows, which are the latest runs, and how many earlier ones there are."""
    rows = [plain(row, limits=limits) for row in frame.tail(most).iter_rows(named=True)]
    return {"rows": rows, "left_off": frame.height - len(rows)}
