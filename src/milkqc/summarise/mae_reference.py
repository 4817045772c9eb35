"""The MAE reference table: how a study's milk compares with each adequacy estimate, by visit and group.

"Percent below" is no prevalence of inadequacy: in a healthy population whose mean equals the estimate, 60 to 67 %
of log-normal samples lie below it. So median/MAE stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import polars as pl

from milkqc.reference.judging import judged
from milkqc.reference.mae import MaeChoice
from milkqc.summarise.censored import Floats, Quantiles, quantiles, share_below
from milkqc.summarise.order_statistics import Estimated, estimate
from milkqc.summarise.shares import interval_of

SCHEMA: dict[str, Any] = {
    "analyte": pl.String,
    "basis": pl.String,
    "visit": pl.String,
    "group": pl.String,
    "method": pl.String,
    "measures": pl.String,
    "mae": pl.Float64,
    "unit": pl.String,
    "measurand": pl.String,
    "authority": pl.String,
    "edition": pl.String,
    "derivation": pl.String,
    "status": pl.String,
    "source": pl.String,
    "mothers": pl.Int64,
    "results": pl.Int64,
    "measured": pl.Int64,
    "censored": pl.Int64,
    "below": pl.Int64,
    "at_or_above": pl.Int64,
    "undetermined": pl.Int64,
    "not_comparable": pl.Int64,
    "outside_age": pl.Int64,
    "not_measured": pl.Int64,
    "percent_below": pl.Float64,
    "percent_below_low": pl.Float64,
    "percent_below_high": pl.Float64,
    "percent_censored": pl.Float64,
    "median": pl.Float64,
    "q25": pl.Float64,
    "q75": pl.Float64,
    "median_over_mae": pl.Float64,
    "estimator": pl.String,
    "clusters": pl.Int64,
    "interval": pl.String,
    "percent_below_km": pl.Float64,
    "ros_median": pl.Float64,
    "ros_q25": pl.Float64,
    "ros_q75": pl.Float64,
    "percent_below_ros": pl.Float64,
    "ros_estimator": pl.String,
}

_CELL = ("analyte", "visit", "method", "measures")
_ALL = "all"
_MISSING = "(missing)"
_SIGNIFICANT = 10


def reference_table(
    milk: pl.DataFrame,
    participants: pl.DataFrame,
    choices: Sequence[MaeChoice],
    *,
    group_by: tuple[str, ...] = (),
) -> pl.DataFrame:
    """One row per analyte, choice, visit, group, method and measurand (`measures`), with SCHEMA's columns.

    `milk` has canonical values and days_postpartum. `choices` are the estimates, usually one per basis, the
    declared one first; without any, concentrations are described and compared with nothing. Groups are `all`
    and, for each column of `group_by` (of participants), `site=A`; a column that is nowhere filled gives none.

    What is counted are results: one per mother, visit and sample, in whatever infant's row they stand (twins
    count once), after leaving out superseded rows (reported false). Replicates are one result: the mean of
    their numbers; with some censored, below (or above) the mean of numbers and limits; where all are censored,
    below the highest or above the lowest of their limits. Methods and measurands stand apart. `percent_below` is of the results that could be judged, with its 95 % interval
    (summarise.shares: Wilson's, cluster-robust where participants have clusters; `interval` says which);
    `median`, `q25`, `q75` are of all results with a number or a limit, `median_over_mae` of those to which the
    estimate applies, each over its own estimate where that changes with age (`mae` is then the median of the
    estimates applied). `percent_below_km` is of all results, those with a limit on the wrong side of the estimate
    included, by the reversed Kaplan-Meier method; the `ros_` columns and `percent_below_ros` are by robust
    regression on order statistics, where results lie below a limit. `mae` is null where it applies to no result. Shares and quantiles are rounded to 10
    significant digits.
    """
    results = results_of(milk, participants, group_by)
    rows: list[dict[str, Any]] = []
    for place, choice in enumerate(choices or (None,)):
        compared = judged(results, choice)
        for group, members in _groups(compared, group_by):
            for key, cell in members.group_by(_CELL, maintain_order=True):
                named = dict(zip(_CELL, key, strict=True))
                rows.append({"_place": place, **named, "group": group, **_summary(cell, choice)})
    table = pl.DataFrame(rows, schema={"_place": pl.Int64, **SCHEMA}, orient="row")
    return table.sort(
        "analyte",
        "_place",
        "visit",
        pl.col("group") != _ALL,
        "group",
        "method",
        "measures",
        nulls_last=True,
    ).drop("_place")


def results_of(milk: pl.DataFrame, participants: pl.DataFrame, group_by: tuple[str, ...]) -> pl.DataFrame:
    """One row per mother, visit, sample, analyte, method and measurand, with the columns of `group_by`."""
    facts = participants.sort("infant_id").group_by("participant_id", maintain_order=True)
    people = facts.agg(
        pl.col("mother_id").drop_nulls().first().alias("_mother"),
        pl.col("cluster_id").drop_nulls().first().alias("_cluster"),
        *(pl.col(name).drop_nulls().first().alias(f"_group_{name}") for name in group_by),
    )
    joined = milk.sort("row_id").join(people, on="participant_id", how="left", maintain_order="left")
    reported = joined.filter(pl.col("reported").fill_null(value=True))
    numbers = pl.col("value").filter(pl.col("censored").is_null())
    below, above = (pl.col("censored") == "<").any(), (pl.col("censored") == ">").any()
    some = pl.when(below | above)
    bound = pl.when(pl.col("censored").is_null()).then("value").otherwise("limit")
    mixed = numbers.count() > 0
    return (
        reported.with_columns(_mother=pl.coalesce("mother_id", "_mother", "participant_id"))
        .group_by(["_mother", "visit", "sample_id", *(n for n in _CELL if n != "visit")], maintain_order=True)
        .agg(
            pl.col("unit").first(),
            pl.col("days_postpartum").min(),
            pl.col("_cluster").first(),
            pl.col("row_id").alias("_rows"),
            *(pl.col(f"_group_{name}").first() for name in group_by),
            value=pl.when(~below & ~above).then(numbers.mean()),
            censored=some.then(pl.when(below).then(pl.lit("<")).when(above).then(pl.lit(">"))),
            # on both sides of the assay's range, or with a limit that nobody gave, replicates say nothing
            limit=some.then(
                pl.when((below & above) | (mixed & bound.has_nulls()))
                .then(None)
                .when(mixed)
                .then(bound.mean())
                .when(below)
                .then(pl.col("limit").max())
                .otherwise(pl.col("limit").min())
            ),
        )
    )


def _groups(results: pl.DataFrame, group_by: tuple[str, ...]) -> Iterable[tuple[str, pl.DataFrame]]:
    yield _ALL, results
    for name in group_by:
        column = f"_group_{name}"
        if results[column].null_count() == results.height:
            continue
        for (value,), members in results.group_by(column, maintain_order=True):
            yield f"{name}={_MISSING if value is None else value}", members


def _summary(cell: pl.DataFrame, choice: MaeChoice | None) -> dict[str, Any]:
    """What one row says of its results, SCHEMA's columns but the key's."""
    counts = dict(cell["mae_status"].value_counts().iter_rows())
    measured, censored = cell["value"].count(), cell["censored"].count()
    below, above = counts.get("below", 0), counts.get("at_or_above", 0)
    interval = interval_of(cell)
    spread = _quantiles(cell)
    applied = cell.filter(pl.col("mae").is_not_null()).with_columns(pl.col("value", "limit") / pl.col("mae"))
    ratio, ros, ros_ratio = _quantiles(applied), _by_line(cell), _by_line(applied)
    at = ros.quantiles()
    return {
        **_estimate(cell, choice),
        "basis": choice.basis if choice is not None else None,
        "unit": cell["unit"].drop_nulls().first(),
        "mothers": cell["_mother"].n_unique(),
        "results": cell.height,
        "measured": measured,
        "censored": censored,
        **{name: counts.get(name, 0) for name in _COUNTED},
        "percent_below": _rounded(100 * below / (below + above)) if below + above else None,
        "percent_below_low": interval.low,
        "percent_below_high": interval.high,
        "percent_censored": _rounded(100 * censored / (measured + censored)) if measured + censored else None,
        "q25": _rounded(spread.at[0]),
        "median": _rounded(spread.at[1]),
        "q75": _rounded(spread.at[2]),
        "median_over_mae": _rounded(ratio.at[1]),
        "estimator": spread.estimator or None,
        "clusters": interval.clusters or None,
        "interval": interval.name or None,
        "percent_below_km": _percent(_share_below_estimate(applied)),
        "ros_median": _rounded(at[1]),
        "ros_q25": _rounded(at[0]),
        "ros_q75": _rounded(at[2]),
        "percent_below_ros": _percent(ros_ratio.share_below(1.0)),
        "ros_estimator": ros.estimator or None,
    }


_COUNTED = ("below", "at_or_above", "undetermined", "not_comparable", "outside_age", "not_measured")


def _estimate(cell: pl.DataFrame, choice: MaeChoice | None) -> dict[str, Any]:
    """The estimate and what is known of it; null where the choice has none for the analyte."""
    told = ("measurand", "authority", "edition", "derivation", "status", "source")
    if choice is None:
        return dict.fromkeys((*told, "mae"))
    own = choice.table.filter(pl.col("analyte") == cell["analyte"][0])
    facts = {name: "; ".join(own[name].drop_nulls().unique(maintain_order=True)) or None for name in told}
    return {**facts, "mae": cell["mae"].median()}


def _quantiles(cell: pl.DataFrame) -> Quantiles:
    return quantiles(_values(cell), below=_limits(cell, "<"), above=_limits(cell, ">"))


def _by_line(cell: pl.DataFrame) -> Estimated:
    """The results of a cell by regression on order statistics; only where some lie below a limit and none above."""
    if not _limits(cell, "<").size or _limits(cell, ">").size:
        return Estimated(np.array([], dtype=np.float64), "")
    return estimate(_values(cell), _limits(cell, "<"))


def _share_below_estimate(applied: pl.DataFrame) -> float | None:
    """The share under 1 of results over their estimates, by the reversed Kaplan-Meier method."""
    below = _limits(applied, "<")
    if _limits(applied, ">").size or np.isnan(below).any():
        return None
    return share_below(_values(applied), below, bound=1.0)


def _values(cell: pl.DataFrame) -> Floats:
    return cell["value"].drop_nulls().to_numpy().astype(np.float64)


def _limits(cell: pl.DataFrame, side: str) -> Floats:
    return cell.filter(pl.col("censored") == side)["limit"].to_numpy().astype(np.float64)


def _percent(share: float | None) -> float | None:
    return None if share is None else _rounded(100 * share)


def _rounded(number: float | None) -> float | None:
    return None if number is None else float(f"{number:.{_SIGNIFICANT}g}")
