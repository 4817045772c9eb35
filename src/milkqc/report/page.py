"""The page: templates filled with the report's content, and the words and pictures they need."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from milkqc.report import charts, survey, survey_charts, words
from milkqc.report.found import sites_said
from milkqc.report.growth_curves import growth_curve
from milkqc.report.laboratory_charts import levey_jennings, medians_chart
from milkqc.report.place import KINDS
from milkqc.report.scheduled import anchor_of, behind
from milkqc.report.site_chart import site_chart
from milkqc.report.spread_chart import bounds, spread_chart
from milkqc.report.verdict import LOOKS

MARKS = {
    "critical": "critical",
    "warning": "warning",
    "info": "info",
    "could_not_run": "could not run",
    "decided": "all decided",
    "passed": "passed",
    "nothing": "nothing to look at",
}
_NUMBER = re.compile(r"[<>]?\s*[-+]?\d[\d.,]*(e[-+]?\d+)?", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
SITES_DRAWN = ("laz", "waz", "wlz")
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
SITES_CHARTED = 20


def page(told: Mapping[str, Any]) -> str:
    """The report's content as one HTML document without script, link or request."""
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            told=told,
            style=Markup(_package_text("report.css")),  # noqa: S704 - our own file, not data
            mae_pictures=_mae_pictures(told["mae"]),
            lab_pictures=[_lab_pictures(each) for each in told["laboratory"]["pages"]],
            curves=[
                {**each, "svg": growth_curve(each, key=f"curve-{place}")}
                for place, each in enumerate(told["statistics"]["growth_curves"]["rows"], start=1)
            ],
            survey_pictures=survey_charts.pictures(told["survey"]),
            by_site=_by_site(told["statistics"]["zscores_by_site"]["rows"]),
            card_at={(each["table"], each["variable"]): each["anchor"] for each in told["variables"]["list"]},
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
        behind=behind,
        anchor_of=anchor_of,
        share_bar=charts.share_bar,
        bounds=bounds,
        drawn=drawn,
        is_day=is_day,
        is_number=is_number,
        groupby_table=by_table,
        survey_cell=survey_charts.cell,
    )
    made.globals.update(
        count=words.count,
        STATUSES=STATUSES,
        MAE_COUNTS=MAE_COUNTS,
        NONE=words.NONE,
        LOOKS=LOOKS,
        MARKS=MARKS,
        KINDS=KINDS,
        SURVEY_PARTS=tuple(key for key, _, _ in survey.PARTS),
    )
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


def drawn(spread: Mapping[str, Any], card: Mapping[str, Any], place: int) -> Markup:
    """The picture of one spread of a card, with the limits of its stage."""
    limits = [limit for limit in card["limits"] if limit["stage"] in {None, spread["stage"]}]
    stage = f", {spread['stage']}" if spread["stage"] else ""
    if spread["start"] is None:
        # Nothing but zeros and less: a log axis has no place for them.
        return Markup("<p>{}</p>").format(f"No value{stage} is above 0, so there is nothing to draw.")
    return spread_chart(
        spread, limits, key=f"{card['anchor']}-{place}", name=f"{card['label']}{stage}", unit=card["unit"]
    )


def is_number(text: Any) -> bool:
    """Whether a finding's value is a number (also a censored one), so that its unit may stand behind it."""
    return _NUMBER.fullmatch(str(text)) is not None


def is_day(text: Any) -> bool:
    """Whether a finding's value is a date, which is not broken at its hyphens."""
    return _DAY.fullmatch(str(text)) is not None


def by_table(cards: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Cards in groups of their tables, in the order in which they stand."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for card in cards:
        groups.setdefault(card["table"], []).append(card)
    return list(groups.items())


def _by_site(rows: Sequence[Mapping[str, Any]]) -> list[Markup]:
    """A picture per score that at least two sites have."""
    pictures = []
    for index in SITES_DRAWN:
        own = [row for row in rows if row["index"] == index][:SITES_CHARTED]
        if len(own) > 1:
            pictures.append(site_chart(own, key=f"site-{index}", name=index.upper()))
    return pictures


def _mae_pictures(mae: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A picture per basis, the declared one first, all groups together; none when nothing was compared."""
    rows = [row for row in mae["table"]["rows"] if row.get("mae") and row.get("percent_below") is not None]
    declared = mae["setting"]["basis"]
    bases = sorted({row.get("basis") for row in rows}, key=lambda basis: (basis != declared, str(basis)))
    pictures = []
    for place, basis in enumerate(bases):
        own = [row for row in rows if row.get("basis") == basis]
        own = [row for row in own if _group(row.get("group")) is None] or own
        name = str(basis or "").replace("_", " ").replace("ai per", "AI per")
        title = f"Basis: {name}{' (declared)' if basis == declared else ''}" if basis else "Milk and the MAE"
        key = "mae" if not place else f"mae-{place + 1}"
        lines = [_mae_line(row) for row in own[:CHARTED]]
        pictures.append({"title": title, "svg": charts.mae_chart(lines, key=key, title=title)})
    return pictures


def _lab_pictures(each: Mapping[str, Any]) -> list[dict[str, Any]]:
    """An analyte's control materials whose mean and SD are known, then its batch medians."""
    pictures = []
    for place, control in enumerate(each["controls"], start=1):
        if control["sd"] and all(row["z"] is not None for row in control["rows"]):
            key = f"{each['anchor']}-control-{place}"
            drawing = levey_jennings(control, key=key, name=each["label"], unit=each["unit"])
            pictures.append({"svg": drawing, "left_off": control["left_off"]})
    for place, medians in enumerate(each["medians"], start=1):
        key = f"{each['anchor']}-median-{place}"
        drawing = medians_chart(medians, key=key, name=each["label"], unit=each["unit"])
        pictures.append({"svg": drawing, "left_off": medians["left_off"]})
    return pictures


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
