"""How large the lineage is, by a million cells of the harmonised tables, and how fast cells are explained."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl

REPEATS = 40


def run() -> Iterator[dict[str, object]]:
    """The demo's lineage, and one of many times its rows, so that rows count and not the headers of small files."""
    import milkqc
    from milkqc.deliver import deliver
    from milkqc.demo import write_uploads
    from milkqc.emit.tables import write_parquet
    from milkqc.explain import Explainer
    from milkqc.model import TABLES

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result = milkqc.run(write_uploads(folder), data=folder / "uploads")
        deliver(result, folder / "out")
        for repeats in (1, REPEATS):
            cells = lineage = 0
            for table in TABLES:
                clean, kept = result.table(table), result.lineage[table]
                mapped = sum(1 for column in kept.columns if column == "number" or column.endswith("__raw"))
                cells += clean.height * repeats * mapped
                many = kept if repeats == 1 else _larger(kept, repeats)
                write_parquet(many, folder / "lineage.parquet")
                lineage += (folder / "lineage.parquet").stat().st_size
            yield {
                "what": "lineage of the demo"
                if repeats == 1
                else f"lineage of {repeats} times its rows, drawn anew",
                "mapped cells": cells,
                "bytes": lineage,
                "MB per million cells": lineage / cells,
            }
        trace = (folder / "out" / "lineage" / "mapping.json").stat().st_size
        yield {"what": "lineage/mapping.json (once)", "bytes": trace}
        start = time.process_time()
        count = sum(1 for _ in Explainer(folder / "out").cells())
        took = time.process_time() - start
        yield {"what": "cells of the analysis file explained", "mapped cells": count, "cells/s": count / took}


def _larger(kept: pl.DataFrame, times: int) -> pl.DataFrame:
    """`times` as many rows: every column drawn anew from its own values, so that no row repeats another; ids and
    places count up.
    """
    many = kept.height * times
    drawn = kept.select(
        pl.col(name).sample(many, with_replacement=True, seed=place)
        for place, name in enumerate(kept.columns)
    )
    number = pl.int_range(many, dtype=pl.Int64)
    places = [name for name in kept.columns if name.endswith(("source_row", "__row"))]
    ids = [
        name
        for name in kept.columns
        if name in {"row_id", "participant_id__key", "infant_id__key", "sample_id__key"}
    ]
    return drawn.with_columns(
        *(number.alias(name) for name in places),
        *(pl.format("SIM-{}|{}", number, pl.lit(name)).alias(name) for name in ids),
    )
