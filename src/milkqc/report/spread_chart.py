"""One variable's spread as a picture: bars over all sites, a row of bars per site, its limits across all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from milkqc.report import svg
from milkqc.report.words import count, number

Row = Mapping[str, Any]
WIDTH, LEFT, RIGHT = 400.0, 12.0, 388.0
_TOP, _TALL, _SITE = 32.0, 64.0, 34.0
_LABELS = {"hard": 10.0, "soft": 22.0}  # a row for each kind, so that close limits do not share one
_FAR = 0.6  # a limit further from the bars than this share of their width stands at the edge, with an arrow
_DECADES = 1.6


def spread_chart(spread: Row, limits: Sequence[Row], *, key: str, name: str, unit: str) -> Markup:
    """The picture of one spread (cards.py) with its hard and soft limits; a log axis for concentrations.

    A solid line is a hard limit, a dashed one a soft limit; one that lies off the axis is an arrow at the edge.
    """
    log = spread["scale"] == "log"
    first = float(spread["start"])
    last = first + float(spread["step"]) * int(spread["bins"])
    marks = _marks(limits, log=log)
    reach = _DECADES if log else _FAR * (last - first)
    inside = [at for at, _ in marks if first - reach <= at <= last + reach]
    low, high = min([first, *inside]), max([last, *inside])

    def x(at: float) -> float:
        return LEFT + (RIGHT - LEFT) * (at - low) / (high - low)

    floor = _TOP + _TALL
    bottom = floor + _SITE * len(spread["sites"])
    shapes = _limit_lines(marks, x, low=low, high=high, bottom=bottom)
    shapes.append(_bars(spread, x, floor=floor, tall=_TALL, kind="bar"))
    shapes.append(svg.line(LEFT, floor, RIGHT, floor, kind="axis"))
    for place, site in enumerate(spread["sites"], start=1):
        here = floor + _SITE * place
        shapes.append(svg.text(f"{_short(site['site'])}  n {site['n']:,}", LEFT, here - 20, kind="tick"))
        shapes.append(_bars(site, x, floor=here, tall=16, kind="bar", axis=spread))
        shapes.append(svg.line(LEFT, here, RIGHT, here, kind="grid"))
        middle = _at(site["median"], log=log)
        if middle is not None and low <= middle <= high:
            shapes.append(svg.tag("circle", cx=x(middle), cy=here - 5, r=3.5, class_="dot"))
    for at, words in _ticks(low, high, log=log):
        shapes.append(svg.line(x(at), bottom, x(at), bottom + 4, kind="axis"))
        shapes.append(svg.text(words, x(at), bottom + 16, anchor="middle", kind="tick"))
    beyond = [
        f"{count(spread[side], 'value')} {word} the axis"
        for side, word in (("below", "below"), ("above", "above"))
        if spread[side]
    ]
    under = "; ".join([f"{unit or 'value'}{' (log scale)' if log else ''}", *beyond])
    shapes.append(svg.text(under, RIGHT, bottom + 32, anchor="end", kind="tick"))
    return svg.picture(
        *shapes,
        title=f"{name}: {count(spread['n'], 'value')}",
        desc=_told(spread, limits, unit),
        key=key,
        width=WIDTH,
        height=bottom + 40,
    )


def _bars(
    row: Row, x: Callable[[float], float], *, floor: float, tall: float, kind: str, axis: Row | None = None
) -> Markup:
    """All bars as one outline, so that a page of many pictures stays small."""
    on = axis or row
    most = max(row["counts"], default=0)
    if not most:
        return Markup("")
    steps = []
    for place, n in enumerate(row["counts"]):
        if n:
            left = x(on["start"] + on["step"] * place)
            wide = max(0.6, x(on["start"] + on["step"] * (place + 1)) - left - 0.6)
            high = max(1.0, tall * n / most)
            steps.append(
                f"M{svg.short(left)} {svg.short(floor)}v-{svg.short(high)}h{svg.short(wide)}V{svg.short(floor)}z"
            )
    return svg.tag("path", d="".join(steps), class_=kind)


def _marks(limits: Sequence[Row], *, log: bool) -> list[tuple[float, str]]:
    """Where the hard and soft limits stand on the axis, each place once, hard before soft."""
    told: dict[float, str] = {}
    for limit in sorted(limits, key=lambda each: str(each["kind"])):
        if limit["kind"] in {"hard", "soft"}:
            for value in (limit["low"], limit["high"]):
                at = _at(value, log=log)
                if at is not None:
                    told.setdefault(at, limit["kind"])
    return sorted(told.items())


def _at(value: float | None, *, log: bool) -> float | None:
    """A value's place on the axis; none for nothing, and for what a log axis cannot show."""
    if value is None:
        return None
    if log:
        return math.log10(value) if value > 0 else None
    return float(value)


def _limit_lines(
    marks: Sequence[tuple[float, str]], x: Callable[[float], float], *, low: float, high: float, bottom: float
) -> list[Markup]:
    shapes = []
    for at, kind in marks:
        if low <= at <= high:
            shapes.append(svg.line(x(at), _LABELS[kind] + 4, x(at), bottom, kind=kind))
            anchor = "start" if x(at) < LEFT + 24 else "end" if x(at) > RIGHT - 24 else "middle"
            shapes.append(svg.text(kind, x(at), _LABELS[kind], anchor=anchor, kind="tick"))
        else:
            words = f"‹ {kind}" if at < low else f"{kind} ›"
            edge, anchor = (LEFT, "start") if at < low else (RIGHT, "end")
            shapes.append(svg.text(words, edge, _LABELS[kind], anchor=anchor, kind="tick"))
    return shapes


def _ticks(low: float, high: float, *, log: bool) -> list[tuple[float, str]]:
    """Four to seven round numbers along the axis."""
    if log:
        told = [
            (math.log10(part) + power, number(part * 10.0**power))
            for power in range(math.floor(low), math.ceil(high) + 1)
            for part in ((1, 2, 5) if high - low < 2.2 else (1,))
        ]
        return [tick for tick in told if low <= tick[0] <= high]
    least = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(least))
    step = next(part * power for part in (1, 2, 5, 10) if part * power >= least * (1 - 1e-9))
    start = math.ceil(low / step - 1e-9)
    return [
        (place * step, number(float(f"{place * step:.10g}")))
        for place in range(start, math.floor(high / step + 1e-9) + 1)
    ]


def _told(spread: Row, limits: Sequence[Row], unit: str) -> str:
    """What the picture shows, for who cannot see it."""
    of = f" {unit}" if unit else ""
    parts = [
        f"Median {number(spread['median'])}{of}, middle half {number(spread['q25'])} to {number(spread['q75'])}"
    ]
    parts += [f"{site['site']}: median {number(site['median'])}, n {site['n']:,}" for site in spread["sites"]]
    parts += [
        f"{limit['kind']} limits {bounds(limit)}" for limit in limits if limit["kind"] in {"hard", "soft"}
    ]
    return "; ".join(parts) + "."


def bounds(limit: Row) -> str:
    """`0.5 to 40`, `at least 0.05`, `at most 230`."""
    if limit["low"] is None:
        return f"at most {number(limit['high'], 4)}"
    if limit["high"] is None:
        return f"at least {number(limit['low'], 4)}"
    return f"{number(limit['low'], 4)} to {number(limit['high'], 4)}"


def _short(words: str) -> str:
    return words if len(words) <= 36 else words[:35] + "…"
