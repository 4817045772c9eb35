"""The files that explain others: dictionaries, syntax, catalogues, lists of events."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from milkqc import __version__
from milkqc.model import Origin
from milkqc.uploads.folder import inside, sha256

if TYPE_CHECKING:
    from milkqc.mapping.faults import FaultList
    from milkqc.mapping.language import Table
    from milkqc.mapping.load import Loaded

# The files beside an upload that explain it, by their key in the mapping, and what to put there.
BESIDE = {
    "dictionary": "Put the data dictionary beside the export.",
    "syntax": "Put the syntax file beside the export.",
    "event_forms": "Put the project's list of events and forms beside the export.",
    "catalog": "Put the catalogue of SAS formats beside the data.",
}


def explaining(loaded: Loaded, data: Path) -> tuple[Origin, ...]:
    """The files that explain others: dictionaries, syntax, catalogues, lists of events. Inputs like every other."""
    found = {}
    for table in loaded.mapping.tables.values():
        for key, path in _explaining_files(table, data):
            shown = path.relative_to(data.resolve()).as_posix()
            found[shown] = (
                _catalog(path, shown) if key == "catalog" else explained(path, shown, f"redcap_{key}")
            )
    return tuple(found[name] for name in sorted(found))


def _explaining_files(table: Table, data: Path) -> Iterator[tuple[str, Path]]:
    from milkqc.readers.sas_dataset import catalog_beside

    for key in BESIDE:
        asked = getattr(table, key)
        for path in inside(asked, data)[:1] if asked is not None else []:
            yield key, path
    if table.catalog is None and table.file is not None:
        beside = [catalog_beside(path) for path in inside(table.file, data) if path.suffix == ".sas7bdat"]
        yield from (("catalog", path) for path in beside if path is not None)


def explained(path: Path, shown: str, kind: str) -> Origin:
    """Where an explaining file came from. `rows` and `columns` are those of a CSV, else 0."""
    table = path.suffix.lower() == ".csv"
    text = path.read_bytes().decode("utf-8-sig", errors="replace") if table else ""
    lines = list(csv.reader(io.StringIO(text)))
    return Origin(
        file=shown,
        sha256=sha256(path),
        format=kind,
        encoding="utf-8",
        encoding_basis="assumed",
        rows=max(len(lines) - 1, 0),
        columns=len(lines[0]) if lines else 0,
        reader="redcap" if kind.startswith("redcap") else "csv",
        reader_version=__version__,
    )


def _catalog(path: Path, shown: str) -> Origin:
    return Origin(
        file=shown,
        sha256=sha256(path),
        format="sas_catalog",
        encoding="",
        encoding_basis="none",
        rows=0,
        columns=0,
        reader="pyreadstat",
        reader_version=version("pyreadstat"),
    )


def named_files(name: str, table: Table, data: Path, faults: FaultList) -> dict[str, Any] | None:
    """The explaining files that a table names; None with faults noted when one is not there."""
    found: dict[str, Any] = {}
    whole = True
    for key, todo in BESIDE.items():
        asked = getattr(table, key)
        if asked is None:
            continue
        path = next(iter(inside(asked, data)), None)
        if path is None:
            faults.add(("tables", name, key), "M301", f"no file {asked!r} in the data folder.", todo)
            whole = False
        else:
            found[key] = path
    return found if whole else None


def meant(file: str, beside: Mapping[str, Path]) -> str:
    """Which of a table's explaining files a message speaks of."""
    return next((key for key, path in beside.items() if path.name == file), "file")
