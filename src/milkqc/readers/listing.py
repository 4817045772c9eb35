"""The sheets of a workbook, looked at in the child process before one of them is chosen."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from milkqc.errors import SourceError
from milkqc.readers.answers import Outbox, RefusedError
from milkqc.readers.files import File
from milkqc.readers.isolation import CHILD, Limits
from milkqc.readers.options import DEFAULTS, ReadOptions
from milkqc.readers.registry import choose

_WORKBOOK = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True)
class Sheet:
    """One worksheet up to its last filled cell."""

    name: str
    rows: int
    columns: int
    hidden: bool


def sheets(path: Path, options: ReadOptions = DEFAULTS) -> tuple[Sheet, ...]:
    """The worksheets in the workbook's order; none for a file of another kind. SourceError when it is damaged."""
    file = File.of(path)
    if choose(file, options).name != "excel" or not file.head(4).startswith(_WORKBOOK):
        return ()
    answer = CHILD.call(file, "milkqc.readers.listing:pull", {"name": file.name}, limits=Limits.of(options))
    return tuple(Sheet(**one) for one in answer.meta["sheets"])


def pull(path: Path, out: Outbox, *, name: str) -> dict[str, Any]:  # noqa: ARG001 - what the child calls
    """`sheets` in the child."""
    from milkqc.readers.workbook import opened

    try:
        with opened(File(path, name)) as book:
            surveys = {sheet: survey() for sheet, survey in book.sheets.items()}
    except SourceError as error:
        raise RefusedError(error.what, error.todo) from None
    found = [Sheet(sheet, one.rows, one.columns, sheet in book.hidden) for sheet, one in surveys.items()]
    return {"sheets": [asdict(sheet) for sheet in found]}
