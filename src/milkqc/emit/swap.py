"""Whole or not at all: OUT is built in a sibling folder and put in place in one step.

On Linux the two folders change places atomically. Elsewhere OUT is renamed aside and the new one takes its
name; a run that dies between the two renames leaves the old folder aside, and the next run puts it back.
Runs take turns for that moment (milkqc.emit.turn): each puts its whole folder in place, and the last one stays.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from milkqc.emit.turn import turn
from milkqc.errors import OutputError

MANIFEST = "manifest.json"
_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_RENAME_EXCHANGE = 2
# What the kernel or the file system says when it cannot do the flag at all.
_NO_EXCHANGE = {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP}


@contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """An empty folder beside `out`, which takes its name when the block ends well and vanishes when it fails.

    A symbolic link is followed: the folder it points to is replaced, the link stays. Missing parents are made.
    OutputError when `out` is a file, a folder that milkqc did not write, or cannot be written; `out` is then as
    it was.
    """
    place = _place(out)
    with _told(out):
        place.parent.mkdir(parents=True, exist_ok=True)
        with turn(place):
            restore(place)
            _refuse_foreign(place, out)
    sibling = place.parent / f".{place.name}.milkqc-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        with _told(out):
            sibling.mkdir()
            # Where a swap takes two renames, another run's may leave the name free for this moment.
            with suppress(FileNotFoundError):
                shutil.copymode(place, sibling)
            yield sibling
            _settle(sibling)
            with turn(place):
                restore(place)
                swap(sibling, place)
    finally:
        # After a swap this is what stood under OUT before; after a failure, what was half built.
        shutil.rmtree(sibling, ignore_errors=True)


def swap(sibling: Path, place: Path) -> None:
    """Give `sibling` the name `place`; what had that name, if anything, is then called `sibling`."""
    if not place.exists():
        if not _rename(sibling, place, _RENAME_NOREPLACE):
            sibling.rename(place)
    elif _rename(sibling, place, _RENAME_EXCHANGE):
        # `sibling` is now what stood there: if someone else put their files there meanwhile, they get them back.
        if _foreign(sibling):
            _rename(sibling, place, _RENAME_EXCHANGE)
            _refuse_foreign(place, place)
    else:
        _refuse_foreign(place, place)
        aside = _aside(place)
        place.rename(aside)
        try:
            sibling.rename(place)
        except OSError:
            aside.rename(place)
            raise
        aside.rename(sibling)


def restore(place: Path) -> None:
    """Put back what an interrupted swap left aside, or clear away what a finished one did not."""
    aside = _aside(place)
    if not aside.is_dir():
        return
    if place.exists():
        shutil.rmtree(aside, ignore_errors=True)
    else:
        aside.rename(place)


def is_ours(folder: Path) -> bool:
    """Whether a folder holds a milkqc manifest: a manifest.json, an object with the key `milkqc`."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and "milkqc" in manifest


def _place(out: Path) -> Path:
    place = Path(os.path.realpath(out))
    if not place.name:
        raise OutputError(f"{out}: the top of a file system cannot be replaced. Name a folder below it.")
    return place


def _aside(place: Path) -> Path:
    return place.parent / f".{place.name}.milkqc-old"


def _refuse_foreign(place: Path, out: Path) -> None:
    """OutputError unless `place` is free, empty or milkqc's own."""
    if not place.exists():
        return
    if not place.is_dir():
        raise OutputError(
            f"{out}: is a file, and a folder is needed. Name another with --out, or move the file."
        )
    if _foreign(place):
        raise OutputError(
            f"{out}: holds files, but no milkqc manifest, so it is not replaced. "
            "Name a new or an empty folder with --out, or move what is there."
        )


def _foreign(folder: Path) -> bool:
    return any(folder.iterdir()) and not is_ours(folder)


def _rename(old: Path, new: Path, flag: int) -> bool:
    """Linux renameat2 with a flag; False where the system or the file system does not know it."""
    if not sys.platform.startswith("linux"):
        return False
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    failed = renameat2(_AT_FDCWD, os.fsencode(old), _AT_FDCWD, os.fsencode(new), ctypes.c_uint(flag))
    if not failed:
        return True
    code = ctypes.get_errno()
    if code in _NO_EXCHANGE:
        return False
    raise OSError(code, os.strerror(code), str(old), None, str(new))


def _settle(folder: Path) -> None:
    """Have the disk hold every file before the folder gets its name; folders too, where the system allows it."""
    for path in [*sorted(folder.rglob("*")), folder]:
        if path.is_dir() and os.name != "posix":
            continue
        handle = os.open(path, os.O_RDONLY if path.is_dir() or os.name == "posix" else os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _told(out: Path) -> Iterator[None]:
    """What the system refuses, said as an OutputError that names OUT and not the folder beside it."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise OutputError(
            f"{out}: cannot be written ({why}). {_todo(error)} What was there before is unchanged."
        ) from error


def _todo(error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            return "Free some space, or name a folder on another disk with --out."
        case errno.EBUSY | errno.EXDEV:
            return "It may be a mount point: name a folder below it with --out."
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return (
                "Close files that are open in other programs, or name a folder you may write to with --out."
            )
        case errno.EEXIST | errno.ENOTDIR:
            return "A part of its path is a file: name another folder with --out."
    return "Check the folder, or name another with --out."
