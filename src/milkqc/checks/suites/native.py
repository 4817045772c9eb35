"""Rules in Great Expectations' own words, on a harmonised table as it is written: row conditions, whole columns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from milkqc.checks.suites.judged import RESULT_TABLES
from milkqc.checks.suites.kinds import KINDS
from milkqc.model import Rule


class NotNativeError(Exception):
    """Great Expectations has no native word for this rule; the message says what is missing."""


_OPERATORS = {"min": ">=", "above": ">", "max": "<=", "below": "<"}
_DATASETS = (
    "row_count_between",
    "median_between",
    "quantile_between",
    "share_missing_at_most",
    "distinct_count_between",
)


def expectations(rule: Rule) -> Iterator[tuple[dict[str, Any], str]]:
    """The expectations of one rule (`type`, `kwargs`), each with its severity. Raises NotNativeError."""
    row = condition(rule)
    conditioned = {"row_condition": row, "condition_parser": "pandas"} if row else {}
    for kind, kwargs, severity in _calls(rule):
        yield {"type": kind, "kwargs": {**kwargs, **conditioned}}, severity


def condition(rule: Rule) -> str:
    """`when` as a row condition for pandas; censored results are left out. Raises NotNativeError."""
    parts = [_condition(rule.when)] if rule.when else []
    if rule.table in RESULT_TABLES and "value" in rule.columns:
        if rule.level == "dataset" or KINDS[rule.expect].presence:
            raise NotNativeError(
                "a censored result is no missing one, which a native expectation cannot tell"
            )
        parts.append("censored.isnull()")
    return " and ".join(parts)


def _condition(when: Mapping[str, Any]) -> str:
    parts = []
    for name, wanted in when.items():
        if name in {"any", "all"}:
            joined = " or " if name == "any" else " and "
            parts.append("(" + joined.join(f"({_condition(one)})" for one in wanted) + ")")
        elif isinstance(wanted, Mapping):
            parts += [_compared(name, word, value) for word, value in wanted.items()]
        else:
            parts.append(_among(name, wanted))
    return " and ".join(parts)


def _among(name: str, wanted: Any) -> str:
    values = wanted if isinstance(wanted, tuple) else (wanted,)
    listed = [_literal(value) for value in values]
    return f"{name} == {listed[0]}" if len(listed) == 1 else f"{name} in [{', '.join(listed)}]"


def _compared(name: str, word: str, value: Any) -> str:
    if word == "missing":
        return f"{name}.isnull()" if value else f"{name}.notnull()"
    if word == "not":
        return f"{name}.notnull() and not ({_among(name, value)})"
    return f"{name} {_OPERATORS[word]} {_literal(value)}"


def _literal(value: Any) -> str:
    if isinstance(value, dt.date):
        raise NotNativeError("its condition compares dates, which GX's row conditions do not")
    return repr(value)


def _calls(rule: Rule) -> Iterator[tuple[str, dict[str, Any], str]]:
    if rule.level == "dataset":
        yield (*_of_table(rule), rule.severity)
        return
    if rule.expect == "monotone":
        raise NotNativeError("GX judges the order of a whole column, not of each participant")
    if rule.expect == "sum_of":
        raise NotNativeError("GX holds a sum of columns against a constant only, not against another column")
    if rule.expect == "compare_columns" and any(
        rule.arguments.get(key) for key in ("factor", "offset", "tolerance")
    ):
        raise NotNativeError("GX compares columns as they are, without factor, offset or tolerance")
    if rule.expect in {"value_in_set", "value_not_in_set"} and _dated(rule.arguments):
        raise NotNativeError("the written table has dates as objects, which GX does not find in a set")
    names = _roles(rule)
    for kind, kwargs in KINDS[rule.expect].gx(rule.arguments):
        yield kind, {**_named(kwargs, names), **_days(rule.arguments)}, rule.severity
    if rule.expect == "value_between" and any(key in rule.arguments for key in ("hard_min", "hard_max")):
        hard = {"min": rule.arguments.get("hard_min"), "max": rule.arguments.get("hard_max")}
        limits = {key: value for key, value in hard.items() if value is not None}
        for kind, kwargs in KINDS[rule.expect].gx(limits):
            yield (
                kind,
                {**_named(kwargs, names), **_days(limits)},
                str(rule.arguments.get("hard_severity", "critical")),
            )


def _dated(arguments: Mapping[str, Any]) -> bool:
    return any(isinstance(value, dt.date) for value in _flat(arguments))


def _days(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Limits that are dates as GX takes them in JSON: ISO texts, which it reads where a column holds dates as objects."""
    ends = {"min_value": ("min", "above"), "max_value": ("max", "below")}
    limits = {
        end: next((arguments[key] for key in keys if arguments.get(key) is not None), None)
        for end, keys in ends.items()
    }
    return {end: limit.isoformat() for end, limit in limits.items() if isinstance(limit, dt.date)}


def _flat(arguments: Mapping[str, Any]) -> Iterator[Any]:
    for value in arguments.values():
        yield from value if isinstance(value, tuple) else (value,)


def _roles(rule: Rule) -> dict[str, str]:
    roles = {"value": rule.columns[0], **{f"key{place}": name for place, name in enumerate(rule.columns)}}
    return {**roles, "other": rule.columns[1]} if len(rule.columns) > 1 else roles


def _named(kwargs: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    from milkqc.checks.suites.greatex import named

    return named(kwargs, names)


def _of_table(rule: Rule) -> tuple[str, dict[str, Any]]:
    """A dataset kind of the whole table in GX's own words."""
    if "by" in rule.arguments or rule.expect not in _DATASETS:
        raise NotNativeError("GX has no native expectation of groups, distributions or differences")
    if rule.arguments.get("min_n"):
        raise NotNativeError("GX judges however few rows there are, and the rule asks for a number of them")
    low = rule.arguments.get("min", rule.arguments.get("above"))
    high = rule.arguments.get("max", rule.arguments.get("below"))
    limits = {"min_value": low, "max_value": high}
    if rule.expect == "row_count_between":
        if "above" in rule.arguments or "below" in rule.arguments:
            raise NotNativeError("GX counts rows with closed limits only")
        if rule.when:
            raise NotNativeError("GX counts the rows of a whole table")
        return "expect_table_row_count_to_be_between", limits
    column = {"column": rule.columns[0]}
    if rule.expect == "share_missing_at_most":
        return "expect_column_values_to_not_be_null", {
            **column,
            "mostly": round(1 - rule.arguments["share"], 12),
        }
    strict = {"strict_min": "above" in rule.arguments, "strict_max": "below" in rule.arguments}
    if rule.expect == "distinct_count_between":
        return "expect_column_unique_value_count_to_be_between", {**column, **limits, **strict}
    if rule.expect == "median_between":
        return "expect_column_median_to_be_between", {**column, **limits, **strict}
    ranges = {"quantiles": [rule.arguments["quantile"]], "value_ranges": [[low, high]]}
    return "expect_column_quantile_values_to_be_between", {**column, "quantile_ranges": ranges}
