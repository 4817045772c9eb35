"""Rules compiled to pandera schemas, for polars or for pandas, and their failing rows read from its verdict.

One column and a built-in check where pandera has one (a range, a set); whole frames and the plain expression
elsewhere (two columns, order in time, uniqueness, patterns, which pandera only looks for at the start of a text).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import narwhals.stable.v2 as nw
import polars as pl

from milkqc.checks.contract.backend import our_pandera
from milkqc.checks.ledger import reason
from milkqc.checks.spark import without_spark
from milkqc.checks.suites import batches
from milkqc.checks.suites.batches import Asked
from milkqc.checks.suites.judged import Question
from milkqc.checks.suites.kinds import KINDS
from milkqc.checks.suites.plain import Verdict

Backend = Literal["polars", "pandas"]


def judge(questions: Sequence[Question], *, backend: Backend = "polars") -> list[Verdict]:
    """As plain.judge, through pandera."""
    return batches.judge(questions, lambda frame, asked: _judge(frame, asked, backend))


def _judge(frame: pl.DataFrame, asked: Sequence[Asked], backend: Backend) -> dict[int, Verdict]:
    broken: dict[int, Verdict] = {}
    schema = _schema(frame, asked, backend, broken)
    with without_spark():
        import pandera.errors

    found: dict[int, list[Verdict]] = {one.place: [] for one in asked if one.place not in broken}
    try:
        with our_pandera():
            schema.validate(frame if backend == "polars" else frame.to_pandas(), lazy=True)
    except pandera.errors.SchemaErrors as errors:
        for error in errors.schema_errors:
            for place, verdict in _answers(error, asked):
                if place in found:
                    found[place].append(verdict)
    return {**{place: _united(answers) for place, answers in found.items()}, **broken}


def _schema(frame: pl.DataFrame, asked: Sequence[Asked], backend: Backend, broken: dict[int, Verdict]) -> Any:
    pa = module(backend)
    columns: dict[str, list[Any]] = {name: [] for name in frame.columns}
    whole = []
    for one in asked:
        kind, arguments = KINDS[one.question.rule.expect], one.question.rule.arguments
        name = str(one.place)
        try:
            if kind.pandera is not None:
                calls = kind.pandera(arguments)
                columns[one.names["value"]] += [
                    getattr(pa.Check, check)(**wanted, error=name) for check, wanted in calls
                ]
            else:
                whole.append(pa.Check(_expression(one, backend), error=name))
        # An argument that pandera refuses may raise anything; this rule is broken and the others are judged.
        except Exception as error:  # noqa: BLE001
            broken[one.place] = reason(error)
    return pa.DataFrameSchema(
        {name: pa.Column(checks=checks, nullable=True, required=True) for name, checks in columns.items()},
        checks=whole,
    )


def module(backend: Backend) -> Any:
    """pandera's module for the frames of one library."""
    with without_spark():
        if backend == "polars":
            import pandera.polars as pa
        else:
            import pandera.pandas as pa
    return pa


def _expression(one: Asked, backend: Backend) -> Callable[[Any], Any]:
    """A check of the whole frame by the rule's plain expression; a row whose operands are not all there passes."""
    rule = one.question.rule

    def holds(data: Any) -> Any:
        table = nw.from_native(data.lazyframe if backend == "polars" else data)
        fails = KINDS[rule.expect].fails(rule.arguments, one.names)
        # Which row lacks a value pandera's `nullable` tells for polars only.
        if KINDS[rule.expect].presence:
            return _told(table, ~fails, backend)
        known = nw.all_horizontal(
            *(~nw.col(name).is_null() for name in one.names.values()), ignore_nulls=False
        )
        return _told(table, ~(known & fails), backend)

    return holds


def _told(table: Any, holds: nw.Expr, backend: Backend) -> Any:
    told = nw.to_native(table.select(holds=holds))
    return told if backend == "polars" else told["holds"]


def _answers(error: Any, asked: Sequence[Asked]) -> list[tuple[int, Verdict]]:
    """The places that one of pandera's errors is about, each with its failing rows or why it broke."""
    kind, column = error.reason_code.name, getattr(error.schema, "name", None)
    name = getattr(error.check, "error", None)
    if kind == "DATAFRAME_CHECK" and name is not None and error.check_output is not None:
        return [(int(name), _rows(error.check_output))]
    # A check that raised (CHECK_ERROR) looks like a failure; it is none, and its rule is broken.
    places = [int(name)] if name is not None else [one.place for one in asked if column in one.names.values()]
    return [(place, reason(str(error))) for place in places or [one.place for one in asked]]


def _rows(output: Any) -> pl.Series:
    """Positions of the rows that do not hold."""
    if isinstance(output, pl.LazyFrame):
        output = output.collect()
    if isinstance(output, pl.DataFrame):
        return (~output.to_series().fill_null(value=True)).arg_true()
    # pandas: missing values are left out of a column's check, so that its places are in the index.
    return pl.Series(output.index[~output.to_numpy(dtype=bool, na_value=True)].to_numpy(), dtype=pl.UInt32)


def _united(answers: Sequence[Verdict]) -> Verdict:
    broken = [answer for answer in answers if isinstance(answer, str)]
    if broken:
        return broken[0]
    found = [answer for answer in answers if not isinstance(answer, str)]
    if not found:
        return pl.Series(dtype=pl.UInt32)
    return found[0] if len(found) == 1 else pl.concat(found).unique().sort()
