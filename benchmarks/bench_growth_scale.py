"""Growth scores of many rows: memory above the input, ten million rows on lazy polars and DuckDB, Spark, linear cost.

Each measurement runs in a process of its own, so that one's memory is not another's. Wall time on a shared machine
says as much about the neighbours; seconds of processor time stand beside it and are what linear cost is judged by.

Linear in rows: a million rows of a larger table cost no more than GROWS_WITHIN times what a million rows of any smaller table
do. (The other way round says nothing: what a call costs before its first row makes small tables dear.)
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.bench_growth import children

# WHO's R package does about 34,000 rows/s on this kind of machine; the floor is 60 times that, the aim 100 times.
WHO_PACKAGE, FLOOR_TIMES, AIM_TIMES = 34_000, 60, 100
ABOVE_INPUT_MB, LARGE_MB = 512.0, 2048.0
MANY, LARGE = 1_000_000, 10_000_000
SIZES = (250_000, 500_000, 1_000_000, 2_000_000, 4_000_000)
GROWS_WITHIN = 1.5
SPARK_ROWS = 1_000_000

_PROGRAM = """
import json, resource, sys, time
import polars as pl
import milkqc
kind, source, target, repeats = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
unit = 1024 ** 2 if sys.platform == "darwin" else 1024
def peak():
    # Linux counts in ru_maxrss what the process was forked from as well.
    try:
        lines = open("/proc/self/status").read().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
def from_now():
    # What reading the input took at its worst must not hide what scoring takes: Linux forgets the peak when told to.
    try:
        open("/proc/self/clear_refs", "w").write("5")
    except OSError:
        return
def eager():
    milkqc.growth_scores(frame)
def lazy():
    milkqc.growth_scores(pl.scan_parquet(source)).sink_parquet(target)
def duck():
    import duckdb
    scored = milkqc.growth_scores(duckdb.connect().sql(f"SELECT * FROM '{source}'"))
    rows = scored.aggregate("count(*), count(laz), sum(laz_flag::int), avg(waz)").fetchall()
    assert rows[0][0] == rows_expected, rows
# Tables and libraries loaded before the clock starts; from a frame of its own, for memory once used and kept would hide some.
sizes = ("weight_kg", "length_cm", "head_circumference_cm", "muac_cm", "triceps_skinfold_mm", "subscapular_skinfold_mm")
milkqc.growth_scores(pl.DataFrame({"infant_sex": ["male"], "age_days": [400.0], **dict.fromkeys(sizes, [9.0])}))
from_now()
base = peak()
frame = pl.read_parquet(source) if kind == "eager" else None
before = base + (0 if frame is None else frame.estimated_size() / 1024 ** 2)
rows_expected = pl.scan_parquet(source).select(pl.len()).collect().item()
from_now()
told = []
for _ in range(repeats):
    wall, cpu = time.perf_counter(), time.process_time()
    {"eager": eager, "lazy": lazy, "duck": duck}[kind]()
    told.append((time.perf_counter() - wall, time.process_time() - cpu))
print(json.dumps({"before": before, "peak": peak(), "times": told}))
"""


def measured(kind: str, source: Path, target: Path, *, repeats: int = 1) -> dict[str, Any]:
    """Megabytes `before` (libraries and the input itself) and at the peak, and (wall, processor) seconds of each repeat,
    from a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _PROGRAM, kind, str(source), str(target), str(repeats)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{kind}: {done.stderr}")
    # DuckDB may draw a bar of its own before it.
    told: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    return told


def stored(folder: Path, rows: int) -> Path:
    """A parquet file of so many children, written a million at a time."""
    path = folder / f"children_{rows}.parquet"
    if not path.exists():
        parts = []
        for place, start in enumerate(range(0, rows, MANY)):
            part = folder / f"part_{rows}_{place}.parquet"
            children(min(MANY, rows - start), seed=place + 1).write_parquet(part, row_group_size=100_000)
            parts.append(part)
        pl.scan_parquet(parts).sink_parquet(path, row_group_size=100_000)
        for part in parts:
            part.unlink()
    return path


def linear(folder: Path) -> Iterator[dict[str, Any]]:
    """Processor seconds per million rows at growing sizes."""
    costs = []
    for rows in SIZES:
        told = measured("eager", stored(folder, rows), folder / "out.parquet", repeats=4)
        cost = min(cpu for _, cpu in told["times"]) * 1e6 / rows
        costs.append(cost)
        yield {
            "what": f"{rows:,} rows, eager polars: processor seconds per million",
            "measured": cost,
            "unit": "s",
        }
    grown = max(large / small for place, large in enumerate(costs) for small in costs[:place])
    yield {"what": "a million rows of a larger table over a million of a smaller one, at the worst", "measured": grown,
           "unit": "x", "bound": GROWS_WITHIN, "within": grown < GROWS_WITHIN}  # fmt: skip


