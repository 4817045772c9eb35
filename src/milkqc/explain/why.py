"""Why a cell is missing, in a sentence."""

from __future__ import annotations

from typing import Any

_OURS = {
    "empty": "the cell is blank",
    "system": "the cell is blank (the file's own missing)",
    "na": "the cell holds a word for nothing (NA, N/A, NULL, NaN or .)",
    "unreadable": "the cell cannot be read as what the column should hold; its text is kept",
    "not_in_file": "this upload has no such column (`optional: true`)",
    "not_collected": "the mapping says that it was not collected",
    "conflict": "the rows of this key disagree",
    "no_link": "the row's key was not found in the linked table",
    "ambiguous_link": "the row's key stands in the linked table more than once",
    "from_schedule": "the mapping takes it from the schedule",
    "unit_unreadable": "the row's unit cannot be converted",
    "substance_unreadable": "the row's substance is no form of the analyte",
    "no_density": "the unit is per kilogram of milk and the sample has no density",
    "no_fat": "the unit is per gram of fat and the sample has no fat content",
    "no_value": "the formula has no value",
    "division_by_zero": "the formula divides by zero",
    "not_finite": "the formula's result is beyond what a number can hold",
    "no_such_date": "the formula's date does not exist",
    "censored_both_sides": "its readings lie below one limit and above another",
    "censored": "a result that it is worked out from lies beyond its limit, so that there is no number to use",
    "structural": "the form does not have it in this row",
}


def because(reason: str | None, text: str | None, spec: dict[str, Any], study: dict[str, str]) -> str:
    """The sentence for a reason: who says so (the mapping's code, the file's own), or what happened."""
    if reason is None:
        return "nothing says why it is missing"
    codes = spec.get("missing", study)
    if reason in codes.values() and text is not None:
        return f"the mapping says that {text!r} means {reason}"
    if reason in _OURS:
        return f"{reason}: {_OURS[reason]}"
    return f"{reason}: the file's own reason"


def said_of(reason: str) -> str:
    """A reason with what it means, where it is one of ours."""
    return f"{reason} ({_OURS[reason]})" if reason in _OURS else reason
