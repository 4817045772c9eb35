"""How a concentration compares with an adequacy estimate: the one place where that is decided.

derive.adequacy puts the answer beside each result, summarise.mae_reference counts it for each basis.
"""

from __future__ import annotations

import polars as pl

from milkqc.reference.mae import MaeChoice

STATUSES = (
    "below",
    "at_or_above",
    "undetermined",
    "not_measured",
    "not_comparable",
    "outside_age",
    "none",
)

# A value equal to the estimate in its own unit may differ from it in the last bits after conversion.
TOLERANCE = 1e-12


def judged(results: pl.DataFrame, choice: MaeChoice | None) -> pl.DataFrame:
    """`results` with `mae` (canonical unit), `below_mae` and `mae_status`, its rows in their order.

    Needs analyte, measures, value, censored, limit (canonical unit) and days_postpartum. The first of these
    that holds is the status: `none` no estimate for the analyte; `not_measured` neither a number nor censored;
    `not_comparable` the estimate is for another measurand (a total needs `measures` to say the same);
    `outside_age` the day is outside the estimate's ages; `undetermined` the day is unknown, or `<L` with L
    above the estimate, `>L` with L below it, or no limit; else `below` or `at_or_above`. `<L` with L at or
    below the estimate is below, without imputation. `below_mae` is null unless one of the last two. `mae` is
    there wherever the estimate holds for the row's measurand and day, measured or not.
    """
    if choice is None:
        return results.with_columns(
            mae=pl.lit(None, pl.Float64), below_mae=pl.lit(None, pl.Boolean), mae_status=pl.lit("none")
        )
    measurands = choice.table.select("analyte", _measurand="measurand").unique("analyte", maintain_order=True)
    known = results.join(measurands, on="analyte", how="left", maintain_order="left").join(
        _by_day(results, choice), on=["analyte", "days_postpartum"], how="left", maintain_order="left"
    )
    comparable = (
        pl.when(pl.col("_measurand") == pl.col("analyte"))
        .then(pl.col("measures").is_null() | pl.col("measures").is_in(_names_of_whole()))
        .otherwise(pl.col("measures") == pl.col("_measurand"))
        .fill_null(value=False)
    )
    mae = pl.when(comparable).then("_mae")
    below = (
        pl.when(pl.col("censored").is_null())
        .then(pl.col("value") < pl.col("_mae") * (1 - TOLERANCE))
        .when((pl.col("censored") == "<") & (pl.col("limit") <= pl.col("_mae") * (1 + TOLERANCE)))
        .then(pl.lit(value=True))
        .when((pl.col("censored") == ">") & (pl.col("limit") >= pl.col("_mae") * (1 - TOLERANCE)))
        .then(pl.lit(value=False))
    )
    status = (
        pl.when(pl.col("_measurand").is_null())
        .then(pl.lit("none"))
        .when(pl.col("value").is_null() & pl.col("censored").is_null())
        .then(pl.lit("not_measured"))
        .when(~comparable)
        .then(pl.lit("not_comparable"))
        .when(pl.col("_mae").is_null() & pl.col("days_postpartum").is_not_null())
        .then(pl.lit("outside_age"))
        .when(below.is_null())
        .then(pl.lit("undetermined"))
        .when(below)
        .then(pl.lit("below"))
        .otherwise(pl.lit("at_or_above"))
    )
    judgement = known.with_columns(mae=mae, mae_status=status)
    answer = pl.col("mae_status").replace_strict(
        {"below": True, "at_or_above": False}, default=None, return_dtype=pl.Boolean
    )
    return judgement.with_columns(below_mae=answer).select(
        *(name for name in results.columns if name not in ("mae", "below_mae", "mae_status")),
        "mae",
        "below_mae",
        "mae_status",
    )


def _names_of_whole() -> pl.Expr:
    """For an estimate of the analyte itself, `measures` may repeat its name or call it a total."""
    return pl.concat_list("analyte", pl.format("total_{}", "analyte"))


def _by_day(results: pl.DataFrame, choice: MaeChoice) -> pl.DataFrame:
    """analyte, days_postpartum, _mae for the pairs that occur and lie within a segment."""
    share = (pl.col("days_postpartum") - pl.col("from_days")) / (pl.col("to_days") - pl.col("from_days"))
    along = pl.when(pl.col("to_days") > pl.col("from_days")).then(share).otherwise(0.0)
    return (
        results.select("analyte", pl.col("days_postpartum").cast(pl.Float64))
        .unique()
        .join(choice.segments(), on="analyte", how="inner")
        .filter(pl.col("days_postpartum").is_between("from_days", "to_days"))
        .sort("analyte", "days_postpartum", "from_days")
        .unique(["analyte", "days_postpartum"], keep="first", maintain_order=True)
        .select(
            "analyte",
            "days_postpartum",
            _mae=pl.col("from_value") + (pl.col("to_value") - pl.col("from_value")) * along,
        )
    )
