"""How each variable's values are spread, over the whole study and by site: bins for pictures, quartiles for tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from milkqc import reference
from milkqc.summarise.overview import indices, reported
from milkqc.summarise.people import with_site

KEYS = ("table", "variable", "stage")
_KEY_TYPES: dict[str, Any] = dict.fromkeys((*KEYS, "site"), pl.String)
SPREAD: dict[str, Any] = {
    **_KEY_TYPES,
    "scale": pl.String,
    "n": pl.Int64,
    **dict.fromkeys(("min", "q25", "median", "q75", "max"), pl.Float64),
    "not_drawn": pl.Int64,
    "start": pl.Float64,
    "step": pl.Float64,
    "bins": pl.Int64,
}
BINS: dict[str, Any] = {
    **_KEY_TYPES,
    "at": pl.Int64,
    "low": pl.Float64,
    "high": pl.Float64,
    "n": pl.Int64,
}
MOST_BINS = 24
REACH = 3.0  # the picture shows the quartiles and three times their distance; what lies beyond is counted
_RESULTS = ("milk", "biomarkers")
_DERIVED = ("age_days", "bmi")
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_DECADES = (0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0)
_DIGITS = 10


def spread(tables: Mapping[str, pl.DataFrame]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Quartiles (SPREAD) and bins (BINS) of every number, `site` null for all sites together.

    `tables` are the internal tables after normalise and derive. Numbers are the mapped columns, age, BMI and
    the z-scores, and in milk and biomarkers each analyte (by stage of lactation in milk), superseded runs left
    out; a sample's own numbers count once per sample. `scale` is `log` for concentrations: bins are equal in the
    logarithm, and values that are not positive are in `not_drawn`. The axis of a variable and stage is the same
    for all sites: `bins` bins from `start`, each `step` wide (decades on a log scale). Bin `at` (0 is the first)
    holds low <= value < high in canonical units; bins -1 and `bins`, with `low` or `high` null, hold what lies
    beyond the picture. Bins without a value are left out.
    """
    long = pl.concat([_empty(), *_values(tables)])
    if long.is_empty():
        return pl.DataFrame(schema=SPREAD), pl.DataFrame(schema=BINS)
    whole = long.with_columns(site=pl.lit(None, dtype=pl.String))
    sited = long.filter(pl.col("site").is_not_null())
    both = pl.concat([whole, sited])
    value = pl.col("value")
    told = both.group_by(*KEYS, "site", "scale").agg(
        n=pl.len(),
        min=value.min(),
        q25=value.quantile(0.25, "linear"),
        median=value.median(),
        q75=value.quantile(0.75, "linear"),
        max=value.max(),
        not_drawn=((pl.col("scale") == "log") & (value <= 0)).sum(),
    )
    axes = pl.DataFrame(_axes(whole), schema=_AXES, orient="row")
    told = told.join(axes, on=list(KEYS), how="left", nulls_equal=True)
    return _finished(told, SPREAD, "site"), _finished(_binned(both, axes), BINS, "site", "at")


_AXES: dict[str, Any] = {
    **dict.fromkeys(KEYS, pl.String),
    "start": pl.Float64,
    "step": pl.Float64,
    "bins": pl.Int64,
}


def _empty() -> pl.DataFrame:
    return pl.DataFrame(schema={**_KEY_TYPES, "scale": pl.String, "value": pl.Float64})


