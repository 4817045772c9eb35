"""One run at a time at a folder's name: a lock that is held for the moment of a swap, never for a whole run."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# A swap takes milliseconds; a lock that is this old belongs to a run that died.
PATIENCE_SECONDS = 10.0
_PAUSE_SECONDS = 0.01


@contextmanager
def turn(place: Path) -> Iterator[None]:
    """Hold the lock of `place`, the folder `.NAME.milkqc-lock` beside it.

    Waits while another run holds it; one that stays the same for PATIENCE_SECONDS is taken away. OSError when
    nothing can be made beside `place`.
    """
    lock = place.parent / f".{place.name}.milkqc-lock"
    seen, since = None, time.monotonic()
    while True:
        with suppress(FileExistsError):
            lock.mkdir()
            break
        now = _identity(lock)
        if now != seen:
            seen, since = now, time.monotonic()
        elif now is not None and time.monotonic() - since > PATIENCE_SECONDS:
            _take_away(lock)
        time.sleep(_PAUSE_SECONDS)
    try:
        yield
    finally:
        with suppress(OSError):
            lock.rmdir()


def _identity(lock: Path) -> tuple[int, int] | None:
    """Which lock it is: a new one of the same name is another. None when it has just gone."""
    try:
        found = lock.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def _take_away(lock: Path) -> None:
    # Renamed first: of two runs that both lost patience, one succeeds.
    dead = lock.with_name(f"{lock.name}-{secrets.token_hex(4)}")
    with suppress(FileNotFoundError):
        lock.rename(dead)
        dead.rmdir()
