"""From bytes to text: what the file declares, else strict UTF-8, else Windows-1252, and always said which."""

from __future__ import annotations

import codecs
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
    for codec in ASSUMED:
        text = _strict(content, codec)
        if text is not None:
            return _no_nul(file, text), codec, "assumed"
    raise file.error(
        "is neither UTF-8 nor Windows-1252 text.", "Say `encoding:` in the mapping, such as `utf-16`."
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
