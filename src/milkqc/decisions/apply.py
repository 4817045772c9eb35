"""The status of each finding by what was decided: held while the raw value is the same, reopened when it changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from milkqc import cells
from milkqc import findings as found
from milkqc.decisions.held import Held, held
from milkqc.decisions.read import Decision, Decisions
from milkqc.model import LedgerRow, Severity

# corrected -> the upload with the correction is awaited: the value is still the old one, so the finding stays open.
_HOLDS = {"confirmed": "confirmed", "accepted": "accepted", "corrected": "awaiting_correction"}
REOPENED = "reopened"
STATUSES = ("open", *_HOLDS.values(), REOPENED)
GONE = "decisions.finding.gone"
DECISIONS: dict[str, Severity] = {GONE: "info"}
_NAMED = 5


def decided(
    findings: pl.DataFrame, decisions: Decisions, tables: Mapping[str, pl.DataFrame], *, study: str
) -> tuple[pl.DataFrame, list[LedgerRow]]:
    """`findings` (FINDINGS_SCHEMA) with their statuses, and the ledger's part; nothing else of them changes but the
    message, which tells the decision.

    `tables` are the internal tables: what a decision is about is the raw cell of the finding's row and variable, or
    where there is none (a score, a batch) the finding's own value. Decisions about findings that are no more are
    one info finding, unless only a part of the findings is here (`decisions.whole`).
    """
    if not decisions.entries:
        return findings, []
    by_id = {one.finding_id: one for one in decisions.entries}
    answered = findings.filter(pl.col("finding_id").is_in(list(by_id)))
    now = held(answered, tables)
    told = [
        _told(row, by_id[row["finding_id"]], now[row["finding_id"]]) for row in answered.iter_rows(named=True)
    ]
    names = ("finding_id", "_status", "_message")
    known = pl.DataFrame(told, schema=dict.fromkeys(names, pl.String), orient="row")
    findings = findings.join(known, on="finding_id", how="left", maintain_order="left").with_columns(
        status=pl.coalesce("_status", "status"), message=pl.coalesce("_message", "message")
    )
    findings = findings.drop("_status", "_message")
    if not decisions.whole:
        return findings, []
    gone = [one for one in decisions.entries if one.finding_id not in set(answered["finding_id"])]
    if gone:
        draft = _gone(gone, decisions, findings)
        more = found.complete(draft, study=study, context={}, labels={}, columns={})
        findings = found.sort(pl.concat([findings, more]))
    row = LedgerRow(
        GONE,
        "reading",
        "decisions",
        "",
        "info",
        "ran",
        len(by_id),
        len(gone),
        0,
        int(bool(gone)),
        source="milkqc",
    )
    return findings, [row]


def noted(findings: pl.DataFrame, decisions: Decisions) -> dict[str, dict[str, str]]:
    """What was decided about the findings that are there, by finding_id: for `milkqc explain`."""
    there = set(findings["finding_id"])
    return {
        one.finding_id: {
            "decision": one.word,
            "raw_value": one.raw_value,
            "reason": one.reason,
            "who": one.who,
            "when": one.when.isoformat(),
            "line": f"{decisions.file}:{one.line}",
        }
        for one in decisions.entries
        if one.finding_id in there
    }


def _told(row: Mapping[str, Any], decision: Decision, now: Held) -> tuple[str, str, str]:
    """finding_id, status, message of an answered finding."""
    said = f"{decision.word.capitalize()} by {decision.who} on {decision.when.isoformat()}"
    if _same(decision, row["value"], now):
        note = f"{said}: {decision.reason}"
        if decision.word == "corrected":
            note = f"{note}. The upload still holds the old value; the corrected one is awaited"
        return row["finding_id"], _HOLDS[decision.word], f"{row['message']} {note.rstrip('.')}."
    was, is_now = decision.raw_value or "nothing", now.raw or "nothing"
    note = f"{said} when the value was {was}; it is {is_now} now, so it is asked again."
    if now.cell and _canonical(decision.raw_value) == _canonical(row["value"]):
        # Any cell might stand behind such a text ("2 rows"), so that nobody could say whether it has changed.
        note = f"{said} with the raw value {was}, which is not what the cell holds ({is_now}): write that, so that a change is seen."
    return row["finding_id"], REOPENED, f"{row['message']} {note}"


def _same(decision: Decision, value: str | None, now: Held) -> bool:
    """Whether the cell holds what it held when it was decided: its raw text, or its value as findings.csv shows it."""
    wrote = _canonical(decision.raw_value)
    if wrote == _canonical(now.raw):
        return True
    return (
        now.own is not None and wrote == _canonical(value) and now.own in re.split(r"[^\w.:+-]+", value or "")
    )


def _canonical(text: str | None) -> str | None:
    found: str | None = cells.canonical(pl.Series([text], dtype=pl.String))[0]
    return found


def _gone(gone: list[Decision], decisions: Decisions, findings: pl.DataFrame) -> pl.DataFrame:
    """One finding about all decisions whose finding is no more; ids that a spreadsheet rounded are pointed at."""
    ids = findings["finding_id"].to_list()
    rounded = [
        f"line {one.line}: perhaps {like}"
        for one in gone
        # Excel keeps 15 digits of a number and writes 0 for the last.
        if one.finding_id.isdigit() and one.finding_id.endswith("0")
        for like in ids
        if like[:15] == one.finding_id[:15]
    ]
    listed = ", ".join(f"line {one.line}" for one in gone[:_NAMED])
    more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
    expected = "; ".join(rounded) or "no id is near another"
    return found.drafts(
        [
            {
                "rule_id": GONE,
                "severity": "info",
                "table": "decisions",
                "row_id": "*",
                "engine": "reading",
                "value": f"{listed}{more}",
                "expected": expected,
                "n_rows": len(gone),
                "source_file": decisions.file,
                "source_row": gone[0].line - 1,
            }
        ]
    )
