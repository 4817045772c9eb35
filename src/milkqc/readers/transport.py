"""Where things lie in a SAS transport file: 80-byte records, one NAMESTR per variable, then the rows.

Source: SAS Institute, TS-140, The record layout of a data set in SAS transport format (version 5, and 8 in its
"Record layout of a SAS version 8 or 9 data set").
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from milkqc.readers.files import File

RECORD = 80
_HEADER = b"HEADER RECORD*******"


@dataclass(frozen=True)
class Field:
    """One variable: where it stands in a row, in bytes."""

    offset: int
    length: int
    numeric: bool


@dataclass(frozen=True)
class Layout:
    """The first row's place in the file, the bytes of a row, and its fields in file order.

    `rows` is what version 8 says of their number; null in version 5, which does not.
    """

    start: int
    width: int
    columns: tuple[Field, ...]
    rows: int | None = None

    def possible(self, size: int) -> tuple[int, int]:
        """The least and the greatest number of rows that a file of so many bytes can hold: its end is padded."""
        bytes_ = max(size - self.start, 0)
        if not self.width:
            return 0, 0
        return -(-max(bytes_ - RECORD + 1, 0) // self.width), bytes_ // self.width


def layout(file: File) -> Layout:
    """The layout of the file's only data set; SourceError when it holds several, or its header is damaged."""
    content = file.content
    headers = _headers(content)
    sets = sum(name in (b"MEMBER", b"MEMBV8") for name, _ in headers)
    if sets > 1:
        raise file.error(f"holds {sets} data sets.", "Write each to a file of its own.")
    places = dict(headers)
    start, names = (
        places.get(short) or places.get(long)
        for short, long in ((b"OBS", b"OBSV8"), (b"NAMESTR", b"NAMSTV8"))
    )
    member = places.get(b"MEMBER") or places.get(b"MEMBV8")
    if not (start and names and member):
        raise file.error("is damaged: its header is not whole.", "Export or copy it again.")
    try:
        size = int(content[member - 6 : member - 2])
        count = int(content[names - 26 : names - 22])
    except ValueError:
        raise file.error("is damaged: its header is not whole.", "Export or copy it again.") from None
    if size < 88 or count < 0 or names + size * count > len(content):
        raise file.error("is cut off: its header is not whole.", "Export or copy it again.")
    fields = []
    for place in range(names, names + size * count, size):
        kind, _, length = struct.unpack_from(">hhh", content, place)
        (offset,) = struct.unpack_from(">i", content, place + 84)
        fields.append(Field(offset, length, kind == 1))
    width = max((field.offset + field.length for field in fields), default=0)
    if any(field.length <= 0 or field.offset < 0 for field in fields):
        raise file.error("is damaged: its header is not whole.", "Export or copy it again.")
    said = content[start - 32 : start - 2].strip() if b"OBSV8" in places else b""
    return Layout(start, width, tuple(fields), int(said) or None if said.isdigit() else None)


def _headers(content: bytes) -> list[tuple[bytes, int]]:
    """The header records' names, in order, and where the record after each begins."""
    found = []
    place = content.find(_HEADER)
    while place >= 0:
        if place % RECORD == 0:
            found.append((content[place + 20 : place + 28].split(b" ")[0], place + RECORD))
        place = content.find(_HEADER, place + 1)
    return found
