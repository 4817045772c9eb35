"""Findings by severity and rule, and the causes worth acting on first."""

from __future__ import annotations

from typing import Any

import polars as pl

from milkqc.messages import title
from milkqc.model import SEVERITIES, Result
from milkqc.report.limits import Limits, place, plain
from milkqc.report.words import count, listed

MESSAGES = 3  # different sentences shown under one rule
CAUSES = 6
SHOWN = (
    "participant_id",
    "infant_id",
    "site",
    "visit",
    "sample_id",
    "variable",
    "label",
    "value",
    "unit",
    "expected",
)
_RANK = {severity: rank for rank, severity in enumerate(SEVERITIES)}
_GROUP = ("severity", "rule_id", "table")
_HIDDEN = "hidden (arms are blinded)"


def visible(result: Result) -> pl.DataFrame:
    """The findings with `open` (true or false); what would tell a trial arm is hidden unless unblinded."""
    findings = result.findings.with_columns(open=pl.col("status").fill_null("open") == "open")
    if result.settings.get("unblinded"):
        return findings
    telling = (pl.col("variable") == "arm").fill_null(value=False) | pl.col("row_id").str.contains(
        "(^|,|;|\\s)arm="
    )
    telling = telling.fill_null(value=False)
    rule = pl.col("rule_id")
    titles = {name: title(name) for name in findings["rule_id"].drop_nulls().unique().to_list()}
    return findings.with_columns(
        row_id=pl.when(telling & pl.col("row_id").str.contains("arm="))
        .then(pl.lit("arm"))
        .otherwise("row_id"),
        message=pl.when(telling)
        .then(rule.replace_strict(titles, default=rule, return_dtype=pl.String))
        .otherwise("message"),
        **{name: pl.when(telling).then(pl.lit(_HIDDEN)).otherwise(name) for name in ("value", "expected")},
    )


def summary(findings: pl.DataFrame) -> dict[str, dict[str, int]]:
    """For each severity: findings, how many are open, how many decided, and the rows touched."""
    told: dict[str, dict[str, int]] = {}
    for severity in SEVERITIES:
        part = findings.filter(pl.col("severity") == severity)
        opened = part.filter("open")
        told[severity] = {
            "findings": part.height,
            "open": opened.height,
            "decided": part.height - opened.height,
            "rows": int(_touched(part, ["severity"])["rows"].sum()),
        }
    return told


def groups(findings: pl.DataFrame, checks: pl.DataFrame, limits: Limits) -> dict[str, Any]:
    """The findings by severity and rule, most rows first, each with its first rows; open ones come first."""
    said = {row["rule_id"]: row["says"] or "" for row in checks.iter_rows(named=True)}
    whole = (
        findings.group_by(*_GROUP)
        .agg(findings=pl.len(), open=pl.col("open").sum())
        .join(_touched(findings, list(_GROUP)), on=_GROUP, how="left", nulls_equal=True)
        .with_columns(rank=_rank())
        .sort("rank", "rows", "rule_id", "table", descending=[False, True, False, False], nulls_last=True)
    )
    kept = whole.head(limits.rules)
    rows = _first_rows(findings, kept, limits)
    sentences, sites = _sentences(findings), _sites(findings, list(_GROUP))
    told: list[dict[str, Any]] = []
    left = limits.rows
    for group in kept.iter_rows(named=True):
        key = tuple(group[name] for name in _GROUP)
        shown = rows.get(key, [])[:left]
        left -= len(shown)
        messages, different = sentences.get(key, ([], 0))
        told.append(
            {
                **plain({name: group[name] for name in (*_GROUP, "findings", "open", "rows")}, limits=limits),
                "anchor": f"rule-{len(told) + 1}",
                "title": plain(_title(group["rule_id"], said), limits=limits),
                "messages": plain(messages, limits=limits),
                "messages_left_off": different - len(messages),
                "sites": plain(sites.get(key, [])[:5], limits=limits),
                "examples": shown,
                "left_off": group["findings"] - len(shown),
            }
        )
    return {"rules": told, "rules_left_off": whole.height - kept.height, "file": "findings.csv"}


