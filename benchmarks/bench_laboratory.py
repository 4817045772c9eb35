"""Laboratory results: 10,000,000 long rows to canonical units, and 1,000,000 cells as laboratories write them read.

Times are of the processor (user and system, all threads together), so that they hold on a busy machine too: below
the bound with one core's worth of work means below it on any number of them.
"""

from __future__ import annotations

import gc
import resource
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from milkqc import cells, normalise

ROWS, TEXTS = 10_000_000, 1_000_000
SECONDS, MEGABYTES, TEXT_SECONDS = 6.0, 2048.0, 3.0
# One multiplication after a join is the least that a conversion can be; reading is held to polars' own cast.
RATIO, TEXT_RATIO = 8.0, 60.0
ASSAYS = [
    ("iodine", "ug/L", None),
    ("retinol", "umol/L", "retinol"),
    ("vitamin_b12", "pg/mL", "cyanocobalamin"),
    ("folate", "nmol/L", "folic_acid"),
    ("alpha_tocopherol", "mg/L", None),
]


def spent(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds of `work`, and what it gave."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    made = work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, made


def results(rows: int) -> pl.DataFrame:
    """That many results of five assays, as mapping gives them: one in fifty censored."""
    which = pl.Series(np.random.default_rng(1).integers(0, len(ASSAYS), rows))
    names = ("analyte", "raw_unit", "substance")
    columns = {
        name: which.replace_strict({n: one[place] for n, one in enumerate(ASSAYS)}, return_dtype=pl.String)
        for place, name in enumerate(names)
    }
    number = np.random.default_rng(2).lognormal(size=rows)
    censored = pl.Series(number < 0.13)
    return pl.DataFrame(columns).with_columns(
        row_id=pl.int_range(rows).cast(pl.String),
        number=pl.when(~censored).then(pl.Series(number)),
        censored=pl.when(censored).then(pl.lit("<")),
        limit_raw=pl.lit(0.13),
        missing_reason=pl.lit(None, dtype=pl.String),
    )


def plainly(frame: pl.DataFrame) -> pl.DataFrame:
    """The peer: factors joined and multiplied, nothing else looked at."""
    factors = pl.DataFrame(ASSAYS, schema=["analyte", "raw_unit", "substance"], orient="row").with_columns(
        factor=pl.Series([1.0, 286.452, 0.7378, 0.441398, 1.0])
    )
    joined = frame.join(factors, on=["analyte", "raw_unit", "substance"], how="left", nulls_equal=True)
    return joined.with_columns(value=pl.col("number") * pl.col("factor"))


def texts(count: int) -> pl.Series:
    """Cells as laboratories write them: one in six is no plain number."""
    rng = np.random.default_rng(3)
    made = pl.Series(rng.lognormal(4, 0.6, count)).round(2).cast(pl.String)
    share = pl.Series(rng.random(count))
    said = [("<LOD", 0.08), ("< 20.00", 0.12), ("ND", 0.14), ("4,009.10", 0.16), (">200", 0.17)]
    cell = made
    for text, below in reversed(said):
        cell = pl.select(pl.when(share < below).then(pl.lit(text)).otherwise(cell)).to_series()
    return cell


def run() -> Iterator[dict[str, Any]]:
    """Rows: what, measured, unit, bound, within."""
    frame = results(ROWS)
    gc.collect()
    seconds, (made, _) = spent(partial(normalise.normalise, "milk", frame))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if made["factor"].null_count() or made.height != ROWS:
        raise ValueError("not every row was converted")
    del made
    gc.collect()
    peer, _ = spent(partial(plainly, frame))
    yield {"what": f"{ROWS:,} rows to canonical units, processor", "measured": seconds, "unit": "s",
           "bound": SECONDS, "within": seconds < SECONDS}  # fmt: skip
    yield {"what": "  peak memory of the process, input and output in it", "measured": peak, "unit": "MB",
           "bound": MEGABYTES, "within": peak < MEGABYTES}  # fmt: skip
    yield {"what": "  against joining and multiplying", "measured": seconds / peer, "unit": "x", "bound": RATIO,
           "within": seconds / peer < RATIO}  # fmt: skip
    del frame
    column = texts(TEXTS)
    seconds, read = spent(partial(cells.numbers, column))
    peer, _ = spent(partial(column.cast, pl.Float64, strict=False))
    if read["status"].is_in(["number", "censored"]).sum() != TEXTS:
        raise ValueError("not every text was read")
    yield {"what": f"{TEXTS:,} texts read, processor", "measured": seconds, "unit": "s",
           "bound": TEXT_SECONDS, "within": seconds < TEXT_SECONDS}  # fmt: skip
    yield {"what": "  against polars' cast alone", "measured": seconds / peer, "unit": "x", "bound": TEXT_RATIO,
           "within": seconds / peer < TEXT_RATIO}  # fmt: skip
