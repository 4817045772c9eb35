"""What is in a file: its columns, labels, codes, gaps and oddities, without a mapping (docs/inspect.md)."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from milkqc.inspection.columns import describe
from milkqc.inspection.facts import KINDS, Choice, Column, Inspection, Remark
from milkqc.inspection.machine import as_json
from milkqc.inspection.page import page
from milkqc.model import Source
from milkqc.readers import ReadOptions, read
from milkqc.readers.files import File
from milkqc.readers.listing import sheets

__all__ = ["Choice", "Column", "Inspection", "Remark", "as_json", "inspect", "look_into", "page"]


_ASK_DICTIONARY = "looks like a REDCap export: with its data dictionary (--dictionary FILE) labels, codes and structural blanks are told"


def inspect(path: Path | str, options: ReadOptions | None = None) -> Inspection | Choice:
    """What is in one table of a file, or the sheets to choose from. SourceError when it cannot be read."""
    path, options = Path(path), options or ReadOptions()
    if options.sheet is None:
        listed = sheets(path, options)
        if sum(sheet.rows > 0 and not sheet.hidden for sheet in listed) > 1:
            file = File.of(path)
            return Choice(file.name, file.sha256, listed)
    return look_into(read(path, options))


def look_into(source: Source) -> Inspection:
    """The same of a source that is already read."""
    described = [describe(source, name) for name in source.table.columns]
    remarks = [remark for _, said in described for remark in said]
    remarks += [Remark("note", "", 0, note) for note in source.origin.notes]
    if source.origin.format != "redcap" and _of_redcap(source.table.columns):
        remarks.append(Remark("note", "", 0, _ASK_DICTIONARY))
    if source.dropped:
        names = ", ".join(source.dropped)
        remarks.append(Remark("dropped", "", 0, f"identifier columns left out: {names}"))
    same = _same_rows(source.table)
    if same:
        remarks.append(Remark("same_rows", "", same, f"{same} rows repeat another row in every column"))
    places = {name: place for place, name in enumerate(source.table.columns)}
    remarks.sort(key=lambda one: (KINDS.index(one.kind), places.get(one.column, -1)))
    return Inspection(
        source.origin,
        source.table.height,
        tuple(column for column, _ in described),
        tuple(remarks),
        source.dropped,
    )


def _of_redcap(names: list[str]) -> bool:
    """Whether the columns are those of a REDCap export: its own keys, or the status of forms."""
    statuses = [name for name in names if name.endswith("_complete")]
    return "redcap_event_name" in names or "redcap_repeat_instance" in names or len(statuses) > 1


def _same_rows(table: pl.DataFrame) -> int:
    return table.height - table.unique().height if table.width > 1 else 0
