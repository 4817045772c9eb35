"""Readers: a file somebody uploaded becomes a Source, without loss and without decisions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from milkqc.model import Source
from milkqc.readers.options import DEFAULTS, ReadOptions

__all__ = ["ReadOptions", "known", "prepare", "read", "supported"]


def read(path: Path | str, options: ReadOptions = DEFAULTS, *, name: str | None = None) -> Source:
    """One source table: `options.format`, or the format that the file's ending names.

    `name` is what messages and the manifest call the file (default: its name without folders).
    Raises SourceError, saying where, what and what to do, when the file is missing, damaged or not what it
    claims to be. A single bad cell never raises: it is null, and one of `Source.faults`.
    """
    from milkqc.readers.files import File
    from milkqc.readers.registry import choose

    file = File.of(Path(path), name)
    return choose(file, options).read(file, options)


def prepare(names: Iterable[str]) -> None:
    """Start what reading files of these names will need, without waiting for it: a third of a second less later."""
    from milkqc.readers.isolation import CHILD
    from milkqc.readers.registry import formats

    lowered = [name.lower() for name in names]
    needed = [
        module
        for one in formats().values()
        if any(name.endswith(one.extensions) for name in lowered)
        for module in one.isolated
    ]
    if needed:
        CHILD.start(dict.fromkeys(needed))


def supported() -> tuple[str, ...]:
    """The names of the formats, as `format:` in a mapping takes them."""
    from milkqc.readers.registry import formats

    return tuple(formats())


def known(name: str) -> bool:
    """Whether `name` is a format, or an ending of one, as `format:` takes it."""
    from milkqc.readers.registry import named

    return named(name) is not None
