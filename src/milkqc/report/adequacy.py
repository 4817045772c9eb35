"""Milk against its adequacy estimates, as the report tells it."""

from __future__ import annotations

from typing import Any

import polars as pl

from milkqc import reference
from milkqc.model import Result
from milkqc.report.limits import Limits, listing, plain

MAE_NOTE = (
    "Below an MAE is not “deficient”. An MAE is a mean of well-nourished women: in a healthy population whose mean "
    "equals the MAE, 60–67 % of log-normally distributed samples lie below it. Read the share below together with "
    "the median as a multiple of the MAE."
)


def adequacy(result: Result, limits: Limits) -> dict[str, Any]:
    """What the mapping declared, the sentence on reading it, and the reference table, groups after the whole."""
    declared = result.settings.get("mae") or {}
    frame = result.mae_reference
    if "group" in frame.columns and not result.settings.get("unblinded"):
        frame = frame.filter(~pl.col("group").cast(pl.String).str.contains("^arm\\b").fill_null(value=False))
    frame = named(frame)
    if "group" in frame.columns:  # the whole before its groups, so that a cut listing loses groups first
        of_all = pl.col("group").fill_null("all") == "all"
        frame = frame.with_columns(whole=of_all).sort(~of_all, maintain_order=True)
    else:
        frame = frame.with_columns(whole=pl.lit(value=True))
    if "status" in frame.columns:
        status = pl.col("status").fill_null("").str.to_lowercase()
        sure = status.str.contains("verified|computed") & ~status.str.contains("unverified")
        frame = frame.with_columns(
            verified=sure | pl.col("mae").is_null() if "mae" in frame.columns else sure
        )
    return {
        "note": MAE_NOTE,
        "setting": {
            name: plain(declared.get(name), limits=limits)
            for name in ("authority", "basis", "set", "label", "values")
        },
        "set_labels": [
            _names().get(str(key), str(key).replace("_", " ")) for key in declared.get("set") or ()
        ],
        "groups": _several(frame, "group", ("all", "")),
        "table": listing(frame, limits.table, limits=limits, file="mae_reference.csv"),
    }


def _names() -> dict[str, str]:
    return {key: analyte.name.split(" (")[0] for key, analyte in reference.analytes().items()}


def _several(frame: pl.DataFrame, column: str, plain_words: tuple[str, ...]) -> bool:
    """Whether a column says anything beyond the word for everything."""
    return column in frame.columns and bool((frame[column].drop_nulls().is_in(plain_words).not_()).any())


def named(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with `label`, the analyte's name without its qualification (a study's own: its key)."""
    if "analyte" not in frame.columns:
        return frame
    names = _names()
    key = pl.col("analyte")
    return frame.with_columns(
        label=key.replace_strict(names, default=key.str.replace_all("_", " "), return_dtype=pl.String)
    )
