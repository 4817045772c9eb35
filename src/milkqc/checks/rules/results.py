"""Laboratory results against their limits: numbers below them, censoring without one, limits above the MAE."""

from __future__ import annotations

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Judgement, rule

_LAB = ("analyte", "method", "batch")

for _table in ("milk", "biomarkers"):

    @rule(
        f"{_table}.value.under_limit",
        table=_table,
        columns=("value", "limit", "analyte", "unit"),
        needs=("value", "limit"),
        severity="info",
        source="Helsel 2012: a number below its limit is less certain than it looks",
        expected="at least the limit, {limit} {unit}",
        passes={"value": [5.0, 4.0, None], "limit": [5.0, None, 5.0], "analyte": ["zinc"] * 3},
        fails={"value": [4.0], "limit": [5.0], "analyte": ["zinc"]},
    )
    def under_limit() -> nw.Expr:
        """A plain number lies under the assay's own limit; it was kept as a number."""
        return nw.col("value") < nw.col("limit")

    @rule(
        f"{_table}.censored.without_limit",
        table=_table,
        columns=("censored", "limit", "analyte", "method", "batch", "raw"),
        needs=("censored",),
        per=_LAB,
        severity="info",
        source="Helsel 2012: a censored value without a limit carries no information",
        value="{raw}",
        expected="a limit",
        passes={"censored": ["<", None], "limit": [0.7, None], "analyte": ["zinc"] * 2},
        fails={"censored": ["<"], "limit": [None], "analyte": ["zinc"]},
    )
    def censored_without_limit() -> nw.Expr:
        """Results are below or above a limit that nobody gave; they can be compared with nothing."""
        return nw.col("limit").is_null()


@rule(
    "milk.limit.above_mae",
    table="milk",
    columns=("limit", "mae", "censored", "analyte", "method", "batch", "unit"),
    needs=("limit", "mae", "censored"),
    per=_LAB,
    severity="info",
    source="definition",
    expected="at most the MAE, {mae} {unit}",
    passes={
        "limit": [0.7, 200.0, 200.0],
        "mae": [146.0, 146.0, 146.0],
        "censored": ["<", ">", None],
        "analyte": ["iodine"] * 3,
    },
    fails={"limit": [200.0], "mae": [146.0], "censored": ["<"], "analyte": ["iodine"]},
)
def limit_above_mae() -> Judgement:
    """The assay's limit is above the adequacy estimate, so results below the limit cannot be compared with it."""
    return Judgement(nw.col("limit") > nw.col("mae"), among=nw.col("censored") == "<")
