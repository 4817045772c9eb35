"""A mapping's text read from its file and written back whole."""

from __future__ import annotations

import difflib
import os
import tempfile
from pathlib import Path

from milkqc import yamlfile
from milkqc.errors import MappingFaults, OutputError


def read_text(path: Path) -> str:
    """The text as it stands, line ends and all. Raises MappingFaults (M101 to M106) where it is no strict YAML."""
    yamlfile.read(path, name=path.name, kind=MappingFaults)
    return path.read_bytes().decode("utf-8")


def write_text(path: Path, text: str) -> None:
    """Replace the file by `text` (UTF-8), at once or not at all. Raises OutputError where that cannot be done."""
    target = path.resolve()
    try:
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
        handle, beside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise OutputError(
            f"{path}: it cannot be written: {(error.strerror or 'no right').lower()}."
        ) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8"))
        Path(beside).chmod(mode)
        Path(beside).replace(target)
    except OSError as error:
        Path(beside).unlink(missing_ok=True)
        raise OutputError(
            f"{path}: it cannot be written: {(error.strerror or 'no right').lower()}."
        ) from None


def difference(old: str, new: str, name: str) -> str:
    """What would change, as a unified diff; empty when nothing would."""
    return "".join(
        line if line.endswith("\n") else f"{line}\n"
        for line in difflib.unified_diff(
            old.splitlines(keepends=True), new.splitlines(keepends=True), name, f"{name} (canonical)"
        )
    )
