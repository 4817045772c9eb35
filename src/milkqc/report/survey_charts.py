"""The pictures of survey quality: last digits against an even share, and groups within the limits of chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from milkqc.report import charts, svg
from milkqc.report.words import count, fixed, number, percent

Row = Mapping[str, Any]
_WIDE, _LEFT, _RIGHT = 300.0, 12.0, 290.0
_NAMES = {"digit_preference": "Digit preference score", "sd": "SD of", "mean": "Mean of"}


def pictures(survey: Row) -> dict[str, Any]:
    """`digits`, `sites` (by score: those at once, those behind a fold) and `funnels` as pictures, in the order of the
    content."""
    sites: dict[str, dict[str, list[Markup]]] = {}
    for place, each in enumerate(survey["sites"]):
        panels = sites.setdefault(each["index"], {"shown": [], "folded": []})
        panels["folded" if each["folded"] else "shown"].append(
            charts.histogram(
                each["bins"],
                key=f"survey-site-{place}",
                name=_short(each["site"]),
                label=each["label"],
                stats=each,
            )
        )
    return {
        "digits": [digit_chart(each, key=f"digits-{place}") for place, each in enumerate(survey["digits"])],
        "sites": sites,
        "funnels": [
            funnel_chart(each, key=f"funnel-{place}") for place, each in enumerate(survey["funnels"])
        ],
    }


def digit_chart(each: Row, *, key: str) -> Markup:
    """Ten bars, the share of each last digit; the dashed line is the tenth that each would have."""
    counts: Sequence[int] = each["counts"]
    total = sum(counts)
    shares = [n / total for n in counts]
    top, floor = 58.0, 138.0
    tallest = max(*shares, 0.2)
    step = (_RIGHT - _LEFT) / len(shares)

    def y(share: float) -> float:
        return floor - (floor - top) * share / tallest

    name = each["label"] if each["by"] == "all" else f"{each['label']}, {each['by']} {each['group']}"
    shapes = [
        svg.text(_short(name), _LEFT, 15, kind="strong"),
        svg.text(f"n {each['n']:,}   score {number(each['value'])}, {_judged(each)}", _LEFT, 34, kind="tick"),
        svg.group(
            (
                svg.box(_LEFT + step * digit + 2, y(share), step - 4, floor - y(share), kind="bar")
                for digit, share in enumerate(shares)
                if share
            ),
            kind="bars",
        ),
        svg.line(_LEFT, y(0.1), _RIGHT, y(0.1), kind="two"),
        svg.line(_LEFT, floor, _RIGHT, floor, kind="axis"),
        *(
            svg.text(str(digit), _LEFT + step * (digit + 0.5), floor + 16, anchor="middle", kind="tick")
            for digit in range(len(shares))
        ),
    ]
    told = ", ".join(f"{digit}: {percent(100 * share)}" for digit, share in enumerate(shares))
    desc = f"Share of each last digit of {count(total, 'reading')}, each expected at 10 %: {told}. Score {number(each['value'])}, {_judged(each)}."
    return svg.picture(*shapes, title=f"Last digits: {name}", desc=desc, key=key, width=_WIDE, height=162)


def funnel_chart(each: Row, *, key: str) -> Markup:
    """Each group by its size and statistic, with the limits of chance; a group beyond them is a named square."""
    limits: Sequence[Row] = each["limits"]
    groups: Sequence[Row] = each["groups"]
    top, floor, left, right = 46.0, 190.0, 40.0, 288.0
    ends = [row[name] for row in limits for name in ("low", "high") if row[name] is not None]
    seen = [*ends, *(group["value"] for group in groups)]
    low, high = (0.0 if each["statistic"] == "digit_preference" else min(seen)), max(seen)
    room = (high - low) * 0.06 or 1.0
    low, high = (low if low == 0 else low - room), high + room
    first, last = limits[0]["n"], limits[-1]["n"]

    def x(n: float) -> Any:
        return left + (right - left) * (n - first) / ((last - first) or 1)

    def y(value: float) -> Any:
        return floor - (floor - top) * (value - low) / (high - low)

    shapes = [
        svg.text(_title(each), _LEFT, 15, kind="strong"),
        svg.text(f"by {each['by']}; across: {_across(each)}", _LEFT, 33, kind="tick"),
    ]
    for name, kind in (("low", "limit"), ("high", "limit"), ("low_95", "inner"), ("high_95", "inner")):
        line = [(x(row["n"]), y(row[name])) for row in limits if row[name] is not None]
        if line:
            shapes.append(svg.path(line, kind=kind))
    if each["centre"] is not None:
        shapes.append(svg.line(left, y(each["centre"]), right, y(each["centre"]), kind="grid"))
    for group in groups:
        across, down = x(group["n"]), y(group["value"])
        if group["beyond"]:
            shapes.append(svg.box(across - 4.5, down - 4.5, 9, 9, kind="outside"))
            aside = across > (left + right) / 2
            shapes.append(
                svg.text(
                    _short(str(group["group"]), 18),
                    across - 9 if aside else across + 9,
                    down + 4,
                    anchor="end" if aside else None,
                )
            )
        else:
            shapes.append(svg.tag("circle", cx=across, cy=down, r=4, class_="dot"))
    shapes.append(svg.line(left, floor, right, floor, kind="axis"))
    shapes.extend(
        svg.text(f"{n:,}", x(n), floor + 16, anchor="middle", kind="tick")
        for n in (first, round((first + last) / 2), last)
    )
    middle = (low + high) / 2
    shapes.extend(
        svg.text(number(value), left - 6, y(value) + 4, anchor="end", kind="tick")
        for value in (low, middle, high)
    )
    outside = [group for group in groups if group["beyond"]]
    named = "; ".join(f"{group['group']}: {number(group['value'])} (n {group['n']:,})" for group in outside)
    desc = f"{count(len(groups), 'group')} by {each['by']}; beyond what chance explains (99.8 %): {named or 'none'}."
    return svg.picture(*shapes, title=_title(each), desc=desc, key=key, width=_WIDE, height=214)


def _title(each: Row) -> str:
    if each["statistic"] == "digit_preference":
        return _short(f"Last digits of {each['label'][0].lower()}{each['label'][1:]}")
    return f"{_NAMES[each['statistic']]} {each['variable'].upper()}"


def _across(each: Row) -> str:
    return "readings" if each["statistic"] == "digit_preference" else "scores"


def _judged(each: Row) -> str:
    """The class in words, and whether chance alone could do it."""
    if each["class"] is None:
        return "too few to class"
    chance = "" if each["beyond"] or each["class"] in {"excellent", "good"} else ", within chance"
    return f"{each['class']}{chance}"


def _short(words: str, most: int = 40) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"


def cell(part: Row, key: str) -> str:
    """A part of the score as a cell: its figure and, below it, its class in words."""
    if part["value"] is None and part["p"] is None:
        return "–"
    if key in {"sex", "age"}:
        return f"{fixed(part['value'])} (p {_p(part['p'])})"
    if key == "flagged":
        return percent(part["value"])
    return fixed(part["value"]) if key in {"sd", "skewness", "kurtosis"} else number(part["value"])


def _p(p: float | None) -> str:
    return "–" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"
