"""The quality of measuring, as the report tells it: the score table, digits, sites against the standard, funnels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from milkqc import reference
from milkqc.model import Result
from milkqc.report.limits import Limits, listing, plain

TABLES = ("survey_quality", "survey_digits", "survey_positions", "survey_bins", "survey_funnels")
FILE = "survey_quality.csv"
# The columns of the score table: key, statistic, variable.
PARTS = (
    ("flagged", "flagged_smart", "wlz"),
    ("sd", "sd", "wlz"),
    ("sex", "sex_ratio", "infant_sex"),
    ("age", "age_ratio", "age_months"),
    ("digits_weight", "digit_preference", "weight_kg"),
    ("digits_length", "digit_preference", "length_cm"),
    ("digits_muac", "digit_preference", "muac_cm"),
    ("skewness", "skewness", "wlz"),
    ("kurtosis", "kurtosis", "wlz"),
)
_LEVELS = ("all", "site", "team", "observer")
_DRAWN = ("laz", "waz", "wlz", "hcz")
_MOST_FUNNELS, _MOST_GROUPS, _MOST_DIGITS = 6, 60, 8
# Beside each site that is drawn at once, so many more are drawn behind a fold.
_FOLDED_TIMES = 4


def survey(result: Result, limits: Limits) -> dict[str, Any]:
    """All that the report says of survey quality; empty lists where the study has no growth."""
    tables = {name: result.statistics.get(name, pl.DataFrame()) for name in TABLES}
    quality = tables["survey_quality"]
    if quality.is_empty():
        quality = tables["survey_quality"] = _EMPTY
    sites, left_off = _sites(tables["survey_bins"], limits)
    return {
        "file": FILE,
        "score": _scores(quality, limits),
        "statistics": listing(
            quality.filter(pl.col("by").is_in(_LEVELS) & pl.col("value").is_not_null()), limits.table, limits=limits, file=FILE
        ),
        "digits": _digits(quality, tables["survey_digits"], limits),
        "sites": sites,
        "sites_left_off": left_off,
        "funnels": _funnels(quality, tables["survey_funnels"], limits),
        "positions": listing(
            tables["survey_positions"], limits.table, limits=limits, file="survey_positions.csv"
        ),
    }  # fmt: skip


_EMPTY = pl.DataFrame(
    schema={
        "by": pl.String,
        "group": pl.String,
        "statistic": pl.String,
        "variable": pl.String,
        "n": pl.Int64,
        "value": pl.Float64,
        "p": pl.Float64,
        "class": pl.String,
        "penalty": pl.Int64,
        "low": pl.Float64,
        "high": pl.Float64,
        "beyond": pl.Boolean,
        "status": pl.String,
        "why": pl.String,
    }
)


def _scores(quality: pl.DataFrame, limits: Limits) -> dict[str, Any]:
    """One row per group, as plausibility checks are read: the score, and each part with its class."""
    own = quality.filter(pl.col("by").is_in(_LEVELS))
    cells = {
        (row["by"], row["group"], row["statistic"], row["variable"]): row for row in own.iter_rows(named=True)
    }
    groups = list(dict.fromkeys(zip(own["by"], own["group"], strict=True)))
    rows = []
    for by, group in groups[: limits.table]:
        score = cells.get((by, group, "nipntk_score", "wlz"), {})
        parts = {
            key: _part(cells.get((by, group, statistic, variable))) for key, statistic, variable in PARTS
        }
        if any(part["value"] is not None for part in parts.values()):
            rows.append(
                {
                    "by": by,
                    "group": group,
                    "n": score.get("n"),
                    "value": score.get("value"),
                    "class": score.get("class"),
                    "why": score.get("why"),
                    "parts": parts,
                }
            )
    told: dict[str, Any] = plain(
        {"rows": rows, "left_off": max(0, len(groups) - limits.table)}, limits=limits
    )
    return told


def _part(row: Mapping[str, Any] | None) -> dict[str, Any]:
    wanted = ("n", "value", "p", "class", "beyond")
    return dict.fromkeys(wanted) if row is None else {name: row[name] for name in wanted}


def _digits(quality: pl.DataFrame, digits: pl.DataFrame, limits: Limits) -> list[dict[str, Any]]:
    """A histogram of last digits per measure, then those groups' that prefer digits more than chance explains."""
    scores = quality.filter((pl.col("statistic") == "digit_preference") & (pl.col("n") > 0))
    whole = scores.filter(pl.col("by") == "all")
    others = scores.filter(
        (pl.col("by") != "all") & pl.col("beyond").fill_null(value=False) & (pl.col("class") == "problematic")
    ).sort("value", descending=True, maintain_order=True)
    told = []
    for row in pl.concat([whole, others.head(_MOST_DIGITS)]).iter_rows(named=True):
        counts = digits.filter(
            (pl.col("by") == row["by"])
            & (pl.col("group") == row["group"])
            & (pl.col("variable") == row["variable"])
            & (pl.col("kind") == "last")
        ).sort("digit")
        told.append(
            {
                **{name: row[name] for name in ("by", "group", "variable", "n", "value", "p", "class", "high", "beyond")},
                "label": _label(row["variable"]),
                "decimals": counts["decimals"][0],
                "counts": counts["n"].to_list(),
            }
        )  # fmt: skip
    checked: list[dict[str, Any]] = plain(told, limits=limits)
    return checked


