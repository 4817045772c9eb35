"""The figures that every report shows: missing shares, censored shares, z-scores and ages by visit.

Pure: the internal tables in (docs/architecture.md), small tables out. Nothing here is judged, and no figure is
given by trial arm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache

import polars as pl

from milkqc import reference
from milkqc.summarise.attempt import Attempt, at_once

SCHEMAS: dict[str, dict[str, type[pl.DataType]]] = {
    "missing": {
        "table": pl.String,
        "variable": pl.String,
        "label": pl.String,
        "rows": pl.Int64,
        "present": pl.Int64,
        "missing": pl.Int64,
        "percent_missing": pl.Float64,
        "reasons": pl.String,
    },
    "censored": {
        "table": pl.String,
        "analyte": pl.String,
        "unit": pl.String,
        "visit": pl.String,
        "results": pl.Int64,
        "censored": pl.Int64,
        "percent_censored": pl.Float64,
    },
    "zscores": {
        "visit": pl.String,
        "index": pl.String,
        "label": pl.String,
        "n": pl.Int64,
        "mean": pl.Float64,
        "sd": pl.Float64,
        "percent_below_minus_2": pl.Float64,
        "percent_above_plus_2": pl.Float64,
        "flagged": pl.Int64,
        "percent_flagged": pl.Float64,
    },
    "zscore_bins": {
        "visit": pl.String,
        "index": pl.String,
        "low": pl.Float64,
        "high": pl.Float64,
        "n": pl.Int64,
    },
    "ages": {
        "visit": pl.String,
        "n": pl.Int64,
        "median_age_days": pl.Float64,
        "min_age_days": pl.Float64,
        "max_age_days": pl.Float64,
    },
}
BIN_WIDTH, BIN_REACH = 0.5, 6.0  # WHO flags length-for-age beyond +/-6, the widest of its limits
_DIGITS = 10  # group means differ in their last bits with the number of threads (DESIGN 1)
_RESULTS = ("milk", "biomarkers")


def statistics(
    tables: Mapping[str, pl.DataFrame], *, schedule: Iterable[str], attempt: Attempt = at_once
) -> dict[str, pl.DataFrame]:
    """The overview tables by name, each with the columns of `SCHEMAS`; a table without rows where there is nothing.

    `tables` are the internal tables by name, after normalise and derive; absent ones and absent columns give
    no figures. `schedule` names the visits in their order; visits it does not list follow by median age. `attempt`
    decides what becomes of a table that raises.

    - `missing`: one row per mapped column (those with `X__raw`) and, in milk and biomarkers, per analyte.
      `reasons` counts why, most frequent first: `not_done 12; empty 3`.
    - `censored`: per analyte, unit and visit; `results` are numbers and censored numbers together.
    - `zscores`: per visit and index. As WHO does, flagged scores are counted but take no part in mean, SD and
      shares; `percent_flagged` is of all scores. `sd` is null below two scores.
    - `zscore_bins`: unflagged scores in bins of 0.5 (low <= z < high), the outermost open.
    - `ages`: age in days at measurement, per visit.

    A superseded laboratory result (`reported` false) is left out. Aggregates have 10 significant digits.
    """
    names = {name: frame for name, frame in tables.items() if frame.height}
    growth = names.get("growth", pl.DataFrame())
    planned = list(schedule)
    makers: dict[str, Callable[[], list[pl.DataFrame]]] = {
        "missing": lambda: _missing(names),
        "censored": lambda: _censored(names),
        "zscores": lambda: _zscores(growth),
        "zscore_bins": lambda: _zscore_bins(growth),
        "ages": lambda: _ages(growth),
    }

    @cache
    def order() -> dict[str, int]:
        return _visit_order(names, planned)

    def made(name: str, parts: Callable[[], list[pl.DataFrame]]) -> pl.DataFrame:
        nothing = pl.DataFrame(schema=SCHEMAS[name])
        return attempt(name, lambda: _finished(parts(), SCHEMAS[name], order()), nothing)

    return {name: made(name, parts) for name, parts in makers.items()}


def _finished(
    parts: list[pl.DataFrame], schema: dict[str, type[pl.DataType]], order: dict[str, int]
) -> pl.DataFrame:
    """The parts as one table of `schema`, visits in their order and the order of the parts kept within."""
    if not parts:
        return pl.DataFrame(schema=schema)
    whole = pl.concat(
        [part.select(pl.col(name).cast(kind) for name, kind in schema.items()) for part in parts]
    )
    whole = whole.with_columns(pl.col(pl.Float64).round_sig_figs(_DIGITS))
    if "visit" not in schema:
        return whole
    rank = pl.col("visit").replace_strict(order, default=len(order), return_dtype=pl.Int64)
    # censored reads by analyte, then along the visits; the others by visit
    keys = ["table", "analyte", "unit"] if "analyte" in schema else []
    return whole.sort([*keys, rank], nulls_last=True, maintain_order=True)


def _visit_order(tables: Mapping[str, pl.DataFrame], schedule: list[str]) -> dict[str, int]:
    """Each visit's place: the schedule's first, then the others by median age, those without an age last."""
    seen = []
    for name, age in (
        ("growth", "age_days"),
        ("milk", "days_postpartum"),
        ("visits", ""),
        ("biomarkers", ""),
    ):
        frame = tables.get(name)
        if frame is None or "visit" not in frame.columns:
            continue
        column = pl.col(age).cast(pl.Float64) if age in frame.columns else pl.lit(None, dtype=pl.Float64)
        seen.append(frame.select("visit", age=column))
    others: list[str] = []
    if seen:
        ages = pl.concat(seen).group_by("visit").agg(pl.col("age").median())
        ages = ages.filter(pl.col("visit").is_not_null() & ~pl.col("visit").is_in(schedule))
        others = ages.sort("age", "visit", nulls_last=True)["visit"].to_list()
    return {visit: place for place, visit in enumerate(dict.fromkeys([*schedule, *others]))}


def _missing(tables: Mapping[str, pl.DataFrame]) -> list[pl.DataFrame]:
    """One row per mapped column, in the dictionary's order of tables and the tables' order of columns."""
    dictionary = reference.dictionary()
    names = {key: analyte.name for key, analyte in reference.analytes().items()}
    parts = []
    for table in ("participants", "visits", "growth", *_RESULTS):
        frame = tables.get(table)
        if frame is None:
            continue
        if table in _RESULTS:
            frame = reported(frame)
        for variable in [name.removesuffix("__raw") for name in frame.columns if name.endswith("__raw")]:
            value = _column(frame, variable, f"{variable}__number")
            if value is not None:
                known = dictionary.get((table, variable))
                label = known.label if known else variable
                state = frame.select(
                    gone=pl.col(value).is_null(),
                    reason=_or_null(frame, f"{variable}__missing"),
                    variable=pl.lit(variable),
                )
                parts.append(_counted(state).with_columns(table=pl.lit(table), label=pl.lit(label)))
        if table in _RESULTS and {"analyte", "value"} <= set(frame.columns):
            state = frame.select(
                gone=pl.col("value").is_null() & _or_null(frame, "censored").is_null(),
                reason=_or_null(frame, "missing_reason"),
                variable=pl.col("analyte"),
            )
            counted = _counted(state).with_columns(
                table=pl.lit(table),
                label=pl.col("variable").replace_strict(
                    names, default=pl.col("variable"), return_dtype=pl.String
                ),
            )
            parts.append(counted)
    return parts


def _counted(state: pl.DataFrame) -> pl.DataFrame:
    """Rows, present and missing values with their reasons, per `variable` (columns: gone, reason, variable)."""
    counts = state.group_by("variable").agg(rows=pl.len(), missing=pl.col("gone").sum().cast(pl.Int64))
    why = (
        state.filter("gone")
        .with_columns(pl.col("reason").fill_null("no reason given"))
        .group_by("variable", "reason")
        .agg(n=pl.len())
        .sort(["n", "reason"], descending=[True, False])
        .group_by("variable", maintain_order=True)
        .agg(reasons=pl.format("{} {}", "reason", "n").str.join("; "))
    )
    return (
        counts.join(why, on="variable", how="left")
        .with_columns(
            pl.col("reasons").fill_null(""),
            present=pl.col("rows") - pl.col("missing"),
            percent_missing=100 * pl.col("missing") / pl.col("rows"),
        )
        .sort("variable")
    )


def _censored(tables: Mapping[str, pl.DataFrame]) -> list[pl.DataFrame]:
    parts = []
    for table in _RESULTS:
        frame = tables.get(table)
        if frame is None or not {"analyte", "unit", "visit", "value", "censored"} <= set(frame.columns):
            continue
        parts.append(
            reported(frame)
            .filter(pl.col("value").is_not_null() | pl.col("censored").is_not_null())
            .group_by("analyte", "unit", "visit")
            .agg(results=pl.len(), censored=pl.col("censored").is_not_null().sum())
            .with_columns(table=pl.lit(table), percent_censored=100 * pl.col("censored") / pl.col("results"))
            .sort("analyte", "unit", "visit", nulls_last=True)
        )
    return parts


def _zscores(growth: pl.DataFrame) -> list[pl.DataFrame]:
    parts = []
    for index in indices(growth):
        z, flagged = pl.col(index), pl.col(f"{index}_flag").fill_null(value=False)
        kept = z.filter(~flagged)
        parts.append(
            growth.filter(z.is_not_null())
            .group_by("visit")
            .agg(
                n=(~flagged).sum().cast(pl.Int64),
                mean=kept.mean(),
                sd=kept.std(ddof=1),
                percent_below_minus_2=100 * (kept < -2).mean(),
                percent_above_plus_2=100 * (kept > 2).mean(),
                flagged=flagged.sum().cast(pl.Int64),
                percent_flagged=100 * flagged.mean(),
            )
            .with_columns(index=pl.lit(index), label=pl.lit(reference.dictionary()["growth", index].label))
            .sort("visit")
        )
    return parts


def _zscore_bins(growth: pl.DataFrame) -> list[pl.DataFrame]:
    parts = []
    for index in indices(growth):
        kept = growth.filter(pl.col(index).is_not_null() & ~pl.col(f"{index}_flag").fill_null(value=False))
        low = ((pl.col(index) / BIN_WIDTH).floor() * BIN_WIDTH).clip(-BIN_REACH, BIN_REACH - BIN_WIDTH)
        counts = kept.group_by("visit", low=low).agg(n=pl.len())
        parts.append(
            counts.with_columns(index=pl.lit(index), high=pl.col("low") + BIN_WIDTH).sort("visit", "low")
        )
    return parts


def _ages(growth: pl.DataFrame) -> list[pl.DataFrame]:
    if not {"age_days", "visit"} <= set(growth.columns):
        return []
    age = pl.col("age_days")
    return [
        growth.filter(age.is_not_null())
        .group_by("visit")
        .agg(n=pl.len(), median_age_days=age.median(), min_age_days=age.min(), max_age_days=age.max())
        .sort("visit")
    ]


def indices(growth: pl.DataFrame) -> list[str]:
    """The scores of the dictionary that this table has, in the dictionary's order: those that carry a flag."""
    if "visit" not in growth.columns:
        return []
    known = [column.column for column in reference.columns("growth")]
    return [name for name in known if {name, f"{name}_flag"} <= set(growth.columns)]


def reported(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows that count: not those of a superseded laboratory run."""
    if "reported" not in frame.columns:
        return frame
    return frame.filter(pl.col("reported").fill_null(value=True))


def _or_null(frame: pl.DataFrame, column: str) -> pl.Expr:
    return pl.col(column) if column in frame.columns else pl.lit(None, dtype=pl.String)


def _column(frame: pl.DataFrame, *names: str) -> str | None:
    return next((name for name in names if name in frame.columns), None)
