"""How a sheet looks: which columns come first, which are hidden, how wide they and how high its rows are.

A column that the study does not use is hidden, unless people fill it often: twenty empty columns hide the four
that matter. Columns that only explain a row (`source table`, `label`) are never read back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from milkqc.mapping.excel.choices import model_of
from milkqc.mapping.excel.sheets import COMMENTS, INFO, Row, Sheet
from milkqc.mapping.form.words import meaning

Sources = Mapping[str, Sequence[tuple[str, str, str]]]
NARROW, WIDEST, LINE = 8, 28, 13.5  # characters, characters, points
WIDE = {
    "value": 60,
    "text": 90,
    "off": 50,
    "cells": 44,
    "gives": 44,
    "of": 46,
    "controls": 60,
    "with": 36,
    "comment above": 40,
    "comment beside": 46,
    "label": 26,
    "limit": 40,
}
# Shown whether or not the study uses them, in this order; all others only where they are used.
USUAL = {
    "tables": ("file", "format", "sheet"),
    "blocks": ("from",),
    "variables": ("from", "unit", "do", "format"),
    "analytes": ("from", "unit", "substance", "method", "limit"),
    "golden": ("table", "from", "cells", "gives"),
    "expectations": ("file", "rule", "off", "min", "max", "reason"),
}
OWN_WORDS = {
    "remove": "Write x to take the row away; its codes and reasons go with it.",
    "place": "Which thing of the study, by its place in the mapping.",
    "value": "What it is. Several in brackets: [iodine, retinol].",
    "table": "The source table, by the name it has in the sheet tables.",
    "column": "The source column; * stands for any letters.",
    "visit": "The planned visit's name, as codes of visits give it.",
    "block": "Which block the row belongs to: growth, or growth[2] for the second of several.",
    "section": "key: whose row it is. columns: a variable. let: a value on the way. extra: a column of your own. compare: a value of the study's own.",
    "name": "The variable. The dropdown holds those that milkqc knows.",
    "of": "Whose codes: the block, section and name of its row, and .codes or .missing. The dropdown holds them.",
    "code": "The code as the file has it. Text: 01 stays 01.",
    "meaning": "What the code means: a word of the dictionary, or of your own for text.",
    "reason": "Why the value is missing: not_done, refused, unknown ...",
    "where": "above, beside or after that place.",
    "text": "The comment.",
    "more": "What has no column here, as the mapping writes it: {key: value}. Rarely needed.",
    "comment above": "A comment on the lines above it in the mapping.",
    "comment beside": "A comment beside it in the mapping. A draft writes its evidence here.",
    "source table": "For reading only: the table that the block reads.",
    "source column": "For reading only: the column that holds the code.",
    "label": "For reading only: what the variable is, and the unit that it becomes.",
    "source label": "For reading only: what the file says of its column.",
}


@dataclass(frozen=True)
class Look:
    """One column of a sheet. `kind` is id, info, comment or value; `note` is the text of its header's note."""

    name: str
    kind: str
    width: float
    hidden: bool
    note: str


def looks(sheet: Sheet, rows: Sequence[Row], told: Mapping[str, Sequence[str]]) -> list[Look]:
    """The columns in the order in which they stand; `told` are the cells of the columns that only explain."""
    used = {name for row in rows for name, text in row.cells.items() if text}
    usual = USUAL.get(sheet.name, sheet.columns)
    shown = [*usual, *(name for name in sheet.columns if name in used and name not in usual)]
    comments = [] if sheet.name == "comments" else list(reversed(COMMENTS))
    # A place in `more` is seldom needed, and then it ends the sheet: what is hidden stands before it.
    hidden = [name for name in sheet.columns if name not in shown]
    hidden += [name for name in comments if name not in used]
    more = [name for name in ("more",) if name in sheet.header()]
    order: list[str] = ["remove"]
    for name in (*sheet.ids, *shown):
        order.append(name)
        order += [info for info, after in INFO.get(sheet.name, {}).items() if after == name and info in told]
    order += [name for name in comments if name in used] + hidden + more
    return [
        Look(name, _kind(sheet, name), _width(name, rows, told), name in hidden, _note(sheet, name, hidden))
        for name in order
    ]


