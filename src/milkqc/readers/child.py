"""The process in which binary files are opened: it answers requests, one JSON line each, until its input ends.

A request names a function of a reader, the file, and a folder for the answer (`answers.Outbox`, `meta.json`). A
crash or an endless loop here costs one file, not the run.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

# How much longer than its parent the child waits before it ends itself: only a lost parent lets it come to that.
_GRACE = 10.0


def main() -> None:
    """Serve requests from the standard input, the modules named as arguments already imported."""
    # Whatever a library prints, from C too, must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for name in sys.argv[1:]:
        with contextlib.suppress(ImportError):  # the file that needs it will say so
            importlib.import_module(name)
    for line in sys.stdin:
        request = json.loads(line)
        _limit_memory(request["memory"])
        _limit_time(request["seconds"] + _GRACE)
        answer = _serve(request)
        _limit_time(0)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _serve(request: dict[str, Any]) -> dict[str, Any]:
    from milkqc.readers.answers import TOO_LARGE, Outbox, RefusedError

    folder = Path(request["folder"])
    module, name = request["function"].split(":")
    function = getattr(importlib.import_module(module), name)
    # Half of the memory, because the parent holds the same table besides.
    out = Outbox(folder, room=request["memory"] // 2)
    try:
        meta = function(Path(request["path"]), out, **request["arguments"])
        (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    except RefusedError as refused:
        return {"what": refused.what, "todo": refused.todo}
    except MemoryError:
        return {"what": TOO_LARGE[0], "todo": TOO_LARGE[1]}
    return {}


def _limit_memory(size: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limit; the time limit and max_cells remain.
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(
        resource.RLIMIT_AS, (size if hard == resource.RLIM_INFINITY else min(size, hard), hard)
    )


def _limit_time(seconds: float) -> None:
    """End this process after so many seconds, even inside a library; 0: never mind."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    main()
