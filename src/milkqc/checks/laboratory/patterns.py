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

    A plate with a higher limit hides more by right, so the others are counted at the batch's own limit: how many of
    them lie below it. Results of others whose own limit is higher say nothing of that and are left out.

    Source:
        Fisher's exact test, one-sided.
    """
    from scipy.stats import fisher_exact

    part = Part()
    batches = _batches(milk)
    for (analyte, batch), rows in batches:
        below, n = _below(rows, None)
        limit = rows.filter(pl.col("censored") == "<")["limit"].max()
        there, whole = 0, 0
        for (other_analyte, other), theirs in batches:
            if other_analyte == analyte and other != batch:
                hidden, known = _below(theirs, limit if isinstance(limit, float) else None)
                there, whole = there + hidden, whole + known
        part.look(CENSORED, analyte, judged=n >= _BATCH_LEAST and whole >= _BATCH_LEAST)
        if n < _BATCH_LEAST or whole < _BATCH_LEAST or 100 * (below / n - there / whole) < _POINTS:
            continue
        table = np.array([[below, n - below], [there, whole - there]])
        if fisher_exact(table, alternative="greater").pvalue >= _P:
            continue
        part.found.append(
            Found(
                CENSORED, analyte, "batch", batch, below, f"{100 * below / n:.0f} %", f"about {100 * there / whole:.0f} %",
                f"{100 * below / n:.0f} % of batch {batch} lie below its limit, as would {100 * there / whole:.0f} % of the "
                "other batches. Ask for its limit and its controls.",
            )
        )  # fmt: skip
    return part


def _below(rows: pl.DataFrame, limit: float | None) -> tuple[int, int]:
    """How many results lie below `limit` (None: below their own), of how many of which that is known."""
    hidden = pl.col("censored") == "<"
    if limit is None:
        return rows.filter(hidden).height, rows.filter(hidden | pl.col("value").is_not_null()).height
    hidden = hidden & (pl.col("limit") <= limit)
    known = rows.filter(hidden | pl.col("value").is_not_null())
    return known.filter(hidden | (pl.col("value") < limit)).height, known.height


def drift(milk: pl.DataFrame) -> Part:
    """`milk.batch.drift`: along the run order of a batch the results rise or fall by 20 % or more (p < 0.001).

    Judged where the mapping's controls name the run order, from 12 results on: Theil's slope of the logarithms over
    the run, and Kendall's test.

    Source:
        Kendall 1938, Biometrika 30:81-93; Theil 1950.
    """
    from scipy.stats import kendalltau, theilslopes

    part = Part()
    if "run_order" not in milk.columns:
        return part
    for (analyte, batch), rows in _batches(milk):
        known = rows.filter(pl.col("y").is_not_null(), pl.col("run_order").is_not_null())
        part.look(DRIFT, analyte, judged=known.height >= _BATCH_LEAST)
        if known.height < _BATCH_LEAST:
            continue
        order, y = known["run_order"].to_numpy(), known["y"].to_numpy()
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
