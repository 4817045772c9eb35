"""The analysis table for Stata (.dta) and SPSS (.sav), the same bytes for the same table.

pyreadstat stamps both with the clock; the stamp is overwritten with 1970-01-01 and the file read again. Stata's
missing reasons are .a to .z, SPSS's are numbers far below every value, declared user-missing; both labelled.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import count
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import polars as pl

from milkqc.emit.variables import UNCODED, Coded, Described, coded
from milkqc.errors import OutputError

_TITLE = "milkqc analysis table"
# Release 118: every Stata since 14 reads it; 119 (pyreadstat's default) only Stata/MP does.
_STATA = 14
_EPOCH = datetime(1970, 1, 1)
_STATA_DAYS = (date(1970, 1, 1) - date(1960, 1, 1)).days
_SPSS_DAYS = (date(1970, 1, 1) - date(1582, 10, 14)).days
_DAY_SECONDS = 86_400
# Longest labels: Stata 80 characters for a variable; SPSS 255 bytes, and 120 for a value.
_STATA_LABEL, _SPSS_LABEL, _SPSS_VALUE_LABEL = 80, 255, 120
# A set of value labels has 32 characters in Stata, of which up to four are pyreadstat's number.
_LABEL_SET = 28
# Release 118: a variable's name is 32 characters of up to 4 bytes and a zero; the names begin within _HEAD.
_NAME_FIELD = 129
_HEAD = 1 << 20
_REST = "other reason"
# Beyond this, neighbouring codes would be one double; such a column's reasons stay system-missing.
_ROOM = 1e14


def write_dta(
    frame: pl.DataFrame, path: Path, *, described: Mapping[str, Described], reasons: Mapping[str, pl.Series]
) -> None:
    """One .dta file (release 118). At most 26 reasons have a letter; with more, .z stands for all the rest."""
    import pandas as pd

    columns = coded(frame, described, reasons)
    letters = _letters(columns)
    written = _written(columns)
    data: dict[str, Any] = {}
    labels: dict[str, dict[Any, str]] = {}
    tags: dict[str, list[str]] = {}
    formats: dict[str, str] = {}
    for name, column in zip(written, columns, strict=True):
        shift = _STATA_DAYS if column.kind == "date" else 0
        data[name], used = _tagged(column, letters, shift)
        if used:
            tags[name] = sorted(used)
        if used or column.codes:
            labels[name] = {**column.codes, **used}
        if column.kind == "date":
            formats[name] = "%td"
    with _Writing(path) as writing:
        writing.pyreadstat.write_dta(
            pd.DataFrame(data, columns=list(data)),
            os.fspath(path),
            file_label=_TITLE,
            column_labels=[column.label[:_STATA_LABEL] for column in columns],
            version=_STATA,
            variable_value_labels=labels,
            missing_user_values=tags,
            variable_format=formats,
        )
        _stamp(path, _after(path, b"<timestamp>") + 1, b"01 Jan 1970 00:00")
        _name(path, columns)
        _reread(path, writing.pyreadstat.read_dta, columns, frame.height)


def write_sav(
    frame: pl.DataFrame, path: Path, *, described: Mapping[str, Described], reasons: Mapping[str, pl.Series]
) -> None:
    """One .sav file. Reason n is -(9000 + n), or the same with more nines' worth of room where values lie there."""
    columns = coded(frame, described, reasons)
    numbers = {reason: n for n, reason in enumerate(_reasons(columns), start=1)}
    data: dict[str, pl.Series] = {}
    labels: dict[str, dict[Any, str]] = {}
    ranges: dict[str, list[dict[str, float]]] = {}
    formats: dict[str, str] = {}
    for column in columns:
        values = column.values
        if column.kind == "date":
            values = (values + _SPSS_DAYS) * _DAY_SECONDS
            formats[column.name] = "DATE11"
        values, used = _user_missing(values, column, numbers)
        data[column.name] = values
        if used:
            ranges[column.name] = [{"lo": min(used), "hi": max(used)}]
        if used or column.codes:
            every = {**column.codes, **used}
            labels[column.name] = {n: _cut(text, _SPSS_VALUE_LABEL) for n, text in every.items()}
    with _Writing(path) as writing:
        writing.pyreadstat.write_sav(
            pl.DataFrame(data),
            os.fspath(path),
            file_label=_TITLE,
            column_labels=[_cut(column.label, _SPSS_LABEL) for column in columns],
            variable_value_labels=labels,
            missing_ranges=ranges,
            variable_format=formats,
        )
        # Record 1: 92 bytes, then the date (dd mmm yy) and the time (hh:mm:ss).
        _stamp(path, 92, b"01 Jan 7000:00:00")
        _reread(path, writing.pyreadstat.read_sav, columns, frame.height)


