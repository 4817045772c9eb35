"""The scored table in the format that the file's ending names; the whole file or none."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import polars as pl

from milkqc import reference
from milkqc.emit.sheet import write_xlsx
from milkqc.emit.statistical import write_dta, write_sav
from milkqc.emit.tables import write_parquet
from milkqc.emit.text import write_csv
from milkqc.emit.variables import Described
from milkqc.errors import OutputError
from milkqc.model import Source

Labels = Mapping[str, Described]


def _statistical(
    write_one: Callable[..., object],
) -> Callable[[pl.DataFrame, Path, Labels], None]:
    def write_described(frame: pl.DataFrame, path: Path, described: Labels) -> None:
        write_one(frame, path, described=described, reasons={})

    return write_described


def _plain(
    write_one: Callable[[pl.DataFrame, Path], None],
) -> Callable[[pl.DataFrame, Path, Labels], None]:
    def write_plain(frame: pl.DataFrame, path: Path, _labels: Labels) -> None:
        write_one(frame, path)

    return write_plain


# A format is a line here.
_WRITERS: Mapping[str, Callable[[pl.DataFrame, Path, Labels], None]] = MappingProxyType(
    {
        ".csv": _plain(write_csv),
        ".parquet": _plain(write_parquet),
        ".xlsx": _plain(write_xlsx),
        ".dta": _statistical(write_dta),
        ".sav": _statistical(write_sav),
    }
)
ENDINGS = tuple(_WRITERS)


def check(out: Path, source: Path) -> None:
    """Raise OutputError, before anything is read, for a place or an ending that cannot be written."""
    if out.suffix.lower() not in _WRITERS:
        raise OutputError(f"{out.name}: the ending names no format. Choose one of {', '.join(ENDINGS)}.")
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK) or out.is_dir():
        raise OutputError(
            f"{out}: there is no folder to write this file in. Make it, or choose another file."
        )
    if out.exists() and source.exists() and out.samefile(source):
        raise OutputError(f"{out}: is the file to be read, which stays as it is. Choose another file.")


def write(table: pl.DataFrame, out: Path, source: Source, *, prefix: str = "") -> None:
    """Write `table` to `out`, whose ending is one of ENDINGS; an existing file is replaced when all is written.

    Labels of the file's own variables go with them into .dta and .sav, the scores get milkqc's. OutputError when it
    cannot be written; what stood there stands there still.
    """
    aside = out.with_name(f".{out.stem}.milkqc-{os.getpid()}{out.suffix}")
    try:
        _WRITERS[out.suffix.lower()](table, aside, _described(table, source, prefix))
        aside.replace(out)
    except OSError as error:
        raise OutputError(
            f"{out}: cannot be written: {error.strerror}. Free some space, or choose another file."
        ) from None
    finally:
        aside.unlink(missing_ok=True)


def _described(table: pl.DataFrame, source: Source, prefix: str) -> dict[str, Described]:
    described = {
        one.name: Described(label=one.label) for one in source.variables if one.name in table.columns
    }
    for name in table.columns[source.table.width :]:
        own = reference.dictionary().get(("growth", name.removeprefix(prefix)))
        if own is not None:
            described[name] = Described(label=own.label)
    return described
