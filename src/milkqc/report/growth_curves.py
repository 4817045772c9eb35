"""One child's growth curve as a picture: WHO's bands, the child's values, the doubtful one ringed, what it would be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from milkqc.report import svg
from milkqc.report.words import count, number

Row = Mapping[str, Any]
WIDTH, LEFT, RIGHT, TOP, FLOOR, HEIGHT = 320.0, 34.0, 306.0, 26.0, 172.0, 206.0
_LABEL = 10.0
_CLEAR = 10.0  # a ring at the lower edge stays off the axis and its numbers
_INSET = 9.0  # ... and one at birth off the numbers beside the axis
_SHORT = {"weight_kg": "weight", "length_cm": "length", "head_circumference_cm": "head", "muac_cm": "arm"}
_LINES = (("plus_3", "+3"), ("plus_2", "+2"), ("median", "0"), ("minus_2", "−2"), ("minus_3", "−3"))


def growth_curve(curve: Row, *, key: str) -> Markup:
    """The picture of one row of `summarise.growth_curves`.

    The ring marks a doubtful value, a diamond what it would be as suggested; a value off the axis is an arrow at the edge
    with its number. Without bands (sex unknown) the points stand alone.
    """
    points, bands = list(curve["points"]), list(curve["bands"])
    low, high = _reach(curve, points, bands)
    ages = [each["age_days"] for each in (*bands, *points)]
    first, last = min(ages), max(max(ages), min(ages) + 1)

    def x(age: float) -> float:
        return float(LEFT + _INSET + (RIGHT - LEFT - _INSET) * (age - first) / (last - first))

    def y(value: float) -> float:
        inside = min(max(value, low), high)
        return FLOOR - (FLOOR - TOP) * (inside - low) / (high - low)

    shapes = _bands(bands, x, y)
    shapes.extend(_axes(x, y, first=first, last=last, low=low, high=high))
    fine = [each for each in points if not each["suspect"]]
    if len(fine) > 1:
        shapes.append(svg.path([(x(each["age_days"]), y(each["value"])) for each in fine], kind="own"))
    shapes.extend(
        svg.tag("circle", cx=x(each["age_days"]), cy=y(each["value"]), r=3.5, class_="dot") for each in fine
    )
    for each in points:
        if each["suspect"]:
            # One number only, so that the words of rings side by side do not lie on each other.
            words = _value(each["value"], low=low, high=high) if each["visit"] == curve["visit"] else ""
            shapes.extend(_suspect(words, x(each["age_days"]), min(y(each["value"]), FLOOR - _CLEAR)))
    at = next((each for each in points if each["suspect"] and each["visit"] == curve["visit"]), None)
    if curve["would_be"] is not None and at is not None:
        shapes.append(_diamond(x(at["age_days"]), y(curve["would_be"])))
    shapes.append(svg.text(_named(curve), LEFT - 24, 12, kind="strong"))
    return svg.picture(
        *shapes,
        title=f"{_named(curve)}: {curve['label']}",
        desc=_told(curve, points),
        key=key,
        width=WIDTH,
        height=HEIGHT,
    )


def _reach(curve: Row, points: Sequence[Row], bands: Sequence[Row]) -> tuple[float, float]:
    """The axis: the bands with room for points close to them, so that one gross error does not flatten the rest."""
    usual = [each[name] for each in bands for name in ("minus_3", "plus_3")]
    usual += [each["value"] for each in points if not each["suspect"] and not bands]
    usual += [curve["would_be"]] if curve["would_be"] is not None and not bands else []
    usual = usual or [each["value"] for each in points]
    low, high = min(usual), max(usual)
    room = max(high - low, abs(high) * 0.1, 1e-6)
    near = [each["value"] for each in points if low - 0.5 * room <= each["value"] <= high + 0.5 * room]
    return max(0.0, min([low, *near]) - 0.06 * room), max([high, *near]) + 0.06 * room


def _bands(bands: Sequence[Row], x: Callable[[float], float], y: Callable[[float], float]) -> list[Markup]:
    if not bands:
        return []
    shapes = []
    for low, high, kind in (("minus_3", "plus_3", "wide"), ("minus_2", "plus_2", "narrow")):
        edge = [(x(each["age_days"]), y(each[high])) for each in bands]
        edge += [(x(each["age_days"]), y(each[low])) for each in reversed(bands)]
        shapes.append(svg.path(edge, kind=kind))
    shapes.append(svg.path([(x(each["age_days"]), y(each["median"])) for each in bands], kind="middle"))
    for name, words in _LINES:
        at = y(bands[-1][name])
        inner = {"plus_2": "plus_3", "minus_2": "minus_3"}.get(name)
        # Where the outer and the inner label would lie on each other, the outer one says enough.
        if inner is None or abs(at - y(bands[-1][inner])) >= _LABEL:
            shapes.append(svg.text(words, RIGHT + 2, at + 4, kind="tick"))
    return shapes


def _axes(
    x: Callable[[float], float],
    y: Callable[[float], float],
    *,
    first: float,
    last: float,
    low: float,
    high: float,
) -> list[Markup]:
    shapes = [svg.line(LEFT, FLOOR, RIGHT, FLOOR, kind="axis"), svg.line(LEFT, TOP, LEFT, FLOOR, kind="axis")]
    step = next(each for each in (0.5, 1, 2, 5, 10, 20, 50, 100, 1e9) if (high - low) / each <= 5)
    tick = step * -(-low // step)
    while tick <= high:
        shapes.append(svg.text(number(tick), LEFT - 4, y(tick) + 4, anchor="end", kind="tick"))
        shapes.append(svg.line(LEFT - 3, y(tick), LEFT, y(tick), kind="axis"))
        tick += step
    days = next(each for each in (30, 60, 91, 182, 365, 1e9) if (last - first) / each <= 6)
    at = days * -(-first // days)
    while at <= last:
        shapes.append(svg.text(number(round(at)), x(at), FLOOR + 15, anchor="middle", kind="tick"))
        shapes.append(svg.line(x(at), FLOOR, x(at), FLOOR + 3, kind="axis"))
        at += days
    shapes.append(svg.text("age in days", RIGHT, FLOOR + 30, anchor="end", kind="tick"))
    return shapes


def _suspect(words: str, x: float, y: float) -> list[Markup]:
    shapes = [
        svg.tag("circle", cx=x, cy=y, r=3.5, class_="dot"),
        svg.tag("circle", cx=x, cy=y, r=8, class_="ring"),
    ]
    side, anchor = (-13.0, "end") if x > (LEFT + RIGHT) / 2 else (13.0, "start")
    return [*shapes, svg.text(words, x + side, y + 4, anchor=anchor, kind="strong")] if words else shapes


def _value(value: float, *, low: float, high: float) -> str:
    return number(value, 5) + (" ↑" if value > high else " ↓" if value < low else "")


def _diamond(x: float, y: float) -> Markup:
    corners = [(x, y - 7), (x + 7, y), (x, y + 7), (x - 7, y), (x, y - 7)]
    return svg.path(corners, kind="would")


def _named(curve: Row) -> str:
    who = curve["infant_id"] if len(str(curve["infant_id"])) <= 18 else f"{str(curve['infant_id'])[:17]}…"
    return f"{who}, {_SHORT[curve['measure']]} in {curve['unit']}"


def _told(curve: Row, points: Sequence[Row]) -> str:
    """What the picture shows, for who cannot see it."""
    doubtful = [
        f"{number(each['value'], 5)} {curve['unit']} on day {number(each['age_days'], 5)}"
        for each in points
        if each["suspect"]
    ]
    would = f" Expected: {curve['expected']}." if curve["expected"] else ""
    bands = "WHO’s −3 to +3 SD around it" if curve["bands"] else "no bands, the sex being unknown"
    return (
        f"{count(len(points), 'value')}, {bands}. Doubtful: {'; '.join(doubtful)}. {curve['cause']}.{would}"
    )
