"""What is wrong with how a source table says its files are to be read."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from milkqc.mapping.faults import FaultList
from milkqc.mapping.language import REDCAP_FORMATS, Plate, Table
from milkqc.yamlfile import Path_

# Where the rows of a sheet or a text file stand; other formats have no rows to choose from.
_ROWS = ("separator", "unit_row", "first_row", "last_row", "until", "section", "plate")
_TYPED = {"dta", "sav", "zsav", "por", "xpt", "sas7bdat", "stata", "spss", "sas", "xml", *REDCAP_FORMATS}
_TOGETHER = (
    ("section", "header_row", "the header of a section is the line below its title"),
    ("section", "names", "the header of a section is the line below its title"),
    ("section", "first_row", "a section begins by itself"),
    ("section", "last_row", "a section ends at a blank line, or at `until`"),
    ("until", "last_row", "both say where the table ends"),
)
# Delimiters that go by a name.
_NAMED = ("comma", "semicolon", "tab", "\\t", "pipe", "space")
_WELLS = ("plate", "title", "well", "row", "column", "value")


def table(name: str, spec: Table, faults: FaultList) -> None:
    """Note options of one source table that are incomplete or do not go together."""
    path: Path_ = ("tables", name)
    if spec.header_row == "none" and spec.names is None and spec.format not in REDCAP_FORMATS:
        faults.add(
            (*path, "header_row"), "M123", "a file without a header needs names.", "Add `names: [...]`."
        )
    if spec.names is not None and len(set(spec.names)) < len(spec.names):
        faults.add((*path, "names"), "M123", "a name stands twice.", "Give every column its own name.")
    if spec.decimal is not None and spec.decimal == spec.thousands:
        faults.add(
            (*path, "thousands"), "M123", "decimal and thousands separator are the same.", "Change one."
        )
    if spec.delimiter is not None and len(spec.delimiter) != 1 and spec.delimiter not in _NAMED:
        what = f"{spec.delimiter!r} is more than one character."
        faults.add(
            (*path, "delimiter"), "M113", what, f'Write it as it stands (";"), or {", ".join(_NAMED)}.'
        )
    kind = spec.format or PurePosixPath(spec.file or "").suffix.lower().removeprefix(".")
    if spec.sheet is not None and kind in {"csv", "txt", "tsv", "tab", *_TYPED}:
        faults.add((*path, "sheet"), "M123", f"a {kind} file has no sheets.", "Take `sheet` out.")
    _place(path, spec, faults)
    _redcap(path, spec, faults)
    _rows(path, spec, faults)
    if spec.plate is not None:
        _plate(path, spec, spec.plate, faults)


def _place(path: Path_, table: Table, faults: FaultList) -> None:
    """A table is a file, or a project on a REDCap server; never both."""
    if table.format != "redcap_api":
        if table.file is None:
            faults.add(path, "M111", "the key `file` is missing.", "Add `file:`.")
        for key in ("url", "project"):
            if getattr(table, key) is not None:
                faults.add(
                    (*path, key), "M123", f"`{key}` is for `format: redcap_api`.", "Say so, or take it out."
                )
        return
    if table.file is not None:
        faults.add((*path, "file"), "M123", "a project on a server has no file.", "Take `file` out.")
    for key, what in (("url", "the address of the API"), ("project", "a name of your own for the project")):
        if getattr(table, key) is None:
            faults.add(path, "M111", f"the key `{key}` is missing.", f"Add `{key}:`, {what}.")
    if table.url is not None and not table.url.startswith("https://"):
        faults.add(
            (*path, "url"),
            "M123",
            "the address does not begin with https://.",
            "A token must travel encrypted.",
        )
    if table.project is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", table.project):
        faults.add(
            (*path, "project"),
            "M113",
            "this cannot name a project.",
            "Use letters, digits, dash and underscore.",
        )


def _redcap(path: Path_, table: Table, faults: FaultList) -> None:
    if table.format in {"redcap", "redcap_labels"} and table.dictionary is None:
        faults.add(
            path,
            "M111",
            "a REDCap export needs its data dictionary.",
            "Add `dictionary: ..._DataDictionary.csv`, or the project's XML.",
        )
    if table.format == "redcap_syntax" and table.syntax is None:
        faults.add(
            path,
            "M111",
            "an export without a header needs the syntax file that names its columns.",
            "Add `syntax: ..._SPSS_....sps` (or .sas, .do, .r).",
        )
    if table.syntax is not None and table.format != "redcap_syntax":
        faults.add(
            (*path, "syntax"),
            "M123",
            "a syntax file explains only an export of `format: redcap_syntax`.",
            "Say that format, or take `syntax` out.",
        )
    if table.format in REDCAP_FORMATS or (table.file or "").lower().endswith(".xml"):
        return
    for key in ("form", "mixed", "missing_codes", "dictionary", "event_forms"):
        if getattr(table, key) is not None:
            faults.add(
                (*path, key),
                "M123",
                f"`{key}` is for exports of REDCap, and the table's format is {table.format or 'told by its ending'}.",
                f"Say `format: redcap` (or {', '.join(REDCAP_FORMATS[1:])}), or take `{key}` out.",
            )


def _rows(path: Path_, spec: Table, faults: FaultList) -> None:
    kind = spec.format or PurePosixPath(spec.file or "").suffix.lower().removeprefix(".")
    for key in _ROWS if kind in _TYPED else ():
        if getattr(spec, key) is not None:
            faults.add(
                (*path, key),
                "M123",
                f"`{key}` is for text and workbooks.",
                f"A {kind} file needs none: take it out.",
            )
    for key, other, why in _TOGETHER:
        if getattr(spec, key) is not None and getattr(spec, other) is not None:
            faults.add(
                (*path, other),
                "M123",
                f"`{key}` and `{other}` do not go together: {why}.",
                "Keep one of them.",
            )
    header = spec.header_row if isinstance(spec.header_row, tuple) else ()
    if sorted(set(header)) != list(header):
        faults.add(
            (*path, "header_row"),
            "M123",
            "the header rows do not go from top to bottom.",
            "Write them like [3, 4].",
        )
    if spec.separator is not None and len(header) < 2:
        faults.add(
            (*path, "separator"),
            "M123",
            "`separator` joins the cells of several header rows.",
            "Take it out.",
        )
    top = max(header, default=0)
    for key in ("unit_row", "first_row", "last_row"):
        row = getattr(spec, key)
        if row is None:
            continue
        if row <= top:
            faults.add(
                (*path, key),
                "M123",
                f"row {row} is not below the row before it ({top}).",
                "Count from the top, from 1.",
            )
        top = max(top, row if key != "last_row" else top)


def _plate(path: Path_, spec: Table, plate: Plate, faults: FaultList) -> None:
    where = (*path, "plate")
    for key in ("header_row", "names", *_ROWS[:-1]):
        if getattr(spec, key) is not None:
            faults.add(
                (*path, key),
                "M123",
                f"`plate` and `{key}` do not go together: a grid has no header.",
                "Keep one.",
            )
    if bool(plate.start) == (plate.corner is not None):
        faults.add(
            where,
            "M123",
            "a plate has a start or a corner.",
            "Write `start: B11`, or `corner: Abs` for all such grids.",
        )
    for place, cell in enumerate(plate.start):
        if re.fullmatch(r"[A-Za-z]{1,3}[1-9][0-9]{0,6}", cell) is None:
            faults.add(
                (*where, "start", place),
                "M113",
                f"{cell!r} is no cell.",
                "Write the first well's cell, such as B11.",
            )
    for name in plate.beside:
        if name in _WELLS:
            faults.add(
                (*where, "beside", name),
                "M123",
                f"the list has a column {name!r} already.",
                "Take another name.",
            )
