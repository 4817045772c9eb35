"""The process in which binary files are opened: it answers requests, one JSON line each, until its input ends.

A request names the file and a folder; the answer is `values.arrow`, `tags.arrow` and `meta.json` in that
folder and then a line on the standard output. A crash or an endless loop here costs one file, not the run.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Serve requests from the standard input."""
    answers = sys.stdout
    # Whatever a library prints must not be taken for an answer.
    sys.stdout = sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        _limit_memory(request["memory"])
        answer = _serve(request)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _serve(request: dict[str, Any]) -> dict[str, Any]:
    from milkqc.readers.pull import RefusedError, pull

    folder = Path(request["folder"])
    try:
        if request["kind"] == "sheet":
            return _sheet(request, folder)
        pulled = pull(
            Path(request["path"]),
            request["kind"],
            encodings=tuple(request["encodings"]),
            max_cells=request["max_cells"],
        )
        pulled.values.write_ipc(folder / "values.arrow")
        pulled.tags.write_ipc(folder / "tags.arrow")
        (folder / "meta.json").write_text(json.dumps(pulled.meta), encoding="utf-8")
    except RefusedError as refused:
        return {"what": refused.what, "todo": refused.todo}
    except MemoryError:
        return {"what": "does not fit into the memory allowed.", "todo": "Check that it is the right file."}
    return {}


def _sheet(request: dict[str, Any], folder: Path) -> dict[str, Any]:
    from milkqc.errors import SourceError
    from milkqc.readers.carry import carry, unpacked
    from milkqc.readers.files import File
    from milkqc.readers.sheets import sheet_source

    try:
        carry(sheet_source(File(Path(request["path"]), request["name"]), unpacked(request["options"])), folder)
    except SourceError as error:
        return {"what": error.what, "todo": error.todo}
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


if __name__ == "__main__":
    main()
