"""What the columns of one analyte are called where milk is wide: for those who make, label and write them."""

from __future__ import annotations

import hashlib
import re

import polars as pl

from milkqc.reference.analytes import analytes

# `milk_` + 17 + `_below_mae` is 32, the longest name that Stata takes.
LONGEST_SHORT = 17
_LONGEST = 32


def short_of(analyte: str) -> str:
    """The analyte's `short`; a study's own key where it has none, cut with a part of its hash when too long."""
    known = analytes().get(analyte)
    short = known.short if known is not None and known.short else analyte
    if len(short) <= LONGEST_SHORT:
        return short
    return f"{short[: LONGEST_SHORT - 5]}_{hashlib.sha256(short.encode()).hexdigest()[:4]}"


def unit_of(analyte: str, seen: pl.Series) -> str:
    """The canonical unit; for an analyte of the study's own, the unit that its rows carry (`seen`, as text)."""
    known = analytes().get(analyte)
    if known is not None:
        return known.unit
    units = seen.drop_nulls().unique().sort().to_list()
    return str(units[0]) if units else ""


def columns_of(analyte: str, unit: str) -> dict[str, str]:
    """Names by what they hold: value (`milk_iodine_ug_l`), censored (`_cens`), limit and below_mae."""
    short = short_of(analyte)
    slug = re.sub(r"[^a-z0-9]+", "_", unit.lower().replace("%", "percent")).strip("_")
    return {
        "value": f"milk_{short}_{slug}"[:_LONGEST].rstrip("_"),
        "censored": f"milk_{short}_cens",
        "limit": f"milk_{short}_limit",
        "below_mae": f"milk_{short}_below_mae",
    }
