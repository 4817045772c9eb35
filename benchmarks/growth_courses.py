"""Faults in a child's course, planted into a simulated growth table, and the rules that should name them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

Planted = tuple[pl.DataFrame, set[str]]
_BEFORE = {name: pl.col(name).shift(1).over("infant_id", order_by="age_reported_days") for name in
           ("weight_kg", "length_cm", "head_circumference_cm")}  # fmt: skip


@dataclass(frozen=True)
class Course:
    """`plant(table, share, seed)` gives the spoilt table and the ids of the rows; any of `rules` names them rightly."""

    plant: Callable[[pl.DataFrame, float, int], Planted]
    rules: tuple[str, ...]


def changed(
    changes: Mapping[str, pl.Expr], *, later: bool = True
) -> Callable[[pl.DataFrame, float, int], Planted]:
    """The changes in a share of the rows, of `later` visits only where they need one before."""

    def plant(table: pl.DataFrame, share: float, seed: int) -> Planted:
        drawn = pl.Series(np.random.default_rng(seed).random(table.height) < share)
        hit = table.select(
            pl.lit(drawn) & (_BEFORE["weight_kg"].is_not_null() if later else True)
        ).to_series()
        spoilt = table.with_columns(
            pl.when(hit).then(value).otherwise(pl.col(name)).alias(name) for name, value in changes.items()
        )
        return spoilt, set(table.filter(hit)["row_id"])

    return plant


def twice(table: pl.DataFrame, share: float, seed: int) -> Planted:
    """A second row of the day, with a weight 8 % higher; found where either of the two is named."""
    hit = pl.Series(np.random.default_rng(seed).random(table.height) < share)
    again = table.filter(hit).with_columns(
        row_id=pl.col("row_id") + "#2", weight_kg=(pl.col("weight_kg") * 1.08).round(2)
    )
    return pl.concat([table, again]), set(again["row_id"])


COURSES: Mapping[str, Course] = {
    "weighed twice a day, 8 % apart": Course(twice, ("growth.weight_kg.same_day", "growth.weight_kg.same_day_in_group")),
    "weight as at the visit before": Course(
        changed({"weight_kg": _BEFORE["weight_kg"]}), ("growth.weight_kg.carried_forward", "growth.weight_kg.carried_on")
    ),
    "weight and length as at the visit before": Course(
        changed({name: _BEFORE[name] for name in ("weight_kg", "length_cm")}),
        ("growth.visit.carried_forward", "growth.weight_kg.carried_forward", "growth.weight_kg.carried_on"),
    ),
    "length 2 cm below the visit before": Course(
        changed({"length_cm": _BEFORE["length_cm"] - 2}), ("growth.length.shrinks", "growth.length_cm.velocity", "growth.laz.flag")
    ),
    "weight 40 % too high": Course(
        changed({"weight_kg": (pl.col("weight_kg") * 1.4).round(2)}), ("growth.weight_kg.velocity", "growth.waz.flag")
    ),
    "weight 30 % too low": Course(
        changed({"weight_kg": (pl.col("weight_kg") * 0.7).round(2)}), ("growth.weight_kg.velocity", "growth.waz.flag")
    ),
    "length 10 cm too high": Course(
        changed({"length_cm": pl.col("length_cm") + 10}), ("growth.length_cm.velocity", "growth.laz.flag")
    ),
    "head 5 cm too large": Course(
        changed({"head_circumference_cm": pl.col("head_circumference_cm") + 5}),
        ("growth.head_circumference_cm.velocity", "growth.hcz.flag"),
    ),
}  # fmt: skip


def told_share(drafts: pl.DataFrame, scored: pl.DataFrame, course: Course, rows: set[str]) -> float:
    """The share of `rows` that one of the course's rules names; WHO's flags are read from the scored table."""
    told = set(drafts.filter(pl.col("rule_id").is_in(course.rules))["row_id"])
    for rule in course.rules:
        if rule.endswith(".flag"):
            told |= set(scored.filter(pl.col(f"{rule.split('.')[1]}_flag"))["row_id"])
    known = {row.removesuffix("#2") for row in told}
    return sum(row.removesuffix("#2") in known for row in rows) / max(len(rows), 1)
