"""The command as a user waits for it: --help, the demo study and the CPP study, each in a process of its own."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from milkqc.demo import write_uploads

HELP_SECONDS = 0.3
RUN_SECONDS, RUN_MEGABYTES = 12.0, 700.0
CPP = Path(__file__).parents[1] / "mappings" / "cpp.yaml"
MILKQC = Path(sys.executable).with_name("milkqc")


def command(*words: object) -> tuple[float, float, int]:
    """Wall seconds, peak resident megabytes (of the process or its largest child) and exit code of one milkqc."""
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen([str(MILKQC), *map(str, words)], stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        # 1 says that there are critical findings, which is how a run over faulty data ends.
        if process.returncode not in {0, 1}:
            errors.seek(0)
            sys.exit(
                f"milkqc {' '.join(map(str, words))}: exit {process.returncode}\n{errors.read().decode()}"
            )
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return seconds, kilobytes / 1024, process.returncode


def study(name: str, mapping: Path, data: Path, folder: Path) -> Iterator[dict[str, object]]:
    """One run, then its parts as the run itself timed them."""
    timings = folder / f"{name}.json"
    seconds, megabytes, _ = command(
        "run", mapping, "--data", data, "--out", folder / name, "--timings", timings
    )
    yield {"what": f"milkqc run, {name}", "measured": seconds, "unit": "s", "bound": RUN_SECONDS,
           "within": seconds < RUN_SECONDS}  # fmt: skip
    yield {"what": f"milkqc run, {name}: peak memory", "measured": megabytes, "unit": "MB", "bound": RUN_MEGABYTES,
           "within": megabytes < RUN_MEGABYTES}  # fmt: skip
    for step, took in json.loads(timings.read_text("utf-8")).items():
        if step == "rules":
            continue
        yield {"what": f"  {step}", "measured": float(took), "unit": "s"}


def run() -> Iterator[dict[str, object]]:
    """Rows: what, measured, unit, bound, within."""
    times = [command("--help")[0] for _ in range(5)]
    median = statistics.median(times)
    yield {"what": "milkqc --help (median of 5)", "measured": median, "unit": "s", "bound": HELP_SECONDS,
           "within": median < HELP_SECONDS}  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from study("demo", write_uploads(folder), folder / "uploads", folder)
        shared = os.environ.get("MILKQC_SHARED")
        if shared:
            yield from study("cpp", CPP, Path(shared) / "fixtures" / "growth", folder)
        else:
            yield {"what": "milkqc run, cpp: not run, MILKQC_SHARED is not set"}
