"""Which rows a rule judges, and what could not be judged: the same for every way of running it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from milkqc.checks.suites.kinds import KINDS
from milkqc.model import Rule

RESULT_TABLES = {"milk", "biomarkers"}


@dataclass(frozen=True)
class Judged:
    """The values a row rule judges, and where they stand in the view.

    `values` are as engines compare them: dates as days, not-a-numbers left out. `at` are their positions.
    `not_judged` counts values that were there but censored, or whose `when` is unknown.
    """

    values: pl.Series
    at: pl.Series
    not_judged: int


def applies(rule: Rule) -> pl.Expr:
    """Whether `when` holds; null where it is unknown."""
    tests = [
        pl.col(column).is_in(list(wanted)) if isinstance(wanted, tuple) else pl.col(column) == wanted
        for column, wanted in sorted(rule.when.items())
    ]
    return pl.all_horizontal(tests) if tests else pl.lit(value=True)


def judged(rule: Rule, view: pl.DataFrame) -> Judged:
    """The values of a row rule's column in `view`."""
    name = rule.columns[0]
    value = comparable(view, name)
    there = value.is_not_null()
    censored = (
        pl.col("censored").is_not_null()
        if rule.table in RESULT_TABLES and name == "value"
        else pl.lit(value=False)
    )
    asked = view.select(
        holds=applies(rule),
        there=(pl.lit(value=True) if rule.expect == "not_null" else there) & ~censored,
        something=there | censored,
        value=value,
    )
    chosen = asked.with_row_index("at").filter(pl.col("holds") & pl.col("there"))
    concerned = asked.filter(pl.col("holds").fill_null(value=True) & pl.col("something"))
    ours = chosen.filter(pl.col("something")).height
    return Judged(chosen["value"], chosen["at"], concerned.height - ours)


def comparable(view: pl.DataFrame, name: str) -> pl.Expr:
    """A column as rules compare it: dates as days since 1970, categories as text, not-a-number as missing."""
    kind = view.schema[name]
    column = pl.col(name)
    if kind == pl.Date:
        return column.cast(pl.Int32)
    if kind.is_float():
        return column.fill_nan(None)
    if isinstance(kind, (pl.Categorical, pl.Enum)):
        return column.cast(pl.String)
    return column


@dataclass(frozen=True)
class Figures:
    """A dataset rule's figure for each group: `row_id` ("*" or "batch=P1"), `group` ("P1"), `figure` (null: not judged), `rows`."""

    table: pl.DataFrame

    @property
    def not_judged(self) -> int:
        """Groups too small, or whose median lies among censored values."""
        return self.table["figure"].null_count()


def figures(rule: Rule, view: pl.DataFrame) -> Figures:
    """One figure for the table or for each group of `by`; superseded results (`reported` false) do not count.

    Groups under `min_n` rows have no figure. A group whose `by` is missing goes by "*".
    """
    by = _resolved(rule.arguments.get("by"), view)
    rows = view.filter(applies(rule))
    if "reported" in view.columns:
        rows = rows.filter(pl.col("reported").fill_null(value=True))
    group = pl.col(by).cast(pl.String) if by else pl.lit(None, dtype=pl.String)
    name = rule.columns[0] if rule.columns else None
    value = comparable(view, name) if name else pl.lit(None)
    censored = (
        pl.col("censored")
        if "censored" in view.columns and name == "value"
        else pl.lit(None, dtype=pl.String)
    )
    counted = rows.with_columns(group=group, value=value, censored=censored).select(
        "group", "value", "censored"
    )
    kind = KINDS[rule.expect].figure
    stated = (
        counted.group_by("group", maintain_order=True)
        .agg(rows=pl.len(), n=_counted(kind).sum(), figure=_FIGURES[kind])
        .with_columns(
            figure=pl.when(pl.col("n") >= rule.arguments.get("min_n", 0)).then(
                pl.col("figure").cast(pl.Float64)
            ),
            row_id=pl.when(pl.col("group").is_null())
            .then(pl.lit("*"))
            .otherwise(pl.concat_str(pl.lit(f"{rule.arguments.get('by')}="), "group")),
        )
        .sort("row_id")
    )
    if stated.is_empty() and kind == "rows" and not by:
        stated = pl.DataFrame(
            {"row_id": ["*"], "figure": [0.0], "rows": [0], "n": [0], "group": [None]},
            schema_overrides={"group": pl.String},
        )
    return Figures(stated.select("row_id", "group", "figure", pl.col("rows").cast(pl.Int64)))


def _resolved(by: Any, view: pl.DataFrame) -> str | None:
    """`by: site` is the participant's site where the table has none of its own."""
    if by is None:
        return None
    return by if by in view.columns else f"participant_{by}"


def _counted(kind: str) -> pl.Expr:
    """The rows that stand behind a figure, for `min_n`."""
    if kind in {"median", "share_censored"}:
        return pl.col("value").is_not_null() | pl.col("censored").is_not_null()
    return pl.lit(value=True)


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


_FIGURES: Mapping[str, pl.Expr] = {
    "rows": pl.len(),
    "share_missing": (pl.col("value").is_null() & pl.col("censored").is_null()).mean(),
    "share_censored": pl.col("censored").is_not_null().sum()
    / (pl.col("value").is_not_null() | pl.col("censored").is_not_null()).sum(),
    "median": _median(),
}
