"""Asking pyreadstat, whose errors become refusals, and SAS's code pages made acceptable to it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from milkqc.readers.answers import TOO_LARGE, RefusedError
from milkqc.readers.sas_header import CHARSET_AT, KNOWN

# SAS's number of LATIN1.
_LATIN1 = 29


def attempt(reader: Callable[..., Any], **how: Any) -> Any:
    """What the pyreadstat function gives; RefusedError for whatever it cannot do."""
    import pyreadstat

    try:
        return reader(**how)
    except (
        pyreadstat.ReadstatError,
        pyreadstat.PyreadstatError,
        ValueError,
        OverflowError,
        OSError,
    ) as error:
        # The texts of UnicodeDecodeError and some others hold pieces of the file.
        why = str(error) if isinstance(error, pyreadstat.ReadstatError) else type(error).__name__
        raise RefusedError(
            f"is damaged or not what its name says ({why}).", "Export or copy it again."
        ) from None
    except MemoryError:
        raise RefusedError(*TOO_LARGE) from None


def patched(path: Path) -> Callable[[], Any]:
    """What pyreadstat is to open for a SAS file: its path, or its content with a code page that ReadStat knows.

    ReadStat refuses a file with any other number, even when the text is asked for as LATIN1.
    """
    with path.open("rb") as stream:
        number = stream.read(CHARSET_AT + 1)[-1]
    if number in KNOWN:
        return lambda: str(path)

    def content() -> io.BytesIO:
        whole = bytearray(path.read_bytes())
        whole[CHARSET_AT] = _LATIN1
        return io.BytesIO(whole)

    return content


def version() -> str:
    """pyreadstat's version."""
    import pyreadstat

    return str(pyreadstat.__version__)
