"""One table written as .xlsx, .xls, .ods and .xlsb, for tests that hold for every kind of workbook."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import CoveredTableCell, Table, TableCell, TableRow
from odf.text import P

Rows = Sequence[Sequence[Any]]
Merge = tuple[int, int, int, int]


@pytest.fixture(scope="session")
def write():
    """`write_workbook`, for fixtures that make their own folders."""
    return write_workbook


@pytest.fixture
def workbook(tmp_path):
    """`workbook("x.xls", {"Sheet": rows}, merge=..., hidden=...)` -> the path of a workbook in that format."""

    def write(name: str, sheets: dict[str, Rows], **how: Any) -> Path:
        return write_workbook(tmp_path / name, sheets, **how)

    return write


def write_workbook(
    path: Path, sheets: dict[str, Rows], *, merge: Sequence[Merge] = (), hidden: Sequence[str] = ()
) -> Path:
    """Write `sheets` in the format of the path's ending. `merge`: first row, first column, last row, last column."""
    {"xlsx": _xlsx, "xls": _xls, "ods": _ods, "xlsb": _xlsb}[path.suffix[1:]](path, sheets, merge, hidden)
    return path


def _xlsx(path, sheets, merge, hidden):
    book = xlsxwriter.Workbook(str(path))
    formats = {
        date: book.add_format({"num_format": "yyyy-mm-dd"}),
        datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
    }
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        if name in hidden:
            sheet.hide()
        for top, left, bottom, right in merge:
            sheet.merge_range(top, left, bottom, right, "")
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if type(cell) in formats:
                    sheet.write_datetime(r, c, cell, formats[type(cell)])
                elif isinstance(cell, str) and cell.startswith("#"):
                    sheet.write_formula(r, c, "=NA()", None, cell)
                elif cell is not None:
                    sheet.write(r, c, cell)
    book.close()


def _xls(path, sheets, merge, hidden):
    book = xlwt.Workbook()
    formats = {
        date: xlwt.easyxf(num_format_str="YYYY-MM-DD"),
        datetime: xlwt.easyxf(num_format_str="YYYY-MM-DD hh:mm"),
    }
    for name, rows in sheets.items():
        sheet = book.add_sheet(name)
        sheet.visibility = int(name in hidden)
        for top, left, bottom, right in merge:
            sheet.merge(top, bottom, left, right)
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if type(cell) in formats:
                    sheet.write(r, c, cell, formats[type(cell)])
                elif isinstance(cell, str) and cell.startswith("#"):
                    sheet.row(r).set_cell_error(c, cell)
                elif cell is not None:
                    sheet.write(r, c, cell)
    book.save(str(path))


def _ods(path, sheets, merge, hidden):
    from odf.style import Style, TableProperties

    document = OpenDocumentSpreadsheet()
    unseen = Style(name="unseen", family="table")
    unseen.addElement(TableProperties(display="false"))
    document.automaticstyles.addElement(unseen)
    spans = {(top, left): (bottom - top + 1, right - left + 1) for top, left, bottom, right in merge}
    covered = {
        (r, c)
        for top, left, bottom, right in merge
        for r in range(top, bottom + 1)
        for c in range(left, right + 1)
    }
    for name, rows in sheets.items():
        table = Table(name=name, **({"stylename": unseen} if name in hidden else {}))
        for r, row in enumerate(rows):
            line = TableRow()
            for c, cell in enumerate(row):
                if (r, c) in covered and (r, c) not in spans:
                    line.addElement(CoveredTableCell())
                    continue
                tall, wide = spans.get((r, c), (1, 1))
                extra = (
                    {"numberrowsspanned": tall, "numbercolumnsspanned": wide}
                    if (tall, wide) != (1, 1)
                    else {}
                )
                line.addElement(_ods_cell(cell, extra))
            table.addElement(line)
        document.spreadsheet.addElement(table)
    document.save(str(path))


