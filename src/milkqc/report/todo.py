"""What to do, by who must do it, blockers first: each cause once, with its rows by participant and visit."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import polars as pl

from milkqc.messages import title
from milkqc.model import SEVERITIES
from milkqc.report import rows
from milkqc.report.found import RANK, rank, sites_of, suggested, title_of, touched
from milkqc.report.limits import Limits, plain
from milkqc.report.place import OWNERS, place_of
from milkqc.report.words import count

_NOBODY_SAID: Mapping[str, tuple[str | None, str | None]] = MappingProxyType({})
_ACTION = ["lead_severity", "lead_rule", "lead_table"]


def actions(
    findings: pl.DataFrame,
    checks: pl.DataFrame,
    *,
    fail_on: str | None,
    limits: Limits,
    guidance: Mapping[str, tuple[str | None, str | None]] = _NOBODY_SAID,
) -> dict[str, Any]:
    """The open findings as things to do, gravest first, then by rows touched.

    An action is a rule in a table; a finding that follows from another one (same cause_id) belongs to the action
    of the gravest of them, where it is counted under `follow`. `blocker` says that the action alone returns the
    upload. Beyond `limits.rules` they are `others`, without rows: those stand in findings.csv under their rule_id.
    `findings` are as `found.visible` gives them; `guidance` what the site and an analyst should do, by rule.
    """
    opened = suggested(led(findings.filter("open").with_columns(rank=rank())))
    said = {row["rule_id"]: row["says"] or "" for row in checks.iter_rows(named=True)}
    own = opened.filter(
        (pl.col("rule_id") == pl.col("lead_rule")) & pl.col("table").eq_missing(pl.col("lead_table"))
    )
    whole = (
        own.group_by(_ACTION)
        .agg(
            findings=pl.len(),
            participants=pl.col("participant_id").n_unique() - pl.col("participant_id").has_nulls(),
            message=pl.col("message").first(),
            messages=pl.col("message").n_unique(),
        )
        .join(touched(own, _ACTION), on=_ACTION, how="left", nulls_equal=True)
        .with_columns(order=pl.col("lead_severity").replace_strict(RANK, default=9, return_dtype=pl.Int64))
        .sort("order", "rows", "lead_rule", "lead_table", descending=[False, True, False, False])
    )
    kept = whole.head(limits.rules)
    listed = own.join(kept.select(_ACTION), on=_ACTION, how="semi", nulls_equal=True, maintain_order="left")
    lists = rows.first(listed, _ACTION, limits.rows_per_rule, limits.rows, limits)
    sites = sites_of(own, _ACTION)
    follow = _following(opened)
    told = [
        _action(action, lists, sites, follow, said, place=place, fail_on=fail_on, limits=limits)
        | _advice(guidance.get(action["lead_rule"]), limits)
        for place, action in enumerate(kept.iter_rows(named=True), start=1)
    ]
    rest = whole.slice(kept.height).head(limits.table)
    others = [
        _named(action, said, place=place, fail_on=fail_on, limits=limits)
        for place, action in enumerate(rest.iter_rows(named=True), start=kept.height + 1)
    ]
    return {
        "actions": told,
        "others": others,
        "left_off": whole.height - kept.height - rest.height,
        "file": "findings.csv",
    }


def _advice(said: tuple[str | None, str | None] | None, limits: Limits) -> dict[str, Any]:
    site, analyst = said or (None, None)
    return {"site": plain(site, limits=limits), "analyst": plain(analyst, limits=limits)}


def led(opened: pl.DataFrame) -> pl.DataFrame:
    """Open findings with the action they belong to: lead_severity, lead_rule, lead_table."""
    leads = (
        opened.filter(pl.col("cause_id").is_not_null())
        .sort("cause_id", "rank", pl.col("finding_id") != pl.col("cause_id"), "rule_id", "table")
        .unique("cause_id", keep="first", maintain_order=True)
        .select("cause_id", lead_severity="severity", lead_rule="rule_id", lead_table="table")
    )
    return opened.join(leads, on="cause_id", how="left", maintain_order="left").with_columns(
        pl.coalesce("lead_severity", "severity").alias("lead_severity"),
        pl.coalesce("lead_rule", "rule_id").alias("lead_rule"),
        pl.coalesce("lead_table", "table").alias("lead_table"),
    )


def anchors(findings: pl.DataFrame, told: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    """Where the open findings of each rule and table are listed: the gravest action that holds one of them."""
    listed = {(each["severity"], each["rule_id"], each["table"]): each["anchor"] for each in told}
    opened = led(findings.filter("open").with_columns(rank=rank())).sort("rank", maintain_order=True)
    pairs = opened.select("rule_id", "table", *_ACTION).unique(keep="first", maintain_order=True)
    leads: dict[tuple[str, str], str] = {}
    for rule_id, table, *action in pairs.iter_rows():
        anchor = listed.get((action[0], action[1], action[2]))
        if anchor is not None:
            leads.setdefault((rule_id, table), anchor)
    return leads


def by_owner(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Site, laboratory, data manager, each with its blockers, queries and notes counted; all three always."""
    lists = []
    for owner in OWNERS:
        mine = [each for each in told if each["owner"] == owner]
        notes = [each for each in mine if each["severity"] == "info" and not each["blocker"]]
        lists.append(
            {
                "owner": owner,
                "blockers": sum(each["blocker"] for each in mine),
                "queries": len(mine) - len(notes) - sum(each["blocker"] for each in mine),
                "notes": len(notes),
            }
        )
    return lists


