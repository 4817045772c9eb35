"""Several rows under one key: read as the mapping says, nothing dropped that it does not say is a copy."""

from __future__ import annotations

import polars as pl

from milkqc import reference, units
from milkqc.errors import UnitError
from milkqc.mapping import merge, targets
from milkqc.mapping.built import PLACED_PROBLEMS, conflict_problems
from milkqc.mapping.language import Amount, Repeats


def policy_of(table: str, repeats: Repeats | None) -> Repeats:
    """The block's policy: participants are facts that do not change, so theirs are `same` unless said otherwise."""
    return repeats or Repeats.model_validate("same" if table == "participants" else "finding")


def merge_key(table: str) -> list[str]:
    """What must be the same for two rows to be one: of an infant's rows also the participant."""
    return ["participant_id", "infant_id"] if table == "participants" else list(targets.row_id_parts(table))


def apply(table: str, frame: pl.DataFrame, policy: Repeats) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The table with `repeats` and `repeat_allowed`, and the problems found on the way (PLACED_PROBLEMS).

    `same` and `agree` make one row of several; `replicate` numbers them, `latest` marks the others as not
    reported; `keep` and `finding` leave them all.
    """
    key = merge_key(table)
    none = pl.DataFrame(schema=PLACED_PROBLEMS)
    frame = frame.with_columns(
        repeats=pl.lit(policy.policy), repeat_allowed=pl.lit(policy.policy in {"keep", "replicate"})
    )
    if frame.is_empty():
        return frame, none
    if policy.policy == "same":
        merged, conflicts = merge.merge(frame, key)
        return merged, conflict_problems(conflicts, merged)
    if policy.policy == "agree" and policy.agree is not None:
        return _agree(table, frame, key, policy.agree)
    if policy.policy == "replicate" and "replicate" not in frame.columns and table in {"milk", "biomarkers"}:
        # Numbered by what they hold, so that the order of the rows changes nothing.
        number = pl.int_range(1, pl.len() + 1).over(key, order_by=["raw", "source_file", "source_row"])
        frame = frame.with_columns(replicate=number.cast(pl.Int64))
    if policy.policy == "latest":
        top = pl.col("_latest") == pl.col("_latest").max().over(key)
        ordered = pl.col("_latest").max().over(key).is_not_null()
        reported = pl.when(ordered).then(top.fill_null(False)).otherwise(True)
        frame = frame.with_columns(reported=reported)
        tied = pl.col("reported").cast(pl.Int64).sum().over(key) > 1
        frame = frame.with_columns(repeat_allowed=~tied | ~pl.col("reported"))
    return frame.drop("_latest", strict=False), none


def _agree(
    table: str, frame: pl.DataFrame, key: list[str], amount: Amount
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Keys whose rows give the same numbers within `amount` become one row; the others stay, each a finding.

    An absolute amount is in the canonical unit of what is compared. Of the numbers that agree the one whose text
    sorts first is kept, with all their texts; whatever else the rows disagree on is a conflict.
    """
    numbers = [
        name
        for name in frame.columns
        if name == "number" or (name.endswith("__number") and not name.startswith("let_"))
    ]
    canonical = frame.with_columns(
        (frame[name] * _factors(table, frame, name)).alias(f"_{name}") for name in numbers
    )
    apart = pl.lit(False)
    for name in numbers:
        low, high = pl.col(f"_{name}").min().over(key), pl.col(f"_{name}").max().over(key)
        bound = high.abs() * (amount.value / 100) if amount.relative else pl.lit(amount.value)
        apart = apart | ((high - low) > bound + 1e-9).fill_null(False)
    if "censored" in frame.columns:
        apart = apart | (pl.col("censored").fill_null("").n_unique().over(key) > 1)
        # `<0.5` and `<50` do not say the same, however near: limits are compared exactly.
        limit = pl.when(pl.col("censored").is_not_null()).then("limit_raw")
        apart = apart | (limit.n_unique().over(key) > 1)
    stay = canonical.select(apart.alias("apart")).to_series()
    lets = [name for name in merge.variables(frame) if name.startswith("let_")]
    agreed = [*(name.removesuffix("__number") for name in numbers), *lets]
    merged, conflicts = merge.merge(frame.filter(~stay), key, agreed=agreed)
    return pl.concat([merged, frame.filter(stay)], how="diagonal"), conflict_problems(conflicts, merged)


def _factors(table: str, frame: pl.DataFrame, name: str) -> pl.Series:
    """The factor that brings each row's number to the canonical unit; 1 where none can be had."""
    if name == "number":
        by = ["analyte", "raw_unit", "substance"]
        known = frame.select(by).unique(maintain_order=True)
        made = [
            _result_factor(unit, reference.analytes()[analyte].unit, substance)
            for analyte, unit, substance in known.rows()
        ]
        factors = known.with_columns(
            _factor=pl.Series([factor for factor, _ in made], dtype=pl.Float64),
            _of=pl.Series([of for _, of in made], dtype=pl.String),
        )
        each = frame.select(by).join(factors, on=by, how="left", nulls_equal=True, maintain_order="left")
        factor = each["_factor"]
        for of, content in (("milk", "density_kg_l"), ("fat", "fat_g_l")):
            if content in frame.columns:
                factor = pl.select(
                    pl.when((each["_of"] == of).fill_null(False))
                    .then(factor * frame[content])
                    .otherwise(factor)
                ).to_series()
        return factor
    variable = name.removesuffix("__number")
    column = reference.dictionary().get((table, variable))
    if column is None:
        return pl.Series([1.0] * frame.height, dtype=pl.Float64)
    units_of = frame[f"{variable}__raw_unit"]
    by_unit = {unit: _factor(unit, column.unit, None) for unit in units_of.drop_nulls().unique().to_list()}
    return units_of.replace_strict(by_unit, default=1.0, return_dtype=pl.Float64)


def _result_factor(unit: str | None, to: str, substance: str | None) -> tuple[float, str | None]:
    """The factor, and what of each sample it still has to be multiplied by (milk: density, fat)."""
    try:
        factor, per = units.content_factor(unit, to, substance=substance) if unit else (1.0, None)
    except UnitError:
        return 1.0, None  # normalise reports it; here it only decides whether two rows say the same
    return factor, None if per is None else per.of


def _factor(unit: str | None, to: str, substance: str | None) -> float:
    try:
        return units.unit_factor(unit, to, substance=substance) if unit else 1.0
    except UnitError:
        return 1.0  # normalise reports it; here it only decides whether two rows say the same
