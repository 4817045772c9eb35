"""How each variable's values are spread, over the whole study and by site: bins for pictures, quartiles for tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
import polars.selectors as cs

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
_SLICE = 2_000_000


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
    long = _long_format(tables)
    if long.values.is_empty():
        return pl.DataFrame(schema=SPREAD), pl.DataFrame(schema=BINS)
    axes = pl.DataFrame(_axes(long), schema=_AXES, orient="row")
    told = [_quartiles(long.values.group_by("key")), _quartiles(long.of_sites().group_by("key", "site"))]
    quartiles = pl.concat(told, how="diagonal").join(long.keys, on="key").join(axes, on="key", how="left")
    quartiles = quartiles.with_columns(
        not_drawn=pl.when(pl.col("scale") == "log").then("not_drawn").otherwise(0)
    )
    return _finished(quartiles, SPREAD, "site"), _finished(_binned(long, axes), BINS, "site", "at")


@dataclass(frozen=True)
class _Long:
    """Every number of a study: `values` has `key`, `site` (an enumeration), `value` and its place `at` on its axis,
    null where a log axis has none; `keys` says of each key its table, variable, stage and scale.

    Numbers instead of names in every row: a study of hundreds of variables has ten million values.
    """

    values: pl.DataFrame
    keys: pl.DataFrame

    def of_sites(self) -> pl.DataFrame:
        """The values whose site is known."""
        return self.values.filter(pl.col("site").is_not_null())


def _quartiles(grouped: Any) -> pl.DataFrame:
    value = pl.col("value")
    told: pl.DataFrame = grouped.agg(
        n=pl.len(),
        min=value.min(),
        q25=value.quantile(0.25, "linear"),
        median=value.median(),
        q75=value.quantile(0.75, "linear"),
        max=value.max(),
        not_drawn=(value <= 0).sum(),
    )
    return told.cast({cs.enum(): pl.String})


_AXES: dict[str, Any] = {
    "key": pl.UInt32,
    "start": pl.Float64,
    "step": pl.Float64,
    "bins": pl.Int64,
}


def _long_format(tables: Mapping[str, pl.DataFrame]) -> _Long:
    keys: list[dict[str, Any]] = []
    parts = [
        part for name, frame in tables.items() if frame.height for part in _values(name, frame, tables, keys)
    ]
    sites = pl.Enum(sorted({site for part in parts for site in part["site"].unique().drop_nulls()}))
    nothing = pl.DataFrame(schema={"key": pl.UInt32, "site": sites, "value": pl.Float64, "at": pl.Float64})
    values = pl.concat([nothing, *(part.with_columns(pl.col("site").cast(sites)) for part in parts)])
    return _Long(values, pl.DataFrame(keys, schema=_KEYED, orient="row"))


_KEYED: dict[str, Any] = {"key": pl.UInt32, **dict.fromkeys((*KEYS, "scale"), pl.String)}


def _values(
    table: str, frame: pl.DataFrame, tables: Mapping[str, pl.DataFrame], keys: list[dict[str, Any]]
) -> Iterator[pl.DataFrame]:
    """Every number of a table in long form, nulls left out; `keys` grow by what they are numbers of."""
    rows = with_site(reported(frame) if table in _RESULTS else frame, tables)
    if table in _RESULTS and {"analyte", "value"} <= set(rows.columns):
        stage = pl.col("stage") if "stage" in rows.columns else pl.lit(None, dtype=pl.String)
        named = rows.select("site", "value", _variable=pl.col("analyte").cast(pl.String), _stage=stage)
        own = named.filter(_is_there("value")).select("_variable", "_stage").unique(maintain_order=True)
        own = own.filter(pl.col("_variable").is_not_null()).with_row_index("key", offset=len(keys))
        named_keys = own.select(
            "key", table=pl.lit(table), variable="_variable", stage="_stage", scale=pl.lit("log")
        )
        keys += named_keys.to_dicts()
        joined = named.join(own, on=["_variable", "_stage"], how="inner", nulls_equal=True)
        value = pl.col("value").cast(pl.Float64)
        yield joined.filter(_is_there("value")).select(
            key=pl.col("key").cast(pl.UInt32),
            site="site",
            value=value,
            at=pl.when(value > 0).then(value.log10()),
        )
        sample = [name for name in ("participant_id", "visit", "sample_id") if name in rows.columns]
        rows = rows.unique(sample, keep="first", maintain_order=True)
    sited = rows.with_columns(pl.col("site").cast(pl.Enum(rows["site"].drop_nulls().unique().sort())))
    for name in _numbers(table, rows):
        key = {"key": len(keys), "table": table, "variable": name, "stage": None, "scale": "linear"}
        keys.append(key)
        value = pl.col(name).cast(pl.Float64)
        # Selected first: a filter gathers every column it is given, and there may be a thousand.
        numbers = sited.select("site", value=value)
        yield numbers.filter(_is_there("value")).select(
            key=pl.lit(key["key"], dtype=pl.UInt32), site="site", value="value", at="value"
        )


def _is_there(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Float64).is_finite()


def _numbers(table: str, frame: pl.DataFrame) -> list[str]:
    """The mapped numbers of a table, with age, BMI and the z-scores of growth."""
    derived = [*_DERIVED, *indices(frame)] if table == "growth" else []
    return [
        name
        for name, kind in frame.schema.items()
        if kind.is_numeric() and (f"{name}__raw" in frame.columns or name in derived) and name != "value"
    ]


def _axes(long: _Long) -> Iterator[dict[str, Any]]:
    """Where the bins of each variable start and how wide they are, from the bulk of its values."""
    at = pl.col("at")
    bulk = (
        long.values.filter(at.is_not_null())
        .group_by("key")
        .agg(least=at.min(), most=at.max(), low=at.quantile(0.25, "linear"), high=at.quantile(0.75, "linear"))
        .join(long.keys, on="key")
        .sort("key")
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
        yield {"key": row["key"], "start": start, "step": step, "bins": bins}


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


def _binned(long: _Long, axes: pl.DataFrame) -> pl.DataFrame:
    drawn = long.values.filter(pl.col("at").is_not_null())
    # Without a value that its axis has a place for there is one slice, the empty one.
    slices = drawn.iter_slices(_SLICE) if drawn.height else [drawn]
    counted = [part for values in slices for part in _counted(values, axes)]
    whole = pl.concat(counted, how="diagonal").group_by("key", "site", "at").agg(pl.col("n").sum())
    placed = whole.join(long.keys, on="key").join(axes, on="key")

    def edge(at: pl.Expr) -> pl.Expr:
        on_axis = pl.col("start") + at * pl.col("step")
        return pl.when(pl.col("scale") == "log").then(pl.lit(10.0).pow(on_axis)).otherwise(on_axis)

    at = pl.col("at")
    return placed.with_columns(
        low=pl.when(at >= 0).then(edge(at)), high=pl.when(at < pl.col("bins")).then(edge(at + 1))
    )


def _counted(values: pl.DataFrame, axes: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Values per bin of one slice: all sites together, then site by site."""
    place = ((pl.col("at") - pl.col("start")) / pl.col("step") + 1e-9).floor().cast(pl.Int64)
    sited = (
        values.join(axes, on="key", how="left")
        .select("key", "site", at=pl.max_horizontal(pl.lit(-1), pl.min_horizontal(place, pl.col("bins"))))
        .group_by("key", "site", "at")
        .agg(n=pl.len())
        .cast({cs.enum(): pl.String})
    )
    yield sited.group_by("key", "at").agg(pl.col("n").sum())
    yield sited.filter(pl.col("site").is_not_null())


def _finished(frame: pl.DataFrame, schema: dict[str, Any], *last: str) -> pl.DataFrame:
    """All sites together first, then site by site; figures with 10 significant digits."""
    return (
        frame.sort(*KEYS, *last, nulls_last=[True] * len(KEYS) + [False] * len(last))
        .select(pl.col(name).cast(kind) for name, kind in schema.items())
        .with_columns(pl.col(pl.Float64).round_sig_figs(_DIGITS))
    )
