"""What a reading function in the child process hands back: frames in a folder, a few words, or a refusal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

TOO_LARGE = ("does not fit into the memory allowed.", "Check that it is the right file.")


class RefusedError(Exception):
    """The file cannot be read; `what` and `todo` become a SourceError in the parent."""

    def __init__(self, what: str, todo: str):
        self.what, self.todo = what, todo
        super().__init__(what)


class Outbox:
    """A folder that frames are put into, one chunk of rows at a time, so that no whole table is held.

    `room` is how many bytes all chunks may take in memory together: what does not fit is refused by RefusedError.
    """

    def __init__(self, folder: Path, *, room: int):
        self._folder, self._room = folder, room
        self._chunks: dict[str, int] = {}

    def put(self, name: str, frame: pl.DataFrame) -> None:
        """Add `frame` below the chunks already put under `name` (letters only); all have one schema."""
        self._room -= int(frame.estimated_size())
        if self._room < 0:
            raise RefusedError(*TOO_LARGE)
        place = self._chunks.get(name, 0)
        self._chunks[name] = place + 1
        frame.write_ipc(_chunk(self._folder, name, place))

    def rewrite(self, name: str, change: Any) -> None:
        """Replace each chunk under `name` by `change(chunk)`."""
        for place in range(self._chunks.get(name, 0)):
            path = _chunk(self._folder, name, place)
            change(pl.read_ipc(path.read_bytes())).write_ipc(path)


@dataclass(frozen=True)
class Answer:
    """`frames` by the names they were put under, their chunks together again; `meta`: JSON."""

    frames: Mapping[str, pl.DataFrame]
    meta: Mapping[str, Any]

    @classmethod
    def of(cls, folder: Path) -> Answer:
        """Everything in the folder of an Outbox, loaded: the folder may be deleted afterwards."""
        chunks: dict[str, list[pl.DataFrame]] = {}
        for path in sorted(folder.glob("*.arrow")):
            chunks.setdefault(path.name.split(".")[0], []).append(pl.read_ipc(path.read_bytes()))
        frames = {name: pl.concat(parts, rechunk=False) for name, parts in chunks.items()}
        return cls(frames, json.loads((folder / "meta.json").read_text(encoding="utf-8")))


def _chunk(folder: Path, name: str, place: int) -> Path:
    return folder / f"{name}.{place:06d}.arrow"
