"""The public report: the published aggregates as a page and as JSON, and what was left out of them.

A page of its own, not the study's report with holes in it: a report that shows no finding because it may not would
say that there is none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

import polars as pl

from milkqc.model import Result
from milkqc.privacy.counts import SMALL

_NONE = "–"
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1c2530}"
    "div{overflow-x:auto}table{border-collapse:collapse;font-size:14px}"
    "th,td{padding:.2rem .7rem .2rem 0;text-align:left;border-bottom:1px solid #d5dbe1;vertical-align:top}"
    "caption{text-align:left;color:#4a5663;padding-bottom:.3rem}.n{text-align:right}"
)
_MAE_NOTE = (
    "Below an MAE is not deficient: in a healthy population whose mean equals the MAE, 60–67 % of log-normally "
    "distributed samples lie below it. Read the share together with the median as a multiple of the MAE."
)
# Per part of the page: its title, a sentence, and its columns with their heads.
_PARTS: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "mae_reference": (
        "Milk and the adequacy estimates",
        _MAE_NOTE,
        {
            "analyte": "Analyte",
            "basis": "Basis",
            "visit": "Visit",
            "method": "Method",
            "mothers": "Mothers",
            "results": "Results",
            "below": "Below",
            "percent_below": "% below",
            "percent_censored": "% censored",
            "median": "Median",
            "unit": "Unit",
            "mae": "MAE",
            "median_over_mae": "Median/MAE",
        },
    ),
    "zscores": (
        "Growth",
        "WHO z-scores by visit; flagged scores take no part in mean, SD and shares.",
        {
            "visit": "Visit",
            "label": "Score",
            "n": "n",
            "mean": "Mean",
            "sd": "SD",
            "percent_below_minus_2": "% below −2",
            "percent_above_plus_2": "% above +2",
            "flagged": "Flagged",
        },
    ),
    "ages": (
        "Ages",
        "Age in days at measurement.",
        {"visit": "Visit", "n": "n", "median_age_days": "Median"},
    ),
    "censored": (
        "Results beyond the assay",
        "Results below or above what the assay could measure.",
        {
            "analyte": "Analyte",
            "visit": "Visit",
            "results": "Results",
            "censored": "Censored",
            "percent_censored": "%",
        },
    ),
    "missing": (
        "Missing values",
        "Per mapped variable.",
        {
            "table": "Table",
            "label": "Variable",
            "rows": "Rows",
            "present": "Present",
            "missing": "Missing",
            "percent_missing": "%",
        },
    ),
    "survey_quality": (
        "Quality of measuring",
        "Statistics of 30 values or more (docs/survey.md); shares in whole percent, classes as SMART gives them.",
        {"statistic": "Statistic", "variable": "Of", "n": "n", "value": "Value", "class": "Class"},
    ),
    "checks": (
        "Checks with findings",
        "Every check is in checks.csv; here are those with at least five findings.",
        {
            "rule_id": "Check",
            "table": "Table",
            "variable": "Variable",
            "severity": "Severity",
            "looked_at": "Looked at",
            "findings": "Findings",
        },
    ),
}
_COUNTS = {
    "mothers", "results", "below", "n", "flagged", "rows", "present", "missing", "censored", "looked_at", "findings",
}  # fmt: skip


def render(published: Result) -> dict[str, bytes]:
    """`report.html` and `report.json` of a published result (`privacy.publish`), as bytes by file name."""
    told = _told(published)
    text = json.dumps(told, ensure_ascii=False, allow_nan=False, indent=1, sort_keys=True)
    return {"report.html": _page(told).encode(), "report.json": f"{text}\n".encode()}


def _told(published: Result) -> dict[str, Any]:
    settings = published.settings
    frames = {**published.statistics, "mae_reference": published.mae_reference}
    frames["checks"] = published.checks.filter(pl.col("findings").is_not_null())
    return {
        "study": published.study,
        "title": published.title,
        "simulated": bool(settings.get("simulated")),
        "verdict": settings.get("verdict"),
        "verdict_reason": settings.get("verdict_reason"),
        "privacy": settings["privacy"],
        "statuses": published.checks["status"].unique().sort().to_list(),
        "parts": [
            {"name": name, "title": title, "note": note, "rows": _rows(frames[name], heads)}
            for name, (title, note, heads) in _PARTS.items()
            if name in frames and frames[name].height
        ],
    }


def _rows(frame: pl.DataFrame, heads: Iterable[str]) -> list[dict[str, Any]]:
    columns = [name for name in heads if name in frame.columns]
    return [
        {name: SMALL if value is None and name in _COUNTS else value for name, value in row.items()}
        for row in frame.select(columns).iter_rows(named=True)
    ]


def _page(told: Mapping[str, Any]) -> str:
    title = escape(str(told["title"]))
    simulated = (
        "<p><strong>SIMULATED: nothing in it comes from a person.</strong></p>" if told["simulated"] else ""
    )
    left_out = "".join(f"<li>{escape(each)}</li>" for each in told["privacy"]["left_out"])
    parts = "".join(_part(each) for each in told["parts"])
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main><h1>{title}</h1>{simulated}"
        f"<p>Public report. Verdict of the checks: <strong>{escape(str(told['verdict']))}</strong>. "
        f"{escape(str(told['verdict_reason']))}</p>{parts}"
        f"<section><h2>Left out on purpose</h2><ul>{left_out}</ul></section></main></body></html>\n"
    )


def _part(part: Mapping[str, Any]) -> str:
    heads = _PARTS[part["name"]][2]
    columns = list(part["rows"][0])
    head = "".join(f'<th scope="col">{escape(heads[name])}</th>' for name in columns)
    rows = "".join("<tr>" + "".join(_cell(row[name]) for name in columns) + "</tr>" for row in part["rows"])
    return (
        f"<section><h2>{escape(part['title'])}</h2><div><table><caption>{escape(part['note'])}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _cell(value: Any) -> str:
    if value is None:
        return f'<td class="n">{_NONE}</td>'
    if isinstance(value, int | float):
        return (
            f'<td class="n">{value:g}</td>' if isinstance(value, float) else f'<td class="n">{value:,}</td>'
        )
    return f"<td>{escape(str(value))}</td>"
