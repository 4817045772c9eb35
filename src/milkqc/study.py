"""A study opened: its mapping, its source files and the rules that hold for it, or all that is wrong with them."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from milkqc import reference
from milkqc.decisions import Decisions
from milkqc.decisions import read as read_decisions
from milkqc.errors import MappingFaults, SourceError, SuiteFaults
from milkqc.mapping.load import Loaded, load
from milkqc.model import Origin
from milkqc.rulebook.own import StudyRules, named, study_rules
from milkqc.uploads import Uploads, explained, explaining, read_tables, sha256

if TYPE_CHECKING:
    from milkqc.checks.declare import Settings
    from milkqc.mapping.faults import FaultList
    from milkqc.mapping.sources import SourceTable
    from milkqc.reference import Analyte
    from milkqc.reference.mae import MaeChoice

logger = logging.getLogger("milkqc")


@dataclass(frozen=True)
class Study:
    """Everything a run needs, read and found whole. `digests` are sha256 by the file names shown to people."""

    loaded: Loaded
    tables: Mapping[str, SourceTable]
    rules: StudyRules
    digests: Mapping[str, str]
    dictionaries: tuple[Origin, ...] = ()
    analytes: Mapping[str, Analyte] = field(default_factory=dict)
    decisions: Decisions = field(default_factory=Decisions)


def open_study(mapping: Path, uploads: Uploads | Path) -> Study:
    """The study of `mapping` with its sources in `uploads`, or in a folder read as the mapping says.

    Raises MappingFaults with every fault of the mapping and of its files together, SuiteFaults for rule files,
    AnalyteFaults for the study's own analytes.
    """
    loaded = load(mapping, name=mapping.name)
    own = own_analytes(loaded)
    where = uploads if isinstance(uploads, Uploads) else Uploads(uploads)
    with reference.using(own):
        return _opened(loaded, own, mapping, where)


def try_golden(mapping: Path, data: Path | None) -> tuple[int, int]:
    """How many golden rows of a mapping give what they should, and how many need uploads that are not given.

    Raises MappingFaults with the faults of the mapping, or of every golden row that gives something else.
    """
    from milkqc.golden import golden
    from milkqc.mapping.lint import lint

    if data is not None:
        return len(open_study(mapping, data).loaded.mapping.golden), 0
    loaded = load(mapping, name=mapping.name)
    with reference.using(own_analytes(loaded)):
        lint(loaded).check()
        golden(loaded, estimates=lambda: _declared(loaded)).check()
    needing = sum(row.find is not None for row in loaded.mapping.golden)
    return len(loaded.mapping.golden) - needing, needing


def checked(mapping: Path) -> Loaded:
    """The mapping with all that stands beside it: rule files, decisions, golden rows that need no uploads.

    Raises MappingFaults or SuiteFaults with every fault of them together, AnalyteFaults for the study's own analytes.
    """
    from milkqc.golden import golden
    from milkqc.mapping.lint import lint

    loaded = load(mapping, name=mapping.name)
    with reference.using(own_analytes(loaded)):
        faults = lint(loaded)
        if not faults.faults:
            faults.faults.extend(golden(loaded).faults)
        _decisions(loaded, faults)
        _rules(loaded, faults)
    faults.check()
    return loaded


def _rules(loaded: Loaded, faults: FaultList) -> StudyRules:
    """The rules that hold for the study. Rule files are written by the same person: their faults come with the mapping's."""
    try:
        return study_rules(loaded, faults)
    except SuiteFaults as error:
        raise MappingFaults([*faults.faults, *error.faults]) if faults.faults else error from None