def _values(tables: Mapping[str, pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Every number in long form, nulls left out."""
    for table, frame in tables.items():
        if frame.is_empty():
            continue
        rows = with_site(reported(frame) if table in _RESULTS else frame, tables)
        if table in _RESULTS and {"analyte", "value"} <= set(rows.columns):
            stage = pl.col("stage") if "stage" in rows.columns else pl.lit(None, dtype=pl.String)
            yield _long(rows, table, pl.col("analyte"), pl.col("value"), scale="log", stage=stage)
            sample = [name for name in ("participant_id", "visit", "sample_id") if name in rows.columns]
            rows = rows.unique(sample, keep="first", maintain_order=True)
        for name in _numbers(table, rows):
            yield _long(rows, table, pl.lit(name), pl.col(name), scale="linear")


def _long(
    rows: pl.DataFrame,
    table: str,
    variable: pl.Expr,
    value: pl.Expr,
    *,
    scale: str,
    stage: pl.Expr | None = None,
) -> pl.DataFrame:
    return rows.select(
        table=pl.lit(table),
        variable=variable.cast(pl.String),
        stage=pl.lit(None, dtype=pl.String) if stage is None else stage,
        site=pl.col("site"),
        scale=pl.lit(scale),
        value=value.cast(pl.Float64),
    ).filter(pl.col("value").is_finite() & pl.col("variable").is_not_null())


def _numbers(table: str, frame: pl.DataFrame) -> list[str]:
    """The mapped numbers of a table, with age, BMI and the z-scores of growth."""
    derived = [*_DERIVED, *indices(frame)] if table == "growth" else []
    return [
        name
        for name, kind in frame.schema.items()
        if kind.is_numeric() and (f"{name}__raw" in frame.columns or name in derived) and name != "value"
    ]


def _axes(whole: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Where the bins of each variable start and how wide they are, from the bulk of its values."""
    scaled = whole.filter((pl.col("scale") != "log") | (pl.col("value") > 0)).with_columns(at=_scaled())
    at = pl.col("at")
    bulk = (
        scaled.group_by(*KEYS, "scale")
        .agg(least=at.min(), most=at.max(), low=at.quantile(0.25, "linear"), high=at.quantile(0.75, "linear"))
        .sort(*KEYS, nulls_last=True)
    )
    for row in bulk.iter_rows(named=True):
        width = row["high"] - row["low"] or (row["most"] - row["least"]) / 4 or abs(row["high"]) / 10 or 1.0
        least = max(row["least"], row["low"] - REACH * width)
        most = min(row["most"], row["high"] + REACH * width)
        step = _step((most - least) / MOST_BINS, log=row["scale"] == "log")
        # A bin that is narrower than a double can tell apart at this size would have no width.
        size = max(abs(least), abs(most)) * 1e-9
        if step < size:
            step = _step(size, log=row["scale"] == "log")
        if _counts(row["table"], row["variable"]):
            step = max(1.0, math.ceil(step))
        start = math.floor(least / step + 1e-9) * step
        bins = max(1, math.floor((most - start) / step + 1e-9) + 1)
        yield {**{key: row[key] for key in KEYS}, "start": start, "step": step, "bins": bins}


def _counts(table: str, variable: str) -> bool:
    column = reference.dictionary().get((table, variable))
    return column is not None and column.type == "integer"


def _step(least: float, *, log: bool) -> float:
    """The next round number for a bin's width (in decades on a log scale)."""
    if least <= 0:
        return 0.1 if log else 1.0
    if log:
        return next((step for step in _DECADES if step >= least), math.ceil(least))
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in _STEPS if step * power >= least * (1 - 1e-9))


def _scaled() -> pl.Expr:
    return pl.when(pl.col("scale") == "log").then(pl.col("value").log10()).otherwise(pl.col("value"))


def _binned(both: pl.DataFrame, axes: pl.DataFrame) -> pl.DataFrame:
    drawn = both.filter((pl.col("scale") != "log") | (pl.col("value") > 0))
    place = ((_scaled() - pl.col("start")) / pl.col("step") + 1e-9).floor().cast(pl.Int64)
    counted = (
        drawn.join(axes, on=list(KEYS), how="left", nulls_equal=True)
        .with_columns(at=pl.max_horizontal(pl.lit(-1), pl.min_horizontal(place, pl.col("bins"))))
        .group_by(*KEYS, "site", "scale", "at", "start", "step", "bins")
        .agg(n=pl.len())
    )

    def edge(at: pl.Expr) -> pl.Expr:
        on_axis = pl.col("start") + at * pl.col("step")
        return pl.when(pl.col("scale") == "log").then(pl.lit(10.0).pow(on_axis)).otherwise(on_axis)

    at = pl.col("at")
    return counted.with_columns(
        low=pl.when(at >= 0).then(edge(at)), high=pl.when(at < pl.col("bins")).then(edge(at + 1))
    )


def _finished(frame: pl.DataFrame, schema: dict[str, Any], *last: str) -> pl.DataFrame:
    """All sites together first, then site by site; figures with 10 significant digits."""
    return (
        frame.sort(*KEYS, *last, nulls_last=[True] * len(KEYS) + [False] * len(last))
        .select(pl.col(name).cast(kind) for name, kind in schema.items())
        .with_columns(pl.col(pl.Float64).round_sig_figs(_DIGITS))
    )
