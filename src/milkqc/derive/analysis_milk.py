"""Milk made wide for the analysis table: which of several results counts, and its columns per analyte."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from milkqc.findings import drafts
from milkqc.reference.wide import columns_of, unit_of

_SCHEMA: dict[str, Any] = {
    "participant_id": pl.String,
    "infant_id": pl.String,
    "visit": pl.String,
    "sample_id": pl.String,
    "sample_date": pl.Date,
    "days_postpartum": pl.Float64,
    "stage": pl.String,
    "expression": pl.String,
    "method": pl.String,
    "measures": pl.String,
    "reported": pl.Boolean,
    "repeats": pl.String,
    "analyte": pl.String,
    "value": pl.Float64,
    "unit": pl.String,
    "censored": pl.String,
    "limit": pl.Float64,
    "mae": pl.Float64,
    "below_mae": pl.Boolean,
}
_CELL = ("infant_id", "visit", "analyte")
# Results are averaged only when they measured the same thing in the same way.
_ALIKE = ("expression", "method", "measures")
_SHARE = {"none": None, "limit/2": 1 / 2, "limit/sqrt2": 1 / math.sqrt(2)}
# Where a result lies at most (or at least): its number, or its limit, whatever is put in its place.
_BOUND = pl.when(pl.col("censored").is_null()).then("value").otherwise("limit").alias("_bound")
# Findings name the first few places and count all.
_SHOWN = 5


@dataclass(frozen=True)
class Milk:
    """`rows`: participant_id, infant_id, visit that have milk rows. `wide`: one row each, by infant_id and visit.

    `below`: analyte -> the column of `wide` that says whether it is below its MAE. `notes`: draft findings.
    """

    rows: pl.DataFrame
    wide: pl.DataFrame
    below: Mapping[str, str]
    notes: pl.DataFrame


def milk_wide(
    milk: pl.DataFrame,
    *,
    people: pl.DataFrame,
    growth: pl.DataFrame,
    expression: tuple[str, ...],
    mean: bool,
    censored: str,
) -> Milk:
    """The milk table by infant and visit, four columns per analyte: concentration, censoring, limit, below MAE.

    Only reported results; rows without a result yield to those that have one. Of several results `expression`
    chooses and `mean` combines; what is left ambiguous is blank, with a draft finding per analyte.
    """
    whole = _whole(milk).filter(pl.col("reported").fill_null(value=True))
    rows = _targets(whole, people, growth)
    named = whole.filter(pl.col("infant_id").is_not_null())
    shared = whole.filter(pl.col("infant_id").is_null()).drop("infant_id")
    spread = pl.concat(
        [named, shared.join(rows, on=["participant_id", "visit"], how="inner").select(whole.columns)]
    ).with_columns(
        _substituted(censored),
        _BOUND,
        _result=pl.col("value").is_not_null() | pl.col("censored").is_not_null(),
    )
    chosen, notes = _chosen(spread, expression)
    cells, several = _combined(chosen, mean=mean)
    wide = rows.select("infant_id", "visit", _milk=pl.lit(value=True)).join(
        _facts(spread, chosen), on=["infant_id", "visit"], how="left", validate="1:1"
    )
    below: dict[str, str] = {}
    for analyte in sorted(whole.get_column("analyte").unique()):
        seen = whole.filter(pl.col("analyte") == analyte).get_column("unit")
        names = columns_of(analyte, unit_of(analyte, seen))
        below[analyte] = names["below_mae"]
        part = cells.filter(pl.col("analyte") == analyte).select(
            "infant_id", "visit", *(pl.col(source).alias(name) for source, name in names.items())
        )
        wide = wide.join(part, on=["infant_id", "visit"], how="left", validate="1:1")
    return Milk(rows=rows, wide=wide, below=below, notes=pl.concat([notes, several]))


def _whole(milk: pl.DataFrame) -> pl.DataFrame:
    return (
        milk.select(
            (pl.col(name).cast(kind) if name in milk.columns else pl.lit(None, dtype=kind)).alias(name)
            for name, kind in _SCHEMA.items()
        )
        if milk.columns
        else pl.DataFrame(schema=_SCHEMA)
    )


def _targets(milk: pl.DataFrame, people: pl.DataFrame, growth: pl.DataFrame) -> pl.DataFrame:
    """participant_id, infant_id, visit: the infants whose visit has milk.

    Milk that names its infant is that infant's. Other milk is for all of its participant's infants: those of
    the participants table and those measured at this visit; without any, the participant's own id is taken.
    """
    key = ["participant_id", "visit"]
    named = milk.filter(pl.col("infant_id").is_not_null()).select("participant_id", "infant_id", "visit")
    shared = milk.filter(pl.col("infant_id").is_null()).select(key).unique()
    found = pl.concat(
        [
            shared.join(people.select("participant_id", "infant_id"), on="participant_id", how="inner"),
            shared.join(growth.select(*key, "infant_id"), on=key, how="inner"),
        ]
    ).select("participant_id", "infant_id", "visit")
    alone = shared.join(found, on=key, how="anti").with_columns(infant_id=pl.col("participant_id"))
    every = pl.concat([found, alone.select(found.columns), named])
    return (
        every.unique().sort(every.columns).unique(["infant_id", "visit"], keep="first", maintain_order=True)
    )


def _substituted(censored: str) -> pl.Expr:
    """The value, or for a `<` result the declared share of its limit; no other result is ever invented."""
    share = _SHARE[censored]
    if share is None:
        return pl.col("value")
    below = pl.col("value").is_null() & (pl.col("censored") == "<")
    return pl.when(below).then(pl.col("limit") * share).otherwise(pl.col("value")).alias("value")


def _chosen(milk: pl.DataFrame, expression: tuple[str, ...]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The results of the preferred expression in each cell; an expression that is not listed does not count."""
    ranks = {name: rank for rank, name in enumerate(expression)}
    rank = pl.col("expression").replace_strict(ranks, default=None, return_dtype=pl.Int64)
    rank = (
        pl.when(pl.col("expression").is_null()).then(len(expression)).otherwise(rank)
        if expression
        else pl.lit(0)
    )
    ranked = milk.filter("_result").with_columns(_rank=rank)
    left_out = ranked.filter(pl.col("_rank").is_null())
    kept = ranked.filter(
        pl.col("_rank").is_not_null() & (pl.col("_rank") == pl.col("_rank").min().over(_CELL))
    )
    if left_out.is_empty():
        return kept, drafts()
    note = {
        "rule_id": "analysis.milk.not_chosen",
        "severity": "info",
        "table": "milk",
        "row_id": "*",
        "engine": "reading",
        "variable": "expression",
        "value": ", ".join(left_out.get_column("expression").unique().sort()),
        "expected": ", ".join(expression),
        "n_rows": left_out.select("participant_id", "visit", "sample_id", "analyte", "expression")
        .unique()
        .height,
    }
    return kept, drafts([note])


