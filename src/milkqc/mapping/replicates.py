"""Several readings of one thing combined: by the first, the mean, the median, or the mean of the closest two."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from milkqc import units
from milkqc.mapping import values
from milkqc.mapping.language import Column
from milkqc.mapping.values import Mapped

REPLICATES = ("first_of", "mean_of", "median_of", "mean_of_closest_two")
NUMBERS = {"number", "integer"}


def columns_of(parts: list[Mapped]) -> tuple[str, ...]:
    """The source columns behind several parts, each once."""
    return tuple(dict.fromkeys(name for part in parts for name in part.columns))


def raw_of(parts: list[Mapped]) -> pl.Series:
    """`WB1=5.2; WB2=`: the cells behind a combined value, as written.

    A text that would be taken for two (it holds `; `, or ends with `\\`) has `\\` before each `; ` and `\\` in it.
    """
    if not parts:
        return pl.Series([], dtype=pl.String)
    shown = []
    for part in parts:
        if len(part.columns) > 1:
            shown.append(part.raw.fill_null(""))
        else:
            name = part.columns[0] if part.columns else "constant"
            shown.append(
                pl.select(pl.concat_str(pl.lit(f"{name}="), _marked(part.raw.fill_null("")))).to_series()
            )
    return pl.select(pl.concat_str(shown, separator="; ")).to_series()


def _marked(text: pl.Series) -> pl.Expr:
    marked = text.str.replace_all("\\", "\\\\", literal=True).str.replace_all("; ", "\\; ", literal=True)
    unsafe = text.str.contains("; ", literal=True) | text.str.ends_with("\\")
    return pl.when(unsafe).then(marked).otherwise(text)


def _in_one_unit(parts: list[Mapped]) -> list[Mapped]:
    """Numbers of several columns in the unit of the first; lint has seen to it that they convert."""
    first = parts[0].unit
    if first is None:
        return parts
    made = [parts[0]]
    for part in parts[1:]:
        if part.unit is None or part.unit.equals(first):
            made.append(part)
            continue
        pairs = pl.DataFrame({"have": part.unit, "want": first})
        known = {
            (have, want): units.unit_factor(have, want)
            for have, want in pairs.unique().rows()
            if have is not None and want is not None and have != want
        }
        factor = pl.Series([known.get(pair, 1.0) for pair in pairs.rows()], dtype=pl.Float64)
        made.append(replace(part, value=part.value.cast(pl.Float64) * factor, unit=first))
    return made


def combined(parts: list[Mapped], action: str, spec: Column, kind: str) -> Mapped:
    """Several readings of one thing made into one value, in the unit of the first; all of them stay in `raw`."""
    if kind in NUMBERS:
        parts = _in_one_unit(parts)
    found, judged = values.together(parts)
    missing = pl.select(pl.coalesce([part.missing for part in parts])).to_series()
    unit = next((part.unit for part in parts if part.unit is not None), None)
    if action not in REPLICATES or kind not in NUMBERS:
        value = pl.select(pl.coalesce([part.value for part in parts])).to_series()
        spread = None
    else:
        table = np.column_stack([part.value.cast(pl.Float64).to_numpy() for part in parts])
        value, spread = _combine(table, action)
    missing = pl.select(pl.when(value.is_null()).then(missing)).to_series()
    raw = raw_of(parts)
    if spread is not None and spec.max_difference is not None:
        bound = spec.max_difference.value
        allowed = value.abs() * (bound / 100) if spec.max_difference.relative else value * 0 + bound
        # 1e-9: 60.7 - 60.0 is 0.7000000000000028 in binary; a difference of exactly the limit is within it.
        apart = (spread > allowed + 1e-9).fill_null(False)
        written = unit[0] if unit is not None and unit.len() and unit[0] is not None else ""
        text = (
            f"within {bound:g}{'%' if spec.max_difference.relative else f' {written}'.rstrip()} of each other"
        )
        found = pl.concat([found, values.problems(apart, "reading.replicates.disagree", raw, text)])
        judged = {**judged, "reading.replicates.disagree": int(spread.is_not_null().sum())}
    return Mapped(value, raw, missing, columns_of(parts), unit=unit, problems=found, judged=judged)


def _combine(table: np.ndarray, action: str) -> tuple[pl.Series, pl.Series]:
    """Row by row: the combined value, and the difference between the readings that the rule used (null if < 2)."""
    count = np.isfinite(table).sum(axis=1)
    ordered = np.sort(table, axis=1)  # NaN goes last
    rows = np.arange(len(table))
    if action == "first_of":
        first = np.argmax(np.isfinite(table), axis=1)
        value = np.where(count > 0, table[rows, first], np.nan)
        return _series(value), _series(np.full(len(table), np.nan))
    last = ordered[rows, np.maximum(count - 1, 0)]
    spread = np.where(count > 1, last - ordered[:, 0], np.nan)
    if action == "mean_of":
        total = np.where(np.isfinite(table), table, 0).sum(axis=1)
        value = np.divide(total, count, out=np.full(len(table), np.nan), where=count > 0)
    elif action == "median_of":
        low = ordered[rows, np.maximum(count - 1, 0) // 2]
        high = ordered[rows, np.minimum(count // 2, table.shape[1] - 1)]
        value = np.where(count > 0, (low + high) / 2, np.nan)
    else:
        value, spread = _closest_two(ordered, count)
    return _series(value), _series(spread)


def _closest_two(ordered: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the two readings nearest each other; of equally near pairs, the middle of all of them."""
    if ordered.shape[1] < 2:
        return ordered[:, 0], np.full(len(ordered), np.nan)
    gaps = np.where(np.isfinite(ordered[:, 1:]), np.diff(ordered, axis=1), np.inf)
    smallest = gaps.min(axis=1)
    middles = (ordered[:, 1:] + ordered[:, :-1]) / 2
    # Equal up to binary noise; with fewer than two readings there is no pair, and the sums below are not used.
    near = np.isfinite(gaps) & (gaps <= smallest[:, None] + 1e-9)
    low = np.where(near, middles, np.inf).min(axis=1)
    high = np.where(near, middles, -np.inf).max(axis=1)
    pair = np.where(count > 1, low, 0) / 2 + np.where(count > 1, high, 0) / 2
    value = np.where(count > 1, pair, np.where(count == 1, ordered[:, 0], np.nan))
    return value, np.where(count > 1, smallest, np.nan)


def _series(values_: np.ndarray) -> pl.Series:
    return pl.Series(values_, dtype=pl.Float64).fill_nan(None)
