"""What the laboratory's batches look like: medians, shares censored, blanks, duplicates, controls in run order. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import polars as pl

# The ordinary SD (logarithm) between plates run on the same people, as in the likelihood model of docs/laboratory.md.
PLATE_SD = 0.05
# Limits stand three standard errors from the study's median: one batch in 370 lies outside by chance.
_ERRORS = 3.0
# From this many readings on their own median and spread stand in for a certificate.
_LEAST = 8
_LEAST_BATCH = 5
_DIGITS = 10
LEVELS = ("low", "middle", "high")
BATCHES: dict[str, Any] = {
    "analyte": pl.String, "unit": pl.String, "batch": pl.String, "order": pl.Int64, "run_date": pl.Date,
    "samples": pl.Int64, "results": pl.Int64, "censored": pl.Int64, "percent_censored": pl.Float64,
    "blanks": pl.Int64, "blanks_high": pl.Int64, "blank_highest": pl.Float64, "blank_limit": pl.Float64,
    "duplicates": pl.Int64, "cv_percent": pl.Float64, "controls": pl.Int64, "controls_out": pl.Int64,
}  # fmt: skip
MEDIANS: dict[str, Any] = {
    "analyte": pl.String, "unit": pl.String, "method": pl.String, "measures": pl.String, "visit": pl.String,
    "batch": pl.String, "order": pl.Int64, "n": pl.Int64, "median": pl.Float64, "study_median": pl.Float64, "low": pl.Float64, "high": pl.Float64,
    "outside": pl.Boolean,
}  # fmt: skip
CONTROLS: dict[str, Any] = {
    "analyte": pl.String, "unit": pl.String, "level": pl.String, "batch": pl.String, "order": pl.Int64,
    "place": pl.Int64, "value": pl.Float64, "mean": pl.Float64, "sd": pl.Float64, "basis": pl.String,
    "z": pl.Float64,
}  # fmt: skip
DUPLICATES: dict[str, Any] = {
    "analyte": pl.String, "unit": pl.String, "level": pl.String, "from": pl.Float64, "to": pl.Float64,
    "samples": pl.Int64, "cv_percent": pl.Float64,
}  # fmt: skip
NAMES = ("laboratory_batches", "laboratory_medians", "laboratory_controls", "laboratory_duplicates")


def laboratory(milk: pl.DataFrame, controls: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
    """The four tables of NAMES from the milk table and the laboratory's own rows, both in canonical values.

    Superseded runs and rows of no batch take no part. `order` numbers an analyte's batches by their first run date,
    then by name (B2 before B10). Empty tables where no row names a batch.
    """
    own = _in_batches(milk).filter(
        pl.col("reported").fill_null(value=True) if "reported" in milk.columns else True
    )
    lab = _in_batches(controls)
    order = _order(own, lab)
    own, lab = (
        frame.join(order, on=["analyte", "batch"], how="left", maintain_order="left") for frame in (own, lab)
    )
    points = _points(lab)
    repeats = _repeats(own, lab)
    return dict(
        zip(
            NAMES,
            (_batches(own, lab, points, repeats, order), _medians(own), points, _by_level(repeats)),
            strict=True,
        )
    )


def _in_batches(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of a named batch with the columns this module reads, absent ones null."""
    kinds: dict[str, Any] = {
        "row_id": pl.String, "analyte": pl.String, "unit": pl.String, "batch": pl.String, "visit": pl.String,
        "run_date": pl.Date, "run_order": pl.Float64, "sample_id": pl.String, "participant_id": pl.String,
        "value": pl.Float64, "censored": pl.String, "limit": pl.Float64, "kind": pl.String, "level": pl.String,
        "method": pl.String, "measures": pl.String, "target_mean": pl.Float64, "target_sd": pl.Float64, "reported": pl.Boolean,
    }  # fmt: skip
    whole = frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in kinds.items()
    )
    return whole.filter(pl.col("batch").is_not_null(), pl.col("analyte").is_not_null()).sort("row_id")


