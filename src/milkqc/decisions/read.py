"""decisions.csv: one row a finding, written by hand, often through a spreadsheet that turned ids into numbers."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from milkqc.errors import Fault

COLUMNS = ("finding_id", "raw_value", "decision", "reason", "who", "when")
WORDS = ("confirmed", "corrected", "accepted")
MAX_BYTES = 50_000_000
_ID = re.compile(r"[0-9a-f]{16}")
# 1234567890123450, 1.23456789012346E+15, 1,23E+15, 12e34567: what a spreadsheet makes of sixteen hex digits.
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)?(?:[eE][+-]?[0-9]+)?|#NUM!|INF", re.IGNORECASE)
_NAMED = {",": "a comma", ";": "a semicolon", "\t": "a tab"}
_AS_TEXT = "Copy it again from findings.csv into a cell that is formatted as text, or edit the file as text."


@dataclass(frozen=True)
class Decision:
    """One person's word on one finding: `raw_value` is what the cell held when it was given."""

    line: int
    finding_id: str
    raw_value: str
    word: str
    reason: str
    who: str
    when: dt.date


@dataclass(frozen=True)
class Decisions:
    """All decisions of a study. `whole` is false where only a part of the findings is looked at (one site's)."""

    entries: tuple[Decision, ...] = ()
    file: str = ""
    whole: bool = True


def read(path: Path, *, name: str) -> tuple[Decisions, list[Fault]]:
    """The decisions in `path`, and every fault of the file with its line; a row without a decision is no row.

    Comma, semicolon or tab; a mark at the start and CRLF do not matter; further columns are left alone. Codes:
    M170 cannot be read, M171 column missing, M172 unknown decision, M173 finding twice, M174 date unreadable,
    M175 no finding id, M176 row not filled in, M177 more cells than columns.
    """

    def fault(line: int, code: str, what: str, todo: str) -> Fault:
        return Fault(name, line, code, "", what, todo)

    none = Decisions(file=name)
    try:
        blob = path.read_bytes()
        text = blob.decode("utf-8-sig")
    except UnicodeDecodeError:
        return none, [fault(0, "M170", "the file is not UTF-8 text.", "Save it as CSV UTF-8.")]
    except OSError as error:
        why = (error.strerror or "it cannot be read").lower()
        return none, [fault(0, "M170", f"the file cannot be opened: {why}.", "Put it beside the mapping.")]
    if len(blob) > MAX_BYTES or "\0" in text:
        return none, [fault(0, "M170", "this is no list of decisions.", "Save it as CSV UTF-8.")]
    delimiter = _delimiter(text)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        listed = [(rows.line_num, row) for row in rows]
    except csv.Error as error:
        return none, [fault(rows.line_num, "M170", f"this line is no CSV: {error}.", "Save it as CSV UTF-8.")]
    # `sep=;` is a line that Excel writes and reads for itself.
    listed = [(line, row) for line, row in listed if row and not (line == 1 and row[0].startswith("sep="))]
    header = [cell.strip().lower().replace(" ", "_") for cell in listed[0][1]] if listed else []
    lacking = [column for column in COLUMNS if column not in header]
    if lacking:
        todo = f"Write the first line as {','.join(COLUMNS)}."
        return none, [fault(1, "M171", f"the column {lacking[0]} is missing.", todo)]
    faults: list[Fault] = []
    entries: list[Decision] = []
    seen: dict[str, int] = {}
    for line, row in listed[1:]:
        if any(cell.strip() for cell in row[len(header) :]):
            what = f"the line has {len(row)} cells, the first line {len(header)}."
            faults.append(
                fault(line, "M177", what, f"Put quotes around a text that holds {_NAMED[delimiter]}.")
            )
            continue
        cells = {column: cell.strip() for column, cell in zip(header, row, strict=False)}
        told = {column: cells.get(column, "") for column in COLUMNS}
        if not told["decision"] and not told["reason"] and not told["who"]:
            continue  # a line of the template that nobody has answered yet
        made = _decision(line, told, delimiter)
        if isinstance(made, Decision):
            entries.append(made)
        else:
            faults += [fault(line, *one) for one in made]
        key = told["finding_id"]
        if key and key in seen:
            faults.append(
                fault(
                    line,
                    "M173",
                    f"the finding {key} is decided twice (first in line {seen[key]}).",
                    "Keep one of them.",
                )
            )
        seen.setdefault(key, line)
    return Decisions(tuple(entries), name), faults


def _decision(line: int, told: Mapping[str, str], delimiter: str) -> Decision | list[tuple[str, str, str]]:
    """The row as a decision, or its faults: code, what is wrong, what to do."""
    faults = []
    key, word = told["finding_id"], told["decision"].lower()
    if not _ID.fullmatch(key):
        faults.append(("M175", *_no_id(key)))
    if word not in WORDS:
        faults.append(("M172", f"{told['decision']!r} is no decision.", f"Write one of: {', '.join(WORDS)}."))
    empty = [column for column in ("reason", "who", "when") if not told[column]]
    if empty:
        faults.append(("M176", f"{' and '.join(empty)} is empty.", "Say why, who decided, and when."))
    when = _day(told["when"])
    if when is None and told["when"]:
        faults.append(
            (
                "M174",
                f"{told['when']!r} is no date that can be read in one way only.",
                "Write it as 2024-12-31.",
            )
        )
    if faults or when is None:
        return faults
    return Decision(line, key, _raw(told["raw_value"], delimiter), word, told["reason"], told["who"], when)


def _no_id(key: str) -> tuple[str, str]:
    if not key:
        return "the finding_id is empty.", "Copy it from findings.csv."
    if _NUMBER.fullmatch(key):
        return f"the finding_id {key!r} is a number: a spreadsheet has changed it.", _AS_TEXT
    return f"{key[:40]!r} is no finding_id.", "It has 16 characters, 0-9 and a-f; copy it from findings.csv."


def _day(text: str) -> dt.date | None:
    try:
        return (
            dt.date.fromisoformat(text[:10]) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*", text) else None
        )
    except ValueError:
        return None


def _raw(text: str, delimiter: str) -> str:
    """What the cell held, without the mark that keeps a spreadsheet from running it, and with a decimal point."""
    if text[:1] == "'" and text[1:2] in "=+-@":
        text = text[1:]
    # A spreadsheet that separates by semicolons writes decimals with a comma.
    return text.replace(",", ".") if delimiter == ";" and re.fullmatch(r"-?[0-9]+,[0-9]+", text) else text


def _delimiter(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("sep=")), "")
    return max(",;\t", key=first.count)
