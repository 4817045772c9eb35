"""A report that cannot be made as a whole: as much of it as can be, else a plain page that says what broke."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from typing import Any

import polars as pl

from milkqc.errors import reason
from milkqc.model import SEVERITIES, Result
from milkqc.report import laboratory, survey
from milkqc.report.facts import verdict
from milkqc.report.found import summary, visible
from milkqc.report.limits import Limits, plain
from milkqc.report.whole import render
from milkqc.report.words import count

# Statistics that are drawn together; every other one by itself. The page can do without any of them.
_TOGETHER = (("spread", "bins"), survey.TABLES, laboratory.STATISTICS)
MAE = "mae_reference"
_BROKEN = 200  # broken checks that a plain page names
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2530;background:#fff}"
    "h1 strong{color:#a4262c}code{font-size:.9em}li{margin:.2rem 0}td,th{padding:.2rem .8rem .2rem 0;text-align:left;"
    "vertical-align:top;border-bottom:1px solid #d5dbe1}table{border-collapse:collapse;font-size:14px}"
)


def sound(result: Result) -> tuple[Result, dict[str, str]]:
    """`result` with those statistics only that a report can be made of, and why each other part could not (by name).

    Parts are tried, each time with a whole report: this is for a report that has already raised. Where not even
    a report without any statistic can be made, all parts are left out, and `report` says why.
    """
    bare = replace(result, statistics={}, mae_reference=result.mae_reference.clear())
    why = _raises(bare)
    if why:
        return bare, {"report": why}
    lost: dict[str, str] = {}
    return _kept(bare, result, list(_parts(result)), lost), lost


def _kept(kept: Result, whole: Result, parts: list[tuple[str, ...]], lost: dict[str, str]) -> Result:
    """`kept` with those `parts` of `whole` that a report can be made of; the others go to `lost`.

    By halves: of two dozen parts one that raises costs ten reports, not two dozen.
    """
    if not parts:
        return kept
    more = kept
    for part in parts:
        more = _with(more, whole, part)
    why = _raises(more)
    if not why:
        return more
    if len(parts) == 1:
        lost[parts[0][0]] = why
        return kept
    middle = len(parts) // 2
    return _kept(_kept(kept, whole, parts[:middle], lost), whole, parts[middle:], lost)


def plainly(result: Result, *, counted: bool = True) -> dict[str, bytes]:
    """`report.html` and `report.json` of a run whose report cannot be drawn: the verdict, what broke, where all else is.

    Without `counted` no number of findings is told, nor why a check broke, for a report that is published.
    """
    limits = Limits()
    counts = summary(visible(result)) if counted else {}
    told: dict[str, Any] = {
        "study": plain(result.study, limits=limits),
        "title": plain(result.title or result.study, limits=limits),
        "simulated": bool(result.settings.get("simulated")),
        "verdict": verdict(result, counts or _none(), limits),
        "findings": counts,
        "plain": True,
        "broken": _broken(result, limits, reasons=counted),
    }
    text = json.dumps(told, ensure_ascii=False, allow_nan=False, indent=1, sort_keys=True) + "\n"
    return {"report.html": _page(told).encode("utf-8"), "report.json": text.encode("utf-8")}


def _raises(result: Result) -> str:
    """Why its report cannot be made; empty where it can."""
    try:
        render(result)
    # Whatever a part of the report raises: the others are shown, and the ledger says which one is lacking.
    except Exception as error:  # noqa: BLE001
        return reason(error)
    return ""


def _parts(result: Result) -> Iterator[tuple[str, ...]]:
    together = {name: part for part in _TOGETHER for name in part}
    yield (MAE,)
    yield from dict.fromkeys(together.get(name, (name,)) for name in sorted(result.statistics))


def _with(kept: Result, whole: Result, part: tuple[str, ...]) -> Result:
    if part == (MAE,):
        return replace(kept, mae_reference=whole.mae_reference)
    more = {name: whole.statistics[name] for name in part if name in whole.statistics}
    return replace(kept, statistics={**kept.statistics, **more})


def _none() -> dict[str, dict[str, int]]:
    return {severity: dict.fromkeys(("findings", "open", "decided", "rows"), 0) for severity in SEVERITIES}


def _broken(result: Result, limits: Limits, *, reasons: bool) -> list[dict[str, Any]]:
    rows = result.checks.filter(pl.col("status") == "broken").unique(
        ["rule_id", "table", "why"], maintain_order=True
    )
    names = ("rule_id", "table", "says", "why") if reasons else ("rule_id", "table", "says")
    told: list[dict[str, Any]] = plain(
        [{name: row[name] for name in names} for row in rows.head(_BROKEN).iter_rows(named=True)],
        limits=limits,
    )
    return told


def _page(told: dict[str, Any]) -> str:
    """One document without script, link or request, written without any template."""
    title = escape(str(told["title"]))
    rows = "".join(
        f"<tr><th scope='row'><code>{escape(str(each['rule_id']))}</code></th>"
        f"<td>{escape(str(each['says'] or ''))}</td><td>{escape(str(each.get('why') or ''))}</td></tr>"
        for each in told["broken"]
    )
    simulated = (
        "<p><strong>SIMULATED DATA</strong> – nothing here describes real people.</p>"
        if told["simulated"]
        else ""
    )
    found = ", ".join(
        f"{count(of['open'], f'open {severity} finding')}" for severity, of in told["findings"].items()
    )
    where = (
        f"<p>{escape(found)}: all of them, with what to do, are in <code>findings.csv</code>, and by site in "
        "<code>findings_by_site</code>.</p>"
        if found
        else ""
    )
    return (
        "<!doctype html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'\">\n"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
        f"<title>{told['verdict']['decision']}: {title} – QC report</title>\n<link rel='icon' href='data:,'>\n"
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{simulated}<p>QC report</p>\n<h1>{title}: "
        f"<strong>{told['verdict']['decision']}</strong></h1>\n"
        f"<p>{escape(str(told['verdict']['reason']))}</p>\n"
        "<p><strong>This report could not be drawn</strong>, and this page stands in its place. The fault lies in milkqc "
        "or in a rule, not in the data. Accept or return nothing on it.</p>\n"
        "<p>The files beside it are whole: the harmonised tables, the analysis file, every check "
        "(<code>checks.csv</code>) and the account of rows (<code>manifest.json</code>).</p>\n"
        f"{where}<h2>What broke</h2>\n<table><thead><tr><th scope='col'>Check</th><th scope='col'>What it is</th>"
        f"<th scope='col'>Why it broke</th></tr></thead><tbody>{rows}</tbody></table>\n"
        "<p>Please report it with this table; it names no participant unless a reason quotes a value, so read it first.</p>\n"
        "</main>\n</body>\n</html>\n"
    )
