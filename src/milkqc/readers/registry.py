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
    """A foreign format: its name in a mapping's `format:`, the endings it goes by, and how it is read.

    `isolated`: the modules that its files need in the child process (isolation) in which they are opened; a run that
    names such a file has them imported there while the mapping is still being read. None: opened in this process.
    """

    name: str
    extensions: tuple[str, ...]
    read: Callable[[File, ReadOptions], Source]
    isolated: tuple[str, ...] = ()


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


def named(name: str) -> Format | None:
    """The format of that name, or of that ending (with or without its point); null when there is none."""
    asked = name.lower().removeprefix(".")
    return formats().get(asked) or next(
        (one for one in formats().values() if f".{asked}" in one.extensions), None
    )


def choose(file: File, options: ReadOptions) -> Format:
    """The format asked for, or the one of the file's ending; SourceError, listing what there is, when neither."""
    known = formats()
    by_ending = {ending: one for one in known.values() for ending in one.extensions}
    endings = ", ".join(sorted(by_ending))
    if options.format is not None:
        asked = named(options.format)
        if asked is not None:
            return asked
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
    ".sas7bcat": "Name it by `catalog:` beside the .sas7bdat that it belongs to.",
    ".cpt": "Write it with LIBNAME ... XPORT instead of PROC CPORT.",
    ".fods": "Save it as .ods or .xlsx.",
    ".numbers": "Export it as .xlsx or .csv.",
    ".rds": "Export it as .csv, or as .dta with the R package haven.",
    ".rdata": "Export it as .csv, or as .dta with the R package haven.",
    ".zip": "Unpack it and name the file inside.",
}
