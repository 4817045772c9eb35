"""The figure of a table, or of each of its groups, that a dataset rule judges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import polars as pl

from milkqc.checks.suites.conditions import columns_of, truth
from milkqc.checks.suites.distribution import distance, quantile
from milkqc.checks.suites.judged import comparable
from milkqc.checks.suites.kinds import KINDS
from milkqc.model import Rule


@dataclass(frozen=True)
class Figures:
    """A dataset rule's figure for each group: `row_id` ("*" or "batch=P1"), `group` ("P1"), `figure` (null: not judged), `rows`."""

    table: pl.DataFrame

    @property
    def not_judged(self) -> int:
        """Groups too small, or whose figure lies among censored values."""
        return self.table["figure"].null_count()


def figures(rule: Rule, view: pl.DataFrame) -> Figures:
    """One figure for the table or for each group of `by`; superseded results (`reported` false) do not count.

    Groups under `min_n` rows have no figure. A group whose `by` is missing goes by "*".
    """
    counted = _counted(rule, view)
    kind = KINDS[rule.expect].figure
    least = rule.arguments.get("min_n", 0)
    stated = _differences(rule, counted, least) if kind == "difference" else _stated(rule, counted, least)
    if stated.is_empty() and kind == "rows" and not rule.arguments.get("by"):
        stated = pl.DataFrame(
            {"row_id": ["*"], "figure": [0.0], "rows": [0], "group": [None]},
            schema_overrides={"group": pl.String},
        )
    return Figures(stated.sort("row_id").select("row_id", "group", "figure", pl.col("rows").cast(pl.Int64)))


def members(rule: Rule, view: pl.DataFrame) -> pl.DataFrame:
    """`row_id` of each row that counts, and the `group` (as Figures' row_id) that it counts in."""
    counted = _counted(rule, view.with_columns(_row="row_id"), keep=("_row",))
    return counted.select(row_id="_row", group="row_id")


def resolved(by: str, view: pl.DataFrame) -> str:
    """`by: site` is the participant's site where the table has none of its own."""
    return by if by in view.columns else f"participant_{by}"


def by_of(rule: Rule) -> tuple[str, ...]:
    """The columns that make the groups, as the rule names them."""
    by = rule.arguments.get("by")
    return () if by is None else by if isinstance(by, tuple) else (by,)


def _counted(rule: Rule, view: pl.DataFrame, *, keep: tuple[str, ...] = ()) -> pl.DataFrame:
    """The rows that count: `row_id` (the group's), `group`, `between`, `value`, `censored`, `limit`, and what to `keep`."""
    by = by_of(rule)
    of_result = "censored" in view.columns and rule.columns[:1] == ("value",)
    nothing = pl.lit(None, dtype=pl.String)
    label = [pl.lit(f"{name}=") + pl.col(resolved(name, view)).cast(pl.String) for name in by]
    named = pl.concat_str(label, separator="; ", ignore_nulls=True) if label else pl.lit("")
    parts = [pl.col(resolved(name, view)).cast(pl.String) for name in by]
    rows = view
    if rule.when:
        plain = view.select(comparable(view, name).alias(name) for name in columns_of(rule.when))
        rows = view.filter(nw.from_native(plain).select(holds=truth(rule.when)[0]).to_native()["holds"])
    if "reported" in view.columns:
        rows = rows.filter(pl.col("reported").fill_null(value=True))
    between = rule.arguments.get("between")
    return rows.with_columns(
        row_id=pl.when(named == "").then(pl.lit("*")).otherwise(named),
        group=pl.concat_str(parts, separator="; ", ignore_nulls=True)
        if len(by) > 1
        else (*parts, nothing)[0],
        between=pl.col(resolved(between, view)).cast(pl.String) if between else nothing,
        value=comparable(view, rule.columns[0]) if rule.columns else pl.lit(None),
        censored=pl.col("censored") if of_result else nothing,
        limit=pl.col("limit") if of_result and "limit" in view.columns else pl.lit(None, dtype=pl.Float64),
    ).select("row_id", "group", "between", "value", "censored", "limit", *keep)


