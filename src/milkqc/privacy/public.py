"""A result that anybody may read: aggregates only, no small count, and no text that came from the data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from milkqc.model import Result
from milkqc.privacy.counts import LEAST, enough, marked, rounded, share

WITHHELD = "(withheld)"
ALL = "all"
_COUNTS: Mapping[str, tuple[str, ...]] = {
    "mae_reference": (
        "mothers",
        "results",
        "measured",
        "censored",
        "below",
        "at_or_above",
        "undetermined",
        "not_comparable",
        "outside_age",
        "not_measured",
        "clusters",
    ),
    "checks": ("looked_at", "failed", "not_judged", "findings"),
}
# What a run's settings say of the method; anything a person typed as a reason, every date and file stays behind.
_SETTINGS = (
    "study",
    "title",
    "simulated",
    "milkqc_version",
    "fail_on",
    "verdict",
    "exit_code",
    "schedule",
    "stage_cutoffs",
    "preterm_age",
    "censored",
)
_REASONS = {
    "pass": "No open finding of the severity that counts.",
    "fail": "Open findings of the severity that counts decided it.",
    "incomplete": "At least one check could not run to its end.",
}
# Why a check did not run may quote a value or a person; its status does not.
_WHY = {
    "skipped": "Switched off by the study.",
    "broken": "It stopped with an error.",
    "not_applicable": "The study gives it nothing to judge by.",
    "nothing_to_look_at": "There is nothing of its kind.",
}
LEFT_OUT = (
    "all rows: harmonised tables, lineage, analysis table, findings, rejected rows",
    "names, checksums and row counts of the source files, the mapping and the rule files",
    "sites, arms and every other group; visits that the mapping's schedule does not name",
    "dates, the run's own included; reasons and notes that people typed",
    f"counts below {LEAST} and what is computed from them; other counts are rounded down to a multiple of {LEAST}",
    "minima and maxima; medians of fewer than 10 results, quartiles of fewer than 20, means of fewer than 10",
)


def publish(result: Result) -> Result:
    """The public part of `result`; a count that is not published is null (`tables` writes `<5`).

    The tables of rows, findings, rejected rows and lineage are there and empty. Only statistics that this room
    knows are kept, so that a new one stays inside until somebody has decided what of it may be shown.
    """
    visits = tuple(result.settings.get("schedule") or ())
    reference = _reference(result, visits)
    return replace(
        result,
        participants=result.participants.clear(),
        visits=result.visits.clear(),
        growth=result.growth.clear(),
        milk=result.milk.clear(),
        biomarkers=result.biomarkers.clear(),
        analysis=result.analysis.clear(),
        mae_reference=reference,
        findings=result.findings.clear(),
        checks=_checks(result.checks),
        rejected=result.rejected.clear(),
        codebook=result.codebook.with_columns(source=pl.lit(None, dtype=pl.String)),
        lineage={},
        origins=(),
        reconciliation=(),
        trace={},
        settings=_settings(result),
        statistics={
            name: made(_of_visits(result.statistics[name], visits))
            for name, made in _STATISTICS.items()
            if name in result.statistics
        },
    )


def tables(published: Result) -> dict[str, pl.DataFrame]:
    """The tables to write, by file name without its ending; a count that is not published reads `<5`."""
    survey = {
        name: published.statistics[name] for name in ("survey_quality",) if name in published.statistics
    }
    return {
        "mae_reference": marked(published.mae_reference, _COUNTS["mae_reference"]),
        "checks": marked(published.checks, _COUNTS["checks"]),
        **{name: marked(frame, ("n",)) for name, frame in survey.items()},
        **{
            name: marked(published.statistics[name], ("rows", "values"))
            for name in ("harmonisation",)
            if name in published.statistics
        },
        "codebook": published.codebook,
    }


def _settings(result: Result) -> dict[str, Any]:
    settings = result.settings
    mae = settings.get("mae")
    return {
        **{name: settings[name] for name in _SETTINGS if name in settings},
        "verdict_reason": _REASONS.get(str(settings.get("verdict")), ""),
        "mae": None if not mae else {name: mae.get(name) for name in ("authority", "basis", "set")},
        "privacy": {
            "level": "public",
            "least_count": LEAST,
            "rounded_down_to": LEAST,
            "left_out": list(LEFT_OUT),
        },
    }


def _of_visits(frame: pl.DataFrame, visits: Iterable[str]) -> pl.DataFrame:
    """Rows of planned visits, and rows of no visit: any other visit's name is text from the data."""
    if "visit" not in frame.columns:
        return frame
    return frame.filter(pl.col("visit").is_null() | pl.col("visit").is_in(list(visits)))


def _reference(result: Result, visits: Iterable[str]) -> pl.DataFrame:
    """The reference table of everybody together, a row of fewer than five mothers without any figure."""
    frame = _of_visits(result.mae_reference, visits).filter(pl.col("group") == ALL)
    own = bool((result.settings.get("mae") or {}).get("values"))
    lineage = result.lineage.get("milk", pl.DataFrame())
    typed = [name for name in ("method", "measures") if _mapped(lineage, name)]
    if own:  # the study's own file of estimates: what people wrote beside the numbers
        typed += ["measurand", "edition", "derivation", "status", "source"]
    known = pl.col("measured") + pl.col("censored")
    applied = pl.col("below") + pl.col("at_or_above") + pl.col("undetermined")
    both = (pl.col("below") >= LEAST) & (pl.col("at_or_above") >= LEAST)
    either = (pl.col("measured") >= LEAST) & (pl.col("censored") >= LEAST)
    figures = {
        "mae": pl.col("mae"),
        **{
            name: share(pl.col(name), both)
            for name in (
                "percent_below",
                "percent_below_low",
                "percent_below_high",
                "percent_below_km",
                "percent_below_ros",
            )
        },
        "percent_censored": share(pl.col("percent_censored"), either),
        **{name: enough(pl.col(name), known, 20) for name in ("q25", "q75", "ros_q25", "ros_q75")},
        **{name: enough(pl.col(name), known, 10) for name in ("median", "ros_median")},
        "median_over_mae": enough(pl.col("median_over_mae"), applied, 10),
    }
    people = pl.col("mothers") >= LEAST
    return frame.with_columns(
        **{name: pl.when(people).then(figure) for name, figure in figures.items()},
        **{name: pl.when(people).then(rounded(pl.col(name))) for name in _COUNTS["mae_reference"]},
        **{name: pl.when(pl.col(name).is_not_null()).then(pl.lit(WITHHELD)) for name in typed},
    )


