"""An .xlsx looked at from outside before anything loads it: sheets, sizes, error cells.

calamine lays out a sheet as one block up to its last cell, so one cell at XFD1048576 in a 5 KB file asks for
400 GB and aborts the process; and it gives an error cell (#DIV/0!) as a blank one.
"""

from __future__ import annotations

import html
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from milkqc.readers.files import File

MAX_UNPACKED = 2 * 1024**3
MAX_SHEET = 512 * 1024**2
_MAX_RATIO = 250
_DAMAGED = "Open it in Excel and save it again."
# RuntimeError is what zipfile raises for an encrypted entry.
_UNZIP_ERRORS = (
    KeyError,
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)
_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?row>)", re.DOTALL)
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_VALUE = re.compile(rb"<(?:\w+:)?v\b[^>]*>(.*?)</(?:\w+:)?v>", re.DOTALL)
_FORMULA = re.compile(rb"<(?:\w+:)?f\b[^>]*?(?:/>|>(.*?)</(?:\w+:)?f>)", re.DOTALL)
_REFERENCE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_ROW_NUMBER = re.compile(rb'\br="([0-9]{1,7})"')


@dataclass(frozen=True)
class Survey:
    """One sheet: rows and columns up to its last filled cell; error cells (a formula
    without a stored value is one) and negative numbers by (row, column), both from 0."""

    rows: int
    columns: int
    errors: Mapping[tuple[int, int], str]
    negatives: Mapping[tuple[int, int], str]


@dataclass(frozen=True)
class Workbook:
    """An open zip that passed the guards, and the part of it that each worksheet is."""

    file: File
    parts: Mapping[str, str]
    hidden: frozenset[str]

    def survey(self, sheet: str) -> Survey:
        """What calamine would have to lay out for `sheet`, and what it would not tell."""
        try:
            with zipfile.ZipFile(self.file.path) as archive:
                return _survey(archive.read(self.parts[sheet]))
        except _UNZIP_ERRORS:
            raise self.file.error(f"is damaged: sheet {sheet!r} cannot be unpacked.", _DAMAGED) from None


def inspect(file: File) -> Workbook:
    """The workbook's sheets in order. SourceError for what is no .xlsx, is encrypted, damaged, or a zip bomb."""
    head = file.head(8)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise file.error(
            "is encrypted with a password, or an old .xls by another name.", "Save it as a plain .xlsx."
        )
    if not head.startswith(b"PK"):
        raise file.error(
            "is not an Excel workbook, whatever its name.", "Save it as .xlsx, or say its `format:`."
        )
    try:
        with zipfile.ZipFile(file.path) as archive:
            _guard(file, archive)
            book = archive.read("xl/workbook.xml")
            links = archive.read("xl/_rels/workbook.xml.rels")
    except _UNZIP_ERRORS:
        raise file.error("is damaged or not an Excel workbook.", _DAMAGED) from None
    targets = {}
    for tag in re.findall(rb"<(?:\w+:)?Relationship\b[^>]*>", links):
        target = _attribute(tag, "Target")
        targets[_attribute(tag, "Id")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    parts, hidden = {}, set()
    for tag in re.findall(rb"<(?:\w+:)?sheet\b[^>]*>", book):
        name, part = _attribute(tag, "name"), targets.get(_attribute(tag, r"\w+:id"), "")
        if "worksheets/" in part:
            parts[name] = part
            if _attribute(tag, "state") in ("hidden", "veryHidden"):
                hidden.add(name)
    if not parts:
        raise file.error("has no worksheet.", _DAMAGED)
    return Workbook(file, parts, frozenset(hidden))


def _guard(file: File, archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    large = any(entry.file_size > MAX_SHEET for entry in entries)
    if large or unpacked > MAX_UNPACKED or (unpacked > 50 * 1024**2 and unpacked > _MAX_RATIO * file.size):
        raise file.error(
            f"unpacks from {file.size:,} to {unpacked:,} bytes, more than is believable.",
            "Check that it is the right file, or export the sheet as CSV.",
        )


def _survey(xml: bytes) -> Survey:
    rows = columns = 0
    errors: dict[tuple[int, int], str] = {}
    negatives: dict[tuple[int, int], str] = {}
    row = -1
    for row_tag in _ROW.finditer(xml):
        number = _ROW_NUMBER.search(row_tag[1])
        row = int(number[1]) - 1 if number else row + 1
        column = -1
        for attributes, content in _CELL.findall(row_tag[2] or b""):
            place = _REFERENCE.search(attributes)
            if place:
                column, row = _column_number(place[1]) - 1, int(place[2]) - 1
            else:
                column += 1
            if not content:
                continue
            rows, columns = max(rows, row + 1), max(columns, column + 1)
            if b't="e"' in attributes:
                errors[row, column] = _inside(_VALUE, content)
            elif not _VALUE.search(content) and _FORMULA.search(content):
                # Written by a program that does not calculate: Excel would, calamine gives a blank.
                errors[row, column] = f"={_inside(_FORMULA, content)}"
            elif b"v>-" in content:
                negatives[row, column] = _inside(_VALUE, content)
    return Survey(rows, columns, errors, negatives)


def _inside(element: re.Pattern[bytes], content: bytes) -> str:
    found = element.search(content)
    return html.unescape((found[1] or b"").decode("utf-8", "replace")) if found else ""


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _attribute(tag: bytes, name: str) -> str:
    found = re.search(rf"\s{name}=(?:\"([^\"]*)\"|'([^']*)')".encode(), tag)
    return html.unescape((found[1] or found[2] or b"").decode("utf-8", "replace")) if found else ""
