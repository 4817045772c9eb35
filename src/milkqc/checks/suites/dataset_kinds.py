"""The kinds that judge the table, or each group of it, by one figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals.stable.v2 as nw

from milkqc.checks.ledger import written
from milkqc.checks.suites.bounds import BOUNDS, beyond, range_text
from milkqc.checks.suites.kind import ANY, NUMBERS, Kind
from milkqc.checks.suites.row_kinds import between
from milkqc.model import Rule

# The keys of kinds whose figure has one limit, the most that it may be.
MOST = ("share", "max_distance", "max_difference", "max_ratio")
STATISTICS = ("median", "mean", "share_missing")


def _no_operands(_: Rule) -> Mapping[str, Any]:
    return {}


def _limits(name: str, figure: str, types: frozenset[str], unit: str | None = None, **more: Any) -> Kind:
    """A kind whose figure lies between limits."""
    return Kind(
        name,
        "dataset",
        (*BOUNDS, *more.get("needs", ())),
        types,
        lambda arguments, its, _: range_text(arguments, its if unit is None else unit),
        lambda arguments, names: beyond(nw.col(names["value"]), arguments),
        between,
        needs_one=BOUNDS,
        operands=_no_operands,
        figure=figure,
        **more,
    )


def _most(name: str, figure: str, types: frozenset[str], keys: tuple[str, ...], **more: Any) -> Kind:
    """A kind whose figure is at most what one of `keys` says."""

    def most(arguments: Mapping[str, Any]) -> dict[str, Any]:
        return {"max": next(arguments[key] for key in keys if arguments.get(key) is not None)}

    def expected(arguments: Mapping[str, Any], unit: str, _: Mapping[str, Any]) -> str:
        limit = most(arguments)["max"]
        return (
            f"at most {written(100 * limit)} %"
            if shares(figure, arguments)
            else range_text({"max": limit}, unit)
        )

    return Kind(
        name,
        "dataset",
        (*keys, *more.pop("also", ()), *more.get("needs", ())),
        types,
        expected,
        lambda arguments, names: beyond(nw.col(names["value"]), most(arguments)),
        lambda arguments: between(most(arguments)),
        needs_one=keys,
        operands=_no_operands,
        figure=figure,
        **more,
    )


def shares(figure: str, arguments: Mapping[str, Any]) -> bool:
    """Whether the figure is a share, which people read in per cent."""
    return figure.startswith("share") or (
        figure == "difference"
        and arguments.get("statistic") == "share_missing"
        and arguments.get("max_difference") is not None
    )


def in_unit(figure: str, arguments: Mapping[str, Any]) -> bool:
    """Whether the figure is in the unit of the column."""
    if figure == "difference":
        return arguments.get("statistic") != "share_missing" and arguments.get("max_difference") is not None
    return figure in {"median", "quantile"}


DATASET_KINDS = (
    _limits("row_count_between", "rows", frozenset(), unit="rows"),
    _limits("distinct_count_between", "distinct", ANY, unit="different values"),
    _most("share_missing_at_most", "share_missing", ANY, ("share",)),
    _most("share_censored_at_most", "share_censored", frozenset({"number"}), ("share",)),
    _limits("median_between", "median", NUMBERS),
    _limits("quantile_between", "quantile", NUMBERS, needs=("quantile",)),
    _most("distribution_near", "distance", NUMBERS, ("max_distance",), needs=("reference",)),
    _most(
        "group_difference_at_most",
        "difference",
        NUMBERS,
        ("max_difference", "max_ratio"),
        needs=("between", "statistic"),
    ),
)
