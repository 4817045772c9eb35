"""The files of a data folder: those of a name or pattern, and why there are none."""

from __future__ import annotations

import hashlib
from pathlib import Path

_SHOWN = 200  # characters of a name in a message


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


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
