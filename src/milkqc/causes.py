"""One cause is one thing to do: findings that follow from another one carry its finding_id as their `cause_id`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import polars as pl

# What a wrong measure drags along: the scores that are computed from it.
SCORES = {
    "weight_kg": {"waz", "wlz", "baz", "ig_waz"},
    "length_cm": {"laz", "wlz", "baz", "ig_laz"},
    "head_circumference_cm": {"hcz", "ig_hcz"},
    "muac_cm": {"acz"},
    "triceps_skinfold_mm": {"tsz"},
    "subscapular_skinfold_mm": {"ssz"},
}
# ... and the comparisons that it enters.
COMPARED = {
    "length_cm": {"growth.head.above_length", "growth.length.shrinks"},
    "head_circumference_cm": {"growth.head.above_length", "growth.head.shrinks"},
}
# Suspicions that name what happened to measures, and the measures.
SWAPPED = {
    "growth.weight_length.swapped": ("weight_kg", "length_cm"),
    "growth.length_head.swapped": ("length_cm", "head_circumference_cm"),
}
# One finding about a team, and the rules that list its rows.
_TWICE = ("weight_kg", "length_cm", "head_circumference_cm")
OFTEN = {
    "growth.position.often": ("growth.position.age",),
    "growth.visit.fits_next_often": ("growth.visit.fits_next",),
    "growth.visit.copied_often": tuple(f"growth.{measure}.carried_forward" for measure in _TWICE),
    "growth.wlz.flag_often": ("growth.wlz.flag",),
    "growth.baz.flag_often": ("growth.baz.flag",),
    "growth.length.shrinks_often": ("growth.length.shrinks",),
    "growth.head.shrinks_often": ("growth.head.shrinks",),
    **{f"growth.{measure}.same_day_often": (f"growth.{measure}.same_day_in_group",) for measure in _TWICE},
}
# What a visit's wrong date drags along, in the growth row and in the visits row of the same participant and visit.
DATED = (
    "growth.visit.outside_window",
    "growth.visit.outside_study",
    "growth.age.",
    "growth.length.shrinks",
    "growth.head.shrinks",
    "growth.visit.fits_next",
    "visits.visit.",
)

# What all ages in the wrong unit drag along: every score by age, what is read out of such scores, and the window.
MISAGED = ("growth.position.", "growth.visit.fits_next", "growth.visit.outside_window")
_BY_AGE = ("laz", "waz", "baz", "hcz", "acz", "tsz", "ssz")

# What a REDCap dictionary says of a single cell.
OF_CELL = ("redcap.choice", "redcap.range", "redcap.type")

# What it takes to see that a finding explains another one.
_ASKED = (
    "finding_id",
    "rule_id",
    "table",
    "row_id",
    "participant_id",
    "visit",
    "variable",
    "value",
    "source_file",
    "source_row",
    "source_column",
    "severity",
    "expected",
    "site",
    "team",
)
Row = dict[str, Any]
Key = tuple[str | None, str | None]  # table and row_id, or participant and visit


def with_causes(findings: pl.DataFrame) -> pl.DataFrame:
    """`findings` (findings.FINDINGS_SCHEMA) with `cause_id` filled where one finding explains others.

    The explaining finding carries its own id too. A cause_id that a step has set is kept. Only critical and
    warning findings explain others, and none explains a graver one.
    """
    rows = list(findings.select(_ASKED).iter_rows(named=True))
    causes: dict[str, str] = {}
    for root, follower in _pairs(rows):
        first: str = causes.setdefault(root["finding_id"], root["finding_id"])
        causes.setdefault(follower["finding_id"], first)
    if not causes:
        return findings
    found = pl.DataFrame(
        {"finding_id": list(causes), "_cause": list(causes.values())},
        schema={"finding_id": pl.String, "_cause": pl.String},
    )
    return (
        findings.join(found, on="finding_id", how="left", maintain_order="left")
        .with_columns(cause_id=pl.coalesce("cause_id", "_cause"))
        .drop("_cause")
    )


def _pairs(rows: list[Row]) -> Iterator[tuple[Row, Row]]:
    """(explaining, explained) findings, the gravest explanation of a finding first."""
    by_row: dict[Key, list[Row]] = {}
    visited: dict[Key, list[Row]] = {}
    told: dict[str, list[Row]] = {}
    for row in rows:
        by_row.setdefault((row["table"], row["row_id"]), []).append(row)
        if row["table"] == "visits":
            visited.setdefault((row["participant_id"], row["visit"]), []).append(row)
        if row["rule_id"] == "reading.row.rejected":
            for part in set((row["value"] or "").split("; ")):
                told.setdefault(part, []).append(row)
    for root in (row for row in rows if row["rule_id"] == "growth.age.months_as_days"):
        yield from ((root, row) for row in rows if _misaged(row))
    for root in (row for row in rows if row["rule_id"].endswith(".impossible")):
        yield from _of_measure(root, by_row[root["table"], root["row_id"]])
    for root in (row for row in rows if row["rule_id"] == "growth.visit.before_birth"):
        yield from _of_date(root, by_row, visited)
    for root in (row for row in rows if row["rule_id"] == "growth.head.above_length"):
        for row in by_row[root["table"], root["row_id"]]:
            if row["rule_id"] == "growth.length_head.swapped":
                yield root, row
    yield from _of_groups(rows, by_row)
    for root in (row for row in rows if names_what_happened(row["rule_id"])):
        for variable in SWAPPED.get(root["rule_id"], (root["variable"],)):
            yield from _of_measure({**root, "variable": variable}, by_row[root["table"], root["row_id"]])
    for root in (row for row in rows if row["rule_id"] == "growth.visit.carried_forward"):
        for row in by_row[root["table"], root["row_id"]]:
            if row["rule_id"].endswith((".carried_forward", ".carried_on")) and row is not root:
                yield root, row
    for root in (row for row in rows if row["rule_id"].endswith(".range")):
        yield from _of_measure(root, by_row[root["table"], root["row_id"]])
    for root in (row for row in rows if row["rule_id"] == "growth.visit.outside_study"):
        yield from _of_date(root, by_row, visited)
    for root in (row for row in rows if row["rule_id"].startswith("reading.link.")):
        for row in told.get(f"{root['source_column']}={root['value']}", ()):
            yield root, row
    for follower in (row for row in rows if row["rule_id"] in OF_CELL):
        yield from _of_cell(follower, by_row[follower["table"], follower["row_id"]])


def _misaged(row: Row) -> bool:
    """A finding that ages in another unit bring about; nothing critical."""
    rule = row["rule_id"]
    flagged = rule.endswith(".flag") and row["variable"] in _BY_AGE
    suspected = names_what_happened(rule) or rule.endswith((".unit_batch", ".unit_in_batch", ".velocity"))
    return (
        row["table"] == "growth"
        and row["severity"] != "critical"
        and (flagged or suspected or rule.startswith(MISAGED))
    )


def names_what_happened(rule: str) -> bool:
    """A suspicion that says what a value would be if it was written another way; its `expected` holds that."""
    return rule in SWAPPED or (rule.startswith("growth.") and rule.endswith(".unit"))


def _of_groups(rows: list[Row], by_row: dict[Key, list[Row]]) -> Iterator[tuple[Row, Row]]:
    """A batch in another unit explains its rows and what is said of them, a team's habit the rows that show it."""
    members: dict[tuple[str, str], list[Row]] = {}
    listing = {rule for listed in OFTEN.values() for rule in listed}
    for row in rows:
        rule = row["rule_id"]
        if rule.endswith(".unit_in_batch"):
            group = str(row["expected"]).partition(", as all of ")[2]
            members.setdefault((rule.removesuffix("_in_batch"), group), []).append(row)
        elif rule in listing:
            named = [f"{part}={row[part]}" for part in ("site", "team") if row[part] is not None]
            members.setdefault((rule, "; ".join(named) or "*"), []).append(row)
    for root in rows:
        rule = root["rule_id"]
        for row in (
            row for listed in OFTEN.get(rule, ()) for row in members.get((listed, root["row_id"]), ())
        ):
            yield root, row
        if rule.endswith(".unit_batch"):
            for row in members.get((rule.removesuffix("_batch"), root["row_id"]), ()):
                yield root, row
                yield from _of_measure(root, by_row[row["table"], row["row_id"]])


