"""What is done to a .dta or .sav after pyreadstat: its names, its stamp of time, and reading it once more."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from milkqc.emit.variables import Coded
from milkqc.errors import OutputError

_EPOCH = datetime(1970, 1, 1)
# A set of value labels has 32 characters in Stata, of which up to four are pyreadstat's number.
_LABEL_SET = 28
# Release 118: a variable's name is 32 characters of up to 4 bytes and a zero; the names begin within _HEAD.
_NAME_FIELD = 129
_HEAD = 1 << 20


def written_names(columns: Sequence[Coded]) -> list[str]:
    """The names under which pyreadstat writes a .dta: it calls a set of value labels by its variable and a number,
    and refuses that beyond 32 characters. A long name is cut here, and put in its place by `name_variables`.
    """
    taken = {column.name for column in columns}
    names = []
    for n, column in enumerate(columns):
        name = column.name
        if len(name) > _LABEL_SET:
            name = next(cut for k in count(n) if (cut := f"{column.name[: _LABEL_SET - 8]}_{k}") not in taken)
        taken.add(name)
        names.append(name)
    return names


def name_variables(path: Path, columns: Sequence[Coded]) -> None:
    """Give every variable of a .dta its name: fields of 129 bytes, one after the other."""
    fields = b"".join(column.name.encode().ljust(_NAME_FIELD, b"\0") for column in columns)
    stamp(path, _after(path, b"<varnames>"), fields)


def stamp_dta(path: Path) -> None:
    """1 January 1970 in the header of a .dta; one byte before it says how long the stamp is."""
    stamp(path, _after(path, b"<timestamp>") + 1, b"01 Jan 1970 00:00")


def stamp_sav(path: Path) -> None:
    """1 January 1970 in record 1 of a .sav: 92 bytes, then the date (dd mmm yy) and the time (hh:mm:ss)."""
    stamp(path, 92, b"01 Jan 7000:00:00")


def stamp(path: Path, position: int, text: bytes) -> None:
    """`text` over the bytes of the file from `position` on."""
    with path.open("r+b") as file:
        file.seek(position)
        file.write(text)


def _after(path: Path, mark: bytes) -> int:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return head.index(mark) + len(mark)


def reread(path: Path, read: Any, columns: Sequence[Coded], height: int) -> None:
    """The last row of the finished file, its names and its stamp: a file cut short or mis-stamped must not pass."""
    last = max(height - 1, 0)
    data, meta = read(
        os.fspath(path),
        row_offset=last,
        row_limit=1,
        user_missing=True,
        disable_datetime_conversion=True,
        output_format="dict",
    )
    names = [column.name for column in columns]
    rows = len(data[names[0]]) if data else 0
    if meta.column_names != names or meta.creation_time != _EPOCH or rows != min(height, 1):
        raise OutputError(
            f"{path.name}: does not read back as it was written. Free some space and run again."
        )


class Writing:
    """pyreadstat for one file; what it refuses is an OutputError that names the file."""

    def __init__(self, path: Path):
        self.path = path

    def __enter__(self) -> Writing:
        import pyreadstat

        self.pyreadstat = pyreadstat
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (self.pyreadstat.ReadstatError, self.pyreadstat.PyreadstatError)):
            raise OutputError(
                f"{self.path.name}: cannot be written ({error}). Free some space, or leave this format out of --format."
            ) from error
