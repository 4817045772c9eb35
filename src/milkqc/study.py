"""A study opened: its mapping, its source files and the rules that hold for it, or all that is wrong with them."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from milkqc import __version__, catalogue
from milkqc.errors import MappingFaults, SourceError, SuiteFaults
from milkqc.mapping.load import Loaded, load
from milkqc.model import Origin, Rule

if TYPE_CHECKING:
    from milkqc.checks.declare import Settings
    from milkqc.mapping.faults import FaultList
    from milkqc.mapping.language import Table
    from milkqc.mapping.sources import SourceTable
    from milkqc.readers.options import ReadOptions

logger = logging.getLogger("milkqc")


@dataclass(frozen=True)
class Study:
    """Everything a run needs, read and found whole. `digests` are sha256 by the file names shown to people."""

    loaded: Loaded
    tables: Mapping[str, SourceTable]
    rules: tuple[Rule, ...]
    off: Mapping[str, str]
    digests: Mapping[str, str]
    dictionaries: tuple[Origin, ...] = ()


def open_study(mapping: Path, data: Path) -> Study:
    """The study of `mapping` with its sources under `data`.

    Raises MappingFaults with every fault of the mapping and of its files together, SuiteFaults for rule files.
    """
    from milkqc.mapping.against import against
    from milkqc.mapping.lint import lint

    loaded = load(mapping, name=mapping.name)
    faults = lint(loaded)
    tables: dict[str, SourceTable] = {}
    if not data.is_dir():
        raise SourceError(str(data), "there is no such folder.", "Give the folder of uploads by --data.")
    for name, table in loaded.mapping.tables.items():
        source = _read(name, table, loaded, data, faults)
        if source is not None:
            tables[name] = source
    if not faults.faults or all(fault.code.startswith("M3") for fault in faults.faults):
        faults.faults.extend(against(loaded, tables).faults)
    try:
        rules, off, digests = _rules(loaded, faults)
    except SuiteFaults as error:
        # Rule files are written by the same person: their faults come with the mapping's, all at once.
        raise MappingFaults([*faults.faults, *error.faults]) if faults.faults else error from None
    faults.check()
    digests = {mapping.name: _sha256(mapping), **digests}
    return Study(loaded, tables, rules, off, digests, _dictionaries(loaded, data))


def _dictionaries(loaded: Loaded, data: Path) -> tuple[Origin, ...]:
    """The data dictionaries and syntax files that explain exports: inputs like every other file."""
    found = {}
    for table in loaded.mapping.tables.values():
        for key in ("dictionary", "syntax"):
            asked = getattr(table, key)
            for path in _inside(asked, data)[:1] if asked is not None else []:
                shown = path.relative_to(data.resolve()).as_posix()
                found[shown] = _explaining(path, shown, key)
    return tuple(found[name] for name in sorted(found))


def _explaining(path: Path, shown: str, key: str) -> Origin:
    """Where an explaining file came from. `rows` and `columns` are those of a dictionary's CSV, else 0."""
    table = key == "dictionary" and path.suffix.lower() != ".xml"
    text = path.read_bytes().decode("utf-8-sig", errors="replace") if table else ""
    lines = list(csv.reader(io.StringIO(text)))
    return Origin(
        file=shown,
        sha256=_sha256(path),
        format=f"redcap_{key}",
        encoding="utf-8",
        encoding_basis="assumed",
        rows=max(len(lines) - 1, 0),
        columns=len(lines[0]) if lines else 0,
        reader="redcap",
        reader_version=__version__,
    )


def _read(name: str, table: Table, loaded: Loaded, data: Path, faults: FaultList) -> SourceTable | None:
    """The files behind one source table, in name order; null with faults noted when one cannot be read."""
    from milkqc.mapping.sources import SourceTable
    from milkqc.readers import read

    at = ("tables", name, "file")
    paths = _inside(table.file, data)
    if not paths:
        near = ", ".join(sorted(entry.name for entry in data.iterdir() if entry.is_file())[:12])
        faults.add(
            at, "M301", f"no file {table.file!r} in the data folder.", f"It holds: {near or 'nothing'}."
        )
        return None
    beside: dict[str, Path | None] = {}
    for key, what in (("dictionary", "data dictionary"), ("syntax", "syntax file")):
        asked = getattr(table, key)
        beside[key] = None if asked is None else next(iter(_inside(asked, data)), None)
        if asked is not None and beside[key] is None:
            faults.add(
                ("tables", name, key),
                "M301",
                f"no file {asked!r} in the data folder.",
                f"Put the {what} beside the export.",
            )
    if any(getattr(table, key) is not None and path is None for key, path in beside.items()):
        return None
    options = _options(name, table, loaded, beside["dictionary"], beside["syntax"])
    sources = []
    for path in paths:
        shown = path.relative_to(data.resolve()).as_posix()
        try:
            source = read(path, options, name=shown)
        except SourceError as error:
            place = at if error.file == shown else ("tables", name, _beside(error.file, beside))
            faults.add(place, "M302", f"{error.file}: {error.what}", error.todo)
            continue
        logger.info("read %s: %d rows, %d columns", shown, source.table.height, source.table.width)
        for note in source.origin.notes:
            # The names of columns, never what stands in them.
            if note.startswith("perhaps identifying"):
                logger.warning("%s: %s", shown, note)
        sources.append(source)
    if len(sources) < len(paths):
        return None
    return SourceTable(name, tuple(sources), table.decimal, table.thousands)


