"""Patterns in the results of a batch that no biology makes: values put in by hand, drift, too many below the limit."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from milkqc.checks.laboratory.part import Found, Part, reported
from milkqc.checks.ledger import written

HALF_LIMIT, REPEATED = "milk.batch.half_limit", "milk.batch.repeated"
CENSORED, DRIFT = "milk.batch.censored", "milk.batch.drift"
# What people put in for a result below the limit.
SUBSTITUTES = {"half the limit": 0.5, "the limit over the root of 2": 1 / math.sqrt(2)}
# A number printed with few digits is not exactly its fraction of the limit.
_NEAR = 0.01
_SAME_LEAST, _SAME_SHARE, _DIGITS = 5, 0.15, 3
_BATCH_LEAST = 12
# One batch in a thousand by chance, and a difference that matters.
_P, _POINTS, _DRIFT = 0.001, 20.0, 0.2


def half_limit(milk: pl.DataFrame) -> Part:
    """`milk.batch.half_limit`: at least 3 results of a batch are exactly half their limit, or the limit over root 2.

    Judged where results have a limit. Such numbers are not measurements: somebody put them in for `<LOD`.
    """
    part = Part()
    for (analyte, batch), rows in _batches(milk):
        known = rows.filter(pl.col("value") > 0, pl.col("limit") > 0)
        part.look(HALF_LIMIT, analyte, judged=known.height > 0)
        for name, share in SUBSTITUTES.items():
            put = known.filter((pl.col("value") / pl.col("limit") / share - 1).abs() <= _NEAR)
            same = put.group_by("value").len().sort("len", "value").tail(1)
            if same.is_empty() or same["len"][0] < 3:
                continue
            value, n = written(same["value"][0]), int(same["len"][0])
            part.found.append(
                Found(
                    HALF_LIMIT, analyte, "batch", batch, n, f"{value} {rows['unit'][0]}", "results below the limit as <LOD",
                    f"{n} results of batch {batch} are exactly {name} ({value} {rows['unit'][0]}): put in for results "
                    "below it. Ask for the results as <LOD.",
                )
            )  # fmt: skip
    return part


def repeated(milk: pl.DataFrame) -> Part:
    """`milk.batch.repeated`: one value with at least 3 digits stands for 15 % of a batch, and at least 5 samples."""
    part = Part()
    for (analyte, batch), rows in _batches(milk):
        known = rows.filter(pl.col("value").is_not_null()).unique(
            ["sample_id", "raw"], keep="first", maintain_order=True
        )
        part.look(REPEATED, analyte, judged=known.height >= _BATCH_LEAST)
        if known.height < _BATCH_LEAST:
            continue
        same = known.group_by("raw").agg(n=pl.col("sample_id").n_unique(), limit=pl.col("limit").first(),
                                         value=pl.col("value").first()).sort("n", "raw").row(-1, named=True)  # fmt: skip
        digits = len((same["raw"] or "").replace(".", "").strip("0"))
        if same["n"] < max(_SAME_LEAST, _SAME_SHARE * known.height) or digits < _DIGITS or _substitute(same):
            continue
        part.found.append(
            Found(
                REPEATED, analyte, "batch", batch, same["n"], f"{same['raw']}", "different samples, different values",
                f"{same['n']} of {known.height} samples of batch {batch} have the very same value {same['raw']}: "
                "copied, or a default of the instrument. Ask for the raw data.",
            )
        )  # fmt: skip
    return part


def _substitute(row: dict[str, float]) -> bool:
    limit, value = row["limit"], row["value"]
    return bool(limit) and any(abs(value / limit / share - 1) <= _NEAR for share in SUBSTITUTES.values())


def censored(milk: pl.DataFrame) -> Part:
    """`milk.batch.censored`: many more results of a batch lie below its limit than of the others (20 points, p < 0.001).

    Compared are the results of the batch's commonest visit with the other batches' of that visit, each by this
    batch's limit (its highest): a batch with a higher limit, or of later milk, is not accused of either.

    Source:
        Fisher's exact test, one-sided.
    """
    from scipy.stats import fisher_exact

    part = Part()
    there = pl.col("value").is_not_null() | (pl.col("censored") == "<")
    for (analyte, batch), rows in _batches(milk):
        visit = rows["visit"].mode().sort()[:1]
        same = milk.filter(
            there,
            pl.col("analyte") == analyte,
            pl.col("visit").eq_missing(pl.lit(visit[0] if visit.len() else None, dtype=pl.String)),
            pl.col("batch").is_not_null(),
            pl.col("reported").fill_null(value=True),
        )
        mine = same.filter(pl.col("batch") == batch)
        limit = mine["limit"].max()
        others = _by_limit(same.filter(pl.col("batch") != batch), limit)
        below, n = mine.filter(pl.col("censored") == "<").height, mine.height
        elsewhere, whole = int(others.sum()), others.len()
        enough = n >= _BATCH_LEAST and whole >= _BATCH_LEAST
        part.look(CENSORED, analyte, judged=enough)
        if not enough or 100 * (below / n - elsewhere / whole) < _POINTS:
            continue
        table = np.array([[below, n - below], [elsewhere, whole - elsewhere]])
        if fisher_exact(table, alternative="greater").pvalue >= _P:
            continue
        part.found.append(
            Found(
                CENSORED, analyte, "batch", batch, below, f"{100 * below / n:.0f} %", f"about {100 * elsewhere / whole:.0f} %",
                f"{100 * below / n:.0f} % of batch {batch} lie below the limit, {100 * elsewhere / whole:.0f} % of the "
                "other batches. Ask for its limit and its controls.",
            )
        )  # fmt: skip
    return part


def _by_limit(rows: pl.DataFrame, limit: object) -> pl.Series:
    """Whether each result would lie below `limit`; one that nobody can place, below a higher limit, is left out.

    Without a limit each counts as it was reported.
    """
    below = pl.col("censored") == "<"
    if isinstance(limit, float):
        known = pl.when(below & (pl.col("limit") > limit)).then(None)
        below = known.otherwise(below.fill_null(value=False) | (pl.col("value") < limit))
    return rows.select(below.fill_null(value=False) if limit is None else below).to_series().drop_nulls()


def drift(milk: pl.DataFrame) -> Part:
    """`milk.batch.drift`: along the run order of a batch the results rise or fall by 20 % or more (p < 0.001).

    Judged where the mapping's controls name the run order, from 12 results on: Theil's slope of the logarithms over
    the run, and Kendall's test. Each result counts by its distance from the study's median of its visit, so that a
    plate that goes from colostrum to mature milk has not drifted.

    Source:
        Kendall 1938, Biometrika 30:81-93; Theil 1950.
    """
    from scipy.stats import kendalltau, theilslopes

    part = Part()
    if "run_order" not in milk.columns:
        return part
    usual = pl.col("value").log().median().over("analyte", "method", "measures", "visit")
    milk = milk.with_columns(_usual=pl.when(pl.col("value") > 0).then(usual))
    for (analyte, batch), rows in _batches(milk):
        known = rows.filter(pl.col("y").is_not_null(), pl.col("run_order").is_not_null())
        part.look(DRIFT, analyte, judged=known.height >= _BATCH_LEAST)
        if known.height < _BATCH_LEAST:
            continue
        order, y = known["run_order"].to_numpy(), (known["y"] - known["_usual"]).to_numpy()
        change = math.exp(float(theilslopes(y, order).slope) * float(np.ptp(order))) - 1
        if abs(change) < _DRIFT or kendalltau(order, y).pvalue >= _P:
            continue
        part.found.append(
            Found(
                DRIFT, analyte, "batch", batch, known.height, f"{100 * change:+.0f} %", "no trend along the run",
                f"Results of batch {batch} change by {100 * change:+.0f} % from its first to its last sample: the "
                "instrument drifted. Ask the laboratory for its controls.",
            )
        )  # fmt: skip
    return part


def _batches(milk: pl.DataFrame) -> list[tuple[tuple[str, str], pl.DataFrame]]:
    whole = reported(milk).sort("analyte", "batch", "row_id")
    return [
        ((str(analyte), str(batch)), rows)
        for (analyte, batch), rows in whole.group_by(["analyte", "batch"], maintain_order=True)
    ]
