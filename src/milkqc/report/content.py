"""What the report says, as plain data: the page shows it, report.json is it (report.schema.json)."""

from __future__ import annotations

from typing import Any

import polars as pl

from milkqc.model import Result
from milkqc.report import (
    adequacy,
    cards,
    facts,
    found,
    harmonisation,
    laboratory,
    ledger,
    rows,
    rules_of_run,
    scheduled,
    scores,
    status,
    survey,
    todo,
    variables,
)
from milkqc.report.limits import Limits, listing, plain

CONTENT_VERSION = 3
KNOWN_STATISTICS = (
    "missing",
    "censored",
    "zscores",
    "zscores_by_site",
    "flagged_children",
    "growth_curves",
    "ages",
    "completeness",
    "scheduled_people",
    "units",
    "dates",
    "mae_sensitivity",
)
# Shown elsewhere than under `statistics`.
_IN_CARDS = {
    "spread", "harmonisation", "bins", "limits", "codes", "gaps", "watched", "rules", "cover", "zscore_bins", "controls", *survey.TABLES, *laboratory.STATISTICS
}  # fmt: skip
_NAMED = {"censored", "mae_sensitivity"}


def content(result: Result, limits: Limits) -> dict[str, Any]:
    """All that the report says of a run, JSON-safe, within `limits`; keys are stable (docs/report.md)."""
    findings = found.visible(result)
    summary = found.summary(findings)
    account = facts.reconciliation(result, limits)
    checks = ledger.every_check(result.checks, limits)
    listed = todo.actions(
        findings,
        result.checks,
        fail_on=result.settings.get("fail_on"),
        guidance=rules_of_run.guidance(result),
        limits=limits,
    )
    anchors = todo.anchors(findings, [*listed["actions"], *listed["others"]])
    cells = variables.matrix(result, findings)
    statistics = _statistics(result, limits)
    done = [*ledger.of_the_run(checks, account), *listed["actions"]]
    return {
        "content_version": CONTENT_VERSION,
        "study": plain(result.study, limits=limits),
        "title": plain(result.title or result.study, limits=limits),
        "simulated": bool(result.settings.get("simulated")),
        "verdict": facts.verdict(result, summary, limits),
        "lacking": ledger.lacking(result, limits),
        "date_of_data": facts.date_of_data(result),
        "todo": {**listed, "actions": done, "owners": todo.by_owner([*done, *listed["others"]])},
        "status": status.status(result.checks, anchors, limits),
        "variables": cards.cards(result, findings, cells, limits),
        "blind": {
            "variables": plain(variables.blind(result, cells)[: limits.table], limits=limits),
            "rules": ledger.could_not_judge(result.checks, limits),
            "cover": variables.cover(result, limits),
        },
        "harmonisation": harmonisation.harmonisation(result, limits),
        "decisions": _decisions(findings, limits),
        "inputs": facts.inputs(result, limits),
        "reconciliation": account,
        "rows": {
            name: result.table(name).height
            for name in ("participants", "visits", "growth", "milk", "biomarkers")
        }
        | {"analysis": result.analysis.height},
        "findings": summary,
        "statistics": statistics,
        "further": [name for name in statistics if name not in KNOWN_STATISTICS],
        "distributions": scores.distributions(result.statistics, limits),
        "survey": survey.survey(result, limits),
        "mae": adequacy.adequacy(result, limits),
        "laboratory": laboratory.laboratory(result, findings, limits),
        "checks": checks,
        "rules": rules_of_run.rules_of_run(result, limits),
        "settings": facts.settings(result, limits),
    }


def _decisions(findings: pl.DataFrame, limits: Limits) -> dict[str, Any]:
    """The findings somebody has decided, by decision, and the first of them."""
    decided = findings.filter(~pl.col("open"))
    counted = decided.group_by("status").agg(n=pl.len()).sort("status")
    shown = decided.head(limits.rows_per_rule)
    return {
        "counts": plain(dict(counted.iter_rows()), limits=limits),
        "list": [rows.told(row, limits) for row in shown.iter_rows(named=True)],
        "left_off": decided.height - shown.height,
        "file": "findings.csv",
    }


def _statistics(result: Result, limits: Limits) -> dict[str, Any]:
    """The tables of `Result.statistics` (bins: see `distributions`); one that goes by arm only when unblinded."""
    told = {}
    for name in sorted({*KNOWN_STATISTICS, *result.statistics} - _IN_CARDS):
        frame = result.statistics.get(name, pl.DataFrame())
        if "arm" in frame.columns and not result.settings.get("unblinded"):
            continue
        if "site" in frame.columns and name not in {
            "flagged_children",
            "growth_curves",
        }:  # cut groups before the whole
            frame = frame.sort(pl.col("site").is_not_null(), maintain_order=True)
        if name == "scheduled_people":
            told[name] = scheduled.scheduled(result, limits)
            continue
        cap = {"flagged_children": limits.rows_per_rule, "growth_curves": limits.rows_per_rule // 2}.get(
            name, limits.table
        )
        told[name] = listing(adequacy.named(frame) if name in _NAMED else frame, cap, limits=limits)
    return told
