"""The formats: one module of this folder each, found by its `FORMAT`; packages may add theirs by an entry point."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points

import milkqc.readers
from milkqc.model import Source
from milkqc.readers.files import File
from milkqc.readers.options import ReadOptions


@dataclass(frozen=True)
class Format:
    """A foreign format: its name in a mapping's `format:`, the endings it goes by, and how it is read."""

    name: str
    extensions: tuple[str, ...]
    read: Callable[[File, ReadOptions], Source]


@cache
def formats() -> Mapping[str, Format]:
    """All formats by name, in order of their names: this folder's modules, then entry points `milkqc.readers`."""
    found: dict[str, Format] = {}
    for module in pkgutil.iter_modules(milkqc.readers.__path__, "milkqc.readers."):
        here = getattr(importlib.import_module(module.name), "FORMAT", None)
        if isinstance(here, Format):
            found[here.name] = here
    for entry in entry_points(group="milkqc.readers"):
        theirs = entry.load()
        found.setdefault(theirs.name, theirs)
    return dict(sorted(found.items()))


def choose(file: File, options: ReadOptions) -> Format:
    """The format asked for, or the one of the file's ending; SourceError, listing what there is, when neither."""
    known = formats()
    by_ending = {ending: one for one in known.values() for ending in one.extensions}
    endings = ", ".join(sorted(by_ending))
    if options.format is not None:
        asked = options.format.lower().removeprefix(".")
        if asked in known:
            return known[asked]
        if f".{asked}" in by_ending:
            return by_ending[f".{asked}"]
        raise file.error(f"format {options.format!r} is not known.", f"Use one of {', '.join(known)}.")
    ending = file.path.suffix.lower()
    if ending in by_ending:
        return by_ending[ending]
    if ending in _ADVICE:
        raise file.error(f"milkqc does not read {ending} files.", _ADVICE[ending])
    raise file.error(
        f"the ending {ending!r} names no format that milkqc reads." if ending else "the name has no ending.",
        f"Known endings are {endings}; or say `format:` in the mapping.",
    )


_ADVICE = {
    ".xls": "Save it as .xlsx, or say `format: csv` if it is a text file by another name.",
    ".xlsm": "Save it as .xlsx.",
    ".ods": "Save it as .xlsx.",
    ".por": "Save it as .sav in SPSS.",
    ".sas7bdat": "Export it as .xpt (LIBNAME ... XPORT), .dta or .csv.",
    ".rds": "Export it as .csv, or as .dta with the R package haven.",
    ".rdata": "Export it as .csv, or as .dta with the R package haven.",
    ".zip": "Unpack it and name the file inside.",
}
