"""The pages of the workbook that are read and never read back: how to use it, and the columns of the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from milkqc.mapping.excel.layout import Sources
from milkqc.mapping.excel.sheets import Sheet

HOW = (
    ("What this is", (
        "The mapping of study {study} as a workbook: of each column of your files, what it is and in which unit.",
        "The file {name} is what counts. This workbook is one way to edit it.",
    )),
    ("What to do", (
        "1.  Change what is wrong. Every header has a note that says what belongs into its column.",
        "2.  Save it as an Excel workbook (.xlsx).",
        "3.  Have it read back:   milkqc mapping from-excel THIS.xlsx {name}",
        "It shows each changed line, or names the sheet, row and column of what cannot be used and changes nothing.",
        "If {name} was changed by somebody else meanwhile, you are told what changed on both sides.",
    )),
    ("How to ...", (
        "change a unit:   sheet variables, column unit. It is the unit in your file, never that of the result.",
        "add a variable:   the first empty row below the table. Fill block, section (columns), name, from, unit.",
        "take one away:   write x in its column remove. Its codes go with it.",
        "rename a column of the file:   sheet variables, column from.",
        "say what a code means:   sheet codes, a new row: whose codes (of), the code, its meaning.",
        "say why a value is missing:   sheet missing, a new row: missing alone holds for the whole study.",
        "leave a column out:   sheet unmapped, a new row: its table and its name.",
        "settle what is undecided (yellow):   clear match and note, and leave one column in from.",
    )),
    ("How cells are written", (
        "Every cell is text: no, 012, 12:30 and 1/2 stay as they are, and nothing becomes a date or a number.",
        "Several things stand in brackets: [LEN1, LEN2]. Keys with values in braces: {{by: PLATE, values: {{P1: 5}}}}.",
        "Columns that this study does not use are hidden; the note of the header more says how to see them.",
        "Formulas are refused: the mapping keeps what you type, not what a spreadsheet makes of it.",
    )),
)  # fmt: skip
COLOURS = (
    ("id", "names what the row speaks of; locked in rows that exist (Review, Unprotect: there is no password)"),
    ("info", "explains, and is never read back; locked"),
    ("text", "yours to change"),
    ("new", "yours to fill: the next new rows"),
    ("undecided", "not decided yet, or unsure"),
    ("comment", "a comment of the mapping; a draft writes its evidence there"),
)  # fmt: skip
SAYS = {
    "study": "What holds for the whole study, place by place.",
    "tables": "The source tables: which file each is.",
    "blocks": "Which source table fills which target table, and how rows are found, linked and chosen.",
    "variables": "Every mapped variable: from which column, in which unit, how it is read.",
    "analytes": "Every analyte of the laboratory.",
    "codes": "What each code of a coded column means.",
    "missing": "Codes that mean missing, and why.",
    "unmapped": "Source columns that are left out knowingly.",
    "schedule": "The planned visits.",
    "expectations": "The study's own rules, and changes to rules.",
    "golden": "Example rows of the files, and what they must become.",
    "comments": "Comments of the mapping that belong to no row of the other sheets.",
    "sources": "The columns of the source files, as they were found. For reading only.",
}


def read_me(
    book: Any,
    styles: Mapping[str, Any],
    words: Mapping[str, str],
    counts: Mapping[str, int],
) -> None:
    """The first page: what to do, in plain words, the colours, and the sheets with how many rows each has."""
    page = book.add_worksheet("read me")
    page.hide_gridlines(2)
    page.set_column(0, 0, 16, styles["plain"])
    page.set_column(1, 1, 108, styles["plain"])
    page.write_string(0, 0, words["title"], styles["heading"])
    line = 2
    for title, texts in HOW:
        page.write_string(line, 0, title, styles["title"])
        for text in texts:
            line += 1
            page.write_string(line, 0, text.format(**words), styles["plain"])
        line += 2
    page.write_string(line, 0, "Colours", styles["title"])
    for style, text in COLOURS:
        line += 1
        page.write_string(line, 0, "", styles[style])
        page.write_string(line, 1, text, styles["plain"])
    line += 2
    page.write_string(line, 0, "The sheets", styles["title"])
    for name, count in counts.items():
        line += 1
        page.write_url(line, 0, f"internal:'{name}'!A1", string=name)
        rows = f"{count} row{'' if count == 1 else 's'}" if count else "empty"
        page.write_string(
            line, 1, f"{SAYS.get(name, f'The key {name} of the mapping.')} ({rows})", styles["plain"]
        )
    on_paper(page, "read me", words["study"])
    page.protect()


def sources(book: Any, styles: Mapping[str, Any], columns: Sources, study: str) -> None:
    """Every column of the source files with its label, and whether the mapping uses it; those unused are yellow."""
    page = book.add_worksheet("sources")
    for column, (head, width) in enumerate((("table", 16), ("column", 34), ("label", 60), ("used", 14))):
        page.set_column(column, column, width, styles["plain"])
        page.write_string(0, column, head, styles["head id"])
    line = 1
    for table, listed in columns.items():
        for name, label, used in listed:
            for at, cell in enumerate((table, name, label, used or "not mapped")):
                page.write_string(line, at, cell, styles["info" if used else "undecided"])
            line += 1
    page.freeze_panes(1, 2)
    page.autofilter(0, 0, max(line - 1, 1), 3)
    on_paper(page, "sources", study)
    page.protect("", {"format_columns": True, "autofilter": True, "sort": True})


def on_paper(page: Any, name: str, study: str, *, area: tuple[int, int] | None = None) -> None:
    """A4 across, one page wide, the header on each page, study and page number below.

    `area` are the last row and column to be printed, from 0; all without it.
    """
    page.set_landscape()
    page.set_paper(9)
    page.set_margins(0.4, 0.4, 0.5, 0.6)
    page.fit_to_pages(1, 1 if name == "read me" else 0)
    if area is not None:
        page.print_area(0, 0, *area)
    page.set_footer(f"&L{study.replace('&', '&&')}: {name}&Rpage &P of &N")
    if name != "read me":
        page.repeat_rows(0)


def counted(shown: Sequence[Sheet], numbers: Mapping[str, int], columns: Sources | None) -> dict[str, int]:
    """How many rows each sheet of the workbook has, in its order."""
    listed = {} if columns is None else {"sources": sum(map(len, columns.values()))}
    return {**{sheet.name: numbers.get(sheet.name, 0) for sheet in shown}, **listed}
