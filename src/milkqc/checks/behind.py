"""One cause is one finding: rows that stand behind what is said of their whole group inform, and no longer warn."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from milkqc.checks.habits import MEASURED_IN

# The rule about a row, and the one about its group. Nothing critical is among them: that stays what it is, row by row.
GROUPS: Mapping[str, str] = {
    "growth.wlz.flag": "growth.wlz.flag_often",
    "growth.baz.flag": "growth.baz.flag_often",
    "growth.length.shrinks": "growth.length.shrinks_often",
    "growth.head.shrinks": "growth.head.shrinks_often",
}
# A measure that grew too fast: on a day on which, as often in its group, it was measured twice with two results; in a
# row that stands behind its group for the same measure; or from a number that was, as often in its group, a copy.
SPEEDS: Mapping[str, tuple[str, ...]] = {
    "weight_kg": ("growth.wlz.flag", "growth.baz.flag"),
    "length_cm": ("growth.length.shrinks", "growth.wlz.flag", "growth.baz.flag"),
    "head_circumference_cm": ("growth.head.shrinks",),
}
COPIED = "growth.visit.copied_often"


def behind(drafts: pl.DataFrame, growth: pl.DataFrame) -> pl.DataFrame:
    """`drafts` with the warnings of rows of `growth` (its view) as information, where their group has a finding."""
    twice = {measure: f"growth.{measure}.same_day_in_group" for measure in SPEEDS}
    if not {*GROUPS.values(), *twice.values(), COPIED} & set(drafts["rule_id"].unique()):
        return drafts
    place = growth.select("row_id", MEASURED_IN, _day=pl.concat_str("infant_id", "age_days", separator="|"))
    there = drafts.select("row_id").join(
        place.unique("row_id", keep="first", maintain_order=True),
        on="row_id",
        how="left",
        maintain_order="left",
    )
    seen = drafts.with_columns(there.select(MEASURED_IN, "_day").get_columns())

    def of(rule: str, column: str) -> list[str]:
        """What the findings of a rule have in a column."""
        return seen.filter(pl.col("rule_id") == rule)[column].drop_nulls().unique().sort().to_list()

    def both(rule: str, column: str, among: list[str]) -> pl.Expr:
        return (pl.col("rule_id") == rule) & pl.col(column).is_in(among).fill_null(value=False)

    told = {row: both(row, MEASURED_IN, of(whole, "row_id")) for row, whole in GROUPS.items()}
    fast = []
    for measure, rows in SPEEDS.items():
        speed = f"growth.{measure}.velocity"
        same = seen.filter(pl.any_horizontal(told[row] for row in rows))["row_id"].to_list()
        carried = both(f"growth.{measure}.carried_forward", MEASURED_IN, of(COPIED, "row_id"))
        copies = seen.filter(carried)["row_id"].to_list()
        fast += [
            both(speed, "_day", of(twice[measure], "_day")),
            both(speed, "row_id", [*same, *copies, *_after(growth, measure, copies)]),
        ]
    inform = pl.any_horizontal(*told.values(), *fast) & (pl.col("severity") == "warning")
    severity = pl.when(inform).then(pl.lit("info")).otherwise("severity")
    return seen.with_columns(severity=severity).drop(MEASURED_IN, "_day")


def _after(growth: pl.DataFrame, measure: str, rows: list[str]) -> list[str]:
    """The rows of a child's next measurement after `rows`."""
    if not rows:
        return []
    before = pl.col("row_id").shift(1).over("infant_id", order_by=("age_days", "row_id"))
    measured = growth.filter(pl.col(measure).is_not_null() & pl.col("infant_id").is_not_null())
    return measured.filter(before.is_in(rows))["row_id"].to_list()
