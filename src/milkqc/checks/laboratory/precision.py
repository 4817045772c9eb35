"""Repeated readings of one sample: how well the laboratory agrees with itself."""

from __future__ import annotations

import math

import polars as pl

from milkqc.checks.laboratory.part import Found, Part, reported, with_methods

DUPLICATES = "milk.batch.duplicates"
# FDA accepts 15 % for chromatographic assays and 20 % for ligand binding; 20 % is where anybody would ask.
MOST_CV = 20.0
_LEAST = 5


def duplicates(milk: pl.DataFrame, controls: pl.DataFrame) -> Part:
    """`milk.batch.duplicates`: the CV of repeated readings within a batch is above 20 %, from 5 samples on.

    Readings are replicates of a sample in one batch, and the laboratory's own duplicates of it. The CV is that of
    the logarithms, over samples: sqrt(exp(mean variance within samples) - 1).

    Source:
        FDA, Bioanalytical Method Validation, 2018, table 1 (limits); log-normal CV by definition.
    """
    part = Part()
    keys = ["analyte", "method", "measures", "batch"]
    columns = [*keys, "sample_id", "y"]
    again = (
        with_methods(controls, milk)
        .filter(pl.col("kind") == "duplicate", pl.col("value") > 0)
        .with_columns(y=pl.col("value").log())
    )
    whole = pl.concat([reported(milk).select(columns), again.select(columns)]).filter(
        pl.col("y").is_not_null(), pl.col("sample_id").is_not_null(), pl.col("batch").is_not_null()
    )
    spread = whole.group_by(*keys, "sample_id").agg(variance=pl.col("y").var(), n=pl.len())
    repeated = spread.filter(pl.col("n") > 1)
    ordered = repeated.sort(*keys, "sample_id", nulls_last=True)
    for (analyte, _, _, batch), rows in ordered.group_by(keys, maintain_order=True):
        part.look(DUPLICATES, str(analyte), judged=rows.height >= _LEAST)
        cv = cv_percent(rows["variance"].to_list(), rows["n"].to_list())
        if rows.height < _LEAST or cv <= MOST_CV:
            continue
        part.found.append(
            Found(
                DUPLICATES, str(analyte), "batch", str(batch), rows.height, f"CV {cv:.0f} %", f"at most {MOST_CV:.0f} %",
                f"Repeated readings of {rows.height} samples in batch {batch} differ by a CV of {cv:.0f} %, over "
                f"{MOST_CV:.0f} %: single results are uncertain. Ask for a rerun.",
            )
        )  # fmt: skip
    return part


def cv_percent(variances: list[float], counts: list[int]) -> float:
    """The CV in percent from the variances of logarithms within samples, each weighted by its readings less one."""
    weights = [n - 1 for n in counts]
    pooled = sum(v * w for v, w in zip(variances, weights, strict=True)) / sum(weights)
    return 100 * math.sqrt(math.exp(pooled) - 1)
