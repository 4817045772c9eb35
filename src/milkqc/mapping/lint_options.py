"""The options of one column that an action needs, and those that it cannot have."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable

import polars as pl

from milkqc import reference
from milkqc.cells import canonical, check_date_format
from milkqc.mapping import formula as formulas
from milkqc.mapping.actions import action_of
from milkqc.mapping.faults import FaultList, nearest
from milkqc.mapping.language import Column
from milkqc.mapping.language_columns import NOTED
from milkqc.mapping.replicates import NUMBERS, REPLICATES
from milkqc.yamlfile import Path_

GESTATION = ("weeks+days", "weeks.days")
# What kind of target each action makes; an action that is not listed makes any.
MAKES = {
    "mean_of": NUMBERS,
    "median_of": NUMBERS,
    "mean_of_closest_two": NUMBERS,
    "convert": NUMBERS,
    "formula": {"boolean", "date", *NUMBERS},
    "from_schedule": NUMBERS,
    "date": {"date"},
    "join": {"text"},
    "row_number": {"text", *NUMBERS},
}


def _a(kind: str) -> str:
    """A type of the dictionary as people say it."""
    words = {"enum": "a word of the dictionary", "integer": "a whole number", "boolean": "true or false"}
    return words.get(kind, f"a {kind}")


def _fits_type(path: Path_, action: str, kind: str, faults: FaultList) -> None:
    made = MAKES.get(action)
    if made is not None and kind not in made:
        faults.add((*path, "do"), "M123", f"`{action}` does not make {_a(kind)}.", "Use another action.")


def _same_codes(path: Path_, spec: Column, faults: FaultList) -> None:
    """`1` and `1.0` are one code (canonical text): only one of them can stand."""
    for key in ("codes", "missing"):
        same_codes((*path, key), getattr(spec, key) or {}, faults)


def same_codes(path: Path_, words: Iterable[str], faults: FaultList) -> None:
    """Note codes that are the same in canonical text."""
    listed = list(words)
    seen: dict[str, str] = {}
    for word, code in zip(listed, canonical(pl.Series(listed, dtype=pl.String)).to_list(), strict=True):
        if code in seen:
            faults.add(
                (*path, word), "M103", f"{word!r} and {seen[code]!r} are the same code.", "Keep one of them."
            )
        seen.setdefault(code, word)


def options(
    path: Path_, spec: Column, kind: str, faults: FaultList, *, key: bool = False, from_long: bool = False
) -> None:
    """Options that an action needs, and options that it cannot have."""
    action = action_of(spec, kind)
    _noted(path, spec, faults, key=key)
    if spec.match in {"undecided", "not_collected"}:
        return
    _fits_type(path, action, kind, faults)
    _same_codes(path, spec, faults)
    needs_from = action not in {"constant", "row_number", "from_schedule", "formula"}
    if spec.from_ is None and needs_from and not from_long:
        faults.add(path, "M111", "the key `from` is missing.", "Name the source column.")
    if spec.from_ is not None and not needs_from:
        faults.add((*path, "from"), "M123", f"`{action}` takes no source column.", "Take `from` out.")
    if action == "constant" and spec.value is None and spec.from_ is None and not from_long:
        faults.add(
            path,
            "M111",
            "nothing says where this comes from.",
            "Add `from: COLUMN`, or `do: constant` with `value`.",
        )
    if spec.from_ is not None and len(spec.from_) > 1 and action not in {"join", *REPLICATES}:
        faults.add(
            (*path, "from"),
            "M123",
            f"`{action}` takes one column.",
            f"Add `do:` with one of join, {', '.join(REPLICATES)}.",
        )
    if spec.max_difference is not None and action not in REPLICATES:
        faults.add(
            (*path, "max_difference"),
            "M123",
            "`max_difference` is for replicate readings.",
            f"Use it with {', '.join(REPLICATES)}.",
        )
    if spec.formula is not None and action != "formula":
        faults.add((*path, "formula"), "M123", f"`{action}` takes no formula.", "Use `do: formula`.")
    if action == "formula":
        _formula(path, spec, faults)
    if spec.format is not None:
        _format(path, spec, kind, faults)
    if key and spec.unit is not None:
        faults.add((*path, "unit"), "M203", "a key has no unit.", "Take `unit` out.")
    if action == "constant" and spec.value is not None:
        _constant(path, spec, kind, faults)
    if action == "recode" and spec.codes is None:
        faults.add(path, "M111", "the key `codes` is missing.", "Add `codes: {source: target}`.")


def _noted(path: Path_, spec: Column, faults: FaultList, *, key: bool) -> None:
    """A match that is not plainly given says why; a key is there or the row has no place."""
    noted = bool((spec.note or "").strip())
    if key and spec.match in {"undecided", "not_collected"}:
        faults.add((*path, "match"), "M128", "a key part must be decided.", "Name its source column.")
    elif spec.match == "undecided" and not noted:
        faults.add(
            path,
            "M128",
            "this column is still undecided.",
            "Choose a source column, list it under not_collected, or say in a `note` what is to be asked.",
        )
    elif spec.match in NOTED and not noted:
        faults.add(
            (*path, "match"),
            "M129",
            f"`{spec.match}` needs a note.",
            "Add `note:` with what a reader who pools studies must know.",
        )
    if spec.note is not None and spec.match is None:
        faults.add(
            (*path, "note"), "M123", "a note explains a `match`.", "Add `match:`, or make it a comment."
        )


def _constant(path: Path_, spec: Column, kind: str, faults: FaultList) -> None:
    value = spec.value or ""
    good = True
    if kind in NUMBERS:
        good = _is_number(value)
    elif kind == "boolean":
        good = value in {"true", "false"}
    elif kind == "date":
        good = is_iso_date(value)
    if not good:
        faults.add(
            (*path, "value"), "M113", f"{value!r} is not {_a(kind)}.", "Write a value of the target's type."
        )


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def is_iso_date(text: str) -> bool:
    """Whether the text is a date as YYYY-MM-DD."""
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _format(path: Path_, spec: Column, kind: str, faults: FaultList) -> None:
    text = spec.format or ""
    where = (*path, "format")
    if kind in NUMBERS:
        if text not in GESTATION:
            faults.add(
                where, "M131", f"{text!r} is not a format of numbers.", f"Known: {', '.join(GESTATION)}."
            )
        elif spec.unit is not None:
            faults.add((*path, "unit"), "M203", f"{text} already says its unit.", "Take `unit` out.")
    elif kind != "date":
        faults.add(where, "M123", f"{_a(kind)} has no format.", "Take `format` out.")
    else:
        _date_format(where, text, faults)


def _date_format(where: Path_, text: str, faults: FaultList) -> None:
    if "%" not in text:
        faults.add(where, "M131", f"{text!r} is not a date format.", 'Write it like "%d/%m/%Y".')
        return
    try:
        check_date_format(text)
    except ValueError as error:
        faults.add(where, "M131", f"{error}", 'Write it like "%d/%m/%Y".')


def codes(path: Path_, spec: Column, column: reference.Column, faults: FaultList) -> None:
    """Note codes and constants that the dictionary's enumeration (or a boolean) does not have."""
    allowed = column.codes or (("true", "false") if column.type == "boolean" else ())
    if spec.codes is None:
        if column.codes and spec.value is not None and spec.value not in column.codes:
            hint = nearest(spec.value, column.codes) or f"Use one of: {', '.join(column.codes)}."
            faults.add((*path, "value"), "M124", f"{spec.value!r} is not a code of {column.column}.", hint)
        return
    if column.type == "date":
        faults.add(
            (*path, "codes"),
            "M123",
            "a date has no codes.",
            "Take `codes` out; use `missing` for codes of missing.",
        )
    for code, word in spec.codes.items():
        if column.type in NUMBERS and not _is_number(word):
            what = f"{word!r} is not {_a(column.type)}."
            faults.add((*path, "codes", code), "M113", what, f"{column.column} takes numbers; write them.")
        if allowed and word not in allowed:
            hint = nearest(word, allowed) or f"Use one of: {', '.join(allowed)}."
            faults.add((*path, "codes", code), "M124", f"{word!r} is not a code of {column.column}.", hint)


def _formula(path: Path_, spec: Column, faults: FaultList) -> None:
    where = (*path, "formula")
    if spec.formula is None:
        faults.add(path, "M111", "the key `formula` is missing.", "Add `formula: a - b`.")
        return
    try:
        formulas.parse(spec.formula)
    except formulas.FormulaError as error:
        faults.add(where, "M150", f"{error}.", error.todo)
