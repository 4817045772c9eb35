"""The ledger as the report tells it: every check, what could not judge, what is lacking, and what the run itself asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import polars as pl

from milkqc.model import Result, Status
from milkqc.report.limits import Limits, listing, plain
from milkqc.report.place import OWNERS, place_of
from milkqc.report.words import count

_LEDGER = (
    "rule_id",
    "engine",
    "table",
    "variable",
    "severity",
    "status",
    "looked_at",
    "failed",
    "not_judged",
    "findings",
    "why",
    "says",
    "source",
)
# what needs eyes first: a check that broke or was left out judged nothing
_STATUS_ORDER = ("broken", "skipped", "nothing_to_look_at", "not_applicable", "ran")
# Where the report shows what the ledger calls by these names, and so misses it when it broke.
SECTIONS: Mapping[str, str] = {
    "report.figures.ages": "growth",
    "report.figures.censored": "censored",
    "report.figures.codes": "cards",
    "report.figures.completeness": "completeness",
    "report.figures.dates": "cards",
    "report.figures.flagged_children": "growth",
    "report.figures.gaps": "cards",
    "report.figures.harmonisation": "harmonisation",
    "report.figures.limits": "cards",
    "report.figures.mae_sensitivity": "mae",
    "report.figures.missing": "missing",
    "report.figures.rules": "rules",
    "report.figures.scheduled_people": "completeness",
    "report.figures.spread": "cards",
    "report.figures.units": "units",
    "report.figures.watched": "blind",
    "report.figures.zscore_bins": "growth",
    "report.figures.zscores": "growth",
    "report.figures.zscores_by_site": "growth",
    "report.growth.curves": "growth",
    "report.laboratory.figures": "laboratory",
    "report.page.drawn": "verdict",
    "report.rules.cover": "blind",
    "outputs.mae_reference.table": "mae",
}
_SURVEY = "How well children were measured, by site, team and observer."


def every_check(checks: pl.DataFrame, limits: Limits) -> dict[str, Any]:
    """Counts by status, then every check: the broken ones first, within a status in their own order."""
    known = [name for name in _LEDGER if name in checks.columns]
    rank = {status: place for place, status in enumerate(_STATUS_ORDER)}
    order = pl.col("status").replace_strict(rank, default=len(rank), return_dtype=pl.Int64)
    counted = dict(checks["status"].value_counts().iter_rows()) if checks.height else {}
    whole = checks.select(known).sort(order, maintain_order=True)
    return {
        "counts": {status: int(counted.get(status, 0)) for status in get_args(Status)},
        "table": listing(whole, limits.checks, limits=limits, file="checks.csv"),
    }


def could_not_judge(checks: pl.DataFrame, limits: Limits) -> dict[str, Any]:
    """The checks that broke, were switched off, or know no limits for values that are there."""
    if checks.is_empty():
        return listing(checks, 0, limits=limits, file="checks.csv")
    blind = checks.filter(
        pl.col("status").is_in(["broken", "skipped"])
        | ((pl.col("status") == "not_applicable") & (pl.col("not_judged") > 0))
    ).select("rule_id", "table", "variable", "status", "not_judged", "why")
    return listing(blind.sort("status", maintain_order=True), limits.rules, limits=limits, file="checks.csv")


def lacking(result: Result, limits: Limits) -> list[dict[str, Any]]:
    """What is not in this report, or in the files of this run, because it broke: `section`, `says`, `why`."""
    broken = result.checks.filter(pl.col("status") == "broken")
    told = [
        {"section": SECTIONS.get(row["rule_id"], ""), "says": row["says"], "why": row["why"]}
        for row in broken.iter_rows(named=True)
        if row["rule_id"].startswith(("report.", "outputs.", "findings."))
    ]
    measuring = broken.filter(
        pl.col("table") == "growth",
        pl.col("rule_id").map_elements(
            lambda rule: place_of(rule, "growth").dimension == "measurement", return_dtype=pl.Boolean
        ),
    )
    if measuring.height and result.statistics.get("survey_quality", pl.DataFrame()).is_empty():
        told.append({"section": "survey", "says": _SURVEY, "why": measuring["why"][0]})
    checked: list[dict[str, Any]] = plain(told, limits=limits)
    return checked


def of_the_run(ledger: dict[str, Any], account: dict[str, Any]) -> list[dict[str, Any]]:
    """What makes the run itself doubtful: it comes before all findings."""
    told: list[dict[str, Any]] = []
    broken = ledger["counts"]["broken"]
    if broken:
        told.append(
            _todo(
                "Checks broke",
                f"{count(broken, 'check')} stopped with an error and judged nothing, so the run is incomplete.",
                "See “Blind spots” below for the reason, and report it: the fault lies in a rule or in milkqc, not in the "
                "data. Findings that are there are right; others may be missing.",
                "blind",
            )
        )
    off = sum(not block["balanced"] for block in account["blocks"])
    if not account["balanced"]:
        told.append(
            _todo(
                "Rows do not add up",
                f"In {count(off, 'block')} the rows read are not those used, set aside and rejected.",
                "Use no output of this run before this is explained; it is a fault of the program.",
                "reconciliation",
            )
        )
    return told


def _todo(title: str, said: str, message: str, link: str) -> dict[str, Any]:
    return {
        "kind": "run",
        "anchor": f"do-{link}",
        "owner": OWNERS[-1],
        "blocker": True,
        "severity": "critical",
        "title": title,
        "said": said,
        "message": message,
        "link": link,
    }