def _mapped(lineage: pl.DataFrame, name: str) -> bool:
    """Whether the data, and not the mapping, says what `name` is."""
    raw = f"{name}__raw"
    return raw in lineage.columns and lineage[raw].null_count() < lineage.height


def _checks(checks: pl.DataFrame) -> pl.DataFrame:
    return checks.with_columns(
        *(rounded(pl.col(name)).alias(name) for name in _COUNTS["checks"]),
        why=pl.col("status").replace_strict(_WHY, default="", return_dtype=pl.String),
        source=pl.col("source").str.split("; changed by the study:").list.first(),
    )


def _missing(frame: pl.DataFrame) -> pl.DataFrame:
    both = (pl.col("present") >= LEAST) & (pl.col("missing") >= LEAST)
    return frame.with_columns(
        *(rounded(pl.col(name)).alias(name) for name in ("rows", "present", "missing")),
        percent_missing=share(pl.col("percent_missing"), both),
        reasons=pl.lit(""),
    )


def _censored(frame: pl.DataFrame) -> pl.DataFrame:
    both = (pl.col("censored") >= LEAST) & (pl.col("results") - pl.col("censored") >= LEAST)
    return frame.with_columns(
        *(rounded(pl.col(name)).alias(name) for name in ("results", "censored")),
        percent_censored=share(pl.col("percent_censored"), both),
    )


def _zscores(frame: pl.DataFrame) -> pl.DataFrame:
    n = pl.col("n")

    def of(name: str) -> pl.Expr:
        there = (pl.col(name) * n / 100).round(0)
        return share(pl.col(name), (there >= LEAST) & (n - there >= LEAST))

    return frame.with_columns(
        *(rounded(pl.col(name)).alias(name) for name in ("n", "flagged")),
        mean=pl.when(n >= 10).then(pl.col("mean").round(2)),
        sd=pl.when(n >= 10).then(pl.col("sd").round(2)),
        percent_below_minus_2=of("percent_below_minus_2"),
        percent_above_plus_2=of("percent_above_plus_2"),
        percent_flagged=share(pl.col("percent_flagged"), (pl.col("flagged") >= LEAST) & (n >= LEAST)),
    )


def _bins(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("n") >= LEAST).with_columns(n=rounded(pl.col("n")))


def _ages(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        n=rounded(pl.col("n")),
        median_age_days=pl.when(pl.col("n") >= 10).then(pl.col("median_age_days").round(0)),
        min_age_days=pl.lit(None, dtype=pl.Float64),
        max_age_days=pl.lit(None, dtype=pl.Float64),
    )


def _harmonisation(frame: pl.DataFrame) -> pl.DataFrame:
    """How far the dictionary's variables are there; notes, source columns and own variables are people's words."""
    nothing = pl.lit(None, dtype=pl.String)
    known = (pl.col("table") != "") & ~pl.col("variable").str.starts_with("x_")
    return frame.filter(known).with_columns(
        *(rounded(pl.col(name)).alias(name) for name in ("rows", "values")),
        *(nothing.alias(name) for name in ("note", "source", "blocks")),
    )


def _survey(frame: pl.DataFrame) -> pl.DataFrame:
    """Survey quality of everybody together, of 30 values or more; p-values and limits would tell exact counts.

    `why` may name a limit of the data; the status says enough.
    """
    own = frame.filter(pl.col("by") == ALL)
    enough_known = pl.col("n") >= _LEAST_SURVEYED
    counted = (pl.col("value") * pl.col("n") / 100).round(0)
    both = (counted >= LEAST) & (pl.col("n") - counted >= LEAST)
    of_counts = pl.col("statistic").is_in(_SHARES)
    value = (
        pl.when(of_counts)
        .then(share(pl.col("value"), both))
        .when(pl.col("statistic").is_in(["sex_ratio", "age_ratio"]))
        .then(pl.col("value").round(1))
        .otherwise(pl.col("value").round(2))
    )
    nothing = pl.lit(None, dtype=pl.Float64)
    hidden = of_counts & ~both.fill_null(value=False)
    return own.with_columns(
        value=pl.when(enough_known).then(value),
        p=nothing,
        low=nothing,
        high=nothing,
        beyond=pl.lit(None, dtype=pl.Boolean),
        n=rounded(pl.col("n")),
        why=pl.lit(""),
        **{name: pl.when(enough_known & ~hidden).then(pl.col(name)) for name in ("class", "penalty")},
    )


# Statistics whose value is a share of the rows, and how many values a published statistic rests on.
_SHARES = (
    "missing_share",
    "flagged_smart",
    "flagged_who",
    "standing_under_24_months",
    "lying_from_24_months",
)
_LEAST_SURVEYED = 30
_STATISTICS = {
    "missing": _missing,
    "censored": _censored,
    "zscores": _zscores,
    "zscore_bins": _bins,
    "ages": _ages,
    "survey_quality": _survey,
    "harmonisation": _harmonisation,
}