def _order(own: pl.DataFrame, lab: pl.DataFrame) -> pl.DataFrame:
    """analyte, batch, order (from 1) and first run date; numbers in a batch's name count as numbers."""
    keys = ["analyte", "batch"]
    both = pl.concat([own.select(*keys, "run_date"), lab.select(*keys, "run_date")])
    natural = pl.col("batch").str.replace_all(r"[0-9]+", "#")
    number = pl.col("batch").str.extract(r"([0-9]{1,12})").cast(pl.Int64)
    return (
        both.group_by(keys)
        .agg(pl.col("run_date").min())
        .with_columns(_stem=natural, _number=number)
        .sort("analyte", "run_date", "_stem", "_number", "batch", nulls_last=True)
        .with_columns(order=pl.int_range(1, pl.len() + 1).over("analyte"))
        .select(*keys, "order", first_run="run_date")
    )


def _points(lab: pl.DataFrame) -> pl.DataFrame:
    """Each reading of a control material with its place in the run, and its z by certificate or by its own readings.

    Without a certificate mean and SD are the median of the material's readings and 1.4826 times their median
    distance from it, from 8 readings on, so that one bad batch does not widen its own limits.
    """
    read = lab.filter(pl.col("kind") == "control", pl.col("value").is_not_null()).sort(
        "analyte", "level", "order", "run_order", "row_id", nulls_last=True
    )
    over = ["analyte", "level", "method"]
    several = pl.col("method").n_unique().over("analyte") > 1
    level = pl.col("level").fill_null("control")
    middle = pl.col("value").median().over(over)
    spread = 1.4826 * (pl.col("value") - middle).abs().median().over(over)
    enough = (pl.len().over(over) >= _LEAST) & (spread > 0)
    certified = pl.col("target_mean").is_not_null() & (pl.col("target_sd") > 0)
    made = read.with_columns(
        level=pl.when(several)
        .then(pl.concat_str(level, pl.lit(", "), pl.col("method").fill_null("no method")))
        .otherwise(level),
        place=pl.int_range(1, pl.len() + 1).over(over),
        mean=pl.when(certified).then("target_mean").when(enough).then(middle),
        sd=pl.when(certified).then("target_sd").when(enough).then(spread),
        basis=pl.when(certified).then(pl.lit("certificate")).when(enough).then(pl.lit("own readings")),
    ).with_columns(z=(pl.col("value") - pl.col("mean")) / pl.col("sd"))
    return _typed(made, CONTROLS)


def _repeats(own: pl.DataFrame, lab: pl.DataFrame) -> pl.DataFrame:
    """Samples read more than once in a batch: readings, mean and variance of their logarithms."""
    keys = ["analyte", "unit", "batch", "sample_id"]
    again = lab.filter(pl.col("kind") == "duplicate")
    columns = [*keys, "method", "value"]
    both = pl.concat([own.select(columns), again.select(columns)]).filter(
        pl.col("value") > 0, pl.col("sample_id").is_not_null()
    )
    y = pl.col("value").log()
    return (
        both.group_by([*keys, "method"])
        .agg(n=pl.len(), middle=y.mean().exp(), within=(y - y.mean()).pow(2).sum())
        .filter(pl.col("n") > 1)
        .sort([*keys, "method"], nulls_last=True)
    )


def _cv() -> pl.Expr:
    """The CV in percent of a log-normal from sums of squares within samples, pooled over them."""
    pooled = pl.col("within").sum() / (pl.col("n") - 1).sum()
    return 100 * (pooled.exp() - 1).sqrt()


