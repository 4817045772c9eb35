"""Workbooks (.xlsx, .xls, .xlsb, .ods) told by their content, and text that only has a workbook's ending."""

from __future__ import annotations

import re
from dataclasses import replace

from milkqc.model import Source
from milkqc.readers import delimited
from milkqc.readers.carry import carried, packed
from milkqc.readers.files import File
from milkqc.readers.isolation import CHILD, Limits
from milkqc.readers.options import ReadOptions
from milkqc.readers.registry import Format

_ZIP, _COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
# A BOF record at the very start: Excel 2 to 4, which wrote no envelope around it.
_ANCIENT = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08\x08\x00")
_ADVICE = "Open it in Excel and save it as .xlsx."
_HTML = re.compile(rb"<\s*(?:!doctype\s+html|html|head|body|table|meta|style)\b", re.IGNORECASE)


def read(file: File, options: ReadOptions) -> Source:
    """A Source from one worksheet (see `sheets.sheet_source`), read in a child process.

    Text named .xls is read as text, with a note; HTML and XML tables are refused with advice.
    """
    head = file.head(4096)
    if head.startswith((_ZIP, _COMPOUND)):
        answer = CHILD.call(
            file,
            "milkqc.readers.sheets:pull",
            {"name": file.name, "options": packed(options)},
            limits=Limits.of(options),
        )
        return carried(answer)
    if head.startswith(_ANCIENT):
        raise file.error("is an Excel file of before 1994.", _ADVICE)
    plain = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if plain.startswith(b"<"):
        if b"urn:schemas-microsoft-com:office:spreadsheet" in plain:
            raise file.error("is an XML spreadsheet of Excel 2003.", _ADVICE)
        if _HTML.search(plain):
            raise file.error("is a web page (HTML), whatever its name.", _ADVICE)
        raise file.error("is XML, not an Excel workbook.", _ADVICE)
    if file.path.suffix.lower() != ".xls":
        raise file.error(
            "is not an Excel workbook, whatever its name.", "Save it as .xlsx, or say its `format:`."
        )
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise file.error("is damaged or not an Excel workbook.", "Open it in Excel and save it again.")
    if options.sheet is not None:
        raise file.error("is text, whatever its name, and has no sheets.", "Take `sheet` out.")
    source = delimited.read(file, options)
    notes = (f"the file is text, whatever its ending {file.path.suffix}", *source.origin.notes)
    return replace(source, origin=replace(source.origin, notes=notes))


FORMAT = Format(
    "excel",
    (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"),
    read,
    isolated=("milkqc.readers.sheets", "python_calamine"),
)