def causes(findings: pl.DataFrame, rules: list[dict[str, Any]], limits: Limits) -> list[dict[str, Any]]:
    """The open causes to look at first: by severity, then rows touched. Infos only when nothing else is open.

    Findings that share a cause_id are one cause; without one, the findings of a rule in a table are. `rules` are
    the listed groups, for the title and the link.
    """
    listed_as = {(rule["severity"], rule["rule_id"], rule["table"]): rule for rule in rules}
    opened = findings.filter("open").with_columns(
        cause=pl.coalesce("cause_id", pl.concat_str("rule_id", "table", separator="\x1f", ignore_nulls=True)),
        rank=_rank(),
    )
    pressing = opened.filter(pl.col("rank") < _RANK["info"])
    opened = pressing if pressing.height else opened
    lead = (
        opened.group_by("cause", "rank", "rule_id", "table")
        .agg(n=pl.len(), message=pl.col("message").first(), messages=pl.col("message").n_unique())
        .sort("cause", "rank", "n", "rule_id", "table", descending=[False, False, True, False, False])
        .unique(subset="cause", keep="first", maintain_order=True)
        .drop("n")
    )
    ranked = (
        opened.group_by("cause")
        .agg(findings=pl.len())
        .join(lead, on="cause")
        .join(_touched(opened, ["cause"]), on="cause")
        .sort("rank", "rows", "cause", descending=[False, True, False])
    )
    sites = _sites(opened, ["cause"]) if findings["site"].n_unique() > 1 else {}
    told = []
    for cause in ranked.head(CAUSES).iter_rows(named=True):
        group = listed_as.get((SEVERITIES[cause["rank"]], cause["rule_id"], cause["table"]), {})
        where = _mostly(sites.get((cause["cause"],), []), cause["findings"])
        told.append(
            {
                "severity": SEVERITIES[cause["rank"]],
                "rule_id": cause["rule_id"],
                "table": cause["table"],
                "findings": cause["findings"],
                "rows": cause["rows"],
                "title": group.get("title") or plain(title(cause["rule_id"]), limits=limits),
                "link": group.get("anchor"),
                "said": plain(
                    f"{count(cause['findings'], 'finding')} in {count(cause['rows'], 'row')} of {cause['table']}{where}.",
                    limits=limits,
                ),
                "message": plain(cause["message"], limits=limits),
                "example": cause["messages"] > 1,
            }
        )
    return told


def _rank() -> pl.Expr:
    return pl.col("severity").replace_strict(_RANK, default=len(_RANK), return_dtype=pl.Int64)


def _touched(findings: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Rows touched per group: each row once, a dataset finding with the rows it speaks for."""
    by_row = (
        findings.group_by(*keys, "table", "row_id")
        if "table" not in keys
        else findings.group_by(*keys, "row_id")
    )
    return by_row.agg(rows=pl.col("n_rows").fill_null(1).max()).group_by(*keys).agg(pl.col("rows").sum())


def _title(rule_id: str, said: dict[str, str]) -> str:
    """The catalogue's few words, else the check's own sentence when it is short, else the id."""
    words = title(rule_id)
    own = said.get(rule_id, "").rstrip(".")
    return own if words == rule_id and 0 < len(own) <= 90 else words


def _first_rows(
    findings: pl.DataFrame, kept: pl.DataFrame, limits: Limits
) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
    """The first findings of each kept rule, open ones first, as they are listed."""
    first = (
        findings.with_columns(_first=~pl.col("open"))
        .join(kept.select(*_GROUP), on=_GROUP, how="semi", nulls_equal=True)
        .sort("_first", maintain_order=True)
        .group_by(*_GROUP, maintain_order=True)
        .head(limits.rows_per_rule)
    )
    told: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in first.iter_rows(named=True):
        cells = plain(
            {name: row[name] for name in (*SHOWN, "finding_id", "row_id", "status", "n_rows")}, limits=limits
        )
        cells["source"] = plain(_source(row), limits=limits)
        told.setdefault(tuple(row[name] for name in _GROUP), []).append(cells)
    return told


def _source(row: dict[str, Any]) -> str | None:
    """`lab.xlsx:14 RETINOL`: the file, the 1-based data row, the column; as much of it as is known."""
    if row["source_file"] is None:
        return None
    at = f":{row['source_row']}" if row["source_row"] is not None else ""
    column = f" {row['source_column']}" if row["source_column"] else ""
    return f"{place(row['source_file'])}{at}{column}"


def _sentences(findings: pl.DataFrame) -> dict[tuple[Any, ...], tuple[list[str], int]]:
    """The most frequent messages of each rule, and how many different ones there are."""
    counted = (
        findings.filter(pl.col("message").is_not_null())
        .group_by(*_GROUP, "message")
        .agg(n=pl.len())
        .sort("n", "message", descending=[True, False])
        .group_by(*_GROUP, maintain_order=True)
        .agg(messages=pl.col("message").head(MESSAGES), different=pl.len())
    )
    return {
        tuple(row[name] for name in _GROUP): (row["messages"], row["different"])
        for row in counted.iter_rows(named=True)
    }


def _sites(findings: pl.DataFrame, keys: list[str]) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
    """Findings per site within each group, most first; rows without a site are not counted."""
    counted = (
        findings.filter(pl.col("site").is_not_null())
        .group_by(*keys, "site")
        .agg(findings=pl.len())
        .sort("findings", "site", descending=[True, False])
    )
    told: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in counted.iter_rows(named=True):
        told.setdefault(tuple(row[key] for key in keys), []).append(
            {"site": row["site"], "findings": row["findings"]}
        )
    return told


def _mostly(sites: list[dict[str, Any]], findings: int) -> str:
    """Where at least four in five findings of a cause are, when that is one site."""
    if not sites or sites[0]["findings"] < 0.8 * findings:
        return ""
    how = "" if findings == 1 else "all " if sites[0]["findings"] == findings else "most "
    return f", {how}at site {sites[0]['site']}"


def sites_said(sites: list[dict[str, Any]]) -> str:
    """`B 12, A 3`: for a line under a rule."""
    return listed([f"{each['site']} ({each['findings']:,})" for each in sites])
