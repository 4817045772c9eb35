"""A table for Stata (.dta) and SPSS (.sav), the same bytes for the same table.

pyreadstat stamps both with the clock; the stamp is overwritten with 1970-01-01 and the file read again. Stata's
missing reasons are .a to .z, SPSS's are numbers far below every value, declared user-missing; both labelled.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import polars as pl

from milkqc.emit.codes import Reasons, letters, numbers
from milkqc.emit.finish import Writing, name_variables, reread, stamp_dta, stamp_sav, written_names
from milkqc.emit.variables import SPSS, STATA, Coded, Described, coded, cut, described
from milkqc.errors import OutputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Described", "Loss", "described", "write", "write_dta", "write_sav"]

_TITLE = "milkqc table"
# Release 118: every Stata since 14 reads it; 119 (pyreadstat's default) only Stata/MP does.
_RELEASE = 14
_STATA_DAYS = (date(1970, 1, 1) - date(1960, 1, 1)).days
_SPSS_DAYS = (date(1970, 1, 1) - date(1582, 10, 14)).days
_DAY_SECONDS = 86_400
_DAY_MILLISECONDS = 86_400_000
# [U] 12.6: labels of 80 characters, value labels of 32,000 bytes, for whole numbers only (a long: help label).
_STATA_LABEL, _STATA_VALUE_LABEL, _STATA_CODES = 80, 32_000, (-2_147_483_647, 2_147_483_620)
# SPSS: 255 bytes for a variable's label and 120 for a value's; three missing codes, or else a range of them.
_SPSS_LABEL, _SPSS_VALUE_LABEL, _SPSS_CODES = 255, 120, 3
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Loss:
    """What a written file does not say of a column; `what` is a sentence that holds counts, never values."""

    column: str
    what: str


def write(
    frame: pl.DataFrame | pd.DataFrame,
    path: Path | str,
    *,
    described: Mapping[str, Described] = _NOTHING,
    reasons: Mapping[str, pl.Series] = _NOTHING,
    title: str = _TITLE,
    shared: Collection[str] = (),
) -> tuple[Loss, ...]:
    """Write any table as .dta or .sav, as the ending of `path` says; what the file could not say of it.

    `reasons` (String, as long as the table) say by column why a cell is missing. A pandas table is taken without
    its index, its NaN as missing. `shared` are the reasons of all files that belong together: a reason of them has the
    same code in each. An existing file is replaced. docs/outputs.md lists how every type is written.

    Raises:
        OutputError: for another ending, a column that neither program can hold, or a file that cannot be written.
        ValueError: for reasons that are not as long as the table, or of no column of it.
    """
    path = Path(path)
    write_one = {".dta": write_dta, ".sav": write_sav}.get(path.suffix.lower())
    if write_one is None:
        raise OutputError(f"{path.name}: the ending must be .dta or .sav. Choose one of them.")
    table = frame if isinstance(frame, pl.DataFrame) else pl.from_pandas(frame)
    for name, series in reasons.items():
        if name not in table.columns or len(series) != table.height:
            raise ValueError(f"the reasons of {name!r} are not those of a column with {table.height} rows.")
    return write_one(table, path, described=described, reasons=reasons, title=title, shared=shared)


def write_dta(
    frame: pl.DataFrame,
    path: Path,
    *,
    described: Mapping[str, Described],
    reasons: Mapping[str, pl.Series],
    title: str = _TITLE,
    shared: Collection[str] = (),
) -> tuple[Loss, ...]:
    """One .dta file (release 118); see `write`."""
    import pandas as pd

    columns = coded(frame, described, reasons, STATA)
    why = letters(columns, shared)
    losses = _losses(columns, why)
    data: dict[str, Any] = {}
    labels: dict[str, dict[Any, str]] = {}
    tags: dict[str, list[str]] = {}
    formats: dict[str, str] = {}
    for name, column, said in zip(written_names(columns), columns, why, strict=True):
        data[name] = _stata_cells(column, said)
        if said.labels:
            tags[name] = sorted(said.labels)
        whole = {n: text for n, text in column.codes.items() if n.is_integer() and _in_range(n)}
        if len(whole) < len(column.codes):
            losses.append(
                Loss(column.column, "value labels of codes that are not whole numbers are left out")
            )
        every = {**whole, **said.labels}
        if every:
            labels[name] = {code: cut(text, _STATA_VALUE_LABEL) for code, text in every.items()}
            losses += _cut_labels(column, every, labels[name], f"{_STATA_VALUE_LABEL} bytes")
        if column.kind in _STATA_FORMATS:
            formats[name] = _STATA_FORMATS[column.kind]
    titles = [column.label[:_STATA_LABEL] for column in columns]
    losses += _cut_titles(columns, titles, f"{_STATA_LABEL} characters")
    with Writing(path) as writing:
        writing.pyreadstat.write_dta(
            pd.DataFrame(data, columns=list(data)),
            os.fspath(path),
            file_label=title[:_STATA_LABEL],
            column_labels=titles,
            version=_RELEASE,
            variable_value_labels=labels,
            missing_user_values=tags,
            variable_format=formats,
        )
        stamp_dta(path)
        name_variables(path, columns)
        reread(path, writing.pyreadstat.read_dta, columns, frame.height)
    return tuple(losses)


def write_sav(
    frame: pl.DataFrame,
    path: Path,
    *,
    described: Mapping[str, Described],
    reasons: Mapping[str, pl.Series],
    title: str = _TITLE,
    shared: Collection[str] = (),
) -> tuple[Loss, ...]:
    """One .sav file; see `write`."""
    columns = coded(frame, described, reasons, SPSS)
    why = numbers(columns, shared)
    losses = _losses(columns, why)
    data: dict[str, pl.Series] = {}
    labels: dict[str, dict[Any, str]] = {}
    missing: dict[str, list[Any]] = {}
    formats: dict[str, str] = {}
    for column, said in zip(columns, why, strict=True):
        values = _spss_values(column)
        filled = [values] if said.cells is None else [values, said.cells]
        data[column.name] = pl.select(pl.coalesce(filled)).to_series()
        if said.labels:
            codes = sorted(said.labels)
            few = len(codes) <= _SPSS_CODES
            missing[column.name] = codes if few else [{"lo": codes[0], "hi": codes[-1]}]
        every = {**column.codes, **said.labels}
        if every:
            labels[column.name] = {n: cut(text, _SPSS_VALUE_LABEL) for n, text in every.items()}
            losses += _cut_labels(column, every, labels[column.name], f"{_SPSS_VALUE_LABEL} bytes")
        if column.kind in _SPSS_FORMATS:
            formats[column.name] = _SPSS_FORMATS[column.kind]
    titles = [cut(column.label, _SPSS_LABEL) for column in columns]
    losses += _cut_titles(columns, titles, f"{_SPSS_LABEL} bytes")
    with Writing(path) as writing:
        writing.pyreadstat.write_sav(
            pl.DataFrame(data),
            os.fspath(path),
            file_label=cut(title, 64),
            column_labels=titles,
            variable_value_labels=labels,
            missing_ranges=missing,
            variable_format=formats,
        )
        stamp_sav(path)
        reread(path, writing.pyreadstat.read_sav, columns, frame.height)
    return tuple(losses)


_STATA_FORMATS = {"date": "%td", "datetime": "%tc"}
_SPSS_FORMATS = {"date": "DATE11", "datetime": "DATETIME23.3"}


def _stata_cells(column: Coded, said: Reasons) -> Any:
    """A column's values for Stata, letters among the numbers where there is a reason."""
    import pandas as pd

    # As plain objects: pyreadstat is four times slower on pandas' own strings.
    if column.kind == "text":
        return pd.Series(column.values.to_list(), dtype=object)
    shift = {"date": _STATA_DAYS, "datetime": _STATA_DAYS * _DAY_MILLISECONDS}.get(column.kind, 0)
    values = column.values + shift
    if said.cells is None:
        return values.to_numpy()
    cells = [value if code is None else code for value, code in zip(values, said.cells, strict=True)]
    return pd.Series(cells, dtype=object)


def _spss_values(column: Coded) -> pl.Series:
    if column.kind == "date":
        return (column.values + _SPSS_DAYS) * _DAY_SECONDS
    if column.kind == "datetime":
        return column.values / 1000 + _SPSS_DAYS * _DAY_SECONDS
    return column.values


def _in_range(number: float) -> bool:
    return _STATA_CODES[0] <= number <= _STATA_CODES[1]


def _losses(columns: tuple[Coded, ...], why: list[Reasons]) -> list[Loss]:
    return [
        Loss(column.column, what)
        for column, said in zip(columns, why, strict=True)
        for what in (*column.lost, *said.lost)
    ]


def _cut_labels(column: Coded, whole: Mapping[Any, str], short: Mapping[Any, str], limit: str) -> list[Loss]:
    number = sum(whole[code] != short[code] for code in whole)
    return [Loss(column.column, f"value labels are cut to {limit}: {number}")] if number else []


def _cut_titles(columns: tuple[Coded, ...], titles: list[str], limit: str) -> list[Loss]:
    return [
        Loss(column.column, f"its label is cut to {limit}")
        for column, title in zip(columns, titles, strict=True)
        if column.label != title
    ]
