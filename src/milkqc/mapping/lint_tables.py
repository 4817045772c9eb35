"""What is wrong with how a source table says its files are to be read."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from milkqc.mapping.faults import FaultList
from milkqc.mapping.language import Plate, Table
from milkqc.yamlfile import Path_

# Where the rows of a sheet or a text file stand; other formats have no rows to choose from.
_ROWS = ("separator", "unit_row", "first_row", "last_row", "until", "section", "plate")
_TYPED = {"dta", "sav", "zsav", "por", "xpt", "sas7bdat", "redcap", "stata", "spss", "sas"}
_TOGETHER = (
    ("section", "header_row", "the header of a section is the line below its title"),
    ("section", "names", "the header of a section is the line below its title"),
    ("section", "first_row", "a section begins by itself"),
    ("section", "last_row", "a section ends at a blank line, or at `until`"),
    ("until", "last_row", "both say where the table ends"),
)
_WELLS = ("plate", "title", "well", "row", "column", "value")


def table(name: str, spec: Table, faults: FaultList) -> None:
    """Note options of one source table that are incomplete or do not go together."""
    path: Path_ = ("tables", name)
    if spec.header_row == "none" and spec.names is None and spec.format != "redcap":
        faults.add(
            (*path, "header_row"), "M123", "a file without a header needs names.", "Add `names: [...]`."
        )
    if spec.names is not None and len(set(spec.names)) < len(spec.names):
        faults.add((*path, "names"), "M123", "a name stands twice.", "Give every column its own name.")
    if spec.format == "redcap" and spec.dictionary is None:
        faults.add(
            path,
            "M111",
            "a REDCap export needs its data dictionary.",
            "Add `dictionary: ..._DataDictionary.csv`.",
        )
    if spec.decimal is not None and spec.decimal == spec.thousands:
        faults.add(
            (*path, "thousands"), "M123", "decimal and thousands separator are the same.", "Change one."
        )
    _rows(path, spec, faults)
    if spec.plate is not None:
        _plate(path, spec, spec.plate, faults)


def _rows(path: Path_, spec: Table, faults: FaultList) -> None:
    kind = spec.format or PurePosixPath(spec.file).suffix.lower().removeprefix(".")
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
