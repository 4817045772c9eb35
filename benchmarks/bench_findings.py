"""Findings of a large, badly damaged upload: 200,000 drafts completed and their causes found, against one at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import polars as pl

from milkqc import findings
from milkqc.causes import with_causes
from milkqc.messages import message

MANY, PLAIN = 200_000, 20_000
# Each finding with what names and places it; hashing its id and writing its sentence are most of the plain way.
RATIO = 2.0
RULES = (
    "growth.visit.before_birth",
    "growth.weight_kg.impossible",
    "growth.visit.outside_window",
    "growth.waz.flag",
)


def drafts(many: int) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """That many drafts over a fourth as many rows of growth, and what is known of those rows."""
    rows = many // len(RULES)
    ids = pl.format("P{}|month_3", pl.int_range(rows))
    known = pl.select(
        row_id=ids,
        participant_id=pl.format("P{}", pl.int_range(rows)),
        visit=pl.lit("month_3"),
        site=pl.format("Site {}", pl.int_range(rows) % 8),
        source_file=pl.lit("anthro.csv"),
        source_row=pl.int_range(1, rows + 1),
    )
    parts = [
        known.select(
            "row_id",
            rule_id=pl.lit(rule),
            severity=pl.lit("critical"),
            table=pl.lit("growth"),
            engine=pl.lit("rules"),
            variable=pl.lit("visit_date" if ".visit." in rule else "weight_kg"),
            value=pl.format("{}.25", pl.int_range(rows)),
            expected=pl.lit("0.5 to 40 kg"),
        )
        for rule in RULES
    ]
    return findings.as_drafts(pl.concat(parts)), {"growth": known}


def one_by_one(draft: pl.DataFrame) -> list[dict[str, Any]]:
    """The least that a row at a time must do: its id and its sentence."""
    return [
        row
        | {
            "finding_id": findings.finding_id(
                "study", row["table"], row["row_id"], row["rule_id"], row["variable"]
            ),
            "message": message(row["rule_id"], row),
        }
        for row in draft.iter_rows(named=True)
    ]


def run() -> Iterator[dict[str, Any]]:
    """Rows: what, measured, unit, bound, within."""
    few, _ = drafts(PLAIN)
    start = time.perf_counter()
    one_by_one(few)
    plain = (time.perf_counter() - start) / PLAIN
    draft, context = drafts(MANY)
    start = time.perf_counter()
    table = findings.complete(draft, study="study", context=context, labels={}, columns={})
    whole = time.perf_counter() - start
    start = time.perf_counter()
    with_causes(table)
    causes = time.perf_counter() - start
    ratio = plain * MANY / whole
    yield {"what": f"complete, {MANY:,} findings", "measured": whole, "unit": "s"}
    yield {"what": "  times as fast as one at a time", "measured": ratio, "unit": "x", "bound": RATIO,
           "within": ratio > RATIO}  # fmt: skip
    yield {"what": f"causes of {MANY:,} findings", "measured": causes, "unit": "s"}
