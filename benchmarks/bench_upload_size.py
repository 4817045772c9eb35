"""Large uploads through the whole of `milkqc run`: many good rows, and the worst case, every row rejected."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bench_run import command

MAPPING = """milkqc: 1
study: large
tables: {g: {file: g.csv}}
growth:
  from: g
  key: {participant_id: ID, visit: V}
  columns:
    age_days: {from: A, unit: d}
    infant_sex: {from: S, codes: {"1": male}}
    weight_kg: {from: W, unit: kg}
"""
# An upload is waited for at a desk: a minute is the most.
SECONDS, MEGABYTES = 60.0, 2048.0
SIZES = (("200,000 growth rows", 200_000, "P{:06d}"), ("50,000 rows, none with a key", 50_000, ""))


def run() -> Iterator[dict[str, object]]:
    """Rows: what, measured, unit, bound, within."""
    for what, rows, name in SIZES:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            (folder / "data").mkdir()
            (folder / "study.yaml").write_text(MAPPING, encoding="utf-8")
            lines = (
                f"{name.format(n // 4)},v{n % 4},{n % 4 * 30 + 1},{3 + n % 4 + n % 40 / 40},1\n"
                for n in range(rows)
            )
            (folder / "data" / "g.csv").write_text("ID,V,A,W,S\n" + "".join(lines), encoding="utf-8")
            seconds, megabytes, _ = command(
                "run", folder / "study.yaml", "--data", folder / "data", "--out", folder / "out", "--quiet"
            )
        yield {"what": what, "measured": seconds, "unit": "s", "bound": SECONDS, "within": seconds < SECONDS}
        yield {"what": "  peak memory", "measured": megabytes, "unit": "MB", "bound": MEGABYTES,
               "within": megabytes < MEGABYTES}  # fmt: skip
