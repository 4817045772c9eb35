"""An .ods surveyed: sheets, sizes with their repeated rows and cells counted, error cells, merged cells.

A row of one repeated cell, itself repeated, is 100 bytes that stand for 17 thousand million cells.
Source: OASIS, OpenDocument 1.3, part 3, section 9 (tables).
"""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field

from milkqc.readers.files import File
from milkqc.readers.headers import Span
from milkqc.readers.package import Survey, Workbook, attribute, part

_TAG = re.compile(
    rb"<(table:table|table:table-row|table:table-cell|table:covered-table-cell)(\s[^>]*?)?(/?)>"
    rb"|</(table:table|table:table-row|table:table-cell|table:covered-table-cell)>"
)
_NOTES = re.compile(rb"<office:annotation\b.*?</office:annotation>", re.DOTALL)
_TEXT = re.compile(rb"<text:p\b[^>]*>(.*?)</text:p>", re.DOTALL)
_INNER = re.compile(rb"<[^>]*>")


@dataclass
class _Sheet:
    """A table while it is walked through."""

    row: int = 0
    column: int = 0
    repeat: int = 1
    rows: int = 0
    columns: int = 0
    tabs: int = 0
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    negatives: dict[tuple[int, int], str] = field(default_factory=dict)
    merged: list[Span] = field(default_factory=list)

    def survey(self) -> Survey:
        notes = (f"{self.tabs} cells hold tabs or line breaks, which are left out",) if self.tabs else ()
        return Survey(self.rows, self.columns, self.errors, self.negatives, tuple(self.merged), notes)


def inspect(file: File, archive: zipfile.ZipFile) -> Workbook:
    """The sheets in order. SourceError when it is encrypted or damaged."""
    if "META-INF/manifest.xml" in archive.namelist():
        manifest = part(file, archive, "META-INF/manifest.xml")
        if b"encryption-data" in manifest:
            raise file.error("is encrypted with a password.", "Save it without one.")
    content = part(file, archive, "content.xml")
    unseen = {
        attribute(tag, "style:name")
        for tag, inside in re.findall(rb"(<style:style\b[^>]*>)(.*?)</style:style>", content, re.DOTALL)
        if b'table:display="false"' in inside
    }
    sheets: dict[str, Callable[[], Survey]] = {}
    hidden = set()
    for name, style, sheet in _walk(content):
        sheets[name] = sheet.survey
        if style in unseen:
            hidden.add(name)
    return Workbook("ods", sheets, frozenset(hidden))


def _walk(content: bytes) -> list[tuple[str, str, _Sheet]]:
    found: list[tuple[str, str, _Sheet]] = []
    sheet: _Sheet | None = None
    opened: tuple[bytes, int] | None = None
    for tag in _TAG.finditer(content):
        opening, attributes, empty, closing = tag[1], tag[2] or b"", bool(tag[3]), tag[4]
        if opening == b"table:table":
            sheet = _Sheet()
            found.append(
                (attribute(attributes, "table:name"), attribute(attributes, "table:style-name"), sheet)
            )
        elif sheet is None:
            continue
        elif opening == b"table:table-row":
            sheet.column, sheet.repeat = 0, _count(attributes, "table:number-rows-repeated")
            if empty:
                sheet.row += sheet.repeat
        elif closing == b"table:table-row":
            sheet.row += sheet.repeat
        elif opening is not None and empty:
            _cell(sheet, attributes, b"")
        elif opening is not None:
            opened = (attributes, tag.end())
        elif closing not in (None, b"table:table") and opened is not None:
            _cell(sheet, opened[0], content[opened[1] : tag.start()])
            opened = None
    return found


def _cell(sheet: _Sheet, attributes: bytes, inside: bytes) -> None:
    """One cell element, which may stand for many."""
    times = _count(attributes, "table:number-columns-repeated")
    first, sheet.column = sheet.column, sheet.column + times
    texts = _TEXT.findall(_NOTES.sub(b"", inside))
    kind = attribute(attributes, "office:value-type")
    wide = _count(attributes, "table:number-columns-spanned")
    tall = _count(attributes, "table:number-rows-spanned")
    if wide > 1 or tall > 1:
        sheet.merged.append(((sheet.row, first), (sheet.row + tall - 1, first + wide - 1)))
    formula = attribute(attributes, "table:formula")
    if not kind and not any(texts) and not formula:
        return
    sheet.rows = max(sheet.rows, sheet.row + sheet.repeat)
    sheet.columns = max(sheet.columns, sheet.column)
    if any(b"<text:tab" in text or b"<text:line-break" in text for text in texts):
        sheet.tabs += 1
    wrong = ""
    if attribute(attributes, "calcext:value-type") == "error":
        wrong = html.unescape(_INNER.sub(b"", b"".join(texts)).decode("utf-8", "replace")) or "#N/A"
    elif formula and not kind and not any(texts):
        wrong = f"={formula.partition('=')[2]}"
    if wrong:
        # The block's size is judged before it is loaded; a repeated error is told for its first thousand cells.
        for row in range(sheet.row, sheet.row + min(sheet.repeat, 1000)):
            for column in range(first, first + min(times, 1000)):
                sheet.errors[row, column] = wrong


def _count(attributes: bytes, name: str) -> int:
    text = attribute(attributes, name)
    return max(1, min(int(text), 2**31)) if text.isdigit() and len(text) < 11 else 1
