"""A compound file (OLE2), the envelope of .xls: its streams by name, every chain of sectors followed once.

Source: Microsoft, [MS-CFB] Compound File Binary File Format.
"""

from __future__ import annotations

import struct

_END = 0xFFFFFFFE
_NONE = 0xFFFFFFFF
_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class BrokenError(Exception):
    """The file is cut off, or its chains run in circles."""


class Compound:
    """The streams of a compound file held in memory. BrokenError when it is not whole."""

    def __init__(self, content: bytes):
        if not content.startswith(_MARK) or len(content) < 512:
            raise BrokenError
        self._content = content
        shift, small_shift = struct.unpack_from("<HH", content, 30)
        if shift not in (9, 12) or small_shift != 6:
            raise BrokenError
        self._size = 1 << shift
        start, self._cutoff, small, _, more, _ = (
            *struct.unpack_from("<I", content, 48),
            *struct.unpack_from("<I", content, 56),
            *struct.unpack_from("<IIII", content, 60),
        )
        self._next = self._table(more)
        self._small_next = _numbers(self._chain(small)) if small not in (_END, _NONE) else []
        self._entries = self._directory(self._chain(start))
        root = self._entries.get("")
        self._small = self._chain(root[0]) if root and root[0] not in (_END, _NONE) else b""

    def names(self) -> set[str]:
        """The names of the streams, in lower case."""
        return set(self._entries) - {""}

    def stream(self, name: str) -> bytes:
        """All bytes of a stream. KeyError when there is none, BrokenError when it is cut off."""
        start, size = self._entries[name.lower()]
        if size >= self._cutoff:
            content = self._chain(start)
        else:
            content = b"".join(self._small[at * 64 : at * 64 + 64] for at in _follow(start, self._small_next))
        if len(content) < size:
            raise BrokenError
        return content[:size]

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._size
        sector = self._content[start : start + self._size]
        # The last sector of a file may be short, but it must be there.
        if not sector:
            raise BrokenError
        return sector.ljust(self._size, b"\0")

    def _table(self, more: int) -> list[int]:
        """Which sector follows which."""
        numbers = [n for n in struct.unpack_from("<109I", self._content, 76) if n not in (_END, _NONE)]
        seen = set()
        while more not in (_END, _NONE):
            if more in seen:
                raise BrokenError
            seen.add(more)
            *found, more = _numbers(self._sector(more))
            numbers += [n for n in found if n not in (_END, _NONE)]
        return [number for sector in numbers for number in _numbers(self._sector(sector))]

    def _chain(self, start: int) -> bytes:
        return b"".join(self._sector(number) for number in _follow(start, self._next))

    def _directory(self, content: bytes) -> dict[str, tuple[int, int]]:
        """Start and size by name in lower case; the root's under ''."""
        entries: dict[str, tuple[int, int]] = {}
        for at in range(0, len(content) - 127, 128):
            length, kind = struct.unpack_from("<HB", content, at + 64)
            start, size = struct.unpack_from("<II", content, at + 116)
            if kind == 5:
                entries[""] = (start, size)
            elif kind == 2 and 2 <= length <= 64:
                name = content[at : at + length - 2].decode("utf-16-le", "replace").lower()
                entries.setdefault(name, (start, size))
        return entries


def _numbers(content: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(content) // 4}I", content))


def _follow(start: int, following: list[int]) -> list[int]:
    found: list[int] = []
    seen: set[int] = set()
    while start != _END:
        if start in seen or start >= len(following):
            raise BrokenError
        seen.add(start)
        found.append(start)
        start = following[start]
    return found
