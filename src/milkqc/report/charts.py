"""The pictures of the report, each from plain rows to SVG. A table beside each says the same in numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from milkqc.report import svg
from milkqc.report.words import count, fixed, number, percent

Row = Mapping[str, Any]
WIDTH = 440.0
_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
_ROW, _TOP = 54.0, 4.0


def mae_chart(rows: Sequence[Row], *, key: str, title: str) -> Markup:
    """Median and interquartile range as multiples of the MAE, on a log scale; one line per row.

    A row has `name`, `what` (visit, method, number judged), `below` (words), and `low`, `mid`, `high` as ratios to the MAE, `why` there is no median;
    a null ratio is left out (it lies among results beyond the assay, or their limits are unknown), and values beyond 0.01 to 100 stand at
    the edge.
    """
    seen = [row[part] for row in rows for part in ("low", "mid", "high") if row[part]]
    least, most = min([0.5, *seen]), max([2.0, *seen])
    first = max((tick for tick in _TICKS if tick <= least), default=_TICKS[0])
    last = min((tick for tick in _TICKS if tick >= most), default=_TICKS[-1])
    left, right = 14.0, WIDTH - 14.0

    def at(ratio: float) -> float:
        inside = min(max(ratio, first), last)
        return left + (right - left) * math.log(inside / first) / math.log(last / first)

    floor = _TOP + _ROW * len(rows)
    ticks = [tick for tick in _TICKS if first <= tick <= last]
    shapes: list[Markup] = []
    for place, row in enumerate(rows):
        top = _TOP + _ROW * place
        # the scale stands behind the bars only, so that no line runs through a word
        shapes.extend(
            svg.line(at(tick), top + 35, at(tick), top + 52, kind="grid") for tick in ticks if tick != 1
        )
        shapes.extend(_mae_row(row, at, top=top, right=right))
    shapes.append(svg.line(left, floor, right, floor, kind="axis"))
    for tick in ticks:
        words = "MAE" if tick == 1 else f"{number(tick)}×"
        shapes.append(
            svg.text(words, at(tick), floor + 16, anchor="middle", kind="strong" if tick == 1 else "tick")
        )
    shapes.append(
        svg.text("Median and middle half of results, as multiples of the MAE", left, floor + 36, kind="tick")
    )
    told = "; ".join(f"{row['name']}, {row['what']}: {_ratio_words(row)}, {row['below']}" for row in rows)
    return svg.picture(*shapes, title=title, desc=told, key=key, width=WIDTH, height=floor + 46)


def _mae_row(row: Row, at: Any, *, top: float, right: float) -> list[Markup]:
    middle = top + 43
    shapes = [
        svg.text(row["name"], 14, top + 17, kind="strong"),
        svg.text(row["what"], 14, top + 31, kind="tick"),
        svg.text(row["below"], right, top + 17, anchor="end"),
    ]
    if row["low"] and row["high"]:
        start, stop = at(row["low"]), at(row["high"])
        shapes.append(svg.box(start, middle - 5, max(1.0, stop - start), 10, rx=5, kind="range"))
    shapes.append(svg.line(at(1.0), top + 35, at(1.0), top + 52, kind="one"))
    if row["mid"]:
        shapes.append(svg.tag("circle", cx=at(row["mid"]), cy=middle, r=6, class_="dot"))
    else:
        shapes.append(svg.text(f"no median: {row['why']}", 14, middle + 4, kind="tick"))
    return shapes


def _ratio_words(row: Row) -> str:
    return f"median {number(row['mid'])} times the MAE" if row["mid"] else "no median"


_BESIDE = 8  # characters of a name that leave room for the figures beside it


def histogram(bins: Sequence[Row], *, key: str, name: str, label: str, stats: Row) -> Markup:
    """The distribution of one z-score (bins of equal width, counts) with the standard normal over it.

    `bins` have `low`, `high`, `n`; heights are shares of all scores, so that the curve needs no scaling.
    `stats` has n, mean, sd over the same scores (sd null when there are too few).
    """
    wide, high, left, floor, top = 300.0, 168.0, 10.0, 136.0, 40.0
    total = sum(each["n"] for each in bins)
    step = bins[0]["high"] - bins[0]["low"]
    reach: float = max(6.0, *(abs(each["low"]) for each in bins))

    def x(z: float) -> float:
        return left + (wide - 2 * left) * (z + reach) / (2 * reach)

    shares: list[float] = [each["n"] / total for each in bins]
    tallest: float = max(*shares, step * _normal(0.0))

    def y(share: float) -> float:
        return floor - (floor - top) * share / tallest

    shapes = [svg.text(name, left, 15, kind="strong")]
    figures = f"n {stats['n']:,}   mean {fixed(stats['mean'])}   SD {fixed(stats['sd'])}"
    if len(name) > _BESIDE:
        # A site's name takes the line; its figures stand below.
        shapes.append(svg.text(figures, left, 29, kind="tick"))
    else:
        shapes.append(svg.text(figures, wide - left, 15, anchor="end", kind="tick"))
    shapes.extend(svg.line(x(z), top - 8, x(z), floor, kind="two") for z in (-2.0, 2.0))
    shapes.append(
        svg.group(
            (
                svg.box(
                    x(each["low"]) + 0.5,
                    y(share),
                    x(each["high"]) - x(each["low"]) - 1,
                    floor - y(share),
                    kind="bar",
                )
                for each, share in zip(bins, shares, strict=True)
                if share
            ),
            kind="bars",
        )
    )
    curve = [(x(z / 10), y(step * _normal(z / 10))) for z in range(int(-reach * 10), int(reach * 10) + 1, 2)]
    shapes.append(svg.path(curve, kind="normal"))
    shapes.append(svg.line(left, floor, wide - left, floor, kind="axis"))
    ticks = [z for z in range(-6, 7, 2) if abs(z) <= reach]
    shapes.extend(svg.text(fixed(z, 0), x(z), floor + 16, anchor="middle", kind="tick") for z in ticks)
    low = sum(each["n"] for each in bins if each["high"] <= -2)
    told = (
        f"{count(total, 'score')} in bins of {step:g}; mean {fixed(stats['mean'])}, SD {fixed(stats['sd'])} against 0 "
        f"and 1 of the standard normal curve; {percent(100 * low / total)} below −2."
    )
    return svg.picture(*shapes, title=f"{name}: {label}", desc=told, key=key, width=wide, height=high)


def _normal(z: float) -> float:
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def share_bar(share: float | None) -> Markup:
    """A bar of 0 to 100 beside a number that a table already gives in words; hidden from screen readers."""
    inside = min(max(share or 0.0, 0.0), 100.0)
    return svg.tag(
        "svg",
        svg.box(0, 0, 100, 8, kind="track"),
        svg.box(0, 0, inside, 8, kind="fill"),
        class_="share",
        viewBox="0 0 100 8",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
