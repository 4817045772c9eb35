"""The source of a golden row: one row of the uploads, or one written out in the types that the real file has."""

from __future__ import annotations

from collections.abc import Mapping as Words
from dataclasses import replace

import polars as pl

from milkqc import cells
from milkqc.mapping.faults import FaultList, nearest
from milkqc.mapping.language import Golden, Mapping
from milkqc.mapping.sources import SourceTable
from milkqc.mapping.uses import uses
from milkqc.model import Origin, Source, Variable
from milkqc.yamlfile import Path_

FILE = "golden"
_NAMED = 3


def found(path: Path_, row: Golden, tables: Words[str, SourceTable], faults: FaultList) -> SourceTable | None:
    """The one row of the uploads that has these cells; a fault where there is none, or several."""
    table, wanted = tables[row.from_], row.find or {}
    keep = pl.repeat(True, table.height, dtype=pl.Boolean, eager=True)
    for column, text in wanted.items():
        if column not in table.columns:
            faults.add(
                (*path, "find", column),
                "M161",
                f"{row.from_} has no column {column!r}.",
                nearest(column, table.columns),
            )
            return None
        asked = cells.canonical(pl.Series([text], dtype=pl.String))
        keep = keep & cells.canonical(table.cells(column).text).is_in(asked.implode()).fill_null(False)
    if keep.sum() != 1:
        faults.add((*path, "find"), "M161", *_not_one(row, keep))
        return None
    sources, offset = [], 0
    for source in table.sources:
        mine = keep.slice(offset, source.table.height)
        offset += source.table.height
        if mine.any():
            sources.append(_only(source, int(mine.arg_true()[0])))
    return replace(table, sources=tuple(sources))


def _not_one(row: Golden, keep: pl.Series) -> tuple[str, str]:
    """What is wrong with a `find` that no row fits, or several, and what to do."""
    said = "; ".join(f"{column}={text}" for column, text in (row.find or {}).items())
    n = int(keep.sum())
    if n == 0:
        todo = "The upload no longer has it: name another row, or write its cells."
        return f"no rows of {row.from_} have {said}.", todo
    places = ", ".join(str(place + 1) for place in keep.arg_true()[:_NAMED])
    more = f" and {n - _NAMED} more" if n > _NAMED else ""
    return (
        f"{n} rows of {row.from_} have {said} (rows {places}{more}).",
        "Name one of them by another column.",
    )


def _only(source: Source, place: int) -> Source:
    numbers = source.rows if source.rows is not None else pl.int_range(1, source.table.height + 1, eager=True)
    return replace(
        source,
        table=source.table.slice(place, 1),
        reasons=source.reasons.slice(place, 1),
        codes=source.codes.slice(place, 1),
        rows=numbers.slice(place, 1),
        faults=tuple(replace(fault, row=1) for fault in source.faults if fault.row == place + 1),
    )


def linked(
    path: Path_,
    row: Golden,
    link: str,
    mapping: Mapping,
    tables: Words[str, SourceTable],
    faults: FaultList,
) -> SourceTable:
    """The linked table: the row typed as `tubes.BARCODE: T1`, else the real one, else one without rows."""
    written = any(name.startswith(f"{link}.") for name in row.cells or {})
    if not written and link in tables:
        return tables[link]
    return typed(path, row, link, mapping, tables, faults) or _table(link, {}, None, mapping)


def typed(
    path: Path_,
    row: Golden,
    table: str,
    mapping: Mapping,
    tables: Words[str, SourceTable],
    faults: FaultList,
) -> SourceTable | None:
    """A source table of the one row that the golden row writes out; other columns are blank."""
    written: dict[str, str | None] = {}
    links = {link for _, _, block in mapping.blocks() if block.from_ == row.from_ for link in block.with_}
    for name, text in (row.cells or {}).items():
        owner, _, column = name.partition(".")
        if owner in links and column:
            if owner == table:
                written[column] = text
        elif table == row.from_:
            written[name] = text
    real = tables.get(table)
    known = real.columns if real is not None else _columns(table, mapping)
    unknown = [column for column in written if column not in known]
    for column in unknown:
        faults.add(
            (*path, "cells"),
            "M161",
            f"{table} has no column {column!r} that is read.",
            nearest(column, known),
        )
    return None if unknown else _table(table, written, real, mapping)


def _columns(table: str, mapping: Mapping) -> list[str]:
    unmapped = [name for name in mapping.unmapped.get(table, ()) if "*" not in name]
    return list(dict.fromkeys([*(use.column for use in uses(mapping) if use.table == table), *unmapped]))


def _table(
    name: str, written: Words[str, str | None], real: SourceTable | None, mapping: Mapping
) -> SourceTable:
    """One row of text (none where nothing is written), in the types that the real file has."""
    height = 1 if written else 0
    declared = mapping.tables[name]
    dates = {
        use.column
        for use in uses(mapping)
        if real is None and use.table == name and use.kind == "date" and use.spec and use.spec.format is None
    }
    columns = list(real.columns) if real is not None else _columns(name, mapping)
    frame: dict[str, pl.Series] = {}
    codes: dict[str, pl.Series] = {}
    for column in columns:
        text = pl.Series([written.get(column)][:height], dtype=pl.String)
        kind = real.sources[0].table.schema[column] if real is not None else pl.String()
        value = _as(text, pl.Date() if column in dates else kind)
        frame[column] = value
        # A code that the file's type cannot hold (.a, 99 of SPSS) is missing by code, as the readers have it.
        lost = value.is_null() & text.is_not_null()
        if lost.any():
            codes[column] = text
    reasons = {
        column: pl.Series([_label(real, column, code[0])], dtype=pl.String) for column, code in codes.items()
    }
    variables = (
        real.sources[0].variables if real is not None else tuple(Variable(column) for column in columns)
    )
    origin = Origin(FILE, "", FILE, "utf-8", "none", height, len(columns), FILE, "")
    source = Source(pl.DataFrame(frame), variables, pl.DataFrame(reasons), pl.DataFrame(codes), origin)
    return SourceTable(name, (source,), declared.decimal, declared.thousands)


def _as(text: pl.Series, kind: pl.DataType) -> pl.Series:
    if kind == pl.Date:
        return text.str.to_date("%Y-%m-%d", strict=False)
    if kind == pl.Datetime:
        return text.str.to_datetime(strict=False).cast(kind)
    if kind == pl.Boolean:
        return cells.booleans(text)["boolean"]
    return text if kind == pl.String else text.cast(kind, strict=False)


def _label(real: SourceTable | None, column: str, code: str) -> str:
    if real is None:
        return code
    return real.sources[0].variable(column).missing_codes.get(code) or code
