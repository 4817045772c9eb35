"""What all workbooks have in common, seen from outside before anything loads them: the zip, its parts, its size.

calamine lays out a sheet as one block up to its last cell, so one cell at XFD1048576 in a 5 KB file asks for
400 GB and aborts the process; and it gives an error cell (#DIV/0!) as a blank one. So each format is surveyed first.
"""

from __future__ import annotations

import html
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from milkqc.readers.files import File
from milkqc.readers.headers import Span

MAX_UNPACKED = 2 * 1024**3
MAX_SHEET = 512 * 1024**2
_MAX_RATIO = 250
DAMAGED = "Open it in Excel and save it again."
# RuntimeError is what zipfile raises for an encrypted entry.
UNZIP_ERRORS = (
    KeyError,
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)
# What Excel shows for the error codes of its binary formats ([MS-XLS] BErr).
ERROR_CODES = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}


@dataclass(frozen=True)
class Survey:
    """One sheet: rows and columns up to its last filled cell; error cells (a formula without a stored value is one)
    and negative numbers by (row, column), both from 0; merged ranges where the survey knows them (else null)."""

    rows: int
    columns: int
    errors: Mapping[tuple[int, int], str]
    negatives: Mapping[tuple[int, int], str]
    merged: tuple[Span, ...] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Workbook:
    """A workbook that passed the guards: its format, its worksheets in order with a way to survey each, those hidden."""

    format: str
    sheets: Mapping[str, Callable[[], Survey]]
    hidden: frozenset[str]


def guard(file: File, archive: zipfile.ZipFile) -> None:
    """SourceError for a zip that grows beyond belief, from its directory alone."""
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    large = any(entry.file_size > MAX_SHEET for entry in entries)
    if large or unpacked > MAX_UNPACKED or (unpacked > 50 * 1024**2 and unpacked > _MAX_RATIO * file.size):
        raise file.error(
            f"unpacks from {file.size:,} to {unpacked:,} bytes, more than is believable.",
            "Check that it is the right file, or export the sheet as CSV.",
        )


def part(file: File, archive: zipfile.ZipFile, name: str) -> bytes:
    """One part of the zip, its checksum compared; SourceError when it is damaged, not there, or brings entities."""
    try:
        content = archive.read(name)
    except UNZIP_ERRORS:
        raise file.error(f"is damaged: its part {name} cannot be unpacked.", DAMAGED) from None
    if b"<!DOCTYPE" in content[:4096] or b"<!ENTITY" in content[:4096]:
        raise file.error(f"its part {name} declares entities, which no workbook needs.", DAMAGED)
    return content


def relations(links: bytes, *, folder: str = "xl") -> dict[str, str]:
    """The parts that a relationships file points to, by id."""
    targets = {}
    for tag in re.findall(rb"<(?:\w+:)?Relationship\b[^>]*>", links):
        target = attribute(tag, "Target")
        targets[attribute(tag, "Id")] = target.lstrip("/") if target.startswith("/") else f"{folder}/{target}"
    return targets


def attribute(tag: bytes, name: str) -> str:
    """The value of an attribute whose name matches a pattern; '' where the tag has none."""
    found = re.search(rf"\s{name}=(?:\"([^\"]*)\"|'([^']*)')".encode(), tag)
    return html.unescape((found[1] or found[2] or b"").decode("utf-8", "replace")) if found else ""
