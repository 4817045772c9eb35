"""The source tables of a study read: from the files under its data folder, or from a REDCap server."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from milkqc.errors import SourceError
from milkqc.model import Source
from milkqc.uploads.explaining import explained, explaining, meant, named_files
from milkqc.uploads.folder import absent, inside, sha256
from milkqc.uploads.options import kept_identifiers, read_options

if TYPE_CHECKING:
    from milkqc.mapping.faults import FaultList
    from milkqc.mapping.language import Table
    from milkqc.mapping.load import Loaded
    from milkqc.mapping.sources import SourceTable
    from milkqc.readers.redcap_api import Project
    from milkqc.readers.redcap_api_project import Answers

__all__ = [
    "Uploads",
    "absent",
    "explained",
    "explaining",
    "inside",
    "read_options",
    "read_tables",
    "sha256",
]

logger = logging.getLogger("milkqc")
API = "redcap_api"


@dataclass(frozen=True)
class Uploads:
    """Where the sources are: the folder, and what no mapping says of how they are read.

    `options` are ReadOptions for every file (`reader_seconds`, `reader_memory`); `cache` keeps what a server
    answered, `offline` takes it from there.
    """

    data: Path
    options: Mapping[str, Any] = field(default_factory=dict)
    cache: Path | None = None
    offline: bool = False


def read_tables(loaded: Loaded, uploads: Uploads, faults: FaultList) -> dict[str, SourceTable]:
    """The source tables that can be read; what is wrong with the others goes to `faults`."""
    found = {}
    answered: dict[Project, Answers | None] = {}
    # A server is asked, and a cache written, only for a mapping that is faultless in itself.
    sound = not faults.faults
    for name, table in loaded.mapping.tables.items():
        if table.format == API:
            source = _fetched(name, table, loaded, uploads, faults, answered) if sound else None
        else:
            source = _read(name, table, loaded, uploads, faults)
        if source is not None:
            found[name] = source
    return found


def _read(name: str, table: Table, loaded: Loaded, uploads: Uploads, faults: FaultList) -> SourceTable | None:
    """The files behind one source table, in name order; null with faults noted when one cannot be read."""
    from milkqc.mapping.sources import SourceTable
    from milkqc.readers import read

    data, at = uploads.data, ("tables", name, "file")
    paths = inside(table.file or "", data)
    if not paths:
        faults.add(at, "M301", *absent(table.file or "", data))
        return None
    beside = named_files(name, table, data, faults)
    if beside is None or not _known(name, table, faults):
        return None
    options = replace(read_options(table, keep=kept_identifiers(name, loaded)), **beside, **uploads.options)
    sources = []
    for path in paths:
        shown = path.relative_to(data.resolve()).as_posix()
        try:
            source = read(path, options, name=shown)
        except SourceError as error:
            place = at if error.file == shown else ("tables", name, meant(error.file, beside))
            faults.add(place, "M302", f"{error.file}: {error.what}", error.todo)
            continue
        _said(shown, source)
        sources.append(source)
    if len(sources) < len(paths):
        return None
    return SourceTable(name, tuple(sources), table.decimal, table.thousands)


def _known(name: str, table: Table, faults: FaultList) -> bool:
    from milkqc.readers import known, supported

    if table.format is None or known(table.format):
        return True
    faults.add(
        ("tables", name, "format"),
        "M112",
        f"{table.format!r} is no format that milkqc reads.",
        f"Use one of: {', '.join(supported())}.",
    )
    return False


def _fetched(
    name: str,
    table: Table,
    loaded: Loaded,
    uploads: Uploads,
    faults: FaultList,
    answered: dict[Project, Answers | None],
) -> SourceTable | None:
    """One form, or the whole, of a project on a REDCap server, which is asked once for all of its tables.

    A project that could not be had is null in `answered` and one fault, that of its first table.
    """
    from milkqc.mapping.sources import SourceTable
    from milkqc.readers import redcap_api

    project = redcap_api.Project(table.url or "", table.project or "")
    at = ("tables", name, "url")
    try:
        if project not in answered:
            answered[project] = None
            answered[project] = redcap_api.answers(
                project,
                keep_fields=_kept_of_project(loaded, table),
                cache=uploads.cache,
                offline=uploads.offline,
            )
        found = answered[project]
        if found is None:
            return None
        source = redcap_api.read(project, found, read_options(table, keep=kept_identifiers(name, loaded)))
    except SourceError as error:
        faults.add(at, "M302", f"{error.file}: {error.what}", error.todo)
        return None
    _said(project.shown, source)
    return SourceTable(name, (source,), table.decimal, table.thousands)


def _kept_of_project(loaded: Loaded, table: Table) -> tuple[str, ...]:
    """The identifier fields that any table of the same project keeps: it is fetched once."""
    kept = {
        field
        for name, other in loaded.mapping.tables.items()
        if (other.url, other.project) == (table.url, table.project)
        for field in kept_identifiers(name, loaded)
    }
    return tuple(sorted({field.partition("___")[0] for field in kept}))


def _said(shown: str, source: Source) -> None:
    logger.info("read %s: %d rows, %d columns", shown, source.table.height, source.table.width)
    for note in source.origin.notes:
        # The names of columns, never what stands in them.
        if note.startswith("perhaps identifying"):
            logger.warning("%s: %s", shown, note)
