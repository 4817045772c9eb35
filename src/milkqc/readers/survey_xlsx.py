"""An .xlsx surveyed: sheets, sizes, error cells, formulas without a result."""

from __future__ import annotations

import html
import re
import zipfile
from functools import partial

from milkqc.readers.files import File
from milkqc.readers.package import Survey, Workbook, attribute, part, relations

_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?row>)", re.DOTALL)
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_VALUE = re.compile(rb"<(?:\w+:)?v\b[^>]*>(.*?)</(?:\w+:)?v>", re.DOTALL)
_FORMULA = re.compile(rb"<(?:\w+:)?f\b[^>]*?(?:/>|>(.*?)</(?:\w+:)?f>)", re.DOTALL)
_REFERENCE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_ROW_NUMBER = re.compile(rb'\br="([0-9]{1,7})"')


def inspect(file: File, archive: zipfile.ZipFile) -> Workbook:
    """The worksheets in order. SourceError when a part is damaged."""
    book = part(file, archive, "xl/workbook.xml")
    targets = relations(part(file, archive, "xl/_rels/workbook.xml.rels"))
    for name in ("xl/sharedStrings.xml", "xl/styles.xml"):
        if name in archive.namelist():
            part(file, archive, name)
    sheets, hidden = {}, set()
    for tag in re.findall(rb"<(?:\w+:)?sheet\b[^>]*>", book):
        name, target = attribute(tag, "name"), targets.get(attribute(tag, r"\w+:id"), "")
        if "worksheets/" in target:
            sheets[name] = partial(_sheet, file, archive, target)
            if attribute(tag, "state") in ("hidden", "veryHidden"):
                hidden.add(name)
    return Workbook("xlsx", sheets, frozenset(hidden))


def _sheet(file: File, archive: zipfile.ZipFile, target: str) -> Survey:
    return survey(part(file, archive, target))


def survey(xml: bytes) -> Survey:
    """What calamine would have to lay out for a sheet, and what it would not tell."""
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
