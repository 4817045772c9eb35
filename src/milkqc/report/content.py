"""What the report says, as plain data: the page shows it, report.json is it (report.schema.json)."""

from __future__ import annotations

from pathlib import PureWindowsPath
from typing import Any, get_args

import polars as pl

from milkqc.model import Reconciled, Result, Status
from milkqc.report import (
    adequacy,
    cards,
    found,
    harmonisation,
    laboratory,
    rows,
    rules_of_run,
    scheduled,
    scores,
    status,
    survey,
    todo,
    variables,
)
from milkqc.report.limits import Limits, listing, place, plain
from milkqc.report.place import OWNERS
from milkqc.report.verdict import decision
from milkqc.report.words import count

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
    "spread", "harmonisation", "bins", "limits", "codes", "gaps", "watched", "rules", "cover", "zscore_bins", *survey.TABLES, *laboratory.STATISTICS
}  # fmt: skip
_NAMED = {"censored", "mae_sensitivity"}
_SETTINGS = (
    "fail_on",
    "exit_code",
    "milkqc_version",
    "mapping_sha256",
    "schedule",
    "unblinded",
    "stage_cutoffs",
    "preterm_age",
    "censored",
    "rule_files",
    "rules_changed",
    "rules_off",
    "study_start",
    "data_cutoff",
    "versions",
)
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


def content(result: Result, limits: Limits) -> dict[str, Any]:
    """All that the report says of a run, JSON-safe, within `limits`; keys are stable (docs/report.md)."""
    findings = found.visible(result)
    summary = found.summary(findings)
    read = [_account(block, limits) for block in result.reconciliation]
    ledger = _ledger(result.checks, limits)
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
    settings = result.settings
    done = [*_of_the_run(ledger, read), *listed["actions"]]
    return {
        "content_version": CONTENT_VERSION,
        "study": plain(result.study, limits=limits),
        "title": plain(result.title or result.study, limits=limits),
        "simulated": bool(settings.get("simulated")),
        "verdict": _verdict(result, summary, limits),
        "date_of_data": _date_of_data(result),
        "todo": {**listed, "actions": done, "owners": todo.by_owner([*done, *listed["others"]])},
        "status": status.status(result.checks, anchors, limits),
        "variables": cards.cards(result, findings, cells, limits),
        "blind": {
            "variables": plain(variables.blind(result, cells)[: limits.table], limits=limits),
            "rules": _could_not_run(result.checks, limits),
            "cover": variables.cover(result, limits),
        },
        "harmonisation": harmonisation.harmonisation(result, limits),
        "decisions": _decisions(findings, limits),
        "inputs": _inputs(result, limits),
        "reconciliation": {
            "blocks": read[: limits.table],
            "left_off": max(0, len(read) - limits.table),
            "balanced": all(block["balanced"] for block in read),
            "rejected_rows": result.rejected.height,
            "file": "rejected.csv",
        },
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
        "checks": ledger,
        "rules": rules_of_run.rules_of_run(result, limits),
        "settings": {name: plain(settings.get(name), limits=limits) for name in _SETTINGS}
        | {
            "mapping_file": _base(settings.get("mapping_file")),
            "not_collected": _not_collected(result, limits),
        },
    }


def _verdict(result: Result, summary: dict[str, dict[str, int]], limits: Limits) -> dict[str, Any]:
    word, rule = decision(result.settings, summary)
    told = {
        "decision": word,
        "rule": rule,
        "verdict": str(result.settings.get("verdict") or "") or None,
        "reason": result.settings.get("verdict_reason") or "",
        "fail_on": result.settings.get("fail_on"),
        "exit_code": result.settings.get("exit_code"),
    }
    return {name: plain(value, limits=limits) for name, value in told.items()}


def _date_of_data(result: Result) -> dict[str, Any]:
    """The declared cut-off, else the latest date found in the data; where that stands. Never a clock."""
    dates = result.statistics.get("dates", pl.DataFrame())
    last = dates.sort("last", descending=True).row(0, named=True) if dates.height else None
    latest = last["last"].isoformat() if last else None
    cutoff = result.settings.get("data_cutoff")
    return {
        "date": str(cutoff) if cutoff else latest,
        "basis": "data_cutoff" if cutoff else "latest date in the data" if latest else None,
        "latest": latest,
        "found_in": f"{last['table']}.{last['variable']}" if last else None,
    }


def _of_the_run(ledger: dict[str, Any], read: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What makes the run itself doubtful: it comes before all findings."""
    told: list[dict[str, Any]] = []
    broken = ledger["counts"]["broken"]
    if broken:
        told.append(
            _todo(
                "Checks broke",
                f"{count(broken, 'check')} stopped with an error and judged nothing, so the run is incomplete.",
                "See “Blind spots” below for the reason, and report it: the fault lies in a rule, not in the data.",
                "blind",
            )
        )
    off = [block for block in read if not block["balanced"]]
    if off:
        told.append(
            _todo(
                "Rows do not add up",
                f"In {count(len(off), 'block')} the rows read are not those used, set aside and rejected.",
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


def _could_not_run(checks: pl.DataFrame, limits: Limits) -> dict[str, Any]:
    """The checks that broke, were switched off, or know no limits for values that are there."""
    if checks.is_empty():
        return listing(checks, 0, limits=limits, file="checks.csv")
    blind = checks.filter(
        pl.col("status").is_in(["broken", "skipped"])
        | ((pl.col("status") == "not_applicable") & (pl.col("not_judged") > 0))
    ).select("rule_id", "table", "variable", "status", "not_judged", "why")
    return listing(blind.sort("status", maintain_order=True), limits.rules, limits=limits, file="checks.csv")


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


def _account(block: Reconciled, limits: Limits) -> dict[str, Any]:
    told: dict[str, Any] = {
        name: getattr(block, name)
        for name in ("block", "table", "source", "read", "used", "set_aside", "rejected", "rows_out")
    }
    told["balanced"] = block.read == block.used + block.set_aside + block.rejected
    checked: dict[str, Any] = plain(told, limits=limits)
    return checked


def _inputs(result: Result, limits: Limits) -> dict[str, Any]:
    rows = [
        {
            "file": place(origin.file),
            "sha256": origin.sha256,
            "format": origin.format,
            "encoding": origin.encoding,
            "encoding_basis": origin.encoding_basis,
            "rows": origin.rows,
            "columns": origin.columns,
            "reader": origin.reader,
            "reader_version": origin.reader_version,
            "notes": list(origin.notes),
        }
        for origin in result.origins
    ]
    rows.sort(key=lambda row: (str(row["file"]), str(row["sha256"])))
    return {
        "files": plain(rows[: limits.table], limits=limits),
        "left_off": max(0, len(rows) - limits.table),
        "file": "manifest.json",
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


def _ledger(checks: pl.DataFrame, limits: Limits) -> dict[str, Any]:
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


def _not_collected(result: Result, limits: Limits) -> dict[str, Any]:
    declared = result.settings.get("not_collected") or {}
    kept: dict[str, Any] = plain(dict(sorted(declared.items())[: limits.table]), limits=limits)
    return kept


def _base(file: Any) -> str | None:
    """The name of the mapping file; where it lay is not the report's to tell."""
    return PureWindowsPath(str(file)).name if file else None
