"""Rules as plain narwhals expressions: for a large or remote table, checked where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals.stable.v2 as nw
import polars as pl

from milkqc.checks.ledger import reason
from milkqc.checks.suites.kinds import KINDS
from milkqc.model import Rule


def judge(values: Sequence[pl.Series], rules: Sequence[Rule]) -> list[list[int] | str]:
    """For each rule the positions of its values that fail, or why it broke; values have no nulls but for not_null."""
    found: list[list[int] | str] = []
    for series, rule in zip(values, rules, strict=True):
        frame = nw.from_native(series.alias("value").to_frame().with_row_index("at"), eager_only=True)
        try:
            fails = KINDS[rule.expect].fails(nw.col("value"), rule.arguments)
            found.append(frame.filter(fails)["at"].to_list())
        except (pl.exceptions.PolarsError, nw.exceptions.NarwhalsError) as error:
            found.append(reason(error))
    return found


def failing(rule: Rule, frame: Any) -> Any:
    """The rows of any frame narwhals knows that fail a row rule; the same kind of frame, its rows filtered.

    Dates must be given as days since 1970-01-01. Rows whose `when` is unknown, and nulls, are not judged.
    """
    table = nw.from_native(frame)
    tests = [
        nw.col(column).is_in(list(wanted)) if isinstance(wanted, tuple) else nw.col(column) == wanted
        for column, wanted in sorted(rule.when.items())
    ]
    there = [~nw.col(column).is_null() for column in sorted(rule.when)]
    if rule.expect != "not_null":
        there.append(~nw.col(rule.columns[0]).is_null())
    if there:
        table = table.filter(*there)
    if tests:
        table = table.filter(*tests)
    return table.filter(KINDS[rule.expect].fails(nw.col(rule.columns[0]), rule.arguments)).to_native()
