"""A file on disk, before anybody has looked at what is in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from milkqc.errors import SourceError


@dataclass(frozen=True)
class File:
    """A file that exists and is not empty. `name` is what messages and the manifest call it."""

    path: Path
    name: str

    @classmethod
    def of(cls, path: Path, name: str | None = None) -> File:
        """The file at `path`; SourceError when there is none, when it is a folder, or when it is empty."""
        file = cls(path, name or path.name)
        try:
            if not path.exists():
                raise file.error("there is no such file.", "Check the name and the data folder.")
            if not path.is_file():
                raise file.error("is a folder, not a file.", "Name a file in it.")
            if path.stat().st_size == 0:
                raise file.error("the file is empty (0 bytes).", "Export or copy it again.")
            file.head(1)
        except OSError as error:
            raise file.error(f"cannot be opened ({error.strerror}).", "Check its permissions.") from None
        return file

    def error(self, what: str, todo: str) -> SourceError:
        """A SourceError about this file."""
        return SourceError(self.name, what, todo)

    def head(self, size: int) -> bytes:
        """The first `size` bytes."""
        with self.path.open("rb") as stream:
            return stream.read(size)

    def tail(self, size: int) -> bytes:
        """The last `size` bytes, or all there are."""
        with self.path.open("rb") as stream:
            stream.seek(max(0, self.size - size))
            return stream.read(size)

    @cached_property
    def size(self) -> int:
        """Bytes."""
        return self.path.stat().st_size

    @cached_property
    def content(self) -> bytes:
        """All of it."""
        return self.path.read_bytes()

    @cached_property
    def sha256(self) -> str:
        """Hex digest of the whole file."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
