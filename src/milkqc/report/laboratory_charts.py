"""The laboratory's pictures: Levey-Jennings charts of control materials, and batch medians against the study's."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from milkqc.report import svg
from milkqc.report.words import count, fixed, number

Row = Mapping[str, Any]
WIDTH, LEFT, RIGHT = 440.0, 46.0, 428.0
_TOP, _TALL, _REACH = 26.0, 150.0, 4.5
_NAMED = 12  # batch names along the axis
_SIZE = 4.2


def levey_jennings(control: Row, *, key: str, name: str, unit: str) -> Markup:
    """The readings of one material in run order, in SDs from its mean, with lines at 1, 2 and 3 SD.

    Within 2 SD a dot, beyond 2 a triangle, beyond 3 a cross with its batch named; further than 4.5 SD stands at the
    edge. `control` has `level`, `mean`, `sd`, `basis` and `rows` of `batch`, `order`, `value`, `z`.
    """
    rows = control["rows"]
    at = _spaced(len(rows))
    middle = _TOP + _TALL / 2

    def y(z: float) -> float:
        return middle - min(max(z, -_REACH), _REACH) / _REACH * _TALL / 2

    shapes: list[Markup] = [
        svg.text(
            f"{control['level']}: {number(control['mean'], 4)} ± {number(control['sd'])} {unit}".strip(),
            2,
            13,
            kind="strong",
        )
    ]
    for sds, kind in ((0, "one"), (1, "grid"), (2, "two"), (3, "three")):
        for z in {sds, -sds}:
            shapes.append(svg.line(LEFT, y(z), RIGHT, y(z), kind=kind))
            words = "mean" if z == 0 else f"{'+' if z > 0 else '−'}{abs(z)} SD"
            shapes.append(svg.text(words, LEFT - 5, y(z) + 4, anchor="end", kind="tick"))
    shapes += _axis([row["batch"] for row in rows], at, _TOP + _TALL)
    line = [(at(place), y(row["z"])) for place, row in enumerate(rows)]
    shapes.append(svg.path(line, kind="run"))
    for (x, here), row in zip(line, rows, strict=True):
        shapes += _point(x, here, abs(row["z"]), str(row["batch"]))
    out = [row for row in rows if abs(row["z"]) > 2]
    told = "; ".join(f"batch {row['batch']} {fixed(row['z'], 1)} SD" for row in out[:20])
    more = f" and {count(len(out) - 20, 'more', 'more')}" if len(out) > 20 else ""
    return svg.picture(
        *shapes,
        title=f"{name}, control {control['level']}: {count(len(rows), 'reading')} in run order",
        desc=(f"Beyond 2 SD: {told}{more}." if out else "All readings are within 2 SD."),
        key=key,
        width=WIDTH,
        height=_TOP + _TALL + 36,
    )


def medians_chart(medians: Row, *, key: str, name: str, unit: str) -> Markup:
    """Each batch's median in run order over the range where it is expected, on a log scale.

    A dot inside its range, a cross with the batch's name outside. `medians` has `visit`, `method` and `rows` of
    `batch`, `n`, `median`, `study_median`, `low`, `high`, `outside`.
    """
    rows = medians["rows"]
    at = _spaced(len(rows))
    seen = [math.log(row[part]) for row in rows for part in ("median", "low", "high")]
    least, most = min(seen), max(seen)
    pad = 0.08 * (most - least) or 0.1
    least, most = least - pad, most + pad

    def y(value: float) -> float:
        return _TOP + _TALL * (most - math.log(value)) / (most - least)

    of = " · ".join(str(part) for part in (medians["visit"], medians["method"]) if part)
    shapes: list[Markup] = [svg.text(of or "Batch medians", 2, 13, kind="strong")]
    for value in _ticks(math.exp(least), math.exp(most)):
        shapes.append(svg.line(LEFT, y(value), RIGHT, y(value), kind="grid"))
        shapes.append(svg.text(number(value), LEFT - 5, y(value) + 4, anchor="end", kind="tick"))
    centre = rows[0]["study_median"]
    shapes.append(svg.line(LEFT, y(centre), RIGHT, y(centre), kind="one"))
    wide = min(10.0, 0.5 * (RIGHT - LEFT) / max(1, len(rows)))
    for place, row in enumerate(rows):
        low, high = y(row["low"]), y(row["high"])
        shapes.append(svg.box(at(place) - wide / 2, high, wide, low - high, kind="range"))
    shapes += _axis([row["batch"] for row in rows], at, _TOP + _TALL)
    for place, row in enumerate(rows):
        shapes += _point(at(place), y(row["median"]), 9.0 if row["outside"] else 0.0, str(row["batch"]))
    out = [row for row in rows if row["outside"]]
    told = "; ".join(f"batch {row['batch']} {number(row['median'])}" for row in out[:20])
    inside = f"{len(rows) - len(out)} of {count(len(rows), 'batch', 'batches')} lie where they are expected"
    return svg.picture(
        *shapes,
        title=f"{name}{', ' + of if of else ''}: medians of {count(len(rows), 'batch', 'batches')}",
        desc=f"Study {number(centre)} {unit}; {inside}" + (f"; outside: {told}." if out else "."),
        key=key,
        width=WIDTH,
        height=_TOP + _TALL + 36,
    )


def _spaced(n: int) -> Callable[[int], float]:
    step = (RIGHT - LEFT) / max(1, n)
    return lambda place: LEFT + step * (place + 0.5)


def _axis(batches: Sequence[Any], at: Callable[[int], float], floor: float) -> list[Markup]:
    """A line with the names of the batches below their first places, as many as have room."""
    shapes = [svg.line(LEFT, floor, RIGHT, floor, kind="axis")]
    firsts = [place for place, batch in enumerate(batches) if place == 0 or batches[place - 1] != batch]
    every = -(-len(firsts) // _NAMED)
    for place in firsts[::every]:
        shapes.append(svg.line(at(place), floor, at(place), floor + 4, kind="axis"))
        shapes.append(
            svg.text(_short(str(batches[place])), at(place), floor + 17, anchor="middle", kind="tick")
        )
    shapes.append(svg.text("batches in run order", RIGHT, floor + 32, anchor="end", kind="tick"))
    return shapes


def _point(x: float, y: float, far: float, batch: str) -> list[Markup]:
    """Its shape says how far: dot, triangle beyond 2, cross with a name beyond 3."""
    s = _SIZE
    if far <= 2:
        return [svg.tag("circle", cx=x, cy=y, r=3.6, class_="dot")]
    if far <= 3:
        return [svg.tag("path", d=_d([(x - s, y + s), (x + s, y + s), (x, y - s)]) + "z", class_="dot")]
    anchor = "start" if x < LEFT + 30 else "end" if x > RIGHT - 30 else "middle"
    cross = _d([(x - s, y - s), (x + s, y + s)]) + _d([(x - s, y + s), (x + s, y - s)])
    return [
        svg.tag("path", d=cross, class_="cross"),
        svg.text(_short(batch), x, y - 8 if y > _TOP + 12 else y + 16, anchor=anchor),
    ]


def _d(points: Sequence[tuple[float, float]]) -> str:
    return "".join(
        f"{'L' if place else 'M'}{svg.short(x)} {svg.short(y)}" for place, (x, y) in enumerate(points)
    )


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers between two values, few enough to read."""
    for parts in (
        (1,),
        (1, 3),
        (1, 2, 5),
        (1, 1.5, 2, 3, 4, 5, 7),
        tuple(one / 10 for one in range(10, 100)),
    ):
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        found = [float(f"{part * 10.0**power:.10g}") for power in powers for part in parts]
        found = [value for value in found if low <= value <= high]
        if len(found) >= 3:
            return found[:: -(-len(found) // 6)]
    return found


def _short(words: str) -> str:
    return words if len(words) <= 8 else words[:7] + "…"
