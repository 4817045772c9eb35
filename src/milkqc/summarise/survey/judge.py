"""Findings from the statistics: one for each group whose measuring is beyond what chance explains.

A statistic is told once: of the whole table (`*`) when all of it is concerned, else of the sites, teams and observers
that are, an observer within a told team not again. Small groups are judged by limits that widen as they shrink.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import polars as pl

from milkqc.clock import Clock
from milkqc.errors import reason
from milkqc.findings import drafts
from milkqc.model import Checked, LedgerRow, Severity, Status
from milkqc.summarise.survey.classes import LEAST_JUDGED
from milkqc.summarise.survey.funnel import least_share, sd_interval
from milkqc.summarise.survey.mistaken import AGES, AgesRule, months_as_days
from milkqc.summarise.survey.rows import DIGIT_MEASURES, GROUPINGS, MEASURES, Rows
from milkqc.summarise.survey.table import ALL

Row = Mapping[str, Any]
# How many points above the study's own share a group's missing share must lie. Ours, unverified.
_MISSING_POINTS = 10.0
_FLAGGED_PERCENT = 7.5
_SHARE = 0.2
_P = 0.001
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class SurveyRule:
    """A rule over groups. `fails` takes a row of the survey table (a group's statistic) and says whether it does.

    `shown` gives the value and what was expected; `levels` are the groupings that it judges.
    """

    id: str
    severity: Severity
    statistic: str
    variables: tuple[str, ...]
    levels: tuple[str, ...]
    fails: Callable[[Row], bool]
    shown: Callable[[Row], tuple[str, str]]
    says: str
    source: str
    least: int = LEAST_JUDGED


def _digits_shown(row: Row) -> tuple[str, str]:
    return f"{row['value']:g}", f"below 20; chance explains {row['high']:.3g} for {row['n']} readings"


_EVERY = (ALL, *GROUPINGS)
RULES: tuple[SurveyRule, ...] = (
    SurveyRule(
        "growth.age.heaping", "info", "age_heaping_12", ("age_months",), _EVERY,
        lambda row: row["p"] <= _P,
        lambda row: (f"chi-square {row['value']:.3g}, p {row['p']:.1g}", "ages in months spread evenly over the year"),
        "Ages in months pile up at certain months of the year: birthdays were guessed.",
        "nipnTK, ageHeaping; p from SMART's limit for ratios",
    ),
    SurveyRule(
        "growth.age.ratio", "info", "age_ratio", ("age_months",), (ALL, "site"),
        lambda row: row["p"] <= _P,
        lambda row: (f"{row['value']:.2f}", "about 0.85 children of 6-29 months to one of 30-59"),
        "Younger and older children are not in the proportion of a population.",
        "SMART plausibility check (nipnTK, ageRatioTest)",
    ),
    SurveyRule(
        "growth.digits.preference", "warning", "digit_preference", DIGIT_MEASURES, _EVERY,
        lambda row: row["class"] == "problematic" and bool(row["beyond"]),
        _digits_shown,
        "Certain last digits are preferred: values are rounded or made up.",
        "SMART plausibility check (nipnTK, digitPreference), and beyond what chance does in 99.8 % of groups of that size",
    ),
    SurveyRule(
        "growth.measures.missing", "info", "missing_share", MEASURES, GROUPINGS,
        lambda row: bool(row["beyond"]) and row["value"] > row["high"] and row["value"] >= row["centre"] + _MISSING_POINTS,
        lambda row: (f"{row['value']:.1f} %", f"about {row['centre']:.1f} %, as in the whole study"),
        "A measure is missing more often here than in the whole study.",
        "beyond the 99.8 % limits of the study's share and 10 points above it; unverified",
    ),
    SurveyRule(
        "growth.scores.flagged_share", "warning", "flagged_who", ("wlz",), _EVERY,
        lambda row: row["least"] > _FLAGGED_PERCENT,
        lambda row: (f"{row['value']:.1f} %", f"at most {_FLAGGED_PERCENT:g} %"),
        "Too many scores are beyond WHO's limits of plausibility.",
        "SMART plausibility check: 7.5 % of weight-for-length (99.8 % interval above it)",
    ),
    SurveyRule(
        "growth.scores.spread", "warning", "sd", ("wlz",), _EVERY,
        lambda row: row["interval"][0] > 1 + _SHARE or row["interval"][1] < 1 - _SHARE,
        lambda row: (f"{row['value']:.2f}", "0.8 to 1.2"),
        "Scores spread more or less than any population's: imprecise measuring, or made-up values.",
        "SMART plausibility check: SD of weight-for-length (99.8 % interval outside 0.8-1.2)",
    ),
    SurveyRule(
        "growth.sex.ratio", "info", "sex_ratio", ("infant_sex",), (ALL, "site"),
        lambda row: row["p"] <= _P,
        lambda row: (f"{row['value']:.2f}" if row["value"] is not None else "boys only", "about one boy to one girl"),
        "Boys and girls are not in the proportion of a population.",
        "SMART plausibility check (nipnTK, sexRatioTest)",
    ),
    SurveyRule(
        "growth.survey.score", "warning", "nipntk_score", ("wlz",), (ALL,),
        lambda row: row["class"] == "problematic",
        lambda row: (f"{row['value']:.0f}", "at most 24"),
        "The plausibility score of the whole survey is problematic.",
        "SMART plausibility check without the Poisson test (nipnTK)",
    ),
)  # fmt: skip
IDS = frozenset({AGES.id, *(rule.id for rule in RULES)})


def judge(table: pl.DataFrame, rows: Rows, *, off: Mapping[str, str] = _NONE) -> Checked:
    """Drafts, and a ledger row for every rule and variable, from the survey table of `rows` (`survey_table`).

    `off` maps the id of a switched-off rule to the study's reason. A rule that raises is broken in the ledger, and
    the others go on.
    """
    told: list[dict[str, Any]] = []
    ledger = []
    clock = Clock()
    for rule in RULES:
        for variable in rule.variables:
            began = time.perf_counter()
            try:
                own = [row for row in _rows(table, rule, variable) if row["by"] in rule.levels]
                found = [] if rule.id in off else list(_found(rule, variable, own, rows))
                row = _ledger(rule, variable, own, found, off.get(rule.id))
            # Whatever is wrong with one statistic must neither stop the others nor look like a pass.
            except Exception as error:  # noqa: BLE001
                found, row = [], _broken(rule, variable, reason(error))
            told += found
            ledger.append(row)
            clock.share((rule.id,), time.perf_counter() - began)
    ages: list[dict[str, Any]] = []
    began = time.perf_counter()
    try:
        ages, row = months_as_days(rows, off.get(AGES.id))
    except Exception as error:  # noqa: BLE001
        row = _broken(AGES, "age_days", reason(error))
    clock.share((AGES.id,), time.perf_counter() - began)
    return Checked(drafts([*told, *ages]), (*ledger, row), clock.seconds)


def broken(why: str, *, off: Mapping[str, str] = _NONE) -> Checked:
    """Every rule broken for one reason, where the statistics themselves could not be computed."""
    rules: list[tuple[SurveyRule | AgesRule, str]] = [(AGES, "age_days")]
    rules += [(rule, variable) for rule in RULES for variable in rule.variables]
    return Checked(
        drafts(), tuple(_broken(rule, variable, why) for rule, variable in rules if rule.id not in off)
    )


def _broken(rule: SurveyRule | AgesRule, variable: str, why: str) -> LedgerRow:
    return LedgerRow(
        rule.id,
        "rules",
        "growth",
        variable,
        rule.severity,
        "broken",
        why=why,
        says=rule.says,
        source=rule.source,
    )


def _rows(table: pl.DataFrame, rule: SurveyRule, variable: str) -> Iterator[dict[str, Any]]:
    """The statistic of every group with what `fails` may ask: the study's own value, and its intervals."""
    if rule.statistic == "position_against_age":
        table = _positions(table)
    own = table.filter((pl.col("statistic") == rule.statistic) & (pl.col("variable") == variable))
    whole = own.filter(pl.col("by") == ALL)["value"]
    for row in own.iter_rows(named=True):
        more: dict[str, Any] = {"centre": whole[0] if whole.len() else None}
        if row["value"] is not None and row["n"] >= rule.least:
            if rule.statistic in {"flagged_who", "position_against_age"}:
                more["least"] = least_share(round(row["value"] * row["n"] / 100), row["n"])
            if rule.statistic == "sd":
                more["interval"] = sd_interval(row["value"], row["n"])
        yield {**row, **more}


def _positions(table: pl.DataFrame) -> pl.DataFrame:
    """Standing below and lying from 24 months, put together per group."""
    parts = table.filter(pl.col("statistic").is_in(["standing_under_24_months", "lying_from_24_months"]))
    against = (pl.col("value").fill_null(0.0) * pl.col("n")).sum()
    known = pl.col("n").sum()
    return parts.group_by("by", "group", maintain_order=True).agg(
        statistic=pl.lit("position_against_age"),
        variable=pl.lit("measured"),
        n=known,
        value=pl.when(known > 0).then(against / known),
        status=pl.when(known > 0).then(pl.lit("ran")).otherwise(pl.lit("too_few")),
        why=pl.lit(""),
    )


def _judged(rule: SurveyRule, row: Row) -> bool:
    known = row["value"] is not None or (rule.statistic == "sex_ratio" and row["p"] is not None)
    return known and row["n"] >= rule.least and row["status"] == "ran"


def _found(
    rule: SurveyRule, variable: str, own: list[dict[str, Any]], rows: Rows
) -> Iterator[dict[str, Any]]:
    failing = [row for row in own if _judged(rule, row) and rule.fails(row)]
    everybody = [row for row in failing if row["by"] == ALL]
    if everybody:
        others = sorted(
            (row for row in failing if row["by"] != ALL and row["n"] < everybody[0]["n"]),
            key=lambda row: -abs(row["value"] or 0),
        )
        yield _draft(rule, variable, everybody[0], "*", worst=others[:1])
        return
    told: list[frozenset[int]] = []
    for row in failing:
        members = frozenset(
            rows.frame[row["by"]].to_frame("group").with_row_index("place").filter(pl.col("group") == row["group"])["place"]
        )  # fmt: skip
        if any(members <= other for other in told):
            continue
        told.append(members)
        yield _draft(rule, variable, row, f"{row['by']}={row['group']}")


def _draft(
    rule: SurveyRule, variable: str, row: Row, row_id: str, *, worst: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    value, expected = rule.shown(row)
    if worst:
        value += f"; most at {worst[0]['by']} {worst[0]['group']}: {rule.shown(worst[0])[0]}"
    return {
        "rule_id": rule.id,
        "severity": rule.severity,
        "table": "growth",
        "row_id": row_id,
        "engine": "rules",
        "variable": variable,
        "value": value,
        "unit": "",
        "expected": expected,
        "n_rows": row["n"],
    }


def _ledger(
    rule: SurveyRule, variable: str, own: list[dict[str, Any]], found: list[dict[str, Any]], off: str | None
) -> LedgerRow:
    judged = [row for row in own if _judged(rule, row)]
    status: Status = "ran"
    why = ""
    absent = next((row["why"] for row in own if row["status"] == "not_applicable"), "")
    if off is not None:
        status, why = "skipped", f"Switched off by the study: {off}"
    elif not judged and absent:
        status, why = "not_applicable", absent
    elif not judged:
        status, why = "nothing_to_look_at", f"No group has {rule.least} values."
    ran = status == "ran"
    return LedgerRow(
        rule_id=rule.id,
        engine="rules",
        table="growth",
        variable=variable,
        severity=rule.severity,
        status=status,
        looked_at=len(judged) if ran else 0,
        failed=sum(rule.fails(row) for row in judged) if ran else 0,
        not_judged=len(own) - len(judged) if ran else 0,
        findings=len(found),
        why=why,
        says=rule.says,
        source=rule.source,
    )
