"""What is wrong with a mapping once the data is there: columns, codes, date formats, units in headers."""

from __future__ import annotations

from collections.abc import Mapping as Words
from fnmatch import fnmatchcase

from milkqc.errors import UnitError
from milkqc.mapping import orders, values
from milkqc.mapping.actions import header_unit
from milkqc.mapping.faults import FaultList, nearest
from milkqc.mapping.language import Analyte, Block, Mapping
from milkqc.mapping.limits import header_limit
from milkqc.mapping.load import Loaded
from milkqc.mapping.sources import Cells, SourceTable
from milkqc.mapping.uses import Use, uses
from milkqc.yamlfile import Path_


def against(loaded: Loaded, tables: Words[str, SourceTable]) -> FaultList:
    """All faults that the data shows. Only tables that could be read are judged."""
    faults, mapping = loaded.faults(), loaded.mapping
    used: dict[str, set[str]] = {name: set() for name in mapping.tables}
    reported: set[tuple[str, str]] = set()
    tables = {name: table for name, table in tables.items() if _alike(name, table, faults)}
    for use in uses(mapping):
        used.setdefault(use.table, set()).add(use.column)
        if use.table not in tables:
            continue
        table = tables[use.table]
        if use.column not in table.columns:
            if not use.optional and (use.table, use.column) not in reported:
                reported.add((use.table, use.column))
                _unknown(use, table, faults)
            continue
        if use.spec is not None and table.height:
            _fits(use, table.cells(use.column), mapping, faults)
        _undeclared(use, table, mapping, faults)
    for table_name, place, block in mapping.blocks():
        _orders((table_name, place, "repeats", "latest"), block, tables, faults)
    for name, table in tables.items():
        _unmapped(name, table, used.get(name, set()), mapping, faults)
    return faults


def _alike(name: str, table: SourceTable, faults: FaultList) -> bool:
    """Whether the files behind one name have the same columns (in any order); a fault for each that has not."""
    alike = True
    first = table.sources[0]
    for source in table.sources[1:]:
        more = sorted(set(source.table.columns) - set(first.table.columns))
        less = sorted(set(first.table.columns) - set(source.table.columns))
        if more or less:
            alike = False
            texts = [
                f"{verb} {', '.join(columns)}"
                for verb, columns in (("also has", more), ("lacks", less))
                if columns
            ]
            faults.add(
                ("tables", name, "file"),
                "M307",
                f"{source.origin.file} {' and '.join(texts)} beside {first.origin.file}.",
                "Give the files that differ a table of their own.",
            )
    return alike


def _unknown(use: Use, table: SourceTable, faults: FaultList) -> None:
    files = ", ".join(source.origin.file for source in table.sources[:3])
    dropped = {name for source in table.sources for name in source.dropped}
    if use.column in dropped:
        todo = "It is an identifier and was dropped at reading; write `identifier: keep` at the column to use it."
    elif len(table.columns) == 1:
        todo = "The file was read as a single column: say by `delimiter` what stands between its cells."
    else:
        todo = (
            nearest(use.column, table.columns)
            or f"Its columns: {', '.join(table.columns[:12])}{' ...' if len(table.columns) > 12 else ''}."
        )
    faults.add(use.path, "M303", f"{files} has no column {use.column!r}.", todo)


def _unmapped(name: str, table: SourceTable, used: set[str], mapping: Mapping, faults: FaultList) -> None:
    globs = mapping.unmapped.get(name, ())
    listed = {
        column
        for column in table.columns
        if column in globs or any(fnmatchcase(column, glob) for glob in globs)
    }
    plainly = {glob for glob in globs if glob in table.columns}
    for column in sorted(plainly & used):
        faults.add(
            ("unmapped", name),
            "M127",
            f"the column {column!r} is used and also listed as unmapped.",
            "Take it out of one of the two.",
        )
    left = [column for column in table.columns if column not in used and column not in listed]
    if left:
        few = ", ".join(left[:20]) + (f" and {len(left) - 20} more" if len(left) > 20 else "")
        faults.add(
            ("unmapped", name) if name in mapping.unmapped else ("tables", name),
            "M126",
            f"nothing is said of {len(left)} column{'s' if len(left) > 1 else ''} of {name}: {few}.",
            f"Map them, or list them under `unmapped: {{{name}: [...]}}`.",
        )