def _combined(milk: pl.DataFrame, *, mean: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row per cell; cells with several results that are not to be combined are null, with drafts."""
    one = milk.with_columns(_open=pl.lit(value=False))
    declared = (pl.col("repeats") == "replicate").fill_null(value=False)
    # What a sample's replicates say together is what its mean with other samples is made of, not the first of them.
    same_sample = _mean(one.filter(declared), (*_CELL, "sample_id", *_ALIKE)).with_columns(_BOUND)
    # Rows of one sample that differ and that nobody declared replicates: one is wrong, and a mean would hide it.
    said = pl.struct("value", "censored", "limit").n_unique().over(*_CELL, "sample_id")
    unresolved = ~declared & (pl.col("repeats").fill_null("finding") == "finding") & (said > 1)
    marked = one.with_columns(_unresolved=unresolved)
    left = marked.filter("_unresolved").drop("_unresolved").with_columns(_open=pl.lit(value=True))
    rest = marked.filter(~pl.col("_unresolved") & ~declared).drop("_unresolved")
    one = pl.concat([rest, same_sample.select(one.columns)])
    if mean:
        one = _mean(one, (*_CELL, *_ALIKE))
    one = pl.concat([one.select(left.columns), left])
    counted = one.with_columns(_open=pl.col("_open") | (pl.len().over(_CELL) > 1))
    blank = counted.filter("_open")
    cells = counted.filter(~pl.col("_open")).select(*_CELL, "value", "censored", "limit", "below_mae")
    rows = []
    for (analyte,), part in sorted(blank.group_by("analyte"), key=lambda group: str(group[0][0])):
        places = (
            part.select(pl.format("{} {}", "participant_id", "visit")).to_series().unique().sort().to_list()
        )
        more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
        rows.append(
            {
                "rule_id": "analysis.milk.several",
                "severity": "warning",
                "table": "milk",
                "row_id": "*",
                "engine": "reading",
                "variable": analyte,
                "value": "; ".join(places[:_SHOWN]) + more,
                "n_rows": len(places),
            }
        )
    return cells, drafts(rows)


def _mean(milk: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    """One row per key: the mean of numbers; with some below a limit, below the mean of the numbers and limits.

    So `<5` and 6 have a mean below 5.5 (never a number, unless a policy puts one in place of `<5`; the flag and
    the limit stay then too). Rows that are all below limits are below the highest of them. Above the range it is
    the other way round. Censoring on both sides, or a limit that nobody gave, has no mean (`_open`).
    below_mae is what all rows say, else the mean or its limit against the one MAE; it is never judged from a
    substituted value.
    """
    same = {name: pl.col(name).n_unique() == 1 for name in ("censored", "limit", "below_mae", "mae")}
    numbers = pl.col("value").is_not_null().all()
    measured = pl.col("censored").is_null().all()
    average = (
        pl.when(pl.len() == 1)
        .then(pl.col("value").first())
        .otherwise(pl.col("value").mean().round_sig_figs(10))
    )
    one_side = pl.col("censored").drop_nulls().n_unique() == 1
    under = (pl.col("censored") == "<").any()
    bounded = one_side & pl.col("_bound").is_not_null().all()
    # Rows that all have one limit, or all none, agree without it.
    agreed = same["censored"] & same["limit"] & pl.col("censored").is_not_null().all()
    all_censored = pl.col("censored").is_not_null().all()
    bound = (
        pl.when(same["limit"] & all_censored)
        .then(pl.col("limit").first())
        .when(all_censored)
        .then(pl.when(under).then(pl.col("_bound").max()).otherwise(pl.col("_bound").min()))
        .otherwise(pl.col("_bound").mean().round_sig_figs(10))
    )
    mae = pl.col("mae").first()
    judged = measured & pl.col("below_mae").is_not_null().all() & same["mae"]
    sided = bounded & ~all_censored & same["mae"]
    rest = [
        name
        for name in milk.columns
        if name not in {*key, "value", "censored", "limit", "below_mae", "_open"}
    ]
    return (
        milk.sort(pl.all(), nulls_last=True)
        .group_by(key, maintain_order=True)
        .agg(
            *(pl.col(name).first() for name in rest),
            value=pl.when(numbers).then(average),
            censored=pl.when(same["censored"] | bounded).then(pl.col("censored").drop_nulls().first()),
            limit=pl.when(bounded | agreed).then(bound).when(same["limit"]).then(pl.col("limit").first()),
            below_mae=pl.when(same["below_mae"])
            .then(pl.col("below_mae").first())
            .when(judged)
            .then(pl.col("value").mean() < mae)
            .when(sided & under & (bound <= mae))
            .then(pl.lit(value=True))
            .when(sided & ~under & (bound >= mae))
            .then(pl.lit(value=False)),
            _open=pl.col("_open").any() | ~(numbers | agreed | bounded),
        )
    )


def _facts(milk: pl.DataFrame, chosen: pl.DataFrame) -> pl.DataFrame:
    """What the chosen samples of a visit agree on (date, days since birth, stage); all samples, where none was chosen."""
    names = {
        "sample_date": "milk_sample_date",
        "days_postpartum": "milk_days_postpartum",
        "stage": "milk_stage",
    }
    key = ["infant_id", "visit"]
    without = milk.join(chosen, on=key, how="anti")
    return (
        pl.concat([chosen.select(*key, *names), without.select(*key, *names)])
        .group_by(key)
        .agg(
            pl.when(pl.col(name).drop_nulls().n_unique() == 1)
            .then(pl.col(name).drop_nulls().first())
            .alias(alias)
            for name, alias in names.items()
        )
    )