def _stated(rule: Rule, counted: pl.DataFrame, least: int) -> pl.DataFrame:
    kind = KINDS[rule.expect].figure
    groups = counted.group_by("row_id", maintain_order=True).agg(
        pl.col("group").first(), rows=pl.len(), n=_behind(kind).sum(), figure=_FIGURES[kind]
    )
    if kind in {"quantile", "distance"}:
        told = [_of_list(kind, rule.arguments, one) for one in groups["figure"].to_list()]
        groups = groups.with_columns(pl.Series("figure", told, dtype=pl.Float64))
    enough = pl.when(pl.col("n") >= least).then(pl.col("figure").cast(pl.Float64))
    return groups.with_columns(figure=enough)


def _differences(rule: Rule, counted: pl.DataFrame, least: int) -> pl.DataFrame:
    """Largest less (or over) smallest of the statistic between groups of enough rows; null of fewer than two."""
    kind = rule.arguments["statistic"]
    each = (
        counted.filter(pl.col("between").is_not_null())
        .group_by("row_id", "between", maintain_order=True)
        .agg(pl.col("group").first(), rows=pl.len(), n=_behind(kind).sum(), figure=_FIGURES[kind])
        .filter((pl.col("n") >= least) & pl.col("figure").is_not_null())
    )
    low, high = pl.col("figure").min(), pl.col("figure").max()
    apart = high / low if rule.arguments.get("max_ratio") is not None else high - low
    known = (pl.len() > 1) & (
        (low > 0) if rule.arguments.get("max_ratio") is not None else pl.lit(value=True)
    )
    told = each.group_by("row_id", maintain_order=True).agg(
        pl.col("group").first(),
        rows=pl.col("rows").sum(),
        figure=pl.when(known).then(apart.round_sig_figs(10)),
    )
    silent = (
        counted.group_by("row_id", maintain_order=True)
        .agg(pl.col("group").first(), rows=pl.len())
        .join(told, on="row_id", how="anti")
    )
    return pl.concat(
        [
            told.select("row_id", "group", pl.col("rows").cast(pl.Int64), "figure"),
            silent.select(
                "row_id",
                "group",
                pl.col("rows").cast(pl.Int64),
                pl.lit(None, dtype=pl.Float64).alias("figure"),
            ),
        ]
    )


def _of_list(kind: str, arguments: Mapping[str, Any], one: list[dict[str, Any]]) -> float | None:
    placed = [(row["value"], row["censored"], row["limit"]) for row in one]
    if kind == "quantile":
        return quantile([_placed(*row) for row in placed], arguments["quantile"])
    return distance(placed, arguments["reference"])


def _placed(value: float | None, censored: str | None, _: float | None) -> float:
    return float("-inf") if censored == "<" else float("inf") if censored == ">" else float(value or 0.0)


def _behind(kind: str) -> pl.Expr:
    """The rows that stand behind a figure, for `min_n`."""
    if kind in {"rows", "share_missing"}:
        return pl.lit(value=True)
    return _THERE


def _median() -> pl.Expr:
    """The median with censored results in their place: below everything (<) or above everything (>).

    Null where it falls among them, because then only a limit is known of it.
    """
    placed = (
        pl.when(pl.col("censored") == "<")
        .then(float("-inf"))
        .when(pl.col("censored") == ">")
        .then(float("inf"))
        .otherwise(pl.col("value").cast(pl.Float64, strict=False))
    )
    median = placed.drop_nulls().median()
    return pl.when(median.is_finite()).then(median)


_THERE = pl.col("value").is_not_null() | pl.col("censored").is_not_null()
_LISTED = pl.struct("value", "censored", "limit").filter(_THERE)
_FIGURES: Mapping[str, pl.Expr] = {
    "rows": pl.len(),
    "distinct": pl.col("value").drop_nulls().n_unique(),
    "share_missing": (pl.col("value").is_null() & pl.col("censored").is_null()).mean(),
    "share_censored": pl.col("censored").is_not_null().sum() / _THERE.sum(),
    "median": _median(),
    # A mean of censored results is not known.
    "mean": pl.when(pl.col("censored").is_null().all()).then(
        pl.col("value").cast(pl.Float64, strict=False).mean()
    ),
    "quantile": _LISTED,
    "distance": _LISTED,
}
