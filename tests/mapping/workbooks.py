"""A workbook's cells changed as a person would, by its own XML."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path


def column_of(book: Path, sheet: str, column: str) -> int:
    """Where a column of a sheet stands, from 1."""
    import python_calamine

    header = (
        python_calamine.CalamineWorkbook.from_path(str(book)).get_sheet_by_name(sheet).to_python(nrows=1)[0]
    )
    return header.index(column) + 1


def edit(book: Path, out: Path, changes: dict[tuple[str, int, str], str]) -> Path:
    """The workbook with cells changed as a person would, by its own XML: (sheet, row, column name) -> text."""
    import python_calamine

    names = python_calamine.CalamineWorkbook.from_path(str(book)).sheet_names
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.namelist():
            text = old.read(part)
            for (sheet, row, column), value in changes.items():
                if part == f"xl/worksheets/sheet{names.index(sheet) + 1}.xml":
                    text = _set(text.decode(), row, column_of(book, sheet, column) - 1, value).encode()
            new.writestr(part, text)
    return out


def _set(xml: str, row: int, column: int, value: str) -> str:
    from xml.sax.saxutils import escape

    from xlsxwriter.utility import xl_col_to_name

    name = f"{xl_col_to_name(column)}{row}"
    cell = (
        value
        if value.startswith("<c ")
        else f'<c r="{name}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    )
    cell = cell.replace("REF", name)
    xml = re.sub(rf'<c r="{name}"[^>]*?(/>|>.*?</c>)', "", xml)
    if f'<row r="{row}"' not in xml:
        return xml.replace("</sheetData>", f'<row r="{row}">{cell}</row></sheetData>')
    found = re.search(rf'<row r="{row}"[^>]*>(.*?)</row>', xml)
    cells = re.findall(r"<c .*?(?:/>|</c>)", found[1]) if found else []
    at = lambda one: (len(ref := re.search(r'r="([A-Z]+)', one)[1]), ref)  # noqa: E731
    ordered = sorted([*cells, cell], key=at)
    return xml.replace(found[1], "".join(ordered)) if found else xml
