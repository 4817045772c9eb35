"""From bytes to text: what the file declares, else UTF-16 or strict UTF-8, else Windows-1252; always said which."""

from __future__ import annotations

import codecs
import re
from typing import Literal

from milkqc.readers.files import File

Basis = Literal["declared", "assumed", "option", "none"]
# The longer mark first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
ASSUMED = ("utf-8", "cp1252")
# Letters of two to four bytes; Windows-1252 text has such runs only by chance.
_LETTERS = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
# Four accented letters or more in a row: no word of a language that Windows-1252 was made for, but any word of a
# language with other letters (Cyrillic, Greek, Chinese ...) in an encoding of its own.
_ALIEN = re.compile(rb"[\xc0-\xff]{4,}|(?:[\xa1-\xfe]{2}){3,}")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\ufffe\uffff]")


def decode(file: File, asked: str | None) -> tuple[str, str, Basis]:
    """The file's text without a byte order mark, its encoding, and on what grounds it was chosen."""
    content = file.content
    mark, declared = next(((m, name) for m, name in _MARKS if content.startswith(m)), (b"", ""))
    if asked is not None:
        codec = check_encoding(file, asked)
        text = _strict(content, codec)
        if text is None:
            raise file.error(f"is not written in {asked} throughout.", "Give its true `encoding`.")
        return _no_nul(file, text.removeprefix("\ufeff")), codec, "option"
    if declared:
        text = _strict(content[len(mark) :], declared)
        if text is None:
            raise file.error(f"declares {declared} but is damaged.", "Export or copy it again.")
        return _no_nul(file, text), declared, "declared"
    wide = _wide(content)
    if wide is not None:
        return wide[0], wide[1], "assumed"
    for codec in ASSUMED:
        text = _strict(content, codec)
        if text is not None:
            return _no_nul(file, text), codec, "assumed"
        if codec == "utf-8":
            _mostly_utf8(file)
    raise file.error(
        "is neither UTF-8 nor Windows-1252 text.", "Say `encoding:` in the mapping, such as `utf-16`."
    )


def doubts(file: File, encoding: str, basis: Basis) -> list[str]:
    """A note where Windows-1252 was assumed and some words are of no language that is written in it."""
    if (encoding, basis) != ("cp1252", "assumed"):
        return []
    found = len(set(_ALIEN.findall(file.content)))
    return (
        [f"{found} words look wrong in cp1252, which was assumed: say the true `encoding`"] if found else []
    )


def _wide(content: bytes) -> tuple[str, str] | None:
    """The text of UTF-16 without a mark and its codec: every zero byte is the same half of a character."""
    zeros = content.count(0)
    if len(content) % 2 or zeros * 4 < len(content):
        return None
    for codec, half in (("utf-16-le", 1), ("utf-16-be", 0)):
        if content[half::2].count(0) == zeros:
            text = _strict(content, codec)
            if text is not None and not _CONTROLS.search(text):
                return text, codec
    return None


def _mostly_utf8(file: File) -> None:
    """SourceError for UTF-8 with damaged places, whose every accent would be wrong if it were read as Windows-1252."""
    content = file.content
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        first, fault = error.start, error.reason
    else:
        return
    replaced = content.decode("utf-8", errors="replace").count("\ufffd")
    broken = replaced - content.count("\ufffd".encode())
    whole = len(_LETTERS.findall(content))
    if whole and fault == "unexpected end of data":
        raise file.error("is cut off in the middle of a letter.", "Export or copy it again.")
    if whole <= broken:
        return
    line = content.count(b"\n", 0, first) + 1
    raise file.error(
        f"is UTF-8 but for {broken} place{'s' * (broken > 1)}, the first in line {line}.",
        "Mend it there, or say `encoding:` (cp1252 takes each byte for a letter).",
    )


def check_encoding(file: File, asked: str) -> str:
    """The Python name of an encoding, in lower case; SourceError when there is none."""
    try:
        return codecs.lookup(asked).name
    except LookupError:
        raise file.error(
            f"encoding {asked!r} is not known.", "Use a name such as utf-8, cp1252 or latin-1."
        ) from None


def first_that_fits(texts: list[bytes], encodings: tuple[str, ...]) -> str | None:
    """The first encoding in which every text can be decoded strictly; None when there is none."""
    return next((name for name in encodings if all(_strict(text, name) is not None for text in texts)), None)


def _strict(content: bytes, codec: str) -> str | None:
    try:
        return content.decode(codec)
    except UnicodeDecodeError:
        return None


def _no_nul(file: File, text: str) -> str:
    if "\0" in text:
        raise file.error(
            "holds zero bytes, so it is not plain text.",
            "If it is UTF-16 without a mark, say `encoding: utf-16-le`; otherwise export it again.",
        )
    return text