def _orders(path: Path_, block: Block, tables: Words[str, SourceTable], faults: FaultList) -> None:
    """`latest` needs a date or a number: the file's own, or mapped as such, or ISO dates or numbers as text."""
    column = block.repeats.latest if block.repeats is not None else None
    mapped = {spec.from_ for spec in block.columns.values() if spec.format is not None}
    if (
        column is None
        or (column,) in mapped
        or block.from_ not in tables
        or column not in tables[block.from_].columns
    ):
        return
    cells = tables[block.from_].cells(column)
    if cells.kind == "text" and (cells.text.is_not_null() & orders.latest_order(cells.text).is_null()).any():
        faults.add(
            path,
            "M305",
            f"{column} is text that orders nothing: neither dates as YYYY-MM-DD nor numbers throughout.",
            f'Map it: `run_date: {{from: {column}, format: "%d/%m/%Y"}}`.',
        )


def _fits(use: Use, cells: Cells, mapping: Mapping, faults: FaultList) -> None:
    spec = use.spec
    if spec is None:
        return
    dated = cells.kind in {"date", "datetime"}
    if spec.format is not None and dated:
        faults.add(
            (*use.path[:-1], "format") if use.path[-1] == "from" else use.path,
            "M304",
            f"{use.column} is already a date in the file.",
            "Take `format` out.",
        )
    if use.kind == "date" and not dated and spec.format is None and "date" not in cells.variable.source_type:
        faults.add(
            use.path,
            "M305",
            f"{use.column} is text or a number, and nothing says how its dates are written.",
            'Add `format: "%d/%m/%Y"` (or as the file has it).',
        )
    if use.kind in {"number", "integer"} and dated:
        faults.add(
            use.path, "M113", f"{use.column} is a date in the file, not a number.", "Map it to a date."
        )
    if spec.unit is not None and spec.unit.header:
        _header(use, cells, faults)
    if isinstance(spec, Analyte) and spec.limit is not None and spec.limit.header:
        _header_limit(use, cells, faults)
    if spec.codes is not None and spec.otherwise == "fault":
        _unlisted(use, cells, mapping, faults)


def _undeclared(use: Use, table: SourceTable, mapping: Mapping, faults: FaultList) -> None:
    """A number or date of REDCap that would be read as data though it is written like a missing-data code."""
    section, spec = use.path[2] if len(use.path) > 2 else "", use.spec
    value = use.kind in {"number", "integer", "date", "text"} or use.path[-2:] == ("long", "value")
    if section == "key" or not value:
        return
    words = set(mapping.missing if spec is None or spec.missing is None else spec.missing)
    declared = values.canonical_words(words | set((spec.codes or {}) if spec is not None else {}))
    counts: dict[str, int] = {}
    asked = False
    for candidate in (one for source in table.sources for one in source.candidates):
        if candidate.column == use.column and not declared & values.canonical_words([candidate.text]):
            counts[candidate.text] = counts.get(candidate.text, 0) + candidate.count
            asked = asked or candidate.as_data
    if not asked:
        return
    seen = ", ".join(f"{text!r} ({count} cell{'s' * (count > 1)})" for text, count in sorted(counts.items()))
    faults.add(
        use.path,
        "M308",
        f"{use.column} holds {seen}, which nothing declares as missing and nobody should read as data.",
        f"Say `missing_codes: {{{sorted(counts)[0]!r}: not_done}}` at the table with all codes of the project, or "
        "`missing_codes: {}` if it has none and these are values.",
    )


def _header(use: Use, cells: Cells, faults: FaultList) -> None:
    try:
        found = header_unit(cells.variable)
    except UnitError as error:
        faults.add(use.path, "M208", error.what, error.todo)
        return
    if found is None:
        faults.add(
            use.path,
            "M208",
            f"the header {use.column!r} names no unit.",
            "Write the unit into the mapping: `unit: ug/L`.",
        )


def _header_limit(use: Use, cells: Cells, faults: FaultList) -> None:
    try:
        found = header_limit(cells.variable)
    except UnitError as error:
        faults.add(use.path, "M210", error.what, error.todo)
        return
    if found is None:
        faults.add(
            use.path,
            "M210",
            f"the header {use.column!r} names no limit.",
            "Write the limit into the mapping: `limit: 0.7`.",
        )


def _unlisted(use: Use, cells: Cells, mapping: Mapping, faults: FaultList) -> None:
    spec = use.spec
    if spec is None or spec.codes is None:
        return
    reason = values.reasons(
        cells, spec.missing if spec.missing is not None else mapping.missing, blanks=False
    )
    coded = values.recode(cells.text, spec.codes)
    left = cells.text.filter(reason.is_null() & coded.is_null()).unique().sort().to_list()
    if left:
        faults.add(
            (*use.path[:-1], "codes"),
            "M306",
            f"{use.column} holds {', '.join(repr(code) for code in left[:10])}, which `codes` does not list.",
            "Add the codes, or write `otherwise: query`.",
        )
