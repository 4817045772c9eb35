"""An inspection for a person: a screenful, or everything."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from milkqc.inspection.facts import WORDS, Choice, Column, Inspection, Remark, number

SCREEN = 40
_NAME, _LABEL, _HOLDS = 18, 30, 12
_REMARKS = 12
_BASIS = {"declared": "as the file says", "assumed": "assumed", "option": "as you said"}
# Said in the head line or one by one beside the columns.
_ELSEWHERE = ("note", "dropped")


def page(found: Inspection | Choice, *, width: int, whole: bool = False) -> str:
    """At most SCREEN lines of at most `width` characters (80 or more); `whole` gives everything, wrapped."""
    width = max(width, 80)
    text = _sheets(found, width) if isinstance(found, Choice) else _page(found, width, whole=whole)
    # A label or a name may hold what moves a terminal's cursor or turns its text around.
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)


def _page(found: Inspection, width: int, *, whole: bool) -> str:
    head = _head(found, width, whole=whole)
    look = [
        line
        for one in found.remarks
        if one.kind not in _ELSEWHERE
        for line in _remark(one, width, whole=whole)
    ]
    people = _people(found, width, whole=whole)
    table = _table(found.columns, width, whole=whole)
    if not whole:
        # What there is to look at, and all the columns that then fit; two blank lines and two headings between.
        room = SCREEN - len(head) - len(people) - 4
        look = _first(look, max(_REMARKS, room - len(table)), "more to look at")
        table = _first(table, room - len(look), "more columns")
    parts = [head, table, people]
    parts += [["Look at these:", *look]] if look else []
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _first(lines: list[str], most: int, what: str) -> list[str]:
    """The first lines, the last of them saying how many there are besides."""
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], f"  ... {len(lines) - most + 1} {what}: --all shows them"]


def _head(found: Inspection, width: int, *, whole: bool) -> list[str]:
    origin = found.origin
    text = f"text {origin.encoding} ({_BASIS[origin.encoding_basis]}), " if origin.encoding else ""
    title = f"{origin.file}: {_count(found.rows, 'row')}, {_count(len(found.columns), 'column')}"
    lines = [
        f"format {origin.format}, {text}read by {origin.reader} {origin.reader_version}",
        f"sha256 {origin.sha256}",
    ]
    notes = [remark.text for remark in found.remarks if remark.kind in _ELSEWHERE]
    shown = notes if whole else notes[:3]
    lines += shown
    if len(notes) > len(shown):
        lines.append(f"... {_count(len(notes) - len(shown), 'more note')}: --all shows them")
    # A file's name may be long, and says nothing when it is cut.
    return [*_fit([title], width, whole=True), *_fit(lines, width, whole=whole)]


def _table(columns: Sequence[Column], width: int, *, whole: bool) -> list[str]:
    names = min(max(len("column"), *(len(column.name) for column in columns)), _NAME)
    labels = min(max(len(column.label) for column in columns), _LABEL, width // 4)
    heads = ["column".ljust(names)]
    if labels:
        heads.append("label".ljust(labels))
    heads += ["holds".ljust(_HOLDS), "missing", "values"]
    lines = ["  ".join(heads)]
    for column in columns:
        cells = [_cut(column.name, names).ljust(names)]
        if labels:
            cells.append(_cut(column.label, labels).ljust(labels))
        cells += [_holds(column).ljust(_HOLDS), (str(column.missing) if column.missing else "").rjust(7)]
        start = "  ".join(cells) + "  "
        lines += _beside(start, _values(column), width, whole=whole)
        if whole and (len(column.name) > names or len(column.label) > labels):
            more = f"{column.name}: {column.label}".rstrip(": ")
            lines += textwrap.wrap(more, width, initial_indent="    ", subsequent_indent="      ")
    return lines


def _holds(column: Column) -> str:
    if column.identifier:
        return column.holds
    return "code" if any(value.label for value in column.values) else column.holds


def _values(column: Column) -> str:
    """What the cells are, and why others are missing."""
    said = []
    if column.identifier:
        said.append("not shown: may identify people")
    elif column.values:
        said.append(
            ", ".join(
                f"{_plain(value.value)}{_called(value.label)} ({value.cells})" for value in column.values
            )
        )
    elif column.minimum is not None:
        said.append(f"{number(column.minimum)} to {number(column.maximum)}, median {number(column.median)}")
    elif column.first:
        said.append(f"{column.first} to {column.last}")
    clock = _clock(column)
    if clock and not column.identifier:
        said.append(clock)
    gaps = ", ".join(_gap(gap.reason, gap.code, gap.cells) for gap in column.gaps)
    # A blank cell is what everybody expects of a missing one.
    if gaps and {gap.reason for gap in column.gaps} - {"empty", "system"}:
        said.append(f"missing: {gaps}")
    if column.date_formats:
        said.append(" or ".join(column.date_formats[:3]))
    if column.unique:
        said.append("all different")
    elif column.holds == "text" and not column.values and column.filled:
        said.append(_count(column.distinct, "different value"))
    if column.unit and not column.identifier:
        said.append(f"unit {column.unit}")
    return "; ".join(said)


# Formats of time that stay numbers when they are read: what these count.
_CLOCKS = (
    (re.compile(r"%-?tm"), "months since January 1960"),
    (re.compile(r"%-?tq"), "quarters since January 1960"),
    (re.compile(r"%-?th"), "half-years since January 1960"),
    (re.compile(r"%-?tw"), "weeks since January 1960"),
    (re.compile(r"%-?tb"), "working days of a calendar"),
    (re.compile(r"%-?tC"), "milliseconds since 1960 with leap seconds"),
    (re.compile(r"D?TIME(AMPM)?[0-9.]*\Z|HHMM[0-9.]*\Z|MMSS[0-9.]*\Z|TOD[0-9.]*\Z"), "seconds"),
)


def _clock(column: Column) -> str:
    """What a number counts whose format shows a time; '' for every other column."""
    if column.holds not in ("number", "whole number"):
        return ""
    said = (what for form, what in _CLOCKS if form.match(column.source_format))
    return next((f"{what} ({column.source_format})" for what in said), "")


def _plain(text: str) -> str:
    """A value as it stands; in quotes where nobody would see its spaces or line breaks."""
    return text if text == text.strip() and text.isprintable() else repr(text)


def _called(label: str) -> str:
    return f" {label}" if label else ""


def _gap(reason: str, code: str, cells: int) -> str:
    # An unlabelled code is its own reason; a word for missing needs no other.
    shown = f"{code} {reason}" if code and reason not in (code, WORDS) else code or reason
    return f"{shown} ({cells})"


def _people(found: Inspection, width: int, *, whole: bool) -> list[str]:
    columns = [column for column in found.columns if column.identifier]
    if not columns:
        return []
    lines = [f"  {column.name}: {column.identifier}" for column in columns]
    lines = lines if whole else _first(lines, 5, "more")
    return ["May tell who somebody is (values are not shown):", *_fit(lines, width, whole=whole)]


def _remark(remark: Remark, width: int, *, whole: bool) -> list[str]:
    place = f"{remark.column}: " if remark.column else ""
    cells = f" ({_count(remark.cells, 'cell')})" if remark.cells and remark.kind in _COUNTED else ""
    return _fit([f"  {place}{remark.text}{cells}"], width, whole=whole)


_COUNTED = (
    "ids_as_dates", "ids_scientific", "ambiguous_dates", "unfit_dates", "ambiguous_numbers", "decimal_comma",
    "numbers_as_text", "spellings", "censored", "constant",
)  # fmt: skip


def _sheets(found: Choice, width: int) -> str:
    lines = [
        f"{found.file}: {_count(len(found.sheets), 'sheet')}. Choose one with --sheet NAME.",
        f"sha256 {found.sha256}",
        "",
        *(
            f"  {sheet.name!r}: {_count(sheet.rows, 'row')}, {_count(sheet.columns, 'column')}{', hidden' if sheet.hidden else ''}"
            for sheet in found.sheets
        ),
    ]
    return "\n".join(_fit(lines, width, whole=True)) + "\n"


def _beside(start: str, text: str, width: int, *, whole: bool) -> list[str]:
    if not whole:
        return [_cut(start + text, width).rstrip()]
    room = max(width - len(start), 20)
    rows = textwrap.wrap(text, room) or [""]
    return [(start + rows[0]).rstrip(), *(" " * len(start) + row for row in rows[1:])]


def _fit(lines: Sequence[str], width: int, *, whole: bool) -> list[str]:
    if not whole:
        return [_cut(" ".join(line.split("\n")), width) for line in lines]
    return [part for line in lines for part in textwrap.wrap(line, width, subsequent_indent="    ", drop_whitespace=True, replace_whitespace=True) or [""]]  # fmt: skip


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _count(number_: int, what: str) -> str:
    return f"{number_:,} {what}{'' if number_ == 1 else 's'}"