def _of_measure(root: Row, beside: list[Row]) -> Iterator[tuple[Row, Row]]:
    for row in beside:
        suspected = row["variable"] == root["variable"] and (
            names_what_happened(row["rule_id"]) or row["rule_id"].endswith((".velocity", ".unit_in_batch"))
        )
        swapped = root["variable"] in SWAPPED.get(row["rule_id"], ())
        if root["finding_id"] == row["finding_id"]:
            continue
        if root["severity"] == "warning" and row["severity"] == "critical":
            continue
        same = row["variable"] == root["variable"] and row["rule_id"].endswith(".range")
        score = row["rule_id"].endswith(".flag") and row["variable"] in SCORES.get(root["variable"] or "", ())
        compared = row["rule_id"].removesuffix("_slightly") in COMPARED.get(root["variable"] or "", ())
        if same or score or compared or suspected or swapped:
            yield root, row


def _of_cell(follower: Row, beside: list[Row]) -> Iterator[tuple[Row, Row]]:
    """What a REDCap dictionary says of a source cell follows from what else is wrong with the same cell."""
    for row in beside:
        here = row["source_row"] == follower["source_row"] and row["source_file"] == follower["source_file"]
        made_of = (row["source_column"] or "").split("; ")
        of_value = row["rule_id"].endswith((".unreadable", ".unknown", ".impossible", ".range", ".hard"))
        if row["rule_id"] not in OF_CELL and of_value and here and follower["source_column"] in made_of:
            yield row, follower


def _of_date(
    root: Row, by_row: Mapping[Key, list[Row]], visited: Mapping[Key, list[Row]]
) -> Iterator[tuple[Row, Row]]:
    beside = by_row[root["table"], root["row_id"]], visited.get((root["participant_id"], root["visit"]), [])
    for row in chain(*beside):
        if row is not root and row["rule_id"].startswith(DATED):
            yield root, row
