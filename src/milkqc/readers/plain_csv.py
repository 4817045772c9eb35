"""Long CSV text by columns at once, where it surely holds the cells that Python's strict csv finds; else nothing.

Python's csv makes an object of each cell. polars does not, but forgives what must be a fault here (rows that are too
short, quotes amiss), so the text is looked through first: only text that leaves no choice is given to it.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Below this many characters Python's csv is quick enough.
LONG = 1_000_000
_PIECE = 1 << 24
_QUOTE, _LF, _CR = 34, 10, 13
_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Plain:
    """The rows as a String frame, '' as it stands, and how many line breaks stand inside cells."""

    frame: pl.DataFrame
    breaks: int


def plain(text: str, names: Sequence[str], delimiter: str, *, max_cells: int) -> Plain | None:
    """The rows of `text`, which has no header, or None where Python's csv must look at it.

    None for rows of another width than `names`, empty lines, a quotation mark that is not at a cell's edge or
    doubled within one, a line end that is a single CR, a cell above csv's limit, more than `max_cells`, one column.
    """
    if len(names) < 2 or len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n':
        return None
    try:
        body = text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return None
    if not body or body.startswith(_MARK):
        return None
    body = body if body.endswith((b"\n", b"\r")) else body + b"\n"
    looked = _Look(body, ord(delimiter), len(names))
    if not looked.sure or looked.rows * len(names) > max_cells:
        return None
    frame = pl.read_csv(
        looked.with_single_ends(),
        has_header=False,
        schema=dict.fromkeys(names, pl.String),
        separator=delimiter,
        quote_char='"' if looked.quoted else None,
    )
    return Plain(frame.fill_null(""), looked.breaks) if frame.height == looked.rows else None


class _Look:
    """One look through the bytes, piece by piece: is each of them where only one reading is possible?"""

    def __init__(self, body: bytes, delimiter: int, width: int):
        import numpy as np

        self._np: Any = np
        self._body = np.frombuffer(body, dtype=np.uint8)
        self._delimiter, self._width = delimiter, width
        self._inside = np.uint8(0)
        # Since the last line end: cells that are over; and where the last cell ended.
        self._cells, self._end = 0, -1
        self._returns: list[NDArray[np.int64]] = []
        self.rows = self.breaks = 0
        self.quoted = False
        self.sure = all(self._piece(start) for start in range(0, len(body), _PIECE)) and not (
            self._inside or self._cells
        )

    def _piece(self, start: int) -> bool:
        np = self._np
        here = self._body[start : start + _PIECE]
        quotes = here == _QUOTE
        # 1 from an opening quotation mark up to, not with, the closing one.
        inside = np.bitwise_xor.accumulate(quotes.view(np.uint8), dtype=np.uint8) ^ self._inside
        self._inside = inside[-1]
        outside = inside == 0
        if quotes.any():
            self.quoted = True
            if not self._at_edges(np.flatnonzero(quotes) + start, outside[quotes]):
                return False
        return self._line_ends(here, outside, start) and self._widths(here, outside, start)

    def _at_edges(self, at: NDArray[np.int64], closing: NDArray[np.bool_]) -> bool:
        """Whether each mark that opens follows a delimiter, a line end or a mark, and each that closes precedes one."""
        np, body = self._np, self._body
        opens, closes = at[~closing], at[closing]
        before = body[opens[opens > 0] - 1]
        after = body[closes[closes + 1 < len(body)] + 1]
        edges = np.zeros(256, dtype=bool)
        edges[[self._delimiter, _LF, _QUOTE]] = True
        well = bool(edges[before].all())
        edges[_CR] = True  # followed by LF, as the line ends are looked at
        return well and bool(edges[after].all())

    def _line_ends(self, here: NDArray[np.uint8], outside: NDArray[np.bool_], start: int) -> bool:
        """Whether each CR between cells belongs to a line end of two characters; breaks inside cells are counted."""
        np, body = self._np, self._body
        within = ~outside
        self.breaks += int(((here == _LF) & within).sum())
        returns = here == _CR
        if not returns.any():
            return True
        at = np.flatnonzero(returns) + start
        followed = np.zeros(len(at), dtype=bool)
        followed[at + 1 < len(body)] = body[at[at + 1 < len(body)] + 1] == _LF
        between = outside[at - start]
        self.breaks += int((~between & ~followed).sum())
        self._returns.append(at[between])
        return bool(followed[between].all())

    def _widths(self, here: NDArray[np.uint8], outside: NDArray[np.bool_], start: int) -> bool:
        """Whether each line has as many cells as there are names, none too long for Python's csv."""
        np = self._np
        ends = np.flatnonzero(((here == self._delimiter) | (here == _LF)) & outside)
        lines = np.flatnonzero(here[ends] == _LF)
        first = self._width - 1 - self._cells
        if not np.array_equal(lines, np.arange(first, len(ends), self._width)):
            return False
        self._cells = (self._cells + len(ends)) % self._width
        self.rows += len(lines)
        if not len(ends):
            return True
        lengths = np.diff(ends + start, prepend=self._end)
        self._end = int(ends[-1]) + start
        # Each with the delimiter before it.
        return bool(lengths.max() <= csv.field_size_limit() + 1)

    def with_single_ends(self) -> bytes:
        """The bytes, with LF for each line end of two characters between cells."""
        if not any(len(at) for at in self._returns):
            return bytes(self._body.data)
        np = self._np
        return bytes(np.delete(self._body, np.concatenate(self._returns)).data)
