"""How far the shares below the adequacy estimates hang on what is still open: the basis chosen, and open findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from milkqc.findings import is_open
from milkqc.reference.judging import judged
from milkqc.reference.mae import MaeChoice
from milkqc.summarise.mae_reference import results_of

SCHEMA: dict[str, Any] = {
    "analyte": pl.String,
    "visit": pl.String,
    "method": pl.String,
    "measures": pl.String,
    "basis": pl.String,
    "other_basis": pl.String,
    "judged": pl.Int64,
    "percent_below": pl.Float64,
    "with_open_findings": pl.Int64,
    "percent_below_least": pl.Float64,
    "percent_below_most": pl.Float64,
    "judged_on_both": pl.Int64,
    "below_both": pl.Int64,
    "below_basis_only": pl.Int64,
    "below_other_only": pl.Int64,
    "at_or_above_both": pl.Int64,
}
_CELL = ["analyte", "visit", "method", "measures"]
_SIGNIFICANT = 10


def sensitivity(
    milk: pl.DataFrame,
    participants: pl.DataFrame,
    choices: Sequence[MaeChoice],
    findings: pl.DataFrame,
) -> pl.DataFrame:
    """One row per analyte with an estimate, visit, method and measurand (SCHEMA); none without a declared basis.

    Results are counted as in the reference table. Of the `judged` results on the declared basis (the first of
    `choices`), those with an open critical or warning finding of their own, or of their batch, site or file, may be
    wrong: `percent_below_least` and `_most` are the shares if all of them lay at or above, or all below. Against the
    second of `choices` the results judged on both are counted by the side they are on.
    """
    if not choices:
        return pl.DataFrame(schema=SCHEMA)
    results = results_of(milk, participants, ()).with_columns(_key=pl.int_range(pl.len()))
    doubted = _doubted(milk, findings)
    first = judged(results, choices[0]).with_columns(
        _doubted=pl.col("_rows").list.eval(pl.element().is_in(doubted.implode())).list.any()
    )
    other = None
    if len(choices) > 1:
        other = judged(results, choices[1]).select("_key", _other="below_mae")
    compared = (
        first.with_columns(_other=pl.lit(None, dtype=pl.Boolean))
        if other is None
        else first.join(other, on="_key")
    )
    below, second = pl.col("below_mae"), pl.col("_other")
    both = below.is_not_null() & second.is_not_null()
    n, open_ = below.count(), (below.is_not_null() & pl.col("_doubted")).sum()
    sure = (below & ~pl.col("_doubted")).sum()
    table = (
        compared.group_by(_CELL)
        .agg(
            judged=n,
            percent_below=_percent(below.sum(), n),
            with_open_findings=open_,
            percent_below_least=_percent(sure, n),
            percent_below_most=_percent(sure + open_, n),
            judged_on_both=both.sum(),
            below_both=(both & below & second).sum(),
            below_basis_only=(both & below & ~second).sum(),
            below_other_only=(both & ~below & second).sum(),
            at_or_above_both=(both & ~below & ~second).sum(),
        )
        .filter(pl.col("judged") > 0)
        .with_columns(
            basis=pl.lit(choices[0].basis),
            other_basis=pl.lit(choices[1].basis if len(choices) > 1 else None, dtype=pl.String),
        )
    )
    return table.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items()).sort(_CELL, nulls_last=True)


def _percent(part: pl.Expr, of: pl.Expr) -> pl.Expr:
    return pl.when(of > 0).then(100 * part / of).round_sig_figs(_SIGNIFICANT)


def _doubted(milk: pl.DataFrame, findings: pl.DataFrame) -> pl.Series:
    """The row ids of milk rows that an open critical or warning finding doubts, by themselves or as one of a group."""
    serious = findings.filter(
        pl.col("table") == "milk",
        is_open(),
        pl.col("severity").is_in(["critical", "warning"]),
    )
    found = [serious["row_id"]]
    for name in ("batch", "site", "source_file"):
        if name not in milk.columns:
            continue
        groups = milk.select(
            "row_id",
            variable="analyte",
            group=pl.concat_str(pl.lit(f"{name}="), pl.col(name).cast(pl.String)),
        )
        wanted = serious.select("variable", group="row_id").unique()
        found.append(groups.join(wanted, on=["group", "variable"], how="semi")["row_id"])
    return pl.concat(found).unique().sort()
