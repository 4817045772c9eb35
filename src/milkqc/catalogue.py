"""Finds rule files and mappings: a user's folders first, then a checkout's, then those inside the installed wheel."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

Kind = Literal["expectations", "mappings"]
_PACKAGE = Path(__file__).resolve().parent


def folders(kind: Kind, user: Iterable[Path] = ()) -> tuple[Path, ...]:
    """The folders of one kind that exist, the first one winning where names meet.

    `user` are folders of the person who calls; each may hold the files itself, or hold `kind` as a subfolder.
    """
    theirs = [folder / kind if (folder / kind).is_dir() else folder for folder in user]
    places = [*theirs, _checkout(kind), _PACKAGE / "_shipped" / kind]
    return tuple(dict.fromkeys(place for place in places if place is not None and place.is_dir()))


def files(kind: Kind, user: Iterable[Path] = ()) -> tuple[Path, ...]:
    """The YAML files of one kind, sorted by name; of two files with one name the first folder's."""
    found: dict[str, Path] = {}
    for folder in folders(kind, user):
        for path in sorted((*folder.glob("*.yaml"), *folder.glob("*.yml"))):
            found.setdefault(path.name, path)
    return tuple(found[name] for name in sorted(found))


def pack(name: str) -> Path | None:
    """A shipped rule file that holds for no study before its mapping names it (`packs/NAME.yaml`), or None."""
    wanted = {name, f"{name}.yaml"}
    return next((path for path in packs() if f"packs/{path.name}" in wanted), None)


def packs() -> tuple[Path, ...]:
    """The shipped rule files that a mapping must name, sorted by name."""
    found: dict[str, Path] = {}
    for folder in folders("expectations"):
        for path in sorted((folder / "packs").glob("*.yaml")):
            found.setdefault(path.name, path)
    return tuple(found[name] for name in sorted(found))


def find(kind: Kind, name: str, user: Iterable[Path] = ()) -> Path | None:
    """The file called `name` (with or without .yaml), or None."""
    wanted = {name, f"{name}.yaml", f"{name}.yml"}
    return next((path for path in files(kind, user) if path.name in wanted), None)


def _checkout(kind: Kind) -> Path | None:
    """The folder at the top of a checkout: two levels above this package, beside its pyproject.toml."""
    top = _PACKAGE.parents[1]
    return top / kind if _PACKAGE.parent.name == "src" and (top / "pyproject.toml").is_file() else None
