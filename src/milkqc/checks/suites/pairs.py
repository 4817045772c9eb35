"""The kinds that hold one value against another: of another column, or of the row before it in time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals.stable.v2 as nw

from milkqc.checks.ledger import written
from milkqc.checks.suites.kind import ANY, ORDERED, Ground, GxCall, Kind, Operand, itself
from milkqc.model import Rule

WORDS = {
    "below": "below",
    "at_most": "at most",
    "above": "above",
    "at_least": "at least",
    "equal": "equal to",
    "different": "different from",
}
DIRECTIONS = ("rising", "falling")
# The name under which a window finds whether a row has all that it needs.
KNOWN = "_known"
_PAIR = "expect_column_pair_values_a_to_be_greater_than_b"


def _bound(rule: Rule, sign: int) -> Operand:
    """`factor` x other + `offset`, with the tolerance in favour of the row."""
    name, arguments = rule.columns[1], rule.arguments
    factor, offset = (
        arguments.get("factor"),
        arguments.get("offset", 0) + sign * arguments.get("tolerance", 0),
    )
    if factor is None and not offset:
        return itself(name)
    bound = nw.col(name) if factor is None else nw.col(name) * factor
    return Operand(f"{factor}*{name}+{offset}", bound + offset if offset else bound)


def _compared(rule: Rule) -> Mapping[str, Operand]:
    value, word = itself(rule.columns[0]), rule.arguments["is"]
    if word == "equal" and rule.arguments.get("tolerance"):
        return {"value": value, "low": _bound(rule, -1), "high": _bound(rule, 1)}
    sign = {"below": 1, "at_most": 1, "above": -1, "at_least": -1}.get(word, 0)
    return {"value": value, "other": _bound(rule, sign)}


def _compare_fails(arguments: Mapping[str, Any], names: Mapping[str, str]) -> nw.Expr:
    value, word = nw.col(names["value"]), arguments["is"]
    if "low" in names:
        return (value < nw.col(names["low"])) | (value > nw.col(names["high"]))
    other = nw.col(names["other"])
    if word == "below":
        return value >= other
    if word == "at_most":
        return value > other
    if word == "above":
        return value <= other
    if word == "at_least":
        return value < other
    return value != other if word == "equal" else value == other


def above(high: str, low: str, *, or_equal: bool) -> GxCall:
    """One operand above another, where both are there."""
    return _PAIR, {
        "column_A": high,
        "column_B": low,
        "or_equal": or_equal,
        "ignore_row_if": "either_value_is_missing",
    }


def _gx_compare(arguments: Mapping[str, Any]) -> list[GxCall]:
    word = arguments["is"]
    if word == "equal" and arguments.get("tolerance"):
        return [above("value", "low", or_equal=True), above("high", "value", or_equal=True)]
    if word in {"below", "at_most"}:
        return [above("other", "value", or_equal=word == "at_most")]
    if word in {"above", "at_least"}:
        return [above("value", "other", or_equal=word == "at_least")]
    if word == "equal":
        pair = {"column_A": "value", "column_B": "other", "ignore_row_if": "either_value_is_missing"}
        return [("expect_column_pair_values_to_be_equal", pair)]
    apart = {"column_list": ["value", "other"], "ignore_row_if": "any_value_is_missing"}
    return [("expect_select_column_values_to_be_unique_within_record", apart)]


def _compare_text(arguments: Mapping[str, Any], unit: str, row: Mapping[str, Any]) -> str:
    """`at most 1.5 x 50 cm + 2 (length_cm)`, as far as the row says it."""
    name, other = arguments["other"], written(row.get(arguments["other"]))
    factor, offset = arguments.get("factor"), arguments.get("offset")
    of = other if other is not None else name
    if factor is not None:
        of = f"{written(factor)} x {of}"
    if offset:
        of = f"{of} {'+' if offset > 0 else '-'} {written(abs(offset))}"
    tolerance = f", give or take {written(arguments['tolerance'])}" if arguments.get("tolerance") else ""
    shown = f" ({name.replace('_', ' ')})" if other is not None else ""
    return (
        f"{WORDS[arguments['is']]} {of}{f' {unit}' if unit and other is not None else ''}{shown}{tolerance}"
    )


def _before(rule: Rule) -> Mapping[str, Operand]:
    """The value of the row before, in the order given, within the same participant; null at equal order."""
    value, order, *within = rule.columns
    by = tuple(within)
    ordered = ["row_id"] if order == "row_id" else [order, "row_id"]
    earlier = nw.col(value).shift(1).over(KNOWN, *by, order_by=ordered)
    when = nw.col(order).shift(1).over(KNOWN, *by, order_by=ordered)
    tolerance = rule.arguments.get("tolerance", 0)
    slack = -tolerance if rule.arguments["direction"] == "rising" else tolerance
    before = nw.when(nw.col(KNOWN) & (when < nw.col(order))).then(earlier + slack if slack else earlier)
    needed = (value, order, *by)
    known = nw.all_horizontal(*(~nw.col(one).is_null() for one in needed), ignore_nulls=False)
    key = f"{value} before by {order} within {'|'.join(by)} {slack}"
    return {
        "value": itself(value),
        "before": Operand(key, before, Ground(f"known {needed}", ({KNOWN: known},))),
    }


def _backwards(arguments: Mapping[str, Any], names: Mapping[str, str]) -> nw.Expr:
    value, before = nw.col(names["value"]), nw.col(names["before"])
    if arguments["direction"] == "rising":
        return value <= before if arguments.get("strict") else value < before
    return value >= before if arguments.get("strict") else value > before


def _gx_monotone(arguments: Mapping[str, Any]) -> list[GxCall]:
    rising, or_equal = arguments["direction"] == "rising", not arguments.get("strict")
    high, low = ("value", "before") if rising else ("before", "value")
    return [above(high, low, or_equal=or_equal)]


def _monotone_text(arguments: Mapping[str, Any], unit: str, row: Mapping[str, Any]) -> str:
    rising, before = arguments["direction"] == "rising", row.get("before")
    words = ("above", "at least") if rising else ("below", "at most")
    slack = arguments.get("tolerance", 0) * (1 if rising else -1)
    shown = written(before + slack if isinstance(before, int | float) and slack else before)
    tolerance = f", give or take {written(arguments['tolerance'])}" if slack else ""
    of = f"{shown}{f' {unit}' if unit else ''}, as before" if shown is not None else "the value before"
    return f"{words[0] if arguments.get('strict') else words[1]} {of}{tolerance}"


PAIR_KINDS = (
    Kind(
        "compare_columns",
        "row",
        ("is", "other", "factor", "offset", "tolerance"),
        ANY,
        _compare_text,
        _compare_fails,
        _gx_compare,
        needs=("is", "other"),
        operands=_compared,
        tabular=True,
    ),
    Kind(
        "monotone",
        "row",
        ("order", "direction", "within", "strict", "tolerance"),
        ORDERED,
        _monotone_text,
        _backwards,
        _gx_monotone,
        needs=("order", "direction"),
        operands=_before,
        tabular=True,
        shows=("before",),
    ),
)