def _beside(file: str, paths: Mapping[str, Path | None]) -> str:
    """Which of a table's explaining files a message speaks of."""
    return next((key for key, path in paths.items() if path is not None and path.name == file), "dictionary")


def _inside(pattern: str, data: Path) -> list[Path]:
    """The files of a name or glob that really lie in the data folder, in name order."""
    root = data.resolve()
    if pattern.startswith("/") or ".." in Path(pattern).parts:
        return []  # lint has said so
    exact = root / pattern
    found = [exact] if exact.is_file() else [path for path in root.glob(pattern) if path.is_file()]
    # A link inside the folder may point out of it.
    return sorted(path for path in found if path.resolve().is_relative_to(root))


def _options(
    name: str, table: Table, loaded: Loaded, dictionary: Path | None, syntax: Path | None
) -> ReadOptions:
    from milkqc.readers.options import ReadOptions

    header = table.header_row if isinstance(table.header_row, int) else None
    return ReadOptions(
        format=table.format,
        encoding=table.encoding,
        delimiter=table.delimiter,
        decimal=table.decimal,
        thousands=table.thousands,
        header_row=header,
        names=table.names,
        sheet=table.sheet,
        dictionary=dictionary,
        form=table.form,
        mixed=table.mixed == "allow",
        missing_codes=table.missing_codes,
        syntax=syntax,
        keep=_kept_identifiers(name, loaded),
    )


def _kept_identifiers(name: str, loaded: Loaded) -> tuple[str, ...]:
    """The REDCap identifier fields of a table that the mapping keeps on purpose."""
    from milkqc.mapping.uses import uses

    kept = {
        use.column
        for use in uses(loaded.mapping)
        if use.table == name and use.spec is not None and use.spec.identifier == "keep"
    }
    return tuple(sorted(kept))


def _rules(loaded: Loaded, faults: FaultList) -> tuple[tuple[Rule, ...], dict[str, str], dict[str, str]]:
    """The rules of the shipped files and the study's own, its changes to them, and the files' sha256."""
    from milkqc.checks import suites
    from milkqc.checks.declare import all_rules
    from milkqc.checks.suites.changes import Change, changed, switched_off
    from milkqc.mapping.lint import leaves
    from milkqc.summarise.survey.judge import IDS

    own = []
    for place, entry in enumerate(loaded.mapping.expectations):
        if entry.file is None or leaves(entry.file):
            continue  # lint has said so
        if (loaded.folder / entry.file).is_file():
            own.append(loaded.folder / entry.file)
        else:
            faults.add(
                ("expectations", place),
                "M301",
                f"there is no rule file {entry.file!r}.",
                "Put it beside the mapping.",
            )
    paths = [*catalogue.files("expectations"), *own]
    rules = suites.load(paths)
    changes = [
        Change(
            rule=entry.rule,
            off=entry.off,
            min=entry.min,
            max=entry.max,
            severity=entry.severity,
            reason=entry.reason,
            file=loaded.document.name,
            line=loaded.document.line(("expectations", place)),
        )
        for place, entry in enumerate(loaded.mapping.expectations)
        if entry.rule is not None
    ]
    coded = {rule.id for rule in all_rules()} | IDS
    return (
        changed(rules, changes, others=coded),
        switched_off(changes),
        {f"{path.parent.name}/{path.name}": _sha256(path) for path in paths},
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def choices(study: Study) -> list[Any]:
    """The study's adequacy estimates, the declared basis first; none when the mapping declares none."""
    from milkqc.reference import mae

    declared = study.loaded.mapping.mae
    if declared is None:
        return []
    values = study.loaded.folder / declared.values if declared.values is not None else None
    bases = [declared.basis]
    if declared.authority is not None:
        bases += [basis for basis in mae.BASES if basis != declared.basis]
    return [
        mae.choose(authority=declared.authority, basis=basis, analytes=declared.set or None, values=values)
        for basis in bases
    ]


def rule_settings(study: Study) -> Settings:
    """What the coded rules need to know of the study: its schedule and its dates."""
    from milkqc.checks.declare import Settings

    mapping = study.loaded.mapping

    def day(text: str | None) -> dt.date | None:
        return None if text is None else dt.date.fromisoformat(text)

    return Settings(
        schedule={
            name: (visit.day, *visit.window)
            for name, visit in mapping.schedule.items()
            if visit.window is not None
        },
        study_start=day(mapping.study_start),
        data_cutoff=day(mapping.data_cutoff),
    )
