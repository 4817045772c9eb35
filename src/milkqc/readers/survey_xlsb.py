"""An .xlsb surveyed record by record: sheets, sizes, error cells, merged cells.

Source: Microsoft, [MS-XLSB] Excel Binary File Format, 2.3 Records.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from functools import partial

from milkqc.readers.files import File
from milkqc.readers.headers import Span
from milkqc.readers.package import DAMAGED, ERROR_CODES, Survey, Workbook, part, relations
from milkqc.readers.survey_xls import rk

_ROW, _SHEET, _END_DATA, _MERGED = 0, 156, 146, 176
_RK, _ERROR, _REAL, _FORMULA_NUMBER, _FORMULA_ERROR = 2, 3, 5, 9, 11
_CELLS = range(2, 12)


def inspect(file: File, archive: zipfile.ZipFile) -> Workbook:
    """The worksheets in order. SourceError when a part is damaged."""
    book = part(file, archive, "xl/workbook.bin")
    targets = relations(part(file, archive, "xl/_rels/workbook.bin.rels"))
    for name in ("xl/sharedStrings.bin", "xl/styles.bin"):
        if name in archive.namelist():
            part(file, archive, name)
    sheets, hidden = {}, set()
    try:
        for kind, data in _records(book):
            if kind == _SHEET:
                state = struct.unpack_from("<I", data)[0]
                link, place = _text(data, 8)
                name, _ = _text(data, place)
                target = targets.get(link, "")
                if "worksheets/" in target:
                    sheets[name] = partial(_sheet, file, archive, target)
                    if state:
                        hidden.add(name)
    except struct.error:
        raise file.error("is damaged: its list of sheets cannot be read.", DAMAGED) from None
    return Workbook("xlsb", sheets, frozenset(hidden))


def _sheet(file: File, archive: zipfile.ZipFile, target: str) -> Survey:
    content = part(file, archive, target)
    try:
        return survey(content)
    except struct.error:
        raise file.error(f"is damaged: its part {target} cannot be read.", DAMAGED) from None


def survey(content: bytes) -> Survey:
    """A sheet's size, error cells and negative numbers. struct.error where a record is cut off."""
    rows = columns = 0
    row = 0
    errors: dict[tuple[int, int], str] = {}
    negatives: dict[tuple[int, int], str] = {}
    merged: list[Span] = []
    for kind, data in _records(content):
        if kind == _ROW:
            row = struct.unpack_from("<I", data)[0]
        elif kind in _CELLS:
            column = struct.unpack_from("<I", data)[0]
            rows, columns = max(rows, row + 1), max(columns, column + 1)
            number = _number(kind, data)
            if number < 0:
                negatives[row, column] = f"{number:.15g}"
            if kind in (_ERROR, _FORMULA_ERROR):
                errors[row, column] = ERROR_CODES.get(data[8], "#N/A") if len(data) > 8 else "#N/A"
        elif kind == _MERGED:
            top, bottom, left, right = struct.unpack_from("<4I", data)
            merged.append(((top, left), (bottom, right)))
    return Survey(rows, columns, errors, negatives, tuple(merged))


def _number(kind: int, data: bytes) -> float:
    if kind == _RK:
        return rk(struct.unpack_from("<I", data, 8)[0])
    if kind in (_REAL, _FORMULA_NUMBER):
        value: float = struct.unpack_from("<d", data, 8)[0]
        return value
    return 0.0


def _records(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and data of each record; both kind and size are written 7 bits a byte."""
    place = 0
    while place < len(content):
        kind, place = _varying(content, place, 2)
        size, place = _varying(content, place, 4)
        if place + size > len(content):
            raise struct.error
        yield kind, content[place : place + size]
        place += size


def _varying(content: bytes, place: int, most: int) -> tuple[int, int]:
    number = 0
    for step in range(most):
        if place >= len(content):
            raise struct.error
        byte = content[place]
        place += 1
        number |= (byte & 0x7F) << (7 * step)
        if not byte & 0x80:
            break
    return number, place


def _text(data: bytes, place: int) -> tuple[str, int]:
    length = struct.unpack_from("<I", data, place)[0]
    if length == 0xFFFFFFFF:
        return "", place + 4
    end = place + 4 + 2 * length
    if end > len(data):
        raise struct.error
    return data[place + 4 : end].decode("utf-16-le", "replace"), end
