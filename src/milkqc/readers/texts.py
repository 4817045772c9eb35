"""Texts of statistical files, which come as bytes: one encoding for all of a file, decoded strictly and by Python.

ReadStat decodes piece by piece and loses letters with encodings that keep a state (it turns `region` into `gregio`
in WINDOWS-1258), and takes Windows-1252 for granted where a file does not say.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from typing import NoReturn

import polars as pl

from milkqc.readers.answers import RefusedError


class Decoder:
    """Finds the first of `encodings` that fits every text that it is shown, then decodes by it.

    A text may end in the middle of a letter, because its column was too narrow: the piece is left out and counted. Where
    there are several encodings to try, one that would cut letters must fit more texts wholly than it cuts, or else
    `Café` in Windows-1252 would be `Caf` in UTF-8.
    """

    def __init__(self, encodings: Iterable[str]):
        self._asked = tuple(encodings)
        self._whole = dict.fromkeys(self._asked, 0)
        self._cut = dict.fromkeys(self._asked, 0)
        self._known: dict[bytes, str] = {}
        self._left_out = 0
        # ISO 2022 writes every letter in seven bits and changes alphabets by an escape: it only looks like ASCII.
        self._escapes = any(name.startswith(("iso2022", "hz")) for name in self._asked)

    def plain(self, text: bytes) -> bool:
        """Whether a text is the same in all of the encodings."""
        return text.isascii() and not (
            self._escapes and any(mark in text for mark in (b"\x1b", b"\x0e", b"~"))
        )

    def foreign(self, column: pl.Series) -> list[str]:
        """The different texts of a column, decoded as LATIN1, that are not plain."""
        if self._escapes:
            return [text for text in column.unique().drop_nulls() if not self.plain(text.encode("latin-1"))]
        return column.filter(column.str.len_bytes() != column.str.len_chars()).unique().to_list()

    def look(self, texts: Iterable[bytes]) -> None:
        """Rule out the encodings in which one of `texts` makes no sense. RefusedError when none is left."""
        foreign = {text for text in texts if not self.plain(text)}
        for name in list(self._whole):
            try:
                cut = sum(not _decode(text, name)[1] for text in foreign)
            except UnicodeDecodeError:
                del self._whole[name]
            else:
                self._cut[name] += cut
                self._whole[name] += len(foreign) - cut
        if not self._whole:
            self._refuse()

    @property
    def encoding(self) -> str:
        """The encoding found, by its Python name."""
        for name, whole in self._whole.items():
            if len(self._asked) == 1 or self._cut[name] == 0 or whole > self._cut[name]:
                return name
        return self._refuse()

    def text(self, raw: bytes) -> str:
        """One text that was looked at."""
        return self.texts([raw])[0]

    def texts(self, raw: list[bytes]) -> list[str]:
        """Texts that were looked at."""
        if not self._escapes:
            try:
                return [text.decode("ascii") for text in raw]
            except UnicodeDecodeError:
                pass
        encoding = self.encoding
        return [text.decode("ascii") if self.plain(text) else self._foreign(text, encoding) for text in raw]

    def remarks(self) -> list[str]:
        """What is to be said of the decoding."""
        if not self._left_out:
            return []
        return [
            f"{self._left_out} texts end in the middle of a letter, where their column was full; "
            "that piece of a letter was left out"
        ]

    def _foreign(self, raw: bytes, encoding: str) -> str:
        known = self._known.get(raw)
        if known is None:
            known, whole = _decode(raw, encoding)
            if not whole:
                self._left_out += 1
            elif len(self._known) < 100_000:
                self._known[raw] = known
        return known

    def _refuse(self) -> NoReturn:
        raise RefusedError(
            f"its text is not {' or '.join(self._asked)} throughout.", "Say its true `encoding`."
        )


def _decode(raw: bytes, encoding: str) -> tuple[str, bool]:
    """The text, and whether its last letter was whole. UnicodeDecodeError when it is in another encoding."""
    try:
        return raw.decode(encoding), True
    except UnicodeDecodeError:
        # An incremental decoder keeps an unfinished letter to itself, and nothing else.
        return codecs.getincrementaldecoder(encoding)().decode(raw, final=False), False