def _ods_cell(cell, extra):
    match cell:
        case None:
            return TableCell(**extra)
        case bool():
            made = TableCell(valuetype="boolean", booleanvalue=str(cell).lower(), **extra)
        case int() | float():
            made = TableCell(valuetype="float", value=cell, **extra)
        case date():
            made = TableCell(valuetype="date", datevalue=cell.isoformat(), **extra)
        case _:
            made = TableCell(valuetype="string", **extra)
    made.addElement(P(text=str(cell)))
    return made


# Excel's binary workbook, by hand: nothing in Python writes it. [MS-XLSB] 2.3; kind and size are 7 bits a byte.
def _record(kind: int, data: bytes = b"") -> bytes:
    return _varying(kind) + _varying(len(data)) + data


def _varying(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _xlsb(path, sheets, merge, hidden):
    names = list(sheets)
    bundle = b"".join(
        _record(156, struct.pack("<II", int(name in hidden), place) + _wide(f"rId{place}") + _wide(name))
        for place, name in enumerate(names, 1)
    )
    book = _record(131) + _record(153, bytes(12)) + _record(143) + bundle + _record(144) + _record(132)
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    links = "".join(
        f'<Relationship Id="rId{place}" Type="{relation}/worksheet" Target="worksheets/sheet{place}.bin"/>'
        for place in range(1, len(names) + 1)
    )
    package = "http://schemas.openxmlformats.org/package/2006"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="bin" '
            'ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/>'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
            f'Type="{relation}/officeDocument" Target="xl/workbook.bin"/></Relationships>',
        )
        archive.writestr("xl/workbook.bin", book)
        archive.writestr(
            "xl/_rels/workbook.bin.rels",
            f'<Relationships xmlns="{package}/relationships">{links}'
            f'<Relationship Id="rIdS" Type="{relation}/styles" Target="styles.bin"/></Relationships>',
        )
        archive.writestr("xl/styles.bin", _xlsb_styles())
        for place, rows in enumerate(sheets.values(), 1):
            archive.writestr(f"xl/worksheets/sheet{place}.bin", _xlsb_sheet(rows, merge))


def _xlsb_styles() -> bytes:
    """Cell formats 0 (general), 1 (a date, built-in 14) and 2 (date and time, built-in 22)."""
    formats = b"".join(
        _record(47, struct.pack("<HHHHH", 0, number, 0, 0, 0) + bytes(6)) for number in (0, 14, 22)
    )
    return _record(278) + _record(617, struct.pack("<I", 3)) + formats + _record(618) + _record(279)


def _xlsb_sheet(rows, merge) -> bytes:
    height, width = len(rows), max(map(len, rows), default=0)
    out = (
        _record(129)
        + _record(148, struct.pack("<IIII", 0, max(height - 1, 0), 0, max(width - 1, 0)))
        + _record(145)
    )
    for r, row in enumerate(rows):
        out += _record(0, struct.pack("<I", r) + bytes(21))
        for c, cell in enumerate(row):
            if cell is not None:
                out += _xlsb_cell(c, cell)
    out += _record(146)
    if merge:
        out += _record(177, struct.pack("<I", len(merge)))
        for top, left, bottom, right in merge:
            out += _record(176, struct.pack("<IIII", top, bottom, left, right))
        out += _record(178)
    return out + _record(130)


_ERROR_CODES = {"#DIV/0!": 7, "#N/A": 42, "#REF!": 23}


def _xlsb_cell(column: int, cell: Any) -> bytes:
    def placed(style: int = 0) -> bytes:
        return struct.pack("<II", column, style)

    match cell:
        case bool():
            return _record(4, placed() + bytes([cell]))
        case int() | float():
            return _record(5, placed() + struct.pack("<d", cell))
        case datetime():
            return _record(
                5, placed(2) + struct.pack("<d", (cell - datetime(1899, 12, 30)).total_seconds() / 86400)
            )
        case date():
            return _record(5, placed(1) + struct.pack("<d", (cell - date(1899, 12, 30)).days))
        case str() if cell in _ERROR_CODES:
            return _record(3, placed() + bytes([_ERROR_CODES[cell]]))
        case _:
            return _record(6, placed() + _wide(cell))