def million(folder: Path) -> Iterator[dict[str, Any]]:
    """The rate of a million rows as wall and as processor time, and the memory above the input."""
    told = measured("eager", stored(folder, MANY), folder / "out.parquet", repeats=7)
    rate = MANY / min(wall for wall, _ in told["times"])
    per_core = MANY / min(cpu for _, cpu in told["times"])
    more = told["peak"] - told["before"]
    yield {
        "what": "1,000,000 rows, growth_scores, eager polars (best of 7)",
        "measured": rate,
        "unit": "rows/s",
    }
    yield {"what": "  the same, of processor time", "measured": per_core, "unit": "rows/s"}
    yield {
        "what": "  times WHO's R package (34,000 rows/s), wall",
        "measured": rate / WHO_PACKAGE,
        "unit": "x",
    }
    yield {"what": "  peak memory above the input", "measured": more, "unit": "MB",
           "bound": ABOVE_INPUT_MB, "within": more < ABOVE_INPUT_MB}  # fmt: skip


def large(folder: Path) -> Iterator[dict[str, Any]]:
    """Ten million rows through lazy polars (file to file) and DuckDB (file to aggregates of all scores)."""
    source = stored(folder, LARGE)
    for kind, words in (
        ("lazy", "lazy polars, parquet to parquet"),
        ("duck", "DuckDB, parquet to a relation"),
    ):
        told = measured(kind, source, folder / "out.parquet")
        wall, cpu = told["times"][0]
        yield {"what": f"10,000,000 rows, {words}: wall", "measured": wall, "unit": "s"}
        yield {"what": "  processor time", "measured": cpu, "unit": "s"}
        yield {"what": "  peak memory", "measured": told["peak"], "unit": "MB", "bound": LARGE_MB,
               "within": told["peak"] < LARGE_MB}  # fmt: skip


_SPARK = """
import json, os, sys, time
import polars as pl
import milkqc
source, target = sys.argv[1], sys.argv[2]
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
from pyspark.sql import SparkSession
settings = {"spark.ui.enabled": "false", "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
builder = SparkSession.builder.master("local[2]")
for name, value in settings.items():
    builder = builder.config(name, value)
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("OFF")
milkqc.growth_scores(spark.read.parquet(source).limit(1000)).toPandas()  # the workers started before the clock
start = time.perf_counter()
milkqc.growth_scores(spark.read.parquet(source)).write.mode("overwrite").parquet(target)
wall = time.perf_counter() - start
spark.stop()
ours = milkqc.growth_scores(pl.read_parquet(source)).sort("row")
theirs = pl.read_parquet(target + "/*.parquet").sort("row")
print(json.dumps({"wall": wall, "same": theirs.select(ours.columns).equals(ours), "rows": theirs.height}))
"""


def spark(folder: Path) -> Iterator[dict[str, Any]]:
    """A million rows through Spark on this machine, parquet to parquet, and whether every bit is that of polars."""
    what = f"{SPARK_ROWS:,} rows, Spark local, parquet to parquet: wall"
    if find_spec("pyspark") is None or shutil.which("java") is None:
        yield {"what": f"{what}: not measured, Spark or Java is missing"}
        return
    source = folder / "numbered.parquet"
    pl.read_parquet(stored(folder, SPARK_ROWS)).with_row_index("row").write_parquet(
        source, row_group_size=100_000
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _SPARK, str(source), str(folder / "spark")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"spark: {done.stderr}")
    told = json.loads(done.stdout[done.stdout.index("{") :])
    yield {"what": what, "measured": told["wall"], "unit": "s"}
    yield {"what": "  rows whose every bit is that of polars", "measured": told["rows"] if told["same"] else 0,
           "unit": "rows", "bound": SPARK_ROWS, "within": told["same"] and told["rows"] == SPARK_ROWS}  # fmt: skip


def run() -> Iterator[dict[str, Any]]:
    """Rows: what, measured, unit, bound, within."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if shutil.disk_usage(folder).free < 4e9:
            sys.exit("needs 4 GB of free space for its files")
        yield from million(folder)
        yield from linear(folder)
        yield from spark(folder)
        yield from large(folder)


if __name__ == "__main__":
    for row in run():
        print(row)