def _reasons(columns: Sequence[Coded]) -> list[str]:
    """Every reason that some cell has, by name: one code means the same in every column of the file."""
    found: set[str] = set()
    for column in columns:
        if column.reasons is not None:
            found |= set(column.reasons.drop_nulls().unique().to_list())
    return sorted(found - set(UNCODED))


def _letters(columns: Sequence[Coded]) -> dict[str, str]:
    reasons = _reasons(columns)
    last = len(ascii_lowercase) - 1
    crowded = len(reasons) > len(ascii_lowercase)
    return {reason: ascii_lowercase[min(n, last) if crowded else n] for n, reason in enumerate(reasons)}


def _tagged(column: Coded, letters: Mapping[str, str], shift: int) -> tuple[Any, dict[str, str]]:
    """A column's values for Stata, letters among the numbers where there is a reason, and the letters used."""
    import pandas as pd

    # As plain objects: pyreadstat is four times slower on pandas' own strings.
    if column.kind == "text":
        return pd.Series(column.values.to_list(), dtype=object), {}
    values = column.values + shift
    codes = _codes_of(column, letters)
    if codes is None:
        return values.to_numpy(), {}
    cells = [value if code is None else code for value, code in zip(values, codes, strict=True)]
    said = sorted(_said(column))
    shared = {letters[reason] for reason in said if list(letters.values()).count(letters[reason]) > 1}
    used = {letters[reason]: _REST if letters[reason] in shared else reason for reason in said}
    return pd.Series(cells, dtype=object), used


def _said(column: Coded) -> set[str]:
    """The reasons that cells of this column really have."""
    if column.reasons is None:
        return set()
    missing = column.reasons.filter(column.values.is_null())
    return set(missing.drop_nulls().unique().to_list()) - set(UNCODED)


def _codes_of(column: Coded, codes: Mapping[str, Any]) -> pl.Series | None:
    """The code of each null cell that has a reason; None when no cell has."""
    said = _said(column)
    if not said or column.reasons is None:
        return None
    of = {reason: codes[reason] for reason in sorted(said)}
    kind = pl.String if isinstance(next(iter(of.values())), str) else pl.Float64
    frame = pl.DataFrame({"value": column.values, "reason": column.reasons})
    code = pl.col("reason").replace_strict(of, default=None, return_dtype=kind)
    return frame.select(pl.when(pl.col("value").is_null()).then(code)).to_series()


def _user_missing(
    values: pl.Series, column: Coded, numbers: Mapping[str, int]
) -> tuple[pl.Series, dict[float, str]]:
    said = sorted(_said(column))
    if column.kind == "text" or not said:
        return values, {}
    lowest = float(values.min() or 0)  # type: ignore[arg-type]  # the minimum of a Float64 column is a float
    room = 9000.0
    while lowest <= -room:
        room *= 10
    if room > _ROOM:
        return values, {}
    codes = {reason: -(room + n) for reason, n in numbers.items()}
    cells = _codes_of(column, codes)
    filled = pl.select(pl.coalesce(values, cells)).to_series()
    return filled, {codes[reason]: reason for reason in said}


def _cut(text: str, limit: int) -> str:
    """`text` within `limit` bytes, whole characters only."""
    return text.encode()[:limit].decode(errors="ignore")


def _written(columns: Sequence[Coded]) -> list[str]:
    """The names under which pyreadstat writes a .dta: it calls a set of value labels by its variable and a number,
    and refuses that beyond 32 characters. A long name is cut here, and put in its place by `_name`.
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


def _name(path: Path, columns: Sequence[Coded]) -> None:
    """Give every variable of a .dta its name: fields of 129 bytes, one after the other."""
    fields = b"".join(column.name.encode().ljust(_NAME_FIELD, b"\0") for column in columns)
    _stamp(path, _after(path, b"<varnames>"), fields)


def _after(path: Path, mark: bytes) -> int:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return head.index(mark) + len(mark)


def _stamp(path: Path, position: int, stamp: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(position)
        file.write(stamp)


def _reread(path: Path, read: Any, columns: Sequence[Coded], height: int) -> None:
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


class _Writing:
    """pyreadstat for one file; what it refuses is an OutputError that names the file."""

    def __init__(self, path: Path):
        self.path = path

    def __enter__(self) -> _Writing:
        import pyreadstat

        self.pyreadstat = pyreadstat
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (self.pyreadstat.ReadstatError, self.pyreadstat.PyreadstatError)):
            raise OutputError(
                f"{self.path.name}: cannot be written ({error}). Free some space, or leave this format out of --format."
            ) from error
