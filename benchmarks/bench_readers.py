"""A million rows by 20 columns of .dta and .sav beside pyreadstat itself, their peak memory, and what isolation costs."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat

ROWS = 1_000_000
RATIO, GIGABYTES, ISOLATION_SECONDS = 1.5, 1.2, 0.5
FILES = 20

# Each in a process of its own, so that one's memory and imports are not another's.
THEIRS = """
import json, resource, sys, time, pandas, pyreadstat
start = time.perf_counter()
{"dta": pyreadstat.read_dta, "sav": pyreadstat.read_sav}[sys.argv[1][-3:]](sys.argv[1])
print(json.dumps({"seconds": time.perf_counter() - start}))
"""
OURS = """
import json, resource, sys, time, polars
from milkqc.readers import read
from milkqc.readers.isolation import CHILD
start = time.perf_counter()
rows = read(sys.argv[1]).table.height
seconds = time.perf_counter() - start
CHILD.close()
who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
peak = sum(resource.getrusage(one).ru_maxrss for one in who) / (1024**3 if sys.platform == "darwin" else 1024**2)
print(json.dumps({"seconds": seconds, "gigabytes": peak, "rows": rows}))
"""
# The same reading functions on the same files, in the child and in this process.
ISOLATION = """
import json, sys, tempfile, time
from pathlib import Path
import polars, pyreadstat
from milkqc.readers import pull, stata_pull
from milkqc.readers.answers import Answer, Outbox
from milkqc.readers.files import File
from milkqc.readers.isolation import Child, Limits
import os
files = [File.of(Path(name)) for name in sys.argv[1:]]
how = {"encodings": ["utf-8"], "max_cells": 10**6}
def here(file):
    with tempfile.TemporaryDirectory() as folder:
        out = Outbox(Path(folder), room=10**9)
        (Path(folder) / "meta.json").write_text(json.dumps(stata_pull.pull(file.path, out, **how)))
        return Answer.of(Path(folder))
start = time.perf_counter()
for file in files:
    here(file)
inside = time.perf_counter() - start
child = Child()
start = time.perf_counter()
for file in files:
    child.call(file, "milkqc.readers.stata_pull:pull", how, limits=Limits(60, 2 * 1024**3))
child.close()
print(json.dumps({"seconds": time.perf_counter() - start - inside}))
"""


def measured(code: str, *words: object) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def study(folder: Path) -> list[Path]:
    """A survey's table: 17 numbers, some missing, an id, a place, a day; as .dta and .sav."""
    chance = np.random.default_rng(20)
    columns: dict[str, object] = {"id": [f"P{row:07d}" for row in range(ROWS)]}
    for place in range(14):
        values = np.round(chance.normal(5, 2, ROWS), 3)
        values[chance.random(ROWS) < 0.05] = np.nan
        columns[f"x{place}"] = values
    for place in range(3):
        columns[f"code{place}"] = chance.integers(1, 9, ROWS).astype(float)
    columns["site"] = np.array(["north", "south", "east"])[chance.integers(0, 3, ROWS)]
    columns["day"] = chance.integers(20000, 22000, ROWS).astype(float)
    frame = pd.DataFrame(columns)
    pyreadstat.write_dta(frame, str(folder / "study.dta"), variable_format={"day": "%td"})
    frame["day"] = frame["day"] * 86_400 + 1e10
    pyreadstat.write_sav(frame, str(folder / "study.sav"), variable_format={"day": "DATE11"})
    return [folder / "study.dta", folder / "study.sav"]


def run() -> Iterator[dict[str, object]]:
    """Rows: what, measured, unit, bound, within."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path in study(folder):
            # In turns, because the machine may be busy with something else for a while.
            theirs, ours = zip(
                *((measured(THEIRS, path), measured(OURS, path)) for _ in range(3)), strict=True
            )
            ratio = min(run["seconds"] for run in ours) / min(run["seconds"] for run in theirs)
            peak = max(run["gigabytes"] for run in ours)
            yield {
                "what": f"{path.name}: pyreadstat alone",
                "measured": min(run["seconds"] for run in theirs),
                "unit": "s",
            }
            yield {"what": f"{path.name}: milkqc.read / pyreadstat", "measured": ratio, "unit": "times", "bound": RATIO,
                   "within": ratio <= RATIO}  # fmt: skip
            yield {"what": f"{path.name}: peak memory, child and parent", "measured": peak, "unit": "GB",
                   "bound": GIGABYTES, "within": peak < GIGABYTES}  # fmt: skip
        small = []
        for place in range(FILES):
            small.append(folder / f"small{place}.dta")
            pyreadstat.write_dta(pd.DataFrame({"n": [1.0, 2.0]}), str(small[-1]))
        cost = min(measured(ISOLATION, *small)["seconds"] for _ in range(3))
        yield {"what": f"isolation, {FILES} files in one run", "measured": cost, "unit": "s",
               "bound": ISOLATION_SECONDS, "within": cost <= ISOLATION_SECONDS}  # fmt: skip
