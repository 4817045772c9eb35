"""What `milkqc explain` needs of a mapping: of every target its columns, options and line, and of every table its files.

It is written beside the lineage (`lineage/mapping.json`), so that a run explains itself without the mapping.
"""

from __future__ import annotations

from collections.abc import Mapping as Words
from typing import Any

from pydantic import BaseModel

from milkqc.mapping.language import Block, Column, Defaults
from milkqc.mapping.load import Loaded
from milkqc.mapping.sources import SourceTable

VERSION = 1
# What a block's targets are written under.
SECTIONS = ("key", "let", "columns", "extra", "analytes")


def trace(loaded: Loaded, tables: Words[str, SourceTable]) -> dict[str, Any]:
    """The mapping as far as it says how cells were made, with line numbers; and the files behind each table."""
    mapping = loaded.mapping
    counts = {table: len(getattr(mapping, table)) for table, _, _ in mapping.blocks()}
    return {
        "version": VERSION,
        "mapping": loaded.document.name,
        "missing": dict(mapping.missing),
        "schedule": {name: visit.day for name, visit in mapping.schedule.items()},
        "preterm_age": mapping.preterm_age,
        "analysis": _said(mapping.analysis),
        "mae_set": list(mapping.mae.set) if mapping.mae is not None else [],
        "unblinded": mapping.unblinded,
        "tables": {name: _table(name, loaded, tables.get(name)) for name in mapping.tables},
        "blocks": {
            table if counts[table] == 1 else f"{table}[{place + 1}]": _block(loaded, table, place, block)
            for table, place, block in mapping.blocks()
        },
    }


def _table(name: str, loaded: Loaded, table: SourceTable | None) -> dict[str, Any]:
    spec = loaded.mapping.tables[name]
    files = [
        {
            "file": source.origin.file,
            "sha256": source.origin.sha256,
            "format": source.origin.format,
            "sheet": next(
                (note.removeprefix("sheet: ") for note in source.origin.notes if note.startswith("sheet: ")),
                spec.sheet,
            ),
        }
        for source in (table.sources if table is not None else ())
    ]
    said = {key: getattr(spec, key) for key in ("decimal", "thousands", "form", "section", "project")}
    return {
        "line": loaded.document.line(("tables", name)),
        "files": files,
        **{key: value for key, value in said.items() if value is not None},
    }


def _block(loaded: Loaded, table: str, place: int, block: Block) -> dict[str, Any]:
    lines = loaded.document
    node = lines.data.get(table)
    path = (table, place) if isinstance(node, list) else (table,)
    sections: dict[str, Words[str, Column]] = {name: getattr(block, name) for name in SECTIONS}
    found: dict[str, Any] = {
        name: {
            target: {"line": lines.line((*path, name, target)), **_said(spec)}
            for target, spec in specs.items()
        }
        for name, specs in sections.items()
        if specs
    }
    every = _said(block.every)
    return {
        "table": table,
        "source": block.from_,
        "line": lines.line(path),
        **found,
        **({"every": {"line": lines.line((*path, "every")), **every}} if every else {}),
        **({"visits": block.visits} if block.visits is not None else {}),
        **({"long": {"line": lines.line((*path, "long")), **_said(block.long)}} if block.long else {}),
        **({"repeats": _said(block.repeats)} if block.repeats is not None else {}),
        **(
            {"with": {name: {"line": lines.line((*path, "with", name)), **_said(link)} for name, link in block.with_.items()}}
            if block.with_
            else {}
        ),
    }  # fmt: skip


def _said(model: BaseModel | Column | Defaults) -> dict[str, Any]:
    """What a person wrote: no defaults, the language's own words for keys."""
    said: dict[str, Any] = model.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return said
