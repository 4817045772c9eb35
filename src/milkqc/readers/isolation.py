"""Opening untrusted binary files in one child process, with limits of time and memory.

4 of 24,500 damaged files crash ReadStat with a segmentation fault; a .zsav of 78 KB can unpack to 192 MB. One
child serves all files of a run (it starts in a third of a second) and is replaced after a crash.

A reader has its file opened there by any function of a module, called by name:

    answer = CHILD.call(file, "milkqc.readers.pull:pull", {"kind": "dta", ...}, limits=Limits.of(options))

The function is `pull(path: Path, out: Outbox, **arguments)`: it puts polars frames, by chunks of rows if they are
large, into `out`, and returns what else there is to say as JSON. It raises `answers.RefusedError(what, todo)` for a
file that cannot be read. `arguments` are JSON. The caller gets `Answer(frames, meta)`, or a SourceError when the
file is refused, crashes the child, takes too long, or does not fit into its memory. A package's own reader may name
a function of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import milkqc
from milkqc.readers.answers import Answer
from milkqc.readers.files import File
from milkqc.readers.options import ReadOptions


@dataclass(frozen=True)
class Limits:
    """What one file may cost: seconds of wall clock, bytes of address space (POSIX)."""

    seconds: float
    memory: int

    @classmethod
    def of(cls, options: ReadOptions) -> Limits:
        """The limits that the options set."""
        return cls(options.reader_seconds, options.reader_memory)


class Child:
    """A process that opens files; started when first asked, and again after it was lost."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        atexit.register(self.close)

    def call(self, file: File, function: str, arguments: Mapping[str, Any], *, limits: Limits) -> Answer:
        """What `function` (`module:name`) says of the file, in the child. SourceError when it cannot."""
        with self._lock, tempfile.TemporaryDirectory(prefix="milkqc-") as folder:
            request = {
                "function": function,
                "path": str(file.path.resolve()),
                "arguments": dict(arguments),
                "memory": limits.memory,
                "seconds": limits.seconds,
                "folder": folder,
            }
            refusal = self._ask(file, json.dumps(request), limits)
            if refusal:
                raise file.error(refusal["what"], refusal["todo"])
            return Answer.of(Path(folder))

    def start(self, modules: Iterable[str] = ()) -> None:
        """Have the process ready by the time it is asked, `modules` imported: a run that knows its files need not wait."""
        with self._lock, contextlib.suppress(OSError):  # it is told when a file asks
            self._running(*modules)

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _ask(self, file: File, request: str, limits: Limits) -> dict[str, Any]:
        try:
            process = self._running()
        except OSError as error:
            raise file.error(f"the reader could not be started ({error.strerror}).", "Try again.") from None
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        clock = threading.Timer(limits.seconds, stop)
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
                f"took longer than {limits.seconds:g} s to read.",
                "Check that it is the right file, or allow more by --reader-seconds.",
            )
        raise file.error(
            f"is damaged: reading it stopped the reader ({_cause(code)}).", "Export or copy it again."
        )

    def _running(self, *modules: str) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            home = str(Path(milkqc.__file__).parents[1])
            paths = [home, os.environ.get("PYTHONPATH", "")]
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, and modules that a FORMAT names
                # -P: a json.py in the folder one happens to stand in, among uploads say, must not be run.
                [sys.executable, "-P", "-m", "milkqc.readers.child", *modules],
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
        return self._process


def _cause(code: int) -> str:
    try:
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"
    except ValueError:
        return f"signal {-code}"


CHILD = Child()
