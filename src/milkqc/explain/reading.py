"""What the checks of reading said of one cell, from what the lineage keeps of it: its number, its text, its reason."""

from __future__ import annotations

from collections.abc import Callable

from milkqc.explain import raw
from milkqc.explain.store import Row
from milkqc.explain.why import said_of

Told = tuple[str, str]
_PASSED: Told = ("passed", "")
_FAILED: Told = ("failed", "")


def of_cell(rule_id: str, variable: str, row: Row) -> Told | None:
    """`passed`, `failed`, `could not judge` or `not asked` of the cell, and why; None for a check of whole columns."""
    kind = ".".join(rule_id.split(".")[1:])
    judge = _KINDS.get(kind)
    return None if judge is None else judge(variable, row)


def _of_result(variable: str, row: Row) -> bool:
    return "analyte" in row and variable == row["analyte"]


def _reason(variable: str, row: Row) -> str | None:
    return row.get("missing_reason") if _of_result(variable, row) else row.get(f"{variable}__missing")


def _text(variable: str, row: Row) -> Told:
    """Whether a text could be read; a cell that is missing for a reason has nothing to read."""
    if variable == "limit":
        if row.get("limit_text") is None:
            return "could not judge", "no column gives this row a limit"
        return _PASSED if row.get("limit_raw") is not None else _FAILED
    reason = _reason(variable, row)
    if reason == "unreadable":
        return _FAILED
    # These reasons come after reading: the text was read.
    if reason is None or reason in _LATER:
        return _PASSED
    return "could not judge", f"the cell is missing: {said_of(reason)}"


_LATER = {
    "unit_unreadable",
    "substance_unreadable",
    "no_density",
    "no_fat",
    "conflict",
    "censored_both_sides",
}


def _there(variable: str, row: Row) -> bool:
    if _of_result(variable, row):
        return row.get("number") is not None or row.get("censored") is not None
    return row.get(f"{variable}__number") is not None


def _unit(variable: str, row: Row) -> Told:
    if not _there(variable, row):
        return "could not judge", "there is no number to convert"
    return _FAILED if _reason(variable, row) == "unit_unreadable" else _PASSED


def _substance(variable: str, row: Row) -> Told:
    if row.get("substance") is None:
        return "not asked", "the mapping names no substance"
    if not _there(variable, row):
        return "could not judge", "there is no result"
    return _FAILED if _reason(variable, row) == "substance_unreadable" else _PASSED


def _whole(variable: str, row: Row) -> Told:
    if not _there(variable, row):
        return "could not judge", "there is no number"
    return _FAILED if _reason(variable, row) == "unreadable" else _PASSED


def _replicates(variable: str, row: Row) -> Told:
    text = row["raw"] if _of_result(variable, row) else row.get(f"{variable}__raw")
    n = sum(part is not None for part in raw.parts(text))
    if n < 2:
        return "not asked", "there is no second reading"
    return _PASSED


def _zero(_variable: str, row: Row) -> Told:
    if row.get("number") is None:
        return "not asked", "the result is no number"
    return _PASSED


def _limit(_variable: str, row: Row) -> Told:
    if row.get("censored") is None:
        return "not asked", "the result is no limit"
    return _PASSED


_KINDS: dict[str, Callable[[str, Row], Told]] = {
    "number.unreadable": _text,
    "date.unreadable": _text,
    "text.unreadable": _text,
    "code.unknown": _text,
    "unit.unreadable": _unit,
    "substance.unreadable": _substance,
    "value.not_whole": _whole,
    "replicates.disagree": _replicates,
    "result.zero": _zero,
    "limit.disagrees": _limit,
}
