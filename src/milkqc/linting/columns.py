"""Columns of the uploads that are new or gone since an earlier run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from milkqc.errors import Fault, SourceError
from milkqc.study import Study

FILE = "columns.json"


def columns_of(study: Study) -> dict[str, list[str]]:
    """The columns of each source table, in the files' order."""
    return {name: list(table.columns) for name, table in sorted(study.tables.items())}


def remembered(since: Path) -> dict[str, list[str]]:
    """What `remember` wrote. Raises SourceError where it is not there, or is something else."""
    todo = "Give the file that `milkqc lint --remember` wrote."
    try:
        found = json.loads(since.read_text(encoding="utf-8"))
        tables = found["tables"]
        return {str(name): [str(column) for column in columns] for name, columns in tables.items()}
    except OSError as error:
        raise SourceError(str(since), f"it cannot be read: {(error.strerror or '').lower()}.", todo) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SourceError(str(since), "it is no list of columns.", todo) from None


def remembering(study: Study) -> str:
    """The columns as text for `remembered`."""
    return json.dumps({"milkqc": 1, "tables": columns_of(study)}, indent=1, ensure_ascii=False) + "\n"


def changed(study: Study, before: Mapping[str, list[str]]) -> Iterator[Fault]:
    """A fault for each table with columns that are new or gone."""
    faults = study.loaded.faults()
    for name, columns in columns_of(study).items():
        old = before.get(name)
        if old is None:
            continue
        new, gone = [one for one in columns if one not in old], [one for one in old if one not in columns]
        if new:
            told = ", ".join(new[:20])
            faults.add(
                ("tables", name),
                "M407",
                f"{name} has new columns: {told}.",
                "See that each is used as it should be.",
            )
        if gone:
            told = ", ".join(gone[:20])
            faults.add(
                ("tables", name),
                "M408",
                f"{name} has lost columns: {told}.",
                "Ask why; `optional: true` lets a run go on without.",
            )
    yield from faults.faults
