"""Where a rule belongs: its dimension of quality, who acts on its findings, and its column of the matrix."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources

DIMENSIONS = ("integrity", "completeness", "consistency", "plausibility", "laboratory", "measurement")
OWNERS = ("site", "laboratory", "data manager")
KINDS = {
    "form": "Well formed",
    "unit": "Unit",
    "filled": "Filled in",
    "allowed": "Possible",
    "plausible": "Plausible",
    "standard": "Standard",
    "group": "Batch, group",
    "consistent": "Consistent",
    "linked": "Linked",
    "assay": "Assay",
    "measuring": "Measuring",
}
_RESULTS = ("milk", "biomarkers")


@dataclass(frozen=True)
class Place:
    """`dimension` of DIMENSIONS, `owner` of OWNERS, `kind` of KINDS."""

    dimension: str
    owner: str
    kind: str


@cache
def place_of(rule_id: str, table: str) -> Place:
    """Where a rule belongs, by the first pattern of rules.csv that it fits.

    `source` as owner is whoever wrote the number: the laboratory in milk and biomarkers, the site elsewhere. A
    rule of the study's own that fits no pattern judges plausibility, and its source acts on it.
    """
    found = listed(rule_id) or Place("plausibility", "source", "plausible")
    if found.owner != "source":
        return found
    return Place(found.dimension, "laboratory" if table in _RESULTS else "site", found.kind)


def listed(rule_id: str) -> Place | None:
    """The line of rules.csv for a rule, its owner as written there; None when no pattern fits."""
    return next((place for pattern, place in _lines() if fnmatchcase(rule_id, pattern)), None)


@cache
def _lines() -> tuple[tuple[str, Place], ...]:
    text = resources.files("milkqc.report").joinpath("rules.csv").read_text(encoding="utf-8")
    return tuple(
        (row["pattern"], Place(row["dimension"], row["owner"], row["kind"]))
        for row in csv.DictReader(text.splitlines())
    )
