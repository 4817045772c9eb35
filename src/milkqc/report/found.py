"""Findings as the report may show them, counted by severity, rule, row and site."""

from __future__ import annotations

from typing import Any

import polars as pl

from milkqc.causes import names_what_happened
from milkqc.findings import is_open
from milkqc.messages import title
from milkqc.model import SEVERITIES, Result
from milkqc.report.words import listed

RANK = {severity: place for place, severity in enumerate(SEVERITIES)}
_HIDDEN = "hidden (arms are blinded)"


def visible(result: Result) -> pl.DataFrame:
    """The findings with `open` (true or false); what would tell a trial arm is hidden unless unblinded."""
    findings = result.findings.with_columns(open=is_open())
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
            "rows": int(touched(part, ["severity"])["rows"].sum()),
        }
    return told


def rank() -> pl.Expr:
    """0 for critical, 1 for warning, 2 for info."""
    return pl.col("severity").replace_strict(RANK, default=len(RANK), return_dtype=pl.Int64)


def touched(findings: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Rows touched per group: each row once, a dataset finding with the rows it speaks for."""
    apart = [*dict.fromkeys([*keys, "table", "row_id"])]
    return (
        findings.group_by(apart)
        .agg(rows=pl.col("n_rows").fill_null(1).max())
        .group_by(keys)
        .agg(pl.col("rows").sum())
    )


def suggested(findings: pl.DataFrame) -> pl.DataFrame:
    """`findings` with `suggestion`: what a suspicion of the same cause and row says the value would be, else null.

    A suspicion says it itself in `expected`, so it has none of its own.
    """
    names = {name: names_what_happened(name) for name in findings["rule_id"].drop_nulls().unique().to_list()}
    names_it = pl.col("rule_id").replace_strict(names, default=False, return_dtype=pl.Boolean)
    at = ["cause_id", "table", "row_id"]
    said = (
        findings.filter(names_it & pl.col("cause_id").is_not_null())
        .sort("rule_id", "finding_id")
        .unique(at, keep="first", maintain_order=True)
        .select(*at, suggestion="expected")
    )
    return findings.join(said, on=at, how="left", maintain_order="left").with_columns(
        suggestion=pl.when(~names_it).then("suggestion")
    )


def title_of(rule_id: str, said: dict[str, str]) -> str:
    """The catalogue's few words, else the check's own sentence when it is short, else the id."""
    words = title(rule_id)
    own = said.get(rule_id, "").rstrip(".")
    return own if words == rule_id and 0 < len(own) <= 90 else words


def sites_of(findings: pl.DataFrame, keys: list[str]) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
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


def sites_said(sites: list[dict[str, Any]]) -> str:
    """`B (12), A (3)`: for a line under an action."""
    return listed([f"{each['site']} ({each['findings']:,})" for each in sites])