def _sites(bins: pl.DataFrame, limits: Limits) -> tuple[list[dict[str, Any]], int]:
    """Z-scores of each site in bins, where there are several sites, and how many sites of a score have no picture.

    Where there are more sites than are drawn at once, the most unusual of each score come first and the others are
    `folded`, so many as the page has room for.
    """
    own = bins.filter(pl.col("by") == "site") if not bins.is_empty() else bins
    if bins.is_empty() or own["group"].n_unique() < 2:
        return [], 0
    told, left_off = [], 0
    keys = ["index", "group"]
    for index in _DRAWN:
        groups = (
            own.filter(pl.col("index") == index)
            .group_by(keys)
            .agg(pl.col("n").sum(), pl.col("mean", "sd").first())
            .sort("group")
        )
        if groups.height > limits.sites:
            whole = bins.filter((pl.col("by") == "all") & (pl.col("index") == index))
            groups = groups.with_columns(unusual=_unusual(whole)).sort(
                "unusual", "group", descending=[True, False], nulls_last=True
            )
        shown = groups.head(limits.sites * (1 + _FOLDED_TIMES))
        left_off = max(left_off, groups.height - shown.height)
        for place, row in enumerate(shown.iter_rows(named=True)):
            part = own.filter((pl.col("index") == index) & (pl.col("group") == row["group"]))
            told.append(
                {
                    "index": index,
                    "label": _label(index),
                    "site": row["group"],
                    "n": row["n"],
                    "mean": row["mean"],
                    "sd": row["sd"],
                    "folded": place >= limits.sites,
                    "bins": part.select("low", "high", "n").to_dicts(),
                }
            )
    checked: list[dict[str, Any]] = plain(told, limits=limits)
    return checked, left_off


def _unusual(whole: pl.DataFrame) -> pl.Expr:
    """How many standard errors a site's mean or SD lies from the whole study's, the further of the two."""
    mean, sd = (whole[name][0] if whole.height else None for name in ("mean", "sd"))
    if mean is None or not sd:
        return pl.lit(None, dtype=pl.Float64)
    n = pl.col("n").cast(pl.Float64)
    centre = (pl.col("mean") - mean).abs() * n.sqrt() / sd
    # The logarithm of an SD of n normal values has a standard error of 1 / sqrt(2 n).
    spread = (pl.when(pl.col("sd") > 0).then(pl.col("sd") / sd)).log().abs() * (2 * n).sqrt()
    return pl.max_horizontal(centre, spread)


def _funnels(quality: pl.DataFrame, curves: pl.DataFrame, limits: Limits) -> list[dict[str, Any]]:
    """Groups against what chance does to groups of their size; of several groupings the one with most groups."""
    told: list[dict[str, Any]] = []
    if curves.is_empty():
        return told
    for (statistic, variable), own in curves.group_by("statistic", "variable", maintain_order=True):
        candidates = []
        for by in own["by"].unique().sort():
            groups = quality.filter(
                (pl.col("by") == by)
                & (pl.col("statistic") == statistic)
                & (pl.col("variable") == variable)
                & pl.col("value").is_not_null()
                & (pl.col("n") >= 5)
            )
            candidates.append((groups.height, str(by), groups))
        _, by, groups = max(candidates, key=lambda each: (each[0], each[1]))
        curve = own.filter(pl.col("by") == by)
        shown = groups.sort(
            pl.col("beyond").fill_null(value=False), "n", descending=True, maintain_order=True
        ).head(_MOST_GROUPS)
        told.append(
            {
                "statistic": statistic,
                "variable": variable,
                "label": _label(str(variable)),
                "by": by,
                "centre": curve["centre"][0],
                "groups": shown.select("group", "n", "value", "beyond").to_dicts(),
                "left_off": groups.height - shown.height,
                "limits": curve.select("n", "low_95", "high_95", "low", "high").to_dicts(),
            }
        )
    checked: list[dict[str, Any]] = plain(told[:_MOST_FUNNELS], limits=limits)
    return checked


def _label(variable: str) -> str:
    known = reference.dictionary().get(("growth", variable))
    return known.label.split(",")[0] if known is not None else variable