def _kind(sheet: Sheet, name: str) -> str:
    if name in INFO.get(sheet.name, {}):
        return "info"
    if name in COMMENTS:
        return "comment"
    return "id" if name in sheet.ids else "value"


def _width(name: str, rows: Sequence[Row], told: Mapping[str, Sequence[str]]) -> float:
    if name == "remove":
        return 9
    cells = told[name] if name in told else [row.cells.get(name, "") for row in rows]
    longest = max((len(line) for cell in cells for line in cell.split("\n")), default=0)
    return min(max(longest + 2, len(name) + 3, NARROW), WIDE.get(name, WIDEST))


def _note(sheet: Sheet, name: str, hidden: Sequence[str]) -> str:
    model = model_of(sheet, name) if name in sheet.columns else None
    note = (meaning(model, name) if model is not None else "") or OWN_WORDS.get(name, "")
    if name == "more" and hidden:
        note += (
            f"\n\nHidden left of here, because this study does not use them: {', '.join(hidden)}. To see them, "
            "mark the columns on both sides, right-click, Unhide (LibreOffice: Show Columns)."
        )
    return note


def height(cells: Mapping[str, str], columns: Sequence[Look]) -> float | None:
    """How high a row must be for all of its wrapped cells, in points; null for one line."""
    lines = 1
    for look in columns:
        if look.hidden or look.kind == "id":
            continue
        # Not every line breaks where it is full: words stay whole.
        room = max(look.width * 1.2 - 1, 4)
        count = sum(max(1, math.ceil(len(line) / room)) for line in cells.get(look.name, "").split("\n"))
        lines = max(lines, count)
    return None if lines == 1 else min(lines * LINE + 2, 400)


def explanations(sheet: Sheet, rows: Sequence[Row], every: Sequence[Row], sources: Sources | None) -> dict[str, list[str]]:  # fmt: skip
    """The cells of the columns that only explain, by column; a column without any is left out."""
    tables = {row.cells["block"]: row.cells.get("from", "") for row in every if row.sheet == "blocks"}
    columns = {_place(row): row for row in every if row.sheet in {"variables", "analytes"}}
    labels = {(table, name): label for table, listed in (sources or {}).items() for name, label, _ in listed}

    def cell(row: Row, name: str) -> str:
        block = row.cells.get("block", "")
        if name == "source table":
            return tables.get(block, "")
        if name == "label":
            return _label(block.partition("[")[0], row.cells["name"], sheet.name)
        if name == "source column":
            return (
                columns[place].cells.get("from", "")
                if (place := row.cells["of"].rpartition(".")[0]) in columns
                else ""
            )
        if sheet.name == "unmapped":
            return labels.get((row.cells["table"], row.cells["column"]), "")
        return labels.get((tables.get(block, ""), row.cells.get("from", "")), "")

    found = {name: [cell(row, name) for row in rows] for name in INFO.get(sheet.name, {})}
    return {name: cells for name, cells in found.items() if any(cells)}


def _place(row: Row) -> str:
    return ".".join((row.cells["block"], row.cells.get("section", "analytes"), row.cells["name"]))


def _label(table: str, name: str, sheet: str) -> str:
    """What a variable or analyte is, and its unit; empty for names of the study's own."""
    from milkqc import reference

    if sheet == "analytes":
        analyte = reference.analytes().get(name)
        return f"{analyte.name}, {analyte.unit}" if analyte is not None else ""
    column = reference.dictionary().get((table, name))
    if column is None:
        return ""
    unit = column.unit if column.unit and column.unit != "by analyte" else ""
    return f"{column.label}, {unit}" if unit else column.label
