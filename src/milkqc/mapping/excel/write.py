"""A mapping's rows written as a workbook that Excel and LibreOffice cannot mangle: every cell is text."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from milkqc.errors import OutputError
from milkqc.mapping.excel import pages
from milkqc.mapping.excel.cells import LONGEST
from milkqc.mapping.excel.choices import CHOICES, choices, dropdown, ranges
from milkqc.mapping.excel.layout import Look, Sources, explanations, height, looks
from milkqc.mapping.excel.sheets import Row, apart, sheets
from milkqc.mapping.form import formatted
from milkqc.mapping.form.parse import parsed

BASE = "_milkqc"  # the hidden sheet with the mapping that the workbook was made from
FORMAT = "1"
NEW_ROWS = 500  # below the last row that have dropdowns
PALE_ROWS = 8  # of them, that are shown to be new rows
ALLOWED = {"format_columns": True, "format_rows": True, "format_cells": True, "autofilter": True, "sort": True}  # fmt: skip


def to_excel(text: str, out: Path, *, name: str, sources: Sources | None = None) -> None:
    """Write the mapping's text as a workbook. `sources` are, by table, its columns: name, label, what became of it.

    Raises MappingFaults where the text is no mapping in form (M1xx), OutputError where OUT cannot be written.
    """
    from milkqc.mapping.load import loads

    mapping = loads(text, name=name).mapping
    canonical = formatted(text, name=name)
    rows = apart(parsed(canonical, name=name))
    too_long = [row for row in rows if any(len(cell) > LONGEST for cell in row.cells.values())]
    if too_long:
        raise OutputError(f"{name}: {too_long[0].path} is longer than a cell of Excel can hold.")
    base = {
        "milkqc workbook": FORMAT,
        "study": mapping.study,
        "mapping": name,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    words = {"title": mapping.title or mapping.study, "study": mapping.study, "name": name}
    try:
        _write(out, words, rows, choices(mapping, rows, sources or {}), sources, (base, canonical))
    except OSError as error:
        raise OutputError(f"{out}: it cannot be written: {(error.strerror or 'no right').lower()}.") from None


def _write(
    out: Path,
    words: Mapping[str, str],
    rows: list[Row],
    lists: Mapping[str, Sequence[str]],
    sources: Sources | None,
    base: tuple[Mapping[str, str], str],
) -> None:
    import xlsxwriter

    beside = out.with_name(f".{out.name}.part")
    book = xlsxwriter.Workbook(
        str(beside), {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    book.set_properties({"title": f"Mapping of {words['study']}", "created": dt.datetime(1970, 1, 1)})
    styles = _styles(book)
    counts = pages.counted(sheets(), Counter(row.sheet for row in rows), sources)
    pages.read_me(book, styles, words, counts)
    at = ranges(lists)
    for sheet in sheets():
        own = [row for row in rows if row.sheet == sheet.name]
        told = explanations(sheet, own, rows, sources)
        columns = looks(sheet, own, told)
        page = book.add_worksheet(sheet.name)
        page.set_tab_color("#1f4e5f" if own else "#c9d1d8")
        _cells(page, styles, own, columns, told)
        _marks(page, book, columns, len(own))
        for column, look in enumerate(columns):
            offered = dropdown(sheet, look.name, at) if look.kind != "info" else None
            if offered is not None:
                page.data_validation(1, column, len(own) + NEW_ROWS, column, offered)
        last = max(number for number, look in enumerate(columns) if look.kind == "id")
        page.freeze_panes(1, 1 + last)
        page.autofilter(0, 0, max(len(own), 1), len(columns) - 1)
        page.protect("", ALLOWED)
        filled = max(number for number, look in enumerate(columns) if not look.hidden and look.name != "more")
        if any("more" in row.cells for row in own):
            filled = len(columns) - 1
        pages.on_paper(page, sheet.name, words["study"], area=(max(len(own), 1), filled))
    if sources is not None:
        pages.sources(book, styles, sources, words["study"])
    _hidden(book, styles, lists, base)
    try:
        book.close()
        beside.replace(out)
    except xlsxwriter.exceptions.FileCreateError as error:
        raise OSError(
            getattr(error.args[0], "errno", 0), getattr(error.args[0], "strerror", None) or "no right"
        ) from None
    finally:
        beside.unlink(missing_ok=True)


def _cells(
    page: Any,
    styles: Mapping[str, Any],
    rows: Sequence[Row],
    columns: Sequence[Look],
    told: Mapping[str, Sequence[str]],
) -> None:
    """The header with its notes, the rows, and below them some pale ones to be filled."""
    page.set_row(0, 18)
    for column, look in enumerate(columns):
        style = {"comment": "comment", "info": "info"}.get(look.kind, "text")
        page.set_column(column, column, look.width, styles[style], {"hidden": look.hidden})
        head = {"id": "head id", "info": "head info"}.get(look.kind, "head")
        page.write_string(0, column, look.name, styles["head id" if look.name == "remove" else head])
        if look.note:
            page.write_comment(0, column, look.note, {"author": "", "font_size": 9, "width": 260, "height": 30 + 13 * (len(look.note) // 36)})  # fmt: skip
    for line, row in enumerate(rows, start=1):
        cells = {**row.cells, **{name: texts[line - 1] for name, texts in told.items()}}
        page.set_row(line, height(cells, columns))
        for column, look in enumerate(columns):
            text = cells.get(look.name, "")
            if text or look.kind in {"id", "info"}:
                page.write_string(line, column, text, styles[{"value": "text"}.get(look.kind, look.kind)])
    for line in range(len(rows) + 1, len(rows) + 1 + PALE_ROWS):
        for column, look in enumerate(columns):
            if not look.hidden and look.kind != "info":
                page.write_blank(line, column, None, styles["new"])


def _marks(page: Any, book: Any, columns: Sequence[Look], rows: int) -> None:
    """What stands out by itself, also after an edit: rows to be removed, undecided ones, where a block begins."""
    from xlsxwriter.utility import xl_col_to_name

    place = {look.name: xl_col_to_name(column) for column, look in enumerate(columns)}
    last, end = len(columns) - 1, rows + NEW_ROWS

    def mark(columns: tuple[int, int], criteria: str, **style: Any) -> None:
        page.conditional_format(
            1, columns[0], end, columns[1], {"type": "formula", "criteria": criteria, "format": book.add_format(style)}
        )  # fmt: skip

    mark((0, last), f'=${place["remove"]}2<>""', font_strikeout=True, font_color="#9aa5ae")
    if "match" in place:
        mark((0, last), f'=${place["match"]}2="undecided"', bg_color="#fff2b3")
    if "comment beside" in place:
        at = next(column for column, look in enumerate(columns) if look.name == "comment beside")
        mark((at, at), f'=ISNUMBER(SEARCH("unsure",{place["comment beside"]}2))', bg_color="#fff2b3")
    group = next((place[name] for name in ("block", "of") if name in place), None)
    if group is not None and rows > 1:
        mark((0, last), f'=AND(ROW()>2,${group}2<>"",${group}2<>${group}1)', top=1, top_color="#1f4e5f")


def _styles(book: Any) -> dict[str, Any]:
    base = {"font_name": "Calibri", "font_size": 10, "valign": "top", "num_format": "@"}
    line = {"border": 1, "border_color": "#d5dbe1"}
    wrapped = {**base, "text_wrap": True}
    head = {**base, "bold": True, "font_color": "#ffffff", "valign": "vcenter"}
    return {
        "text": book.add_format({**wrapped, "locked": False}),
        "new": book.add_format({**wrapped, "locked": False, "bg_color": "#f4faf6", **line}),
        "comment": book.add_format({**wrapped, "locked": False, "font_color": "#5f6b76", "italic": True}),
        "id": book.add_format({**base, "bg_color": "#e4e9ee", **line}),
        "info": book.add_format({**wrapped, "font_color": "#5f6b76", "bg_color": "#f5f6f7", **line}),
        "undecided": book.add_format({**wrapped, "bg_color": "#fff2b3", **line}),
        "head": book.add_format({**head, "bg_color": "#1f4e5f"}),
        "head id": book.add_format({**head, "bg_color": "#5f6b76"}),
        "head info": book.add_format({**head, "bg_color": "#9aa5ae", "italic": True}),
        "heading": book.add_format({**base, "bold": True, "font_size": 15, "font_color": "#1f4e5f"}),
        "title": book.add_format({**base, "bold": True, "font_size": 12, "font_color": "#1f4e5f"}),
        "plain": book.add_format(base),
        "kept": book.add_format({**base, "locked": False}),
    }


def _hidden(
    book: Any,
    styles: Mapping[str, Any],
    lists: Mapping[str, Sequence[str]],
    base: tuple[Mapping[str, str], str],
) -> None:
    """The lists of the dropdowns, and the mapping that the workbook was made from."""
    page = book.add_worksheet(CHOICES)
    for column, (key, values) in enumerate(lists.items()):
        page.write_string(0, column, key)
        page.write_column(1, column, values)
    page.hide()
    page = book.add_worksheet(BASE)
    page.set_column(0, 1, 20, styles["kept"])
    for line, (key, value) in enumerate(base[0].items()):
        page.write_string(line, 0, key)
        page.write_string(line, 1, value)
    for line, part in enumerate(base[1].split("\n")):
        page.write_string(line + 4, 0, f"|{part}", styles["kept"])
    page.hide()
