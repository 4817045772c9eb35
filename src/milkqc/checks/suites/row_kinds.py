"""The kinds that judge rows: ranges, sets, patterns, presence, uniqueness, two columns, order in time, totals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals.stable.v2 as nw

from milkqc.checks.ledger import written
from milkqc.checks.suites.bounds import BOUNDS, HARD, beyond, comparable, range_text
from milkqc.checks.suites.kind import ANY, ORDERED, GxCall, Kind, Operand
from milkqc.checks.suites.pairs import PAIR_KINDS
from milkqc.checks.suites.sums import SUM_KINDS
from milkqc.model import Rule


def between(arguments: Mapping[str, Any]) -> list[GxCall]:
    """One value inside its limits."""
    low, high = arguments.get("min", arguments.get("above")), arguments.get("max", arguments.get("below"))
    limits = {
        "column": "value",
        "min_value": comparable(low),
        "max_value": comparable(high),
        "strict_min": "above" in arguments,
        "strict_max": "below" in arguments,
    }
    return [("expect_column_values_to_be_between", limits)]


def _checks(arguments: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """pandera's own checks of the limits."""
    low, high = arguments.get("min", arguments.get("above")), arguments.get("max", arguments.get("below"))
    if low is not None and high is not None:
        ends = {"include_min": "above" not in arguments, "include_max": "below" not in arguments}
        return [("in_range", {"min_value": comparable(low), "max_value": comparable(high), **ends})]
    names = {"min": ("ge", "min_value"), "above": ("gt", "min_value")} | {
        "max": ("le", "max_value"),
        "below": ("lt", "max_value"),
    }
    return [
        (names[key][0], {names[key][1]: comparable(arguments[key])}) for key in BOUNDS if key in arguments
    ]


def anchored(pattern: str, *, end: str) -> str:
    """The pattern for the whole text; engines spell the end of a text differently."""
    return f"^(?:{pattern}){end}"


def _unlike(arguments: Mapping[str, Any], names: Mapping[str, str]) -> nw.Expr:
    # On pandas $ also matches before a last line feed, so every text is ended by a sign of ours.
    ended = nw.concat_str(nw.col(names["value"]), nw.lit("!"))
    return ~ended.str.contains(anchored(arguments["pattern"], end="!$"))


def _values(arguments: Mapping[str, Any]) -> list[Any]:
    return [comparable(value) for value in arguments["values"]]


def _set_text(word: str, arguments: Mapping[str, Any], unit: str) -> str:
    listed = ", ".join(str(written(item)) for item in arguments["values"])
    return f"{word} {listed}" + (f" {unit}" if unit else "")


def _presence(rule: Rule) -> Mapping[str, Operand]:
    """1 where there is a value, a censored result included; null where there is none."""
    name = rule.columns[0]
    there = ~nw.col(name).is_null()
    if (rule.table, name) in {("milk", "value"), ("biomarkers", "value")}:
        there = there | ~nw.col("censored").is_null()
    return {"value": Operand(f"there:{name}", nw.when(there).then(nw.lit(1.0)))}


def _unique_operands(rule: Rule) -> Mapping[str, Operand]:
    """The values where all of them are there, so that a row without one is like no other."""
    known = nw.all_horizontal(*(~nw.col(name).is_null() for name in rule.columns), ignore_nulls=False)
    return {
        f"key{place}": Operand(
            name if len(rule.columns) == 1 else f"{name} among {'|'.join(rule.columns)}",
            nw.col(name) if len(rule.columns) == 1 else nw.when(known).then(nw.col(name)),
        )
        for place, name in enumerate(rule.columns)
    }


def _repeated(_: Mapping[str, Any], names: Mapping[str, str]) -> nw.Expr:
    return nw.col(names["key0"]).count().over(*names.values()) > 1


def _gx_unique(arguments: Mapping[str, Any]) -> list[GxCall]:
    names = [f"key{place}" for place in range(len(arguments["columns"]))]
    if len(names) == 1:
        return [("expect_column_values_to_be_unique", {"column": names[0]})]
    compound = {"column_list": names, "ignore_row_if": "any_value_is_missing"}
    return [("expect_compound_columns_to_be_unique", compound)]


ROW_KINDS = (
    Kind(
        "value_between",
        "row",
        (*BOUNDS, *HARD, "hard_severity"),
        ORDERED,
        lambda arguments, unit, _: range_text(arguments, unit),
        lambda arguments, names: beyond(nw.col(names["value"]), arguments),
        between,
        needs_one=BOUNDS,
        pandera=_checks,
    ),
    Kind(
        "value_in_set",
        "row",
        ("values",),
        ANY,
        lambda arguments, unit, _: _set_text("one of", arguments, unit),
        lambda arguments, names: ~nw.col(names["value"]).is_in(_values(arguments)),
        lambda arguments: [
            ("expect_column_values_to_be_in_set", {"column": "value", "value_set": _values(arguments)})
        ],
        needs=("values",),
        pandera=lambda arguments: [("isin", {"allowed_values": _values(arguments)})],
    ),
    Kind(
        "value_not_in_set",
        "row",
        ("values",),
        ANY,
        lambda arguments, unit, _: _set_text("none of", arguments, unit),
        lambda arguments, names: nw.col(names["value"]).is_in(_values(arguments)),
        lambda arguments: [
            ("expect_column_values_to_not_be_in_set", {"column": "value", "value_set": _values(arguments)})
        ],
        needs=("values",),
        pandera=lambda arguments: [("notin", {"forbidden_values": _values(arguments)})],
    ),
    Kind(
        "value_matches",
        "row",
        ("pattern",),
        frozenset({"text", "enum"}),
        lambda arguments, _, __: f"text like {arguments['pattern']}",
        _unlike,
        # Python's $ also matches before a last line feed.
        lambda arguments: [
            (
                "expect_column_values_to_match_regex",
                {"column": "value", "regex": anchored(arguments["pattern"], end=r"\Z")},
            )
        ],
        needs=("pattern",),
    ),
    *(
        Kind(
            name,
            "row",
            (),
            ANY,
            lambda _, __, ___: "not empty",
            lambda _, names: nw.col(names["value"]).is_null(),
            lambda _: [("expect_column_values_to_not_be_null", {"column": "value"})],
            needs=needs,
            operands=_presence,
            presence=True,
            padding=True,
        )
        for name, needs in (("not_null", ()), ("present_when", ("when",)))
    ),
    Kind(
        "absent_when",
        "row",
        (),
        ANY,
        lambda _, __, ___: "empty",
        lambda _, names: ~nw.col(names["value"]).is_null(),
        lambda _: [("expect_column_values_to_be_null", {"column": "value"})],
        needs=("when",),
        pandera=lambda _: [("ne", {"value": 1.0})],
        operands=_presence,
        presence=True,
    ),
    Kind(
        "unique",
        "row",
        ("columns",),
        ANY,
        lambda arguments, _, __: "once" if len(arguments["columns"]) == 1 else "once together",
        _repeated,
        _gx_unique,
        operands=_unique_operands,
        tabular=True,
    ),
    *PAIR_KINDS,
    *SUM_KINDS,
)
