"""Which variables a block of each table may map, and which of them are its key."""

from __future__ import annotations

from milkqc import reference
from milkqc.reference import Column

KEYS = {
    "participants": ("participant_id", "infant_id"),
    "visits": ("participant_id", "visit"),
    "growth": ("participant_id", "infant_id", "visit"),
    "milk": ("participant_id", "infant_id", "visit", "sample_id"),
    "biomarkers": ("participant_id", "infant_id", "visit", "sample_id"),
}
# Key parts that a row can do without.
OPTIONAL_KEYS = {"infant_id", "sample_id"}

# Results columns that come from `analytes` or `long`, never from `columns`.
RESULT_COLUMNS = ("analyte", "raw", "raw_unit", "limit")


def mappable(table: str) -> dict[str, Column]:
    """The variables that `columns` may name, by the name a mapping uses (`age_days` for age_reported_days)."""
    found = {}
    for column in reference.columns(table):
        if column.origin != "mapped" or (table in {"milk", "biomarkers"} and column.column in RESULT_COLUMNS):
            continue
        name = "age_days" if column.column == "age_reported_days" else column.column
        found[name] = column
    return found


def stored(table: str, name: str) -> str:
    """The column of the internal table that a mapped name fills."""
    return "age_reported_days" if table == "growth" and name == "age_days" else name


def row_id_parts(table: str) -> tuple[str, ...]:
    """The columns that make a row_id (DESIGN 2)."""
    if table == "participants":
        return ("infant_id",)
    if table == "growth":
        return ("infant_id", "visit")
    if table == "visits":
        return ("participant_id", "visit")
    return ("participant_id", "visit", "sample_id", "analyte")
