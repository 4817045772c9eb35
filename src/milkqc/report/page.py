"""The page: templates filled with the report's content, and the words and pictures they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from milkqc.report import charts, words
from milkqc.report.found import sites_said

STATUSES = {
    "ran": "ran",
    "not_applicable": "not applicable",
    "skipped": "skipped",
    "broken": "broken",
    "nothing_to_look_at": "nothing to look at",
}
MAE_COUNTS = {
    "measured": "Measured",
    "censored": "Censored",
    "below": "Below",
    "at_or_above": "At or above",
    "undetermined": "Undetermined",
    "not_comparable": "Not comparable",
    "outside_age": "Outside age",
    "not_measured": "Not measured",
}
CHARTED = 40  # lines of the MAE picture


def page(told: Mapping[str, Any]) -> str:
    """The report's content as one HTML document without script, link or request."""
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            told=told,
            style=Markup(_package_text("report.css")),  # noqa: S704 - our own file, not data
            mae_picture=_mae_picture(told["mae"]),
            panels=[
                charts.histogram(
                    each["bins"],
                    key=f"z-{each['index']}",
                    name=each["index"].upper(),
                    label=each["label"],
                    stats=each,
                )
                for each in told["distributions"]
            ],
        )
    )


@cache
def environment() -> jinja2.Environment:
    """Jinja over the package's own templates; autoescape is on for all of them, an unknown name is an error."""
    made = jinja2.Environment(
        loader=jinja2.FunctionLoader(_package_text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        number=words.number,
        fixed=words.fixed,
        percent=words.percent,
        listed=words.listed,
        sites=sites_said,
        plainly=plainly,
        scheduled=scheduled,
        share_bar=charts.share_bar,
    )
    made.globals.update(count=words.count, STATUSES=STATUSES, MAE_COUNTS=MAE_COUNTS, NONE=words.NONE)
    return made


def plainly(value: Any) -> str:
    """A setting as words: lists with `and`, a window as `61–121`, a mapping as `birth: 0–3; month_3: 61–121`."""
    if value is None or value == "":
        return words.NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {plainly(item)}" for key, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) == 2 and all(isinstance(item, int | float) for item in value):
            return f"{value[0]:g}–{value[1]:g}"
        return words.listed([plainly(item) for item in value]) or words.NONE
    return words.number(value, 6) if isinstance(value, int | float) else str(value)


def scheduled(schedule: Mapping[str, Any]) -> str:
    """The visits with day and window: `birth day 0 (0–3), month_3 day 91 (61–121)`."""
    told = []
    for visit, planned in schedule.items():
        known = planned if isinstance(planned, Mapping) else {"day": planned}
        day = f" day {plainly(known['day'])}" if known.get("day") is not None else ""
        told.append(f"{visit}{day}" + (f" ({plainly(known['window'])})" if known.get("window") else ""))
    return ", ".join(told)


def _package_text(name: str) -> str:
    return resources.files("milkqc.report").joinpath("templates", name).read_text(encoding="utf-8")


def _mae_picture(mae: Mapping[str, Any]) -> Markup | None:
    """The picture of the declared basis, all groups together; none when nothing was compared with an MAE."""
    rows = [row for row in mae["table"]["rows"] if row.get("mae") and row.get("percent_below") is not None]
    chosen = [row for row in rows if row.get("basis") == mae["setting"]["basis"]] or rows
    chosen = [row for row in chosen if _group(row.get("group")) is None] or chosen
    lines = [_mae_line(row) for row in chosen[:CHARTED]]
    if not lines:
        return None
    return charts.mae_chart(lines, key="mae", title="Milk concentrations as multiples of the MAE")


def _mae_line(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the reference table as a line of the picture."""
    parts = [row.get("visit"), _group(row.get("group")), row.get("method"), row.get("measures")]
    parts = [part for part in parts if part != row["analyte"]]
    # median_over_mae takes each result over its own estimate where that changes with age
    over, middle = row.get("median_over_mae"), row.get("median")
    scale = over / middle if over and middle else 1 / row["mae"]
    low, high = row.get("percent_below_low"), row.get("percent_below_high")
    between = f" ({words.number(low)}–{words.number(high)})" if low is not None and high is not None else ""
    share = row.get("percent_below")
    return {
        "name": row.get("label") or str(row["analyte"]).replace("_", " "),
        "what": ", ".join(
            [str(part) for part in parts if part]
            + [f"{(row.get('below') or 0) + (row.get('at_or_above') or 0):,} judged"]
        ),
        "below": words.NONE if share is None else f"{words.number(share)} % below{between}",
        "low": _ratio(row.get("q25"), scale),
        "mid": _ratio(row.get("median"), scale),
        "why": _why(row.get("estimator")),
        "high": _ratio(row.get("q75"), scale),
    }


def _group(group: Any) -> Any:
    return None if group in {"all", None, ""} else group


def _why(estimator: Any) -> str:
    """Why a median could not be estimated, in the words of the reference table where it has some."""
    _, _, words = str(estimator or "").partition("not_estimable: ")
    return words or "it lies among results beyond the assay"


def _ratio(value: float | None, scale: float) -> float | None:
    return value * scale if value is not None and value > 0 else None