def _following(opened: pl.DataFrame) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
    """What follows from each action, by title, most findings first."""
    others = opened.filter(
        (pl.col("rule_id") != pl.col("lead_rule")) | pl.col("table").ne_missing(pl.col("lead_table"))
    )
    titles = {name: title(name) for name in others["rule_id"].unique().to_list()}
    counted = (
        others.with_columns(title=pl.col("rule_id").replace_strict(titles, return_dtype=pl.String))
        .group_by(*_ACTION, "title")
        .agg(findings=pl.len())
        .sort("findings", "title", descending=[True, False])
    )
    told: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in counted.iter_rows(named=True):
        told.setdefault(tuple(row[key] for key in _ACTION), []).append(
            {"title": row["title"], "findings": row["findings"]}
        )
    return told


def _action(
    action: dict[str, Any],
    lists: dict[tuple[Any, ...], list[dict[str, Any]]],
    sites: dict[tuple[Any, ...], list[dict[str, Any]]],
    follow: dict[tuple[Any, ...], list[dict[str, Any]]],
    said: dict[str, str],
    *,
    place: int,
    fail_on: str | None,
    limits: Limits,
) -> dict[str, Any]:
    key = tuple(action[name] for name in _ACTION)
    shown = lists.get(key, [])
    return {
        **_named(action, said, place=place, fail_on=fail_on, limits=limits),
        "kind": "findings",
        "message": plain(action["message"], limits=limits),
        "example": action["messages"] > 1,
        "sites": plain(sites.get(key, [])[:5], limits=limits),
        "follow": plain(follow.get(key, [])[:8], limits=limits),
        "list": shown,
        "left_off": action["findings"] - len(shown),
    }


def _named(
    action: dict[str, Any], said: dict[str, str], *, place: int, fail_on: str | None, limits: Limits
) -> dict[str, Any]:
    """Who must do what, and how much of it there is; none of its rows."""
    severity, rule_id, table = (action[name] for name in _ACTION)
    belongs = place_of(rule_id, table or "")
    decides = SEVERITIES if fail_on == "info" else SEVERITIES[:2] if fail_on == "warning" else SEVERITIES[:1]
    where = count(action["rows"], "row")
    who = f", {count(action['participants'], 'participant')}" if action["participants"] else ""
    return {
        "anchor": f"do-{place}",
        "owner": belongs.owner,
        "dimension": belongs.dimension,
        "blocker": severity in decides,
        "severity": severity,
        "rule_id": plain(rule_id, limits=limits),
        "table": plain(table, limits=limits),
        "title": plain(title_of(rule_id, said), limits=limits),
        "findings": action["findings"],
        "rows": action["rows"],
        "participants": action["participants"],
        "said": plain(f"{count(action['findings'], 'finding')} in {where} of {table}{who}", limits=limits),
    }
