"""What a group does so often that it is one cause: two values of one day that disagree, numbers carried on.

A rule names a row where that is rare, and the group where it is a habit; what makes the difference is counted here, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

# Who measured, and `*`, the whole table, where the study says neither site nor team.
MEASURED_IN = "measured_in"
# A group is named from this share and number of its rows on (milkqc's choice, unverified).
HABIT_SHARE, HABIT_ROWS = 0.02, 20
# Two weights of one day by one careful team differ by less than this share, two lengths or heads by less than this many
# cm (from general knowledge, unverified).
SAME_DAY = {"weight_kg": "5 %", "length_cm": "1 cm", "head_circumference_cm": "1 cm"}
# By rounding alone a measure may repeat within days; two weeks on, a child under five has grown (from general
# knowledge, unverified). A head hardly grows after the first year.
LATER_DAYS, HEAD_GROWS_DAYS = 14.0, 365.0
# Lengths and heads that shrink by more than measuring explains are a habit from this share of a group's measurements on:
# WHO asks for better data from one implausible score in a hundred on, and a child that shrinks is no likelier.
SHRUNK_SHARE, SHRUNK_CM = 0.01, 1.0
HABITS: Mapping[str, Any] = {
    MEASURED_IN: pl.String(),
    **{f"{measure}__same_day_often": pl.Boolean() for measure in SAME_DAY},
    **{f"{measure}__shrinks_often": pl.Boolean() for measure in ("length_cm", "head_circumference_cm")},
    "copied": pl.Boolean(),
    "copied_often": pl.Boolean(),
}
_ORDER = ("age_days", "row_id")


def with_habits(growth: pl.DataFrame, measured_by: str) -> pl.DataFrame:
    """The view of growth with the columns of HABITS, never null but for `copied` without an infant or an age.

    `measured_in`: who measured (the column `measured_by`), else `*`. `<measure>__same_day_often`: in the row's group
    it is a habit that two values of one child and day disagree. `<measure>__shrinks_often`: in the row's group it is one
    that children shrink. `copied`: a number that stands for the third time
    or more, or weight and length both as before; `copied_often`: in the row's group that is a habit.
    """
    # A column without any value may have no type to calculate with.
    seen = growth.with_columns(
        pl.col(*SAME_DAY, "age_days").cast(pl.Float64),
        pl.col(measured_by).fill_null("*").alias(MEASURED_IN),
    ).with_row_index("_at")
    asked = seen.filter(pl.col("infant_id").is_not_null() & (pl.col("age_days") >= 0))
    twice = {
        f"{measure}__same_day_often": pl.col(MEASURED_IN).is_in(
            _often(rows := asked.filter(pl.col(measure).is_not_null()), rows.filter(_same_day(measure)))
        )
        for measure in SAME_DAY
    }
    shrunk = {
        f"{measure}__shrinks_often": pl.col(MEASURED_IN).is_in(
            _often(
                rows := asked.filter(pl.col(measure).is_not_null()),
                rows.filter(_shrunk(measure)),
                SHRUNK_SHARE,
            )
        )
        for measure in ("length_cm", "head_circumference_cm")
    }
    copied = [_carried_on(asked, measure) for measure in SAME_DAY]
    both = asked.filter(pl.all_horizontal(pl.col("weight_kg", "length_cm").is_not_null()))
    copied.append(both.filter(_carried("weight_kg") & _carried("length_cm")))
    found = pl.concat(copied).unique("_at")
    told = seen.select(
        MEASURED_IN,
        **twice,
        **shrunk,
        copied=pl.when(pl.col("infant_id").is_not_null() & pl.col("age_days").is_not_null()).then(
            pl.col("_at").is_in(found["_at"].to_list())
        ),
        copied_often=pl.col(MEASURED_IN).is_in(_often(asked, found)),
    )
    return growth.with_columns(told.get_columns())


def _often(asked: pl.DataFrame, found: pl.DataFrame, share: float = HABIT_SHARE) -> list[str]:
    """The groups of `asked` of which `found` holds enough rows to be a habit."""
    rows = (
        asked.group_by(MEASURED_IN).len("rows").join(found.group_by(MEASURED_IN).len("found"), on=MEASURED_IN)
    )
    frequent = (pl.col("found") >= HABIT_ROWS) & (pl.col("found") >= pl.col("rows") * share)
    return rows.filter(frequent)[MEASURED_IN].sort().to_list()


def _before(column: str, steps: int = 1) -> pl.Expr:
    return pl.col(column).shift(steps).over("infant_id", order_by=_ORDER)


def _same_day(measure: str) -> pl.Expr:
    most = pl.col(measure) * 0.05 if measure == "weight_kg" else pl.lit(1.0)
    today = _before("age_days") == pl.col("age_days")
    return today & ((_before(measure) - pl.col(measure)).abs() > most + 1e-9)


def _shrunk(measure: str) -> pl.Expr:
    """Lower than at an earlier day by more than SHRUNK_CM, whatever the position."""
    return (_before(measure) - pl.col(measure) > SHRUNK_CM + 1e-3) & (
        _before("age_days") < pl.col("age_days")
    )


def _carried(measure: str, steps: int = 0) -> pl.Expr:
    """The measurement so many steps back is the number of the one before it, two weeks or more earlier."""
    here, day = (_before(name, steps) if steps else pl.col(name) for name in (measure, "age_days"))
    same = (_before(measure, steps + 1) - here).abs() < 1e-9
    return same & (_before("age_days", steps + 1) <= day - LATER_DAYS)


def _carried_on(asked: pl.DataFrame, measure: str) -> pl.DataFrame:
    rows = asked.filter(pl.col(measure).is_not_null())
    if measure == "head_circumference_cm":
        rows = rows.filter(pl.col("age_days") <= HEAD_GROWS_DAYS)
    return rows.filter(_carried(measure) & _carried(measure, 1))
