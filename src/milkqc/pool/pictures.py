"""Medians and middle halves of the studies, drawn one under the other on one axis for each variable and visit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

import polars as pl

from milkqc.pool.compare import LEAST
from milkqc.pool.html import MOST, left_off, shown, table

_KEY = ("table", "variable", "specimen", "visit", "ages", "unit")
# Variables and visits drawn; all of them stand in the file.
_DRAWN = 120
_PAIR = {
    "study_a": "a",
    "study_b": "b",
    "median_ratio": "Median ratio",
    "median_difference": "Difference",
    "distance": "Distance",
    "superiority": "P(a > b)",
    "p": "p",
}
_TABLES = {"milk": "Milk", "biomarkers": "Biomarkers", "growth": "Growth"}


def distributions(each: pl.DataFrame, pairs: pl.DataFrame) -> str:
    """The part of the page: what several studies have (or several methods), drawn; the rest as a folded table."""
    if each.is_empty():
        return "<p>No results and no scores to compare.</p>\n"
    groups = list(each.group_by(_KEY, maintain_order=True))
    several = [(key, part) for key, part in groups if part.height > 1]
    alone = [part for _, part in groups if part.height == 1]
    order = {name: place for place, name in enumerate(_TABLES)}
    several.sort(key=lambda one: order[str(one[0][0])])
    return "".join(
        [
            "<p>A dot is the median, a bar the middle half. Results below a limit count as below it. Two are compared "
            f"where each has {LEAST} results or more; no limit is set for “too different”: populations differ.</p>\n",
            "" if several else "<p>No two studies have the same variable at the same visit or age.</p>\n",
            *_drawn(several[:_DRAWN], pairs),
            f'<p class="soft">{len(several) - _DRAWN:,} more in distributions.csv.</p>\n' if len(several) > _DRAWN else "",
            _alone(alone),
        ]
    )  # fmt: skip


def _drawn(several: Sequence[tuple[Any, pl.DataFrame]], pairs: pl.DataFrame) -> Iterator[str]:
    last = None
    for key, part in several:
        words = dict(zip(_KEY, key, strict=True))
        if words["table"] != last:
            last = words["table"]
            yield f"<h3>{_TABLES[last]}</h3>\n"
        name = _name(words)
        unit = "z-score" if words["unit"] == "z" else words["unit"] or ""
        yield f'<h4>{escape(name)} <span class="soft">{escape(unit)}</span></h4>\n'
        yield _picture(part, name)
        mine = pairs.filter(
            *(pl.col(column).eq_missing(pl.lit(words[column], dtype=pl.String)) for column in _KEY)
        )
        if mine.height:
            yield _pairs(mine, name)


def _name(words: Mapping[str, Any]) -> str:
    variable = str(words["variable"]).replace("_", " ")
    place = f"at {words['visit']}" if words["visit"] else f"at {words['ages']}" if words["ages"] else ""
    return " ".join(filter(None, [variable, f"in {words['specimen']}" if words["specimen"] else "", place]))


def _picture(part: pl.DataFrame, name: str) -> str:
    known = [value for column in ("q25", "median", "q75") for value in part[column].drop_nulls()]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    pad = (high - low) * 0.04 or abs(high) * 0.05 or 1.0
    low, high = low - pad, high + pad
    rows = "".join(_one(row, low, high) for row in part.iter_rows(named=True))
    return f'<div role="list" aria-label="{escape(name)}: median and middle half by study">\n{rows}</div>\n'


def _one(row: Mapping[str, Any], low: float, high: float) -> str:
    def at(value: float) -> str:
        return f"{100 * (value - low) / (high - low):.2f}%"

    shapes = ""
    if row["q25"] is not None and row["q75"] is not None:
        wide = f"{100 * (row['q75'] - row['q25']) / (high - low):.2f}%"
        shapes = f'<i style="left:{at(row["q25"])};width:{wide}"></i>'
    if row["median"] is not None:
        shapes += f'<b style="left:{at(row["median"])}"></b>'
    method = ", ".join(filter(None, (row["method"], str(row["measures"] or "").replace("_", " "))))
    method = f' <span class="soft">{escape(method)}</span>' if method else ""
    return (
        f'<div class="one" role="listitem"><span>{escape(row["study"])}{method}</span>'
        f'<span class="track" aria-hidden="true">{shapes}</span><span class="soft">{escape(_figures(row))}</span></div>\n'
    )


def _figures(row: Mapping[str, Any]) -> str:
    n = f"n {row['n']:,}" + (f", {row['censored']:,} beyond a limit" if row["censored"] else "")
    if row["median"] is None:
        why = str(row["estimator"]).removeprefix("not_estimable: ")
        return f"no median ({why if why not in {'sample', 'kaplan_meier'} else 'it lies among the censored'}); {n}"
    half = f" ({shown(row['q25'])} to {shown(row['q75'])})"
    return f"{shown(row['median'])}{half}; {n}"


def _pairs(mine: pl.DataFrame, name: str) -> str:
    methods = ("method_a", "method_b")
    told = mine.with_columns(
        **{
            f"study_{side}": pl.concat_str([f"study_{side}", f"method_{side}"], separator=", ", ignore_nulls=True)
            for side in "ab"
        }
    ) if mine.select(pl.any_horizontal(pl.col(methods).is_not_null()).any()).item() else mine  # fmt: skip
    return table(tuple(_PAIR.values()), told.select(*_PAIR).iter_rows(), name=f"{name}: pairs of studies")


def _alone(alone: Sequence[pl.DataFrame]) -> str:
    if not alone:
        return ""
    rows = pl.concat(alone)
    first = rows.head(MOST).select(
        "study",
        pl.col("variable").str.replace_all("_", " "),
        pl.coalesce("visit", "ages"),
        "unit",
        "n",
        "median",
        "q25",
        "q75",
    )
    heads = ("Study", "Variable", "Visit or age", "Unit", "n", "Median", "Lower quartile", "Upper quartile")
    return (
        f"<details><summary>{rows.height:,} that only one study has</summary>\n"
        + table(heads, first.iter_rows(), name="In one study only")
        + left_off(rows.height, "distributions.csv")
        + "</details>\n"
    )
