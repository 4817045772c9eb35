"""On which line of a delimited file a row of data begins: looked up only when a message needs it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Protocol

from milkqc.errors import SourceError
from milkqc.readers.encodings import decode
from milkqc.readers.files import File


class Named(Protocol):
    """What messages speak of: a file, or an answer that never was one."""

    @property
    def name(self) -> str:
        """What it is called."""

    def error(self, what: str, todo: str) -> SourceError:
        """A SourceError about it."""


def lines_of(
    file: File, names: Sequence[str] | None, rows: Sequence[int], *, encoding: str | None = None
) -> list[int]:
    """The line on which each of the data rows `rows` (from 0) of a file begins, from 1.

    `names` are its columns by the header, which tell the delimiter; None for a comma-separated file without one.
    """
    text, _, _ = decode(file, encoding)
    skipped = 0
    if text[:4].lower() == "sep=":
        text, skipped = text.split("\n", 1)[-1], 1
    for delimiter in (",", ";", "\t", "|", "^"):
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        if names is not None and [cell.strip() for cell in next(reader, [])][: len(names)] != list(names):
            continue
        begins: list[int] = []
        before = reader.line_num
        for record in reader:
            if record:
                begins.append(before + 1 + skipped)
            before = reader.line_num
        return [begins[row] for row in rows]
    return [row + 2 for row in rows]