def _opened(loaded: Loaded, own: Mapping[str, Analyte], mapping: Path, uploads: Uploads) -> Study:
    """The study, with its own analytes known."""
    from milkqc.golden import golden
    from milkqc.mapping.against import against
    from milkqc.mapping.lint import lint
    from milkqc.readers import prepare

    data = uploads.data
    prepare(table.file for table in loaded.mapping.tables.values() if table.file is not None)
    faults = lint(loaded)
    if not data.is_dir():
        raise SourceError(str(data), "there is no such folder.", "Give the folder of uploads by --data.")
    tables = read_tables(loaded, uploads, faults)
    if not faults.faults or all(fault.code.startswith("M3") for fault in faults.faults):
        faults.faults.extend(against(loaded, tables).faults)
    if not faults.faults:
        faults.faults.extend(golden(loaded, tables, estimates=lambda: _declared(loaded)).faults)
    decisions = _decisions(loaded, faults)
    rules = _rules(loaded, faults)
    faults.check()
    digests = {mapping.name: sha256(mapping), **{named(path): sha256(path) for path in rules.paths}}
    return Study(loaded, tables, rules, digests, _explained(loaded, data), own, decisions)


def _decisions(loaded: Loaded, faults: FaultList) -> Decisions:
    """What people decided about findings, its faults noted beside the mapping's."""
    from milkqc.mapping.lint import leaves

    file = loaded.mapping.decisions
    if file is None or leaves(file):
        return Decisions()  # lint has said so
    decisions, found = read_decisions(loaded.folder / file, name=file)
    for fault in found:
        if fault.code == "M170" and not fault.line:  # the file as a whole: the mapping's line names it
            faults.add(("decisions",), fault.code, f"{file}: {fault.what}", fault.todo)
        else:
            faults.faults.append(fault)
    return decisions


def own_analytes(loaded: Loaded) -> Mapping[str, Analyte]:
    """The study's own analytes; none where the mapping names no file, or one that lint will refuse."""
    from milkqc.mapping.lint import leaves
    from milkqc.reference.own import NONE, read_analytes

    file = loaded.mapping.analytes_file
    return NONE if file is None or leaves(file) else read_analytes(loaded.folder / file)


def _explained(loaded: Loaded, data: Path) -> tuple[Origin, ...]:
    """The files that explain others: those beside the uploads, the study's own analytes and estimates."""
    mapping = loaded.mapping
    beside = [mapping.analytes_file, mapping.mae.values if mapping.mae else None, mapping.decisions]
    kinds = ("analytes", "adequacy_estimates", "decisions")
    own = [
        explained(loaded.folder / file, file, kind)
        for file, kind in zip(beside, kinds, strict=True)
        if file is not None and (loaded.folder / file).is_file()
    ]
    return (*explaining(loaded, data), *own)


def source_columns(mapping: Path, data: Path) -> dict[str, list[tuple[str, str, str]]]:
    """Of each source table that can be read: its columns with label, and `used`, `unmapped` or nothing said of it."""
    from fnmatch import fnmatchcase

    from milkqc.mapping.uses import uses

    loaded = load(mapping, name=mapping.name)
    if not data.is_dir():
        raise SourceError(str(data), "there is no such folder.", "Give the folder of uploads by --data.")
    used = {(use.table, use.column) for use in uses(loaded.mapping)}
    found = {}
    for name, table in read_tables(loaded, Uploads(data), loaded.faults()).items():
        globs = loaded.mapping.unmapped.get(name, ())
        found[name] = [
            (
                column,
                table.sources[0].variable(column).label or "",
                "used"
                if (name, column) in used
                else "unmapped"
                if any(fnmatchcase(column, glob) for glob in globs)
                else "",
            )
            for column in table.columns
        ]
    return found


def choices(study: Study) -> list[MaeChoice]:
    """The study's adequacy estimates, the declared basis first; none when the mapping declares none."""
    return _choices(study.loaded)


def _declared(loaded: Loaded) -> MaeChoice | None:
    """The estimates on the basis that the mapping declares."""
    return next(iter(_choices(loaded)), None)


def _choices(loaded: Loaded) -> list[MaeChoice]:
    from milkqc.reference import mae

    declared = loaded.mapping.mae
    if declared is None:
        return []
    values = loaded.folder / declared.values if declared.values is not None else None
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
        unblinded=mapping.unblinded or "",
    )
