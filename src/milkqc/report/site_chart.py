"""One z-score by site against the standard: mean and one SD to either side, over the standard's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from milkqc.report import svg
from milkqc.report.words import count, fixed

Row = Mapping[str, Any]
_WIDE, _LEFT, _RIGHT, _ROW = 300.0, 10.0, 290.0, 34.0
_REACH = 3.5


def site_chart(rows: Sequence[Row], *, key: str, name: str) -> Markup:
    """A row per site with `site`, `n`, `mean`, `sd` (null: a single score); the band is the standard's mean +/- SD."""

    def x(z: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (min(max(z, -_REACH), _REACH) + _REACH) / (2 * _REACH)

    floor = 24 + _ROW * len(rows)
    shapes = [
        svg.text(name, _LEFT, 14, kind="strong"),
        svg.box(x(-1), 22, x(1) - x(-1), floor - 22, kind="band"),
        svg.line(x(0), 22, x(0), floor, kind="one"),
    ]
    for place, row in enumerate(rows):
        middle = 24 + _ROW * place + 24
        site = row["site"] if len(row["site"]) <= 34 else row["site"][:33] + "…"
        shapes.append(svg.text(f"{site}  n {row['n']:,}", _LEFT, middle - 11, kind="tick"))
        if row["mean"] is not None:
            sd = row["sd"] or 0.0
            low, high = x(row["mean"] - sd), x(row["mean"] + sd)
            shapes.append(svg.box(low, middle - 3, max(1.0, high - low), 6, rx=3, kind="range"))
            shapes.append(svg.tag("circle", cx=x(row["mean"]), cy=middle, r=4.5, class_="dot"))
    shapes.append(svg.line(_LEFT, floor, _RIGHT, floor, kind="axis"))
    shapes.extend(
        svg.text(fixed(z, 0), x(z), floor + 15, anchor="middle", kind="tick")
        for z in (-3, -2, -1, 0, 1, 2, 3)
    )
    told = "; ".join(
        f"{row['site']}: {count(row['n'], 'score')}, mean {fixed(row['mean'])}, SD {fixed(row['sd'])}"
        for row in rows
    )
    return svg.picture(
        *shapes, title=f"{name} by site", desc=f"{told}.", key=key, width=_WIDE, height=floor + 22
    )
