"""How much a healthy population is asked about: rows with a warning or a critical finding, of all rows (docs/packs.md).

The demo without its faults, as shipped and drawn with other seeds; the CPP, a SMART survey and syngrowth where
MILKQC_SHARED names the folder that has them. syngrowth is no healthy population: errors are part of it, and still it is
held to the bound, because one cause is one finding.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

import milkqc
from milkqc.demo.simulate import SEED, simulate
from milkqc.demo.write import write
from milkqc.model import TABLES

BOUND = 0.02
SEEDS = (SEED, 2, 3)
FIXTURES = ("cpp", "smart_survey", "syngrowth")


def run() -> Iterator[dict[str, Any]]:
    for seed in SEEDS:
        with tempfile.TemporaryDirectory() as folder:
            mapping = write(simulate(seed=seed), Path(folder))
            yield _row(f"demo without faults, seed {seed}", mapping, Path(folder) / "uploads")
    shared = os.environ.get("MILKQC_SHARED")
    for name in FIXTURES if shared else ():
        mapping = Path(__file__).parents[1] / "mappings" / f"{name}.yaml"
        yield _row(name, mapping, Path(str(shared)) / "fixtures" / "growth")


def _row(study: str, mapping: Path, data: Path) -> dict[str, Any]:
    start = time.process_time()
    result = milkqc.run(mapping, data=data)
    seconds = time.process_time() - start
    rows = sum(result.table(name).height for name in TABLES)
    grave = result.findings.filter(pl.col("severity").is_in(["critical", "warning"]))
    most = grave["rule_id"].value_counts().sort(["count", "rule_id"], descending=[True, False])
    share = grave.select("table", "row_id").n_unique() / rows
    return {
        "study": study,
        "rows": rows,
        "findings": result.findings.height,
        "warned %": round(100 * share, 2),
        "most": f"{most['rule_id'][0]} ({most['count'][0]})" if most.height else "",
        "CPU s": seconds,
        "within": share < BOUND,
    }
