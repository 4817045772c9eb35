"""An .xls (BIFF5, BIFF8) surveyed record by record: sheets, sizes, error cells, merged cells, and whether it is whole.

Source: Microsoft, [MS-XLS] Excel Binary File Format, 2.4 Records.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import partial

from milkqc.readers.compound import BrokenError, Compound
from milkqc.readers.files import File
from milkqc.readers.headers import Span
from milkqc.readers.package import DAMAGED, ERROR_CODES, Survey, Workbook

_BOF, _EOF, _BOUNDSHEET, _FILEPASS, _DIMENSIONS, _ROW, _MERGED = 0x809, 0x0A, 0x85, 0x2F, 0x200, 0x208, 0xE5
_NUMBER, _RK, _MULRK, _FORMULA, _BOOLERR, _BLANK, _MULBLANK = 0x203, 0x27E, 0xBD, 0x06, 0x205, 0x201, 0xBE
_TEXTS = {0x204, 0xFD, 0xD6}
_CELLS = {_NUMBER, _RK, _FORMULA, _BOOLERR, *_TEXTS}


def inspect(file: File) -> Workbook:
    """The worksheets of an .xls in order. SourceError when it is encrypted, damaged, cut off, or another document."""
    try:
        compound = Compound(file.content)
        names = compound.names()
        if "encryptedpackage" in names:
            raise file.error("is encrypted with a password.", "Save it without one.")
        stream = next((name for name in ("workbook", "book") if name in names), None)
        if stream is None:
            raise file.error("is a Microsoft document, but no workbook.", "Check that it is the right file.")
        content = compound.stream(stream)
        sheets, hidden = {}, set()
        for kind, data in _records(content, 0):
            if kind == _FILEPASS:
                raise file.error("is encrypted with a password.", "Save it without one.")
            if kind == _BOUNDSHEET and len(data) > 7:
                place, state, sort = struct.unpack_from("<IBB", data)
                if sort == 0:
                    name = _name(data[6:])
                    sheets[name] = partial(_checked, file, content, place, name)
                    if state & 3:
                        hidden.add(name)
    except (BrokenError, struct.error):
        raise file.error("is damaged or cut off.", DAMAGED) from None
    return Workbook("xls", sheets, frozenset(hidden))


def _checked(file: File, content: bytes, place: int, name: str) -> Survey:
    try:
        return survey(content, place)
    except (BrokenError, struct.error):
        raise file.error(f"is damaged or cut off in sheet {name!r}.", DAMAGED) from None


def _records(content: bytes, place: int) -> Iterator[tuple[int, bytes]]:
    """The records of one substream, its end included; those of embedded charts left out. BrokenError without an end."""
    depth = 0
    while place + 4 <= len(content):
        kind, size = struct.unpack_from("<HH", content, place)
        data = content[place + 4 : place + 4 + size]
        if len(data) < size:
            raise BrokenError
        place += 4 + size
        if kind == _BOF:
            depth += 1
        elif kind == _EOF:
            depth -= 1
        if depth == 0 and kind == _EOF:
            return
        if depth <= 0:
            raise BrokenError
        if depth == 1:
            yield kind, data
    raise BrokenError


def _name(data: bytes) -> str:
    """A sheet's name: BIFF8 says how it is encoded, BIFF5 (which no flag follows) is taken as Windows-1252."""
    length = data[0]
    if len(data) == length + 1:
        return data[1:].decode("cp1252", "replace")
    if data[1] & 1:
        return data[2 : 2 + 2 * length].decode("utf-16-le", "replace")
    return data[2 : 2 + length].decode("latin-1")


def survey(content: bytes, place: int) -> Survey:
    """The sheet that begins at `place` of the workbook stream."""
    rows = columns = touched = declared = blank = 0
    errors: dict[tuple[int, int], str] = {}
    negatives: dict[tuple[int, int], str] = {}
    merged: list[Span] = []
    for kind, data in _records(content, place):
        if kind in _CELLS or kind == _MULRK:
            row, column = struct.unpack_from("<HH", data)
            last = struct.unpack_from("<H", data, len(data) - 2)[0] if kind == _MULRK else column
            rows, columns, touched = max(rows, row + 1), max(columns, last + 1), max(touched, row + 1)
            for at, number in _numbers(kind, data, column):
                if number < 0:
                    negatives[row, at] = f"{number:.15g}"
            error = _error(kind, data)
            if error:
                errors[row, column] = error
            elif kind == _FORMULA and data[12:14] == b"\xff\xff" and data[6] == 3:
                blank += 1
        elif kind in (_ROW, _BLANK, _MULBLANK):
            touched = max(touched, struct.unpack_from("<H", data)[0] + 1)
        elif kind == _DIMENSIONS:
            declared = struct.unpack_from(
                "<I" if len(data) >= 14 else "<H", data, 4 if len(data) >= 14 else 2
            )[0]
        elif kind == _MERGED:
            count = struct.unpack_from("<H", data)[0]
            for at in range(count):
                top, bottom, left, right = struct.unpack_from("<4H", data, 2 + 8 * at)
                merged.append(((top, left), (bottom, right)))
    notes = []
    if declared > touched:
        notes.append(f"the sheet declares {declared} rows and holds {touched}: it may be damaged")
    if blank:
        notes.append(f"{blank} formulas give an empty text, or were never calculated")
    return Survey(rows, columns, errors, negatives, tuple(merged), tuple(notes))


def _numbers(kind: int, data: bytes, column: int) -> Iterator[tuple[int, float]]:
    """The numbers of a cell record, by column."""
    if kind == _NUMBER or (kind == _FORMULA and data[12:14] != b"\xff\xff"):
        yield column, struct.unpack_from("<d", data, 6)[0]
    elif kind == _RK:
        yield column, rk(struct.unpack_from("<I", data, 6)[0])
    elif kind == _MULRK:
        for place in range((len(data) - 6) // 6):
            yield column + place, rk(struct.unpack_from("<I", data, 6 + 6 * place)[0])


def rk(packed: int) -> float:
    """A number packed into 32 bits ([MS-XLS] RkNumber)."""
    if packed & 2:
        number = float((packed >> 2) - ((packed & 0x80000000) >> 1))
    else:
        number = struct.unpack("<d", struct.pack("<Q", (packed & 0xFFFFFFFC) << 32))[0]
    return number / 100 if packed & 1 else number


def _error(kind: int, data: bytes) -> str:
    if kind == _BOOLERR and data[7]:
        return ERROR_CODES.get(data[6], "#N/A")
    if kind == _FORMULA and data[12:14] == b"\xff\xff":
        if data[6] == 2:
            return ERROR_CODES.get(data[8], "#N/A")
        # An empty text as result is an answer, unless Excel is asked to calculate on loading: then nobody has yet.
        if data[6] == 3 and data[14] & 2:
            return "="
    return ""
