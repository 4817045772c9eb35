"""Opening untrusted binary files in one child process, with limits of time and memory.

4 of 24,500 damaged files crash ReadStat with a segmentation fault; a .zsav of 78 KB can unpack to 192 MB. One
child serves all files of a run (it starts in a third of a second) and is replaced after a crash.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

import milkqc
from milkqc.model import Source
from milkqc.readers.carry import carried, packed
from milkqc.readers.files import File
from milkqc.readers.options import ReadOptions
from milkqc.readers.pull import Pulled

SECONDS = 300.0
MEMORY = 8 * 1024**3


class Child:
    """A process that pulls files; started when first asked, and again after it was lost."""

    def __init__(self, *, seconds: float = SECONDS, memory: int = MEMORY):
        self.seconds, self.memory = seconds, memory
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        atexit.register(self.close)

    def pull(self, file: File, kind: str, *, encodings: tuple[str, ...], max_cells: int) -> Pulled:
        """`pull.pull` in the child. SourceError when the file is refused, crashes it, or takes too long."""
        asked = {"kind": kind, "encodings": list(encodings), "max_cells": max_cells}
        with self._answered(file, asked) as folder:
            return Pulled(
                pl.read_ipc((folder / "values.arrow").read_bytes()),
                pl.read_ipc((folder / "tags.arrow").read_bytes()),
                json.loads((folder / "meta.json").read_text(encoding="utf-8")),
            )

    def sheet(self, file: File, options: ReadOptions) -> Source:
        """`sheets.sheet_source` in the child. SourceError when the file is refused, crashes it, or takes too long."""
        with self._answered(file, {"kind": "sheet", "name": file.name, "options": packed(options)}) as folder:
            return carried(folder)

    @contextmanager
    def _answered(self, file: File, asked: Mapping[str, Any]) -> Iterator[Path]:
        """The folder in which the child has put its answer."""
        with self._lock, tempfile.TemporaryDirectory(prefix="milkqc-") as folder:
            request = {
                **asked,
                "path": str(file.path.resolve()),
                "memory": self.memory,
                "folder": folder,
            }
            answer = self._ask(file, json.dumps(request))
            if answer:
                raise file.error(answer["what"], answer["todo"])
            yield Path(folder)

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _ask(self, file: File, request: str) -> dict[str, Any]:
        process = self._running(file)
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        clock = threading.Timer(self.seconds, stop)
        clock.start()
        try:
            assert process.stdin is not None  # noqa: S101 - opened as pipes just below
            assert process.stdout is not None  # noqa: S101
            process.stdin.write(request + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            clock.cancel()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        code = process.wait()
        self.close()
        if late.is_set():
            raise file.error(
                f"took longer than {self.seconds:g} s to read.", "Check that it is the right file."
            )
        raise file.error(
            f"is damaged: reading it stopped the reader ({_cause(code)}).", "Export or copy it again."
        )

    def _running(self, file: File) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            home = str(Path(milkqc.__file__).parents[1])
            paths = [home, os.environ.get("PYTHONPATH", "")]
            try:
                self._process = subprocess.Popen(
                    # -P: a json.py in the folder one happens to stand in, among uploads say, must not be run.
                    [sys.executable, "-P", "-m", "milkqc.readers.child"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                    encoding="utf-8",
                    env={
                        **os.environ,
                        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
                        "POLARS_MAX_THREADS": "1",
                    },
                )
            except OSError as error:
                raise file.error(
                    f"the reader could not be started ({error.strerror}).", "Try again."
                ) from None
        return self._process


def _cause(code: int) -> str:
    try:
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"
    except ValueError:
        return f"signal {-code}"


CHILD = Child()
