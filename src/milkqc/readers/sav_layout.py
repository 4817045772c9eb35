"""Where the rows of an SPSS .sav begin and how wide they are, so that more rows than its header says are noticed.

pyreadstat stops at the header's number of rows, whatever follows; one damaged byte there costs rows silently.
Source: the GNU PSPP manual, "System File Format".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from mmap import mmap

_HEADER = 176
Bytes = bytes | mmap


@dataclass(frozen=True)
class Rows:
    """`said` is the header's number of rows, null when it gives none; `compressed` rows have no fixed width.

    `start` and `width` are bytes: where the first row lies, and how long a row is. `numbers` are the places in a row
    of the numeric variables, in the file's order; `order` is the byte order for struct and numpy.
    """

    said: int | None
    compressed: bool
    start: int
    width: int
    numbers: tuple[int, ...]
    order: str


def rows(content: Bytes) -> Rows | None:
    """What the dictionary says of the rows; None when it cannot be followed."""
    try:
        return _walk(content)
    except (struct.error, IndexError):
        return None


def _walk(content: Bytes) -> Rows | None:
    order = "<" if struct.unpack_from("<i", content, 64)[0] in (2, 3) else ">"

    def number(at: int) -> int:
        return int(struct.unpack_from(f"{order}i", content, at)[0])

    compression, said = number(72), number(80)
    at, cells = _HEADER, 0
    numbers: list[int] = []
    while True:
        kind = number(at)
        at += 4
        if kind == 999:
            return Rows(
                said if said >= 0 else None, compression != 0, at + 4, 8 * cells, tuple(numbers), order
            )
        if kind == 2:
            # A long text has a record for each eight bytes, all but the first of type -1.
            if number(at) == 0:
                numbers.append(8 * cells)
            cells += 1
            labelled, missing = number(at + 4), number(at + 8)
            at += 28
            if labelled:
                at += 4 + -(-number(at) // 4) * 4
            at += 8 * abs(missing)
        elif kind == 3:
            at = _labels(content, at, number(at))
            if number(at) != 4:
                return None
            at += 8 + 4 * number(at + 4)
        elif kind == 6:
            at += 4 + 80 * number(at)
        elif kind == 7:
            at += 12 + number(at + 4) * number(at + 8)
        else:
            return None
        if not _HEADER <= at <= len(content):
            return None


def _labels(content: Bytes, at: int, count: int) -> int:
    """The place behind `count` value labels, each padded to eight bytes with its length."""
    at += 4
    for _ in range(count):
        at += 8
        at += -(-(content[at] + 1) // 8) * 8
    return at
