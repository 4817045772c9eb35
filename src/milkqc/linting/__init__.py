"""Everything wrong, or likely to be wrong, with a mapping, alone or against its data (docs/lint.md)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from milkqc import reference
from milkqc.errors import Fault, Faults

FAULT, WARNING = "fault", "warning"


@dataclass(frozen=True)
class Note:
    """One thing to look at. A `fault` stops a run; a `warning` does not."""

    fault: Fault
    severity: str


def lint(mapping: Path, *, data: Path | None = None, since: Path | None = None) -> tuple[Note, ...]:
    """All notes on a mapping, in file order: its own faults with those of its rule files, decisions and golden rows,
    and with `data` those that the uploads show.

    Faults come in stages (docs/faults.md). `since` is what `--remember` wrote of an earlier
    upload: columns that are new or gone since are warnings. Raises SourceError where `data` or `since` is not there; a mapping that
    cannot be opened is the note M101.
    """
    from milkqc.linting.columns import changed, remembered
    from milkqc.linting.doubts import doubts
    from milkqc.linting.evidence import seen
    from milkqc.study import checked, open_study

    before = None if since is None else remembered(since)
    try:
        if data is None:
            return tuple(Note(fault, WARNING) for fault in doubts(checked(mapping)))
        study = open_study(mapping, data)
    except Faults as error:
        return tuple(Note(fault, FAULT) for fault in error.faults)
    with reference.using(study.analytes):
        new = changed(study, before) if before is not None else ()
        found = [*doubts(study.loaded), *seen(study), *new]
    return tuple(Note(fault, WARNING) for fault in sorted(set(found)))


def remembered_columns(mapping: Path, data: Path) -> str:
    """The columns of the uploads as text, for `since` of a later `lint`."""
    from milkqc.linting.columns import remembering
    from milkqc.study import open_study

    return remembering(open_study(mapping, data))
