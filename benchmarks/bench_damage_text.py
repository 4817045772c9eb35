"""Thousands of damaged text files and workbooks: refused, read whole, or read with a note; never a crash.

`corruption` does the same to statistical files; `CASES` (default 7200) sets how many, `make nightly` runs both.
"""

from __future__ import annotations

import os
import random
import runpy
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests" / "readers"
CASES = 7200


def run() -> Iterator[Mapping[str, object]]:
    """One row for each sample file: cases, how many were wrong, the first of them, seconds."""
    from milkqc.readers import read

    words = runpy.run_path(str(TESTS / "test_read_damage.py"))
    write = runpy.run_path(str(TESTS / "conftest.py"))["write_workbook"]
    names = (*words["TEXTS"], *words["WORKBOOKS"])
    times = max(1, int(os.environ.get("CASES", CASES)) // (len(names) * len(words["HOWS"])))
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            path = Path(folder) / name
            if name in words["TEXTS"]:
                path.write_bytes(words["TEXTS"][name])
            else:
                write(path, {"A": words["ROWS"]})
            sample = words["Sample"](name, path.read_bytes(), read(path))
            start = time.perf_counter()
            wrong = []
            for how in words["HOWS"]:
                chance = random.Random(f"many {name} {how}")
                for number in range(times):
                    changed = words["damaged"](sample.content, how, chance)
                    found = words["complaint"](path, sample, changed, how)
                    if found:
                        wrong.append(f"{how} {number}: {found}")
            yield {
                "file": name,
                "cases": times * len(words["HOWS"]),
                "wrong": len(wrong),
                "first": wrong[0] if wrong else None,
                "seconds": time.perf_counter() - start,
                "within": not wrong,
            }
