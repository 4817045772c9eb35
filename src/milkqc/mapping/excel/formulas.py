"""Which cells of a workbook hold formulas. Readers of cells give only what a formula came to when it was saved."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import ParseError

RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


def formulas(path: Path) -> set[tuple[str, int, int]]:
    """The cells that hold a formula: sheet, row from 1, column from 0. Raises ValueError for a damaged workbook."""
    try:
        with zipfile.ZipFile(path) as packed:
            return {cell for name, part in _sheets(packed) for cell in _cells(packed, name, part)}
    except (KeyError, ParseError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path.name}: {error}") from None


def _sheets(packed: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """The sheets by name, with the part of the file that each is in."""
    from defusedxml.ElementTree import fromstring

    targets = {
        one.get("Id"): one.get("Target", "") for one in fromstring(packed.read("xl/_rels/workbook.xml.rels"))
    }
    for one in fromstring(packed.read("xl/workbook.xml")).iter():
        if one.tag.endswith("}sheet"):
            target = targets.get(one.get(f"{RELATIONS}id"), "")
            yield one.get("name", ""), target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


def _cells(packed: zipfile.ZipFile, name: str, part: str) -> Iterator[tuple[str, int, int]]:
    text = packed.read(part)
    if b"<f" not in text:
        return
    from defusedxml.ElementTree import fromstring

    for cell in fromstring(text).iter():
        if cell.tag.endswith("}c") and any(inner.tag.endswith("}f") for inner in cell):
            place = CELL.fullmatch(cell.get("r", ""))
            if place is not None:
                column = 0
                for letter in place[1]:
                    column = column * 26 + ord(letter) - 64
                yield name, int(place[2]), column - 1
