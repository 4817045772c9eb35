"""The kinds of expectation a rule file may use: one table, so that a new kind is one entry.

A row kind judges every value of a column (and, for `not_null`, every row). A dataset kind reduces the table,
or each group of it, to one figure, and judges that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import narwhals.stable.v2 as nw

from milkqc.checks.ledger import written

BOUNDS = ("min", "above", "max", "below")


@dataclass(frozen=True)
class Kind:
    """One kind. `types` are the dictionary types it judges, empty when it needs no column.

    `fails` is the plain expression over a column of judged values; `gx` the Great Expectations type and its
    arguments. `arguments` are the keys it takes, beside those that every rule has; `needs_one` of them at least
    one. `figure` names what a dataset kind reduces to (see groups.py).
    """

    name: str
    level: Literal["row", "dataset"]
    arguments: tuple[str, ...]
    needs_one: tuple[str, ...]
    types: frozenset[str]
    expected: Callable[[Mapping[str, Any], str], str]
    fails: Callable[[nw.Expr, Mapping[str, Any]], nw.Expr]
    gx: Callable[[Mapping[str, Any]], tuple[str, dict[str, Any]]]
    figure: str = ""


def _range_text(arguments: Mapping[str, Any], unit: str) -> str:
    """`0.07 to 7.9 mg/L`, `at least 3 cm`, `above 0, at most 5`."""
    unit = f" {unit}" if unit else ""
    low, high = arguments.get("min"), arguments.get("max")
    if low is not None and high is not None:
        return f"{written(low)} to {written(high)}{unit}"
    parts = [
        f"{word} {written(arguments[key])}"
        for key, word in (("min", "at least"), ("above", "above"), ("max", "at most"), ("below", "below"))
        if arguments.get(key) is not None
    ]
    return ", ".join(parts) + unit


def _outside(value: nw.Expr, arguments: Mapping[str, Any]) -> nw.Expr:
    against: dict[str, Callable[[Any], nw.Expr]] = {
        "min": lambda limit: value < limit,
        "above": lambda limit: value <= limit,
        "max": lambda limit: value > limit,
        "below": lambda limit: value >= limit,
    }
    tests = [against[key](comparable(arguments[key])) for key in BOUNDS if arguments.get(key) is not None]
    return nw.any_horizontal(*tests, ignore_nulls=False)


def _between(arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    low, high = arguments.get("min", arguments.get("above")), arguments.get("max", arguments.get("below"))
    return "expect_column_values_to_be_between", {
        "min_value": comparable(low),
        "max_value": comparable(high),
        "strict_min": "above" in arguments,
        "strict_max": "below" in arguments,
    }


def comparable(limit: Any) -> Any:
    """A limit as it is compared: dates as days since 1970-01-01, which every engine orders alike."""
    import datetime as dt

    return (limit - dt.date(1970, 1, 1)).days if isinstance(limit, dt.date) else limit


def anchored(pattern: str, *, end: str) -> str:
    """The pattern for the whole text; engines spell the end of a text differently."""
    return f"^(?:{pattern}){end}"


def _share(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {"max": arguments["share"]}


_ORDERED = frozenset({"number", "integer", "date"})
_ANY = frozenset({"text", "enum", "number", "integer", "date", "boolean"})
_TABLE = (
    Kind(
        "value_between",
        "row",
        BOUNDS,
        BOUNDS,
        _ORDERED,
        _range_text,
        _outside,
        _between,
    ),
    Kind(
        "value_in_set",
        "row",
        ("values",),
        ("values",),
        frozenset({"text", "enum", "number", "integer"}),
        lambda arguments, unit: (
            "one of "
            + ", ".join(str(written(item)) for item in arguments["values"])
            + (f" {unit}" if unit else "")
        ),
        lambda value, arguments: ~value.is_in(list(arguments["values"])),
        lambda arguments: ("expect_column_values_to_be_in_set", {"value_set": list(arguments["values"])}),
    ),
    Kind(
        "value_matches",
        "row",
        ("pattern",),
        ("pattern",),
        frozenset({"text", "enum"}),
        lambda arguments, _: f"text like {arguments['pattern']}",
        lambda value, arguments: ~value.str.contains(anchored(arguments["pattern"], end="$")),
        lambda arguments: (
            "expect_column_values_to_match_regex",
            # Python's $ also matches before a last line feed.
            {"regex": anchored(arguments["pattern"], end=r"\Z")},
        ),
    ),
    Kind(
        "not_null",
        "row",
        (),
        (),
        _ANY,
        lambda _, __: "not empty",
        lambda value, _: value.is_null(),
        lambda _: ("expect_column_values_to_not_be_null", {}),
    ),
    Kind(
        "row_count_between",
        "dataset",
        BOUNDS,
        BOUNDS,
        frozenset(),
        lambda arguments, _: _range_text(arguments, "rows"),
        _outside,
        _between,
        figure="rows",
    ),
    Kind(
        "share_missing_at_most",
        "dataset",
        ("share",),
        ("share",),
        _ANY,
        lambda arguments, _: f"at most {written(100 * arguments['share'])} %",
        lambda value, arguments: _outside(value, _share(arguments)),
        lambda arguments: _between(_share(arguments)),
        figure="share_missing",
    ),
    Kind(
        "share_censored_at_most",
        "dataset",
        ("share",),
        ("share",),
        frozenset({"number"}),
        lambda arguments, _: f"at most {written(100 * arguments['share'])} %",
        lambda value, arguments: _outside(value, _share(arguments)),
        lambda arguments: _between(_share(arguments)),
        figure="share_censored",
    ),
    Kind(
        "median_between",
        "dataset",
        BOUNDS,
        BOUNDS,
        frozenset({"number", "integer"}),
        _range_text,
        _outside,
        _between,
        figure="median",
    ),
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _TABLE}
