"""The source tables of a study read: from the files under its data folder, or from a REDCap server."""

from __future__ import annotations

import csv
import hashlib
import io
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from milkqc import __version__
from milkqc.errors import SourceError
from milkqc.model import Origin, Source

if TYPE_CHECKING:
    from milkqc.mapping.faults import FaultList
    from milkqc.mapping.language import Table
    from milkqc.mapping.load import Loaded
    from milkqc.mapping.sources import SourceTable
    from milkqc.readers.options import ReadOptions
    from milkqc.readers.redcap_api import Project
    from milkqc.readers.redcap_api_project import Answers

logger = logging.getLogger("milkqc")
# The files beside an upload that explain it, by their key in the mapping, and what to put there.
BESIDE = {
    "dictionary": "Put the data dictionary beside the export.",
    "syntax": "Put the syntax file beside the export.",
    "event_forms": "Put the project's list of events and forms beside the export.",
    "catalog": "Put the catalogue of SAS formats beside the data.",
}
API = "redcap_api"
_SHOWN = 200  # characters of a name in a message


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


def _read(name: str, table: Table, loaded: Loaded, uploads: Uploads, faults: FaultList) -> SourceTable | None:
    """The files behind one source table, in name order; null with faults noted when one cannot be read."""
    from milkqc.mapping.sources import SourceTable
    from milkqc.readers import read

    data, at = uploads.data, ("tables", name, "file")
    paths = inside(table.file or "", data)
    if not paths:
        faults.add(at, "M301", *absent(table.file or "", data))
        return None
    beside = _beside(name, table, data, faults)
    if beside is None or not _known(name, table, faults):
        return None
    options = replace(read_options(table, keep=kept_identifiers(name, loaded)), **beside, **uploads.options)
    sources = []
    for path in paths:
        shown = path.relative_to(data.resolve()).as_posix()
        try:
            source = read(path, options, name=shown)
        except SourceError as error:
            place = at if error.file == shown else ("tables", name, _meant(error.file, beside))
            faults.add(place, "M302", f"{error.file}: {error.what}", error.todo)
            continue
        _said(shown, source)
        sources.append(source)
    if len(sources) < len(paths):
        return None
    return SourceTable(name, tuple(sources), table.decimal, table.thousands)


def absent(asked: str, data: Path) -> tuple[str, str]:
    """Why a name or pattern gives no file to read (none, a folder, a link that leads away ...), and what to do."""
    shown = asked if len(asked) <= _SHOWN else f"{asked[:_SHOWN]}..."
    for path in _found(asked, data.resolve()):
        if path.is_dir():
            return f"{shown!r} is a folder.", "Name a file in it, or a pattern such as `folder/*.csv`."
        if path.is_file():
            # Files elsewhere are neither in the manifest nor with whoever gets the folder.
            return f"{shown!r} is a link out of the data folder.", "Put the file itself into the folder."
        if path.is_symlink():
            return f"{shown!r} is a link to a file that is not there.", "Put the file itself into the folder."
        return f"{shown!r} is no ordinary file.", "Put a file into the folder."
    near = ", ".join(sorted(entry.name for entry in data.iterdir() if entry.is_file())[:12])
    return f"no file {shown!r} in the data folder.", f"It holds: {near or 'nothing'}."


def _beside(name: str, table: Table, data: Path, faults: FaultList) -> dict[str, Any] | None:
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


def _meant(file: str, beside: Mapping[str, Path]) -> str:
    """Which of a table's explaining files a message speaks of."""
    return next((key for key, path in beside.items() if path.name == file), "file")


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


def inside(pattern: str, data: Path) -> list[Path]:
    """The files of a name or glob that really lie in the data folder, in name order."""
    root = data.resolve()
    # A link inside the folder may point out of it.
    return sorted(
        path for path in _found(pattern, root) if path.is_file() and path.resolve().is_relative_to(root)
    )


def _found(pattern: str, root: Path) -> list[Path]:
    """What has that name, or fits that glob, whether it may be read or not; nothing for paths that leave the folder."""
    if not pattern or pattern.startswith("/") or ".." in Path(pattern).parts:
        return []  # lint has said so
    exact = root / pattern
    try:
        if exact.exists() or exact.is_symlink():
            return [exact]
        return list(root.glob(pattern))
    except (OSError, ValueError, NotImplementedError):
        return []  # a name that no file can have: too long, with a null character, with a drive


def read_options(table: Table, *, keep: tuple[str, ...] = ()) -> ReadOptions:
    """What a source table of the mapping says of how its files are to be read."""
    from milkqc.readers.options import Plate, ReadOptions

    plate = table.plate
    return ReadOptions(
        format=table.format,
        encoding=table.encoding,
        delimiter=table.delimiter,
        decimal=table.decimal,
        thousands=table.thousands,
        header_row=table.header_row if table.header_row != "none" else None,
        separator=" " if table.separator is None else table.separator,
        unit_row=table.unit_row,
        first_row=table.first_row,
        last_row=table.last_row,
        until=table.until,
        section=table.section,
        plate=None
        if plate is None
        else Plate(plate.rows, plate.columns, plate.start, plate.corner, tuple(plate.beside.items())),
        names=table.names,
        sheet=table.sheet,
        form=table.form,
        mixed=table.mixed == "allow",
        missing_codes=table.missing_codes,
        keep=keep,
    )


def kept_identifiers(name: str, loaded: Loaded) -> tuple[str, ...]:
    """The REDCap identifier fields of a table that the mapping keeps on purpose."""
    from milkqc.mapping.uses import uses

    kept = {
        use.column
        for use in uses(loaded.mapping)
        if use.table == name and use.spec is not None and use.spec.identifier == "keep"
    }
    return tuple(sorted(kept))


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
