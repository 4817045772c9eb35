"""Z-scores of all visits together, for the pictures: recombined exactly from the figures by visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from milkqc.report.limits import Limits, plain

DRAWN = ("laz", "waz", "wlz", "hcz", "baz", "acz")  # the scores drawn, where there are any


def distributions(statistics: Mapping[str, pl.DataFrame], limits: Limits) -> list[dict[str, Any]]:
    """Per drawn score: index, label, n, mean, sd (null below two scores) and its bins (low, high, n)."""
    scores, bins = statistics.get("zscores", pl.DataFrame()), statistics.get("zscore_bins", pl.DataFrame())
    if not scores.height or not bins.height:
        return []
    told = []
    for index in DRAWN:
        visits = scores.filter((pl.col("index") == index) & (pl.col("n") > 0)).to_dicts()
        counts = (
            bins.filter(pl.col("index") == index).group_by("low", "high").agg(pl.col("n").sum()).sort("low")
        )
        if visits and counts.height:
            told.append(
                plain(
                    {
                        "index": index,
                        "label": visits[0]["label"],
                        **pooled(visits),
                        "bins": counts.to_dicts(),
                    },
                    limits=limits,
                )
            )
    return told


def pooled(groups: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """n, mean and sample SD of several groups together, from each group's own (a null SD: a single score)."""
    n = sum(group["n"] for group in groups)
    mean = sum(group["n"] * group["mean"] for group in groups) / n
    squares = sum(
        (group["n"] - 1) * (group["sd"] or 0.0) ** 2 + group["n"] * (group["mean"] - mean) ** 2
        for group in groups
    )
    return {"n": n, "mean": mean, "sd": (squares / (n - 1)) ** 0.5 if n > 1 else None}
