"""A million rows by 20 columns of .dta and .sav beside pyreadstat itself, their peak memory, and what isolation costs."""

from __future__ import annotations

import json
import os
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
# A whole run over the same files, opened in the child and in this process: what they keep the run waiting, and the
# processor's seconds of both processes. Everything else of the two runs is the same.
WHOLE = """
import importlib, json, resource, sys, tempfile, time
from pathlib import Path
from milkqc.readers.isolation import CHILD, Child
isolated, mapping, data = sys.argv[1] == "isolated", *map(Path, sys.argv[2:])
start, call, spent = Child.start, Child.call, []
def inside(self, file, function, arguments, *, limits):
    from milkqc.readers.answers import Answer, Outbox
    with tempfile.TemporaryDirectory(prefix="milkqc-") as folder:
        module, name = function.split(":")
        meta = getattr(importlib.import_module(module), name)(
            file.path, Outbox(Path(folder), room=limits.memory // 2), **arguments)
        (Path(folder) / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
        return Answer.of(Path(folder))
def timed(function):
    def instead(*words, **how):
        clocks = time.perf_counter(), time.process_time()
        try:
            return function(*words, **how)
        finally:
            spent.append((time.perf_counter() - clocks[0], time.process_time() - clocks[1]))
    return instead
Child.start = timed(start) if isolated else lambda self, modules=(): None
Child.call = timed(call if isolated else inside)
import milkqc
result = milkqc.run(mapping, data=data)
CHILD.close()
child = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({
    "wall": sum(wall for wall, _ in spent),
    "cpu": sum(cpu for _, cpu in spent) + (child.ru_utime + child.ru_stime if isolated else 0),
    "calls": len(spent) - isolated,
    "rows": result.growth.height,
}))
"""
MAPPING = """
milkqc: 1
study: BENCH
tables:
  anthro: {file: "small*.dta"}
growth:
  from: anthro
  key: {participant_id: PID, visit: {do: constant, value: birth}}
  columns:
    infant_sex: {from: SEX, codes: {"1": male, "2": female}}
    weight_kg: {from: WEIGHT, unit: kg}
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
        yield from isolation(folder)


def isolation(folder: Path) -> Iterator[dict[str, object]]:
    """What opening FILES files in the child adds to a run: waiting, and work of the processor, which a busy machine
    does not stretch."""
    for place in range(FILES):
        frame = pd.DataFrame({"PID": [f"P{place:03d}"], "SEX": [1.0], "WEIGHT": [3.1 + place / 100]})
        pyreadstat.write_dta(frame, str(folder / f"small{place}.dta"))
    mapping = folder / "bench.yaml"
    mapping.write_text(MAPPING, encoding="utf-8")
    words = (mapping, folder)
    pairs = [(measured(WHOLE, "isolated", *words), measured(WHOLE, "inside", *words)) for _ in range(5)]
    for one in (run for pair in pairs for run in pair):
        assert one["calls"] == FILES, "each file is opened once"
        assert one["rows"] == FILES, "and gives its row"
    load = os.getloadavg()[0]
    for clock, what in (("wall", "waiting"), ("cpu", "processor")):
        isolated, inside = (min(pair[which][clock] for pair in pairs) for which in (0, 1))
        cost = isolated - inside
        yield {"what": f"isolation, {FILES} files in a whole run: {what} (load {load:.1f})", "measured": cost,
               "unit": "s", "bound": ISOLATION_SECONDS, "within": cost <= ISOLATION_SECONDS}  # fmt: skip