def _by_level(repeats: pl.DataFrame) -> pl.DataFrame:
    """The CV of repeated readings by thirds of the concentration; one level where fewer than 15 samples were repeated."""
    rank = pl.col("middle").rank("ordinal").over("analyte") - 1
    count = pl.len().over("analyte")
    third = pl.when(count >= 3 * _LEAST_BATCH).then(rank * 3 // count)
    named = (
        pl.when(third == 0).then(pl.lit(LEVELS[0])).when(third == 1).then(pl.lit(LEVELS[1])).when(third == 2)
    )
    made = (
        repeats.with_columns(level=named.then(pl.lit(LEVELS[2])).otherwise(pl.lit("all")))
        .group_by("analyte", "unit", "level")
        .agg(
            pl.col("middle").min().alias("from"),
            to=pl.col("middle").max(),
            samples=pl.len(),
            cv_percent=_cv(),
        )
    )
    return _typed(made.sort("analyte", "from"), DUPLICATES)


def _batches(
    own: pl.DataFrame, lab: pl.DataFrame, points: pl.DataFrame, repeats: pl.DataFrame, order: pl.DataFrame
) -> pl.DataFrame:
    keys = ["analyte", "batch"]
    there = pl.col("value").is_not_null() | pl.col("censored").is_not_null()
    below = pl.col("censored") == "<"
    samples = own.group_by(keys).agg(
        pl.col("unit").drop_nulls().first(),
        samples=pl.col("sample_id").n_unique(),
        results=there.sum(),
        censored=below.sum(),
    )
    blank = pl.col("kind") == "blank"
    high = blank & ((pl.col("value") >= pl.col("limit")) | (pl.col("censored") == ">"))
    blanks = lab.group_by(keys).agg(
        _unit=pl.col("unit").drop_nulls().first(), blanks=blank.sum(), blanks_high=high.sum(),
        blank_highest=pl.col("value").filter(blank).max(), blank_limit=pl.col("limit").filter(blank).max(),
    )  # fmt: skip
    twice = repeats.group_by(keys).agg(duplicates=pl.len(), cv_percent=_cv())
    read = points.group_by(keys).agg(controls=pl.len(), controls_out=(pl.col("z").abs() > 2).sum())
    whole = order.rename({"first_run": "run_date"})
    for part in (samples, blanks, twice, read):
        whole = whole.join(part, on=keys, how="left", maintain_order="left")
    counts = [
        "samples",
        "results",
        "censored",
        "blanks",
        "blanks_high",
        "duplicates",
        "controls",
        "controls_out",
    ]
    whole = whole.with_columns(pl.col(counts).fill_null(0), unit=pl.coalesce("unit", "_unit")).with_columns(
        percent_censored=pl.when(pl.col("results") > 0).then(100 * pl.col("censored") / pl.col("results"))
    )
    return _typed(whole.sort("analyte", "order"), BATCHES)


def _medians(own: pl.DataFrame) -> pl.DataFrame:
    """By visit, method and measurand each batch's median against the study's, with the limits that its size allows.

    The limits are the study's median times exp(+/- 3 sqrt(plate SD^2 + pi/2 sd^2 / n)), sd the robust SD of the
    logarithms about their batch's median. A batch of fewer than 5 results, or more than half of them below the limit,
    has no median here; without another batch at the visit there is nothing to compare with.
    """
    cell = ["analyte", "method", "measures", "visit"]
    keys = [*cell, "batch"]
    y = pl.when(pl.col("value") > 0).then("value").when(pl.col("censored") == "<").then(pl.col("limit")).log()
    known = own.with_columns(y=y).filter(pl.col("y").is_not_null())
    per = known.group_by([*keys, "unit", "order"]).agg(
        n=pl.len(), middle=pl.col("y").median(), below=(pl.col("censored") == "<").sum()
    )
    per = per.filter(pl.col("n") >= _LEAST_BATCH, pl.col("below") * 2 < pl.col("n"))
    apart = known.join(per.select(*keys, "middle"), on=keys, nulls_equal=True)
    spread = apart.group_by(cell).agg(sd=1.4826 * (pl.col("y") - pl.col("middle")).abs().median())
    study = per.group_by(cell).agg(centre=pl.col("middle").median(), of=pl.len())
    joined = per.join(spread, on=cell, nulls_equal=True).join(study, on=cell, nulls_equal=True)
    error = (PLATE_SD**2 + math.pi / 2 * pl.col("sd").pow(2) / pl.col("n")).sqrt() * _ERRORS
    made = joined.filter(pl.col("of") > 1).with_columns(
        median=pl.col("middle").exp(),
        study_median=pl.col("centre").exp(),
        low=(pl.col("centre") - error).exp(),
        high=(pl.col("centre") + error).exp(),
        outside=(pl.col("middle") - pl.col("centre")).abs() > error,
    )
    return _typed(made.sort(*cell, "order", nulls_last=True), MEDIANS)


def _typed(frame: pl.DataFrame, schema: Mapping[str, Any]) -> pl.DataFrame:
    return frame.select(
        pl.col(name).cast(kind).round_sig_figs(_DIGITS) if kind == pl.Float64 else pl.col(name).cast(kind)
        for name, kind in schema.items()
    )
