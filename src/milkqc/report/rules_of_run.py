"""The rules of the run, one by one: what each says, what it looked at, what to do, what the study changed and why."""

from __future__ import annotations

from typing import Any

import polars as pl

from milkqc.model import TABLES, Result
from milkqc.report.found import title_of
from milkqc.report.limits import Limits, plain

# Of a rule that stands in the ledger several times (once for each variable), the gravest: what broke, else what ran.
_RANK = ("broken", "ran", "skipped", "nothing_to_look_at", "not_applicable")
_COUNTS = ("looked_at", "failed", "not_judged", "findings")
_WORDS = ("says", "expected", "site", "analyst", "source", "where", "changed", "off")


def rules_of_run(result: Result, limits: Limits) -> dict[str, Any]:
    """`tables` with their rules, those that broke or failed first, `changes` of the study, and what was left off.

    A rule has `title`, `severity`, `status`, counts over all its variables (`checks` says how many), `why` it did not
    run, and the words of `statistics["rules"]` (null where nobody has said).
    """
    whole = _rules(result)
    shown = whole.head(limits.checks)
    tables = [
        {
            "table": table,
            "rules": [_told(row, limits) for row in own.iter_rows(named=True)],
            "broken": int((own["status"] == "broken").sum()),
            "failed": int((own["findings"] > 0).sum()),
        }
        for table in (*TABLES, "other")
        if (own := shown.filter(pl.col("group") == table)).height
    ]
    changes = result.settings.get("rules_changed") or []
    return {
        "tables": tables,
        "changes": plain(changes[: limits.table], limits=limits),
        "left_off": whole.height - shown.height,
        "file": "checks.csv",
    }


def guidance(result: Result) -> dict[str, tuple[str | None, str | None]]:
    """By rule id what the site and what an analyst should do about its findings, where somebody has said."""
    known = result.statistics.get("rules", pl.DataFrame())
    if known.is_empty():
        return {}
    return {
        rule: (site, analyst)
        for rule, site, analyst in known.select("rule_id", "site", "analyst").iter_rows()
    }


def _rules(result: Result) -> pl.DataFrame:
    rank = pl.col("status").replace_strict(
        {status: place for place, status in enumerate(_RANK)}, default=len(_RANK), return_dtype=pl.Int64
    )
    known = result.statistics.get("rules", pl.DataFrame())
    if known.is_empty():
        known = pl.DataFrame(schema=dict.fromkeys(("rule_id", "title", *_WORDS), pl.String))
    if result.checks.is_empty():
        return pl.DataFrame(schema={"group": pl.String, "status": pl.String, "findings": pl.Int64})
    group = pl.when(pl.col("table").is_in(TABLES)).then("table").otherwise(pl.lit("other"))
    return (
        result.checks.with_columns(_rank=rank, group=group)
        .sort("_rank", "variable", maintain_order=True)
        .group_by("group", "rule_id", maintain_order=True)
        .agg(
            pl.col("status", "_rank", "severity", "why").first(),
            pl.col(*_COUNTS).sum(),
            checks=pl.len(),
            ledger_says=pl.col("says").first(),
            ledger_source=pl.col("source").first(),
        )
        .join(known.select("rule_id", "title", *_WORDS), on="rule_id", how="left")
        .with_columns(
            says=pl.coalesce("says", "ledger_says"),
            source=pl.coalesce("source", "ledger_source"),
            _quiet=pl.col("findings") == 0,
        )
        .sort(pl.col("_rank") > 0, "_quiet", "_rank", "rule_id")
    )


def _told(row: dict[str, Any], limits: Limits) -> dict[str, Any]:
    said = {
        "rule_id": row["rule_id"],
        "title": row["title"] or title_of(row["rule_id"], {row["rule_id"]: row["says"] or ""}),
        **{name: row[name] for name in ("severity", "status", *_COUNTS, "checks", *_WORDS)},
        "why": row["why"] or None,
    }
    made: dict[str, Any] = plain(said, limits=limits)
    return made
