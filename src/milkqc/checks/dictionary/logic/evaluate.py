"""An expression worked out for all rows at once. Nothing is ever run as code."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Collection

import polars as pl

from milkqc.checks.dictionary.logic import values
from milkqc.checks.dictionary.logic.compare import compare
from milkqc.checks.dictionary.logic.dates import datediff
from milkqc.checks.dictionary.logic.tree import (
    Call,
    Chain,
    Compare,
    Constant,
    FieldRef,
    Junction,
    Node,
    children,
    from_leaves,
)
from milkqc.checks.dictionary.logic.values import Value

Lookup = Callable[[FieldRef], tuple[Value, Collection[str]]]
_SIGNS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "^": operator.pow}
# Halves that binary numbers cannot hold are rounded one way by the page and the other by the server.
_CLOSE = 1e-9


def evaluate(tree: Node, lookup: Lookup, *, height: int) -> Value | pl.Series:
    """The Value of an expression in each of `height` rows, or the truth (Boolean; null: not known).

    `lookup` gives a field's Value and the missing-data codes of its project; what it raises passes through.
    """
    done: dict[int, Value | pl.Series] = {}
    for node in from_leaves(tree):
        # A part is used once, by the node above it: taken out, so that a long expression holds few columns.
        parts = [done.pop(id(part)) for part in children(node)]
        done[id(node)] = _worked_out(node, parts, lookup, height)
    return done[id(tree)]


def _worked_out(node: Node, parts: list[Value | pl.Series], lookup: Lookup, height: int) -> Value | pl.Series:
    if isinstance(node, FieldRef):
        return lookup(node)[0]
    if isinstance(node, Constant):
        return values.constant(node.text, height, bare=not node.quoted)
    # The grammar has seen to it that values stand where values are needed, and truths where truths are.
    given = [part for part in parts if isinstance(part, Value)]
    truths = [part for part in parts if isinstance(part, pl.Series)]
    if isinstance(node, Chain):
        return _chain(node, given)
    if isinstance(node, Compare):
        return compare(node.sign, *given)
    if isinstance(node, Junction):
        if node.sign == "not":
            return ~truths[0]
        return functools.reduce(operator.and_ if node.sign == "and" else operator.or_, truths)
    return _called(node, given, truths, lookup)


def _chain(node: Chain, given: list[Value]) -> Value:
    number = given[0].number
    for (sign, _), part in zip(node.rest, given[1:], strict=True):
        # 1 to the power of nothing, and nothing to the power of 0, are 1 to some machines.
        result = pl.DataFrame({"x": number, "y": part.number, "r": _SIGNS[sign](number, part.number)}).select(
            pl.when(pl.col("x").is_null() | pl.col("y").is_null())
            .then(None)
            .when(pl.col("x").is_nan() | pl.col("y").is_nan())
            .then(float("nan"))
            .otherwise("r")
        )
        number = values.from_number(result.to_series()).number
    return values.from_number(number)


def _called(node: Call, given: list[Value], truths: list[pl.Series], lookup: Lookup) -> Value | pl.Series:
    if node.name == "if":
        return _chosen(truths[0], *given)
    if node.name == "isblankormissingcode":
        argument = node.arguments[0]
        codes = lookup(argument)[1] if isinstance(argument, FieldRef) else ()
        return (given[0].text == "") | given[0].text.is_in(sorted(codes))
    if node.name == "datediff":
        unit, written, signed = node.options
        first, second = (written if isinstance(part, Constant) else "ymd" for part in node.arguments)
        return datediff(*given, unit=unit, orders=(first, second), signed=signed == "true")
    if node.name in ("round", "rounddown"):
        return _rounded(given[0].number, int(node.options[0]), down=node.name == "rounddown")
    return _counted(node.name, given)


def _chosen(truth: pl.Series, yes: Value, no: Value) -> Value:
    """The first value where it is true, the second where it is false, not known where that is not."""
    both = values.frame(yes, no).with_columns(_if=truth)
    picked = both.select(
        pl.when(pl.col("_if").is_null()).then(None).when("_if").then(f"{c}0").otherwise(f"{c}1").alias(c)
        for c in "tnb"
    )
    return Value(picked["t"], picked["n"], picked["b"].fill_null(value=True))


def _counted(name: str, given: list[Value]) -> Value:
    """`sum` or `mean` of what is a number, blanks left out. The sum of nothing is blank or 0: not known."""
    columns = [pl.col(f"n{place}") for place in range(len(given))]
    frame = values.frame(*given).select(columns)
    total = functools.reduce(operator.add, (pl.when(c.is_nan()).then(0.0).otherwise(c) for c in columns))
    n = pl.sum_horizontal((~c.is_nan()).cast(pl.Int32) for c in columns)
    nothing = None if name == "sum" else float("nan")
    result = total if name == "sum" else total / n
    known = pl.all_horizontal(c.is_not_null() for c in columns)
    found = frame.select(
        pl.when(~known).then(None).when(n == 0).then(pl.lit(nothing, dtype=pl.Float64)).otherwise(result)
    )
    return values.from_number(found.to_series())


def _rounded(number: pl.Series, places: int, *, down: bool) -> Value:
    """Halves away from zero, or down. Not known: a negative half, a negative number rounded down, a near half."""
    scale = 10.0**places
    x = pl.col("n") * scale
    edge = x.round() if down else x.floor() + 0.5
    near = (x - edge).abs() <= _CLOSE * pl.max_horizontal(x.abs(), 1.0)
    unsure = near & ((x != edge) | (x < 0)) if not down else (near & (x != edge)) | ((x < 0) & (x != edge))
    result = (x.floor() if down else (x + 0.5).floor()) / scale
    found = number.to_frame("n").select(
        pl.when(pl.col("n").is_nan()).then(float("nan")).when(unsure).then(None).otherwise(result)
    )
    return values.from_number(found.to_series())
