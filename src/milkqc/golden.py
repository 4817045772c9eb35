"""Golden rows: example source rows with the results that the data manager worked out by hand, mapped and compared."""

from __future__ import annotations

from collections.abc import Mapping as Words
from dataclasses import replace
from decimal import Decimal, InvalidOperation

import polars as pl

from milkqc import cells, reference
from milkqc.mapping import targets
from milkqc.mapping.apply import apply
from milkqc.mapping.faults import FaultList, nearest
from milkqc.mapping.language import Block, Expected, Golden, Mapping
from milkqc.mapping.load import Loaded
from milkqc.mapping.sources import SourceTable
from milkqc.mapping.uses import uses
from milkqc.model import TABLES, Origin, Source, Variable
from milkqc.normalise import normalise
from milkqc.yamlfile import Path_

FILE = "golden"
_TODO = "Correct the mapping, or the golden row if the study has changed."


def golden(loaded: Loaded, tables: Words[str, SourceTable] | None = None) -> FaultList:
    """Every golden row that does not give what it should, as faults M160; M161 where it has no source.

    The mapping has been linted. Each row goes alone through the blocks that read its source table into its target,
    with everything that a run does to a row up to its canonical units. With `tables` a row can be one of the uploads
    (`find`), links look into the real tables, and typed cells (`cells`) have the file's own types; without them `find`
    is passed over, and dates that no format describes are read as YYYY-MM-DD.
    """
    faults = loaded.faults()
    for place, row in enumerate(loaded.mapping.golden):
        path: Path_ = ("golden", place)
        blocks = [
            block
            for table, _, block in loaded.mapping.blocks()
            if table == row.table and block.from_ == row.from_
        ]
        if not blocks:
            read = sorted({block.from_ for table, _, block in loaded.mapping.blocks() if table == row.table})
            todo = nearest(row.from_, read) or f"They read {', '.join(read) or 'nothing'}."
            faults.add((*path, "from"), "M161", f"no block of {row.table} reads {row.from_}.", todo)
        elif (row.cells is None) == (row.find is None):
            faults.add(
                path,
                "M123",
                "a golden row has its cells, or is one of the uploads.",
                "Write `cells` or `find`.",
            )
        elif row.find is None or tables is not None:
            _one(path, row, blocks, loaded.mapping, tables or {}, faults)
    return faults


def _one(
    path: Path_,
    row: Golden,
    blocks: list[Block],
    mapping: Mapping,
    tables: Words[str, SourceTable],
    faults: FaultList,
) -> None:
    source = (
        _found(path, row, tables, faults)
        if row.find
        else _typed(path, row, row.from_, mapping, tables, faults)
    )
    if source is None:
        return
    made = []
    for block in blocks:
        sources = {row.from_: source}
        for link in block.with_:
            sources[link] = _linked(path, row, link, mapping, tables, faults)
        alone = {**dict.fromkeys(TABLES, ()), row.table: (block,)}
        applied = apply(mapping.model_copy(update=alone), sources)
        made += [normalise(name, applied.tables[name])[0] for name in TABLES]
    frames = [frame for frame in made if frame.height]
    if not frames:
        faults.add(path, "M160", "the row gives nothing: its key is missing, or it is set aside.", _TODO)
        return
    for name, expected in row.gives.items():
        _compare((*path, "gives", name), name, expected, frames, faults)


def _found(
    path: Path_, row: Golden, tables: Words[str, SourceTable], faults: FaultList
) -> SourceTable | None:
    """The one row of the uploads that has these cells."""
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
        n = int(keep.sum())
        said = "; ".join(f"{column}={text}" for column, text in wanted.items())
        todo = (
            "The upload no longer has it: name another row, or write its cells."
            if n == 0
            else "Name one row."
        )
        faults.add((*path, "find"), "M161", f"{n or 'no'} rows of {row.from_} have {said}.", todo)
        return None
    sources, offset = [], 0
    for source in table.sources:
        mine = keep.slice(offset, source.table.height)
        offset += source.table.height
        if mine.any():
            sources.append(_only(source, int(mine.arg_true()[0])))
    return replace(table, sources=tuple(sources))


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


def _linked(
    path: Path_,
    row: Golden,
    link: str,
    mapping: Mapping,
    tables: Words[str, SourceTable],
    faults: FaultList,
) -> SourceTable:
    """The linked table: the row typed as `tubes.BARCODE: T1`, else the real one, else one without rows."""
    typed = any(name.startswith(f"{link}.") for name in row.cells or {})
    if not typed and link in tables:
        return tables[link]
    return _typed(path, row, link, mapping, tables, faults) or _table(link, {}, None, mapping)


def _typed(
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


def _compare(
    path: Path_, name: str, expected: Expected, frames: list[pl.DataFrame], faults: FaultList
) -> None:
    """A fault unless a row that was made has what is expected of `name`, a column or an analyte."""
    seen = []
    for frame in frames:
        for made in frame.iter_rows(named=True):
            told = _told(name, made)
            if told is None:
                continue
            if _fits(expected, *told):
                return
            seen.append(_shown(*told))
    wanted = f"missing ({expected.missing})" if expected.missing is not None else expected.value or "nothing"
    if seen:
        faults.add(path, "M160", f"{name} is {' and '.join(dict.fromkeys(seen))}, not {wanted}.", _TODO)
        return
    known = sorted({column for frame in frames for column in frame.columns if "__" not in column})
    todo = nearest(name, [*known, *reference.analytes()]) or "Name a mapped variable, a key or an analyte."
    faults.add(path, "M160", f"the row gives no {name}.", todo)


def _told(name: str, made: Words[str, object]) -> tuple[object, object, object, object] | None:
    """Value, reason, raw cell and what is censored of a column or of the analyte that the row holds; None of another."""
    if made.get("analyte") == name:
        limit = f"{made['censored']}{made['limit']}" if made.get("censored") else None
        return limit or made["value"], made.get("missing_reason"), made.get("raw"), made.get("censored")
    stored = next((one for one in (targets.stored("growth", name), name) if one in made), None)
    if stored is None:
        return None
    return made[stored], made.get(f"{stored}__missing"), made.get(f"{stored}__raw"), None


def _fits(expected: Expected, value: object, reason: object, raw: object, censored: object) -> bool:  # noqa: ARG001 - one shape for all that is told
    if expected.missing is not None:
        return value is None and reason == expected.missing
    if expected.value is None or value is None:
        return expected.value is None and value is None
    text = expected.value.strip()
    if censored:
        sign, number = str(value)[0], float(str(value)[1:])
        return text[:1] == sign and _near(text[1:].strip(), number)
    if isinstance(value, bool):
        return text == ("true" if value else "false")
    if isinstance(value, int | float):
        return _near(text, float(value))
    return text == str(value)


def _near(text: str, number: float) -> bool:
    """Whether the number rounds to what was written: 5.2 stands for 5.15 to 5.25."""
    try:
        written = Decimal(text)
    except InvalidOperation:
        return False
    exponent = written.as_tuple().exponent
    if not isinstance(exponent, int):
        return False
    half = Decimal(5).scaleb(exponent - 1)
    return abs(Decimal(repr(number)) - written) <= half


def _shown(value: object, reason: object, raw: object, censored: object) -> str:  # noqa: ARG001 - one shape for all that is told
    what = f"missing ({reason})" if value is None and reason else "nothing" if value is None else str(value)
    return f"{what} (cell: {raw})" if raw is not None and str(raw) != what else what
