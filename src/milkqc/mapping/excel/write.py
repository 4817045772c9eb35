"""A mapping's rows written as a workbook that Excel and LibreOffice cannot mangle: every cell is text."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from milkqc.errors import OutputError
from milkqc.mapping.excel.cells import LONGEST
from milkqc.mapping.excel.sheets import BLOCKS, SECTIONS, Row, Sheet, apart, sheets
from milkqc.mapping.form import formatted
from milkqc.mapping.form.parse import parsed
from milkqc.mapping.form.places import describe, fields

BASE = "_milkqc"  # the hidden sheet with the mapping that the workbook was made from
CHOICES = "_choices"
FORMAT = "1"
NEW_ROWS = 500  # below the last row that have dropdowns
HELP = (
    ("{title}", "title"),
    ("The mapping of study {study}, file {name}, as a workbook.", ""),
    ("", ""),
    ("What to do", "title"),
    ("Change cells, add rows below the last one, then: milkqc mapping from-excel THIS.xlsx {name}", ""),
    ("Grey cells name what a row speaks of and are locked. To take a row away write x in its column `remove`.", ""),
    ("In a new row fill the grey columns too: which block, which section, which variable.", ""),
    ("", ""),
    ("How cells are written", "title"),
    ("Every cell is text: no, 012, 12:30 and 1/2 stay as they are. Several things stand in brackets: [LEN1, LEN2].", ""),
    ("Keys with values stand in braces: {{by: PLATE, values: {{P1: 5}}}}. `null` is: explicitly nothing.", ""),
    ("What has no column of its own stands in `more`, written as in the mapping.", ""),
    ("", ""),
    ("The sheets", "title"),
)  # fmt: skip
UNITS = (
    *("kg", "g", "lb", "cm", "mm", "m", "day", "week", "month", "year", "%", "mL", "L"),
    *("g/L", "mg/L", "ug/L", "ng/L", "g/dL", "mg/dL", "ug/dL", "ng/dL", "mg/mL", "ug/mL", "ng/mL", "pg/mL"),
    *("mmol/L", "umol/L", "nmol/L", "pmol/L", "nmol/mL", "IU/L", "IU/mL"),
)
SAYS = {
    "study": "What holds for the whole study, place by place.",
    "tables": "The source tables: which file each is.",
    "blocks": "Which source table fills which target table, and how rows are found, linked and chosen.",
    "variables": "Every mapped variable: from which column, in which unit, how it is read.",
    "analytes": "Every analyte of the laboratory.",
    "codes": "What each code of a coded column means.",
    "missing": "Codes that mean missing, and why; `missing` alone holds for the whole study.",
    "unmapped": "Source columns that are left out knowingly.",
    "schedule": "The planned visits.",
    "expectations": "The study's own rules, and changes to rules.",
    "comments": "Comments of the mapping that belong to no row of the other sheets.",
    "sources": "The columns of the source files, as they were found. For reading only.",
}
WIDE = {
    "value": 60,
    "text": 90,
    "column": 28,
    "codes": 30,
    "from": 28,
    "file": 28,
    "name": 26,
    "place": 26,
    "of": 46,
}
WIDE |= {
    "comment above": 44,
    "comment beside": 26,
    "more": 30,
    "reason": 24,
    "meaning": 28,
    "block": 16,
    "code": 18,
}
WIDE |= {
    "formula": 26,
    "off": 50,
    "rule": 30,
    "with": 34,
    "controls": 34,
    "every": 30,
    "where": 26,
    "limit": 18,
}


def to_excel(
    text: str, out: Path, *, name: str, sources: Mapping[str, Sequence[tuple[str, str, str]]] | None = None
) -> None:
    """Write the mapping's text as a workbook. `sources` are, by table, its columns: name, label, what became of it.

    Raises MappingFaults where the text is no mapping in form (M1xx), OutputError where OUT cannot be written.
    """
    from milkqc.mapping.load import loads

    loaded = loads(text, name=name)
    tree = parsed(formatted(text, name=name), name=name)
    rows = apart(tree)
    too_long = [row for row in rows if any(len(cell) > LONGEST for cell in row.cells.values())]
    if too_long:
        raise OutputError(f"{name}: {too_long[0].path} is longer than a cell of Excel can hold.")
    choices = _choices(loaded.mapping, rows, sources or {})
    try:
        _write(text, out, name, loaded.mapping.study, loaded.mapping.title, rows, choices, sources)
    except OSError as error:
        raise OutputError(f"{out}: it cannot be written: {(error.strerror or 'no right').lower()}.") from None


def _write(
    text: str,
    out: Path,
    name: str,
    study: str,
    title: str,
    rows: list[Row],
    choices: Mapping[str, Sequence[str]],
    sources: Mapping[str, Sequence[tuple[str, str, str]]] | None,
) -> None:
    import xlsxwriter

    beside = out.with_name(f".{out.name}.part")
    book = xlsxwriter.Workbook(
        str(beside), {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    book.set_properties({"title": f"Mapping of {study}", "created": dt.datetime(1970, 1, 1)})
    looks = _looks(book)
    shown = list(sheets())
    _help(book, looks, {"title": title or study, "study": study, "name": name}, shown, sources is not None)
    lists = _lists(choices)
    for sheet in shown:
        _sheet(book, looks, sheet, [row for row in rows if row.sheet == sheet.name], lists, choices)
    if sources is not None:
        _sources(book, looks, sources)
    hidden = book.add_worksheet(CHOICES)
    for column, (key, values) in enumerate(choices.items()):
        hidden.write_string(0, column, key)
        hidden.write_column(1, column, values)
    hidden.hide()
    base = book.add_worksheet(BASE)
    base.set_column(0, 1, 20, looks["text"])
    digest = hashlib.sha256(text.encode()).hexdigest()
    for line, (key, value) in enumerate(
        [("milkqc workbook", FORMAT), ("study", study), ("mapping", name), ("sha256", digest)]
    ):
        base.write_string(line, 0, key)
        base.write_string(line, 1, value)
    for line, part in enumerate(formatted(text, name=name).split("\n")):
        base.write_string(line + 4, 0, f"|{part}", looks["text"])
    base.hide()
    try:
        book.close()
        beside.replace(out)
    except xlsxwriter.exceptions.FileCreateError as error:
        raise OSError(
            getattr(error.args[0], "errno", 0), getattr(error.args[0], "strerror", None) or "no right"
        ) from None
    finally:
        beside.unlink(missing_ok=True)


def _looks(book: Any) -> dict[str, Any]:
    base = {"font_name": "Calibri", "font_size": 10, "valign": "top", "num_format": "@"}
    return {
        "text": book.add_format({**base, "locked": False, "text_wrap": False}),
        "wrapped": book.add_format({**base, "locked": False, "text_wrap": True}),
        "note": book.add_format({**base, "locked": False, "text_wrap": True, "font_color": "#5f6b76", "italic": True}),
        "id": book.add_format({**base, "locked": True, "bg_color": "#e9edf1", "border": 1, "border_color": "#d5dbe1"}),
        "head": book.add_format(
            {**base, "bold": True, "locked": True, "bg_color": "#1f4e5f", "font_color": "#ffffff", "bottom": 1}
        ),
        "head id": book.add_format(
            {**base, "bold": True, "locked": True, "bg_color": "#5f6b76", "font_color": "#ffffff", "bottom": 1}
        ),
        "title": book.add_format({**base, "bold": True, "font_size": 13, "font_color": "#1f4e5f"}),
        "plain": book.add_format({**base}),
    }  # fmt: skip


def _help(
    book: Any, looks: dict[str, Any], words: dict[str, str], shown: Sequence[Sheet], sources: bool
) -> None:
    page = book.add_worksheet("read me")
    page.hide_gridlines(2)
    page.set_column(0, 0, 16)
    page.set_column(1, 1, 100)
    line = 0
    for text, look in HELP:
        page.write_string(line, 0, text.format(**words), looks[look or "plain"])
        line += 1
    for name in [sheet.name for sheet in shown] + (["sources"] if sources else []):
        page.write_url(line, 0, f"internal:'{name}'!A1", string=name)
        page.write_string(line, 1, SAYS.get(name, f"The key `{name}` of the mapping."), looks["plain"])
        line += 1
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.protect()


def _sheet(
    book: Any,
    looks: dict[str, Any],
    sheet: Sheet,
    rows: Sequence[Row],
    lists: Mapping[str, str],
    choices: Mapping[str, Sequence[str]],
) -> None:
    page = book.add_worksheet(sheet.name)
    header = sheet.header()
    for column, name in enumerate(header):
        look = looks["wrapped"] if name in {"value", "text", "off"} else looks["text"]
        look = looks["note"] if name.startswith("comment") else look
        longest = max((len(line) for row in rows for line in row.cells.get(name, "").split("\n")), default=0)
        used = any(row.cells.get(name) for row in rows)
        narrow = max(len(name) + 3, 11)
        width = min(max(narrow, longest + 2), WIDE.get(name, 24)) if used else narrow
        page.set_column(column, column, width, look)
        page.write_string(
            0, column, name, looks["head id" if name in sheet.ids or name == "remove" else "head"]
        )
    for line, row in enumerate(rows, start=1):
        for column, name in enumerate(header):
            text = row.cells.get(name)
            if name in sheet.ids:
                page.write_string(line, column, text or "", looks["id"])
            elif text:
                look = looks["note"] if name.startswith("comment") else looks["text"]
                page.write_string(
                    line, column, text, looks["wrapped"] if name in {"value", "text", "off"} else look
                )
    for column, name in enumerate(header):
        source = _validation(sheet, name, lists, choices)
        if source is not None:
            page.data_validation(1, column, len(rows) + NEW_ROWS, column, source)
    page.freeze_panes(1, 1 + len(sheet.ids))
    page.autofilter(0, 0, max(len(rows), 1), len(header) - 1)
    page.protect(
        "",
        {"format_columns": True, "format_rows": True, "format_cells": True, "autofilter": True, "sort": True},
    )
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)


def _validation(
    sheet: Sheet, name: str, lists: Mapping[str, str], choices: Mapping[str, Sequence[str]]
) -> dict[str, Any] | None:
    """The dropdown of a column: closed where the language lists the words, else a proposal that may be overruled."""
    key, closed = f"{sheet.name}.{name}", True
    if name == "remove":
        return {"validate": "list", "source": ["x"], "error_message": "Write x, or leave it empty."}
    if key not in choices:
        key, closed = name, False
        if sheet.model is not None and name in sheet.columns:
            place = describe(fields(_model_of(sheet, name))[name])
            if "bool" in place.kinds:
                return {"validate": "list", "source": ["true", "false"]}
            if place.words and place.model is None:
                return {"validate": "list", "source": list(place.words)}
    if key not in lists or (key == name and name not in {"unit", "substance", "from"}):
        return None
    closed = closed and name not in {"name", "unit", "from", "of"}
    return {
        "validate": "list",
        "source": lists[key],
        "error_type": "stop" if closed else "information",
        "error_message": "It is not in the list." + ("" if closed else " Keep it if you are sure."),
    }


def _model_of(sheet: Sheet, name: str) -> Any:
    from milkqc.mapping.language import Analyte, Column, Comparison, Extra

    models = {"variables": (Column, Extra, Comparison), "analytes": (Analyte,)}.get(
        sheet.name, (sheet.model,)
    )
    return next(model for model in models if model is not None and name in fields(model))


def _choices(mapping: Any, rows: Sequence[Row], sources: Mapping[str, Any]) -> dict[str, list[str]]:
    """What dropdowns offer: by sheet and column, or by column alone."""
    from milkqc import reference
    from milkqc.mapping import targets

    blocks = [row.cells["block"] for row in rows if row.sheet == "blocks"]
    variables = dict.fromkeys(
        name for table in BLOCKS for name in (*targets.KEYS[table], *targets.mappable(table))
    )
    holders = dict.fromkeys(row.cells["of"] for row in rows if row.sheet in {"codes", "missing"})
    places = [
        ".".join((row.cells["block"], row.cells.get("section", "analytes"), row.cells["name"]))
        for row in rows
        if row.sheet in {"variables", "analytes"}
    ]
    found = {
        "variables.block": blocks,
        "analytes.block": blocks,
        "variables.section": [key for key, sheet in SECTIONS.items() if sheet == "variables"],
        "variables.name": list(variables),
        "analytes.name": sorted(reference.analytes()),
        "blocks.from": list(mapping.tables),
        "unmapped.table": list(mapping.tables),
        "codes.of": list(dict.fromkeys([*holders, *(f"{place}.codes" for place in places)])),
        "missing.of": list(dict.fromkeys(["missing", *holders, *(f"{place}.missing" for place in places)])),
        "comments.where": ["above", "beside", "after"],
        "unit": _units(),
        "substance": sorted(reference.analytes()),
    }
    if sources:
        columns = dict.fromkeys(column for listed in sources.values() for column, _, _ in listed)
        found["from"] = list(columns)
    found["codes.of"] = [one for one in found["codes.of"] if one.endswith("codes")]
    found["missing.of"] = [one for one in found["missing.of"] if not one.endswith(".codes")]
    return {key: values for key, values in found.items() if values}


def _units() -> list[str]:
    """The dictionary's and the analytes' own units, and what files have instead of them; others may be typed."""
    from milkqc import reference

    own = {column.unit for column in reference.dictionary().values() if column.unit}
    return sorted(own | {analyte.unit for analyte in reference.analytes().values()} | {"header"}.union(UNITS))


def _lists(choices: Mapping[str, Sequence[str]]) -> dict[str, str]:
    from xlsxwriter.utility import xl_col_to_name

    return {
        key: f"='{CHOICES}'!${xl_col_to_name(column)}$2:${xl_col_to_name(column)}${len(values) + 1}"
        for column, (key, values) in enumerate(choices.items())
    }


def _sources(book: Any, looks: dict[str, Any], sources: Mapping[str, Sequence[tuple[str, str, str]]]) -> None:
    page = book.add_worksheet("sources")
    for column, (head, width) in enumerate((("table", 16), ("column", 30), ("label", 60), ("used", 14))):
        page.set_column(column, column, width, looks["plain"])
        page.write_string(0, column, head, looks["head id"])
    line = 1
    for table, columns in sources.items():
        for name, label, used in columns:
            for at, cell in enumerate((table, name, label, used)):
                page.write_string(line, at, cell, looks["id"])
            line += 1
    page.freeze_panes(1, 2)
    page.autofilter(0, 0, max(line - 1, 1), 3)
    page.protect("", {"format_columns": True, "autofilter": True, "sort": True})
