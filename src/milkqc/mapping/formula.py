"""Formulas over columns: + - * / and names, parsed to a tree, units checked. Nothing is ever evaluated as code."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from milkqc import units
from milkqc.errors import UnitError

_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
MAX_LENGTH = 500


class FormulaError(ValueError):
    """The text is not a formula of this language; the message says what is wrong."""


@dataclass(frozen=True)
class Name:
    """A column or a `let`."""

    name: str


@dataclass(frozen=True)
class Number:
    """A plain number without a unit."""

    value: float


@dataclass(frozen=True)
class Operation:
    """Two parts joined by + - * or /."""

    sign: str
    left: Tree
    right: Tree


Tree = Name | Number | Operation


def parse(text: str) -> Tree:
    """The tree of a formula. Raises FormulaError."""
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"a formula has at most {MAX_LENGTH} characters")
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise FormulaError("it cannot be read as a formula") from None
    return _tree(body)


def _tree(node: ast.expr) -> Tree:
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return Operation(_OPERATORS[type(node.op)], _tree(node.left), _tree(node.right))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return Operation("*", Number(-1.0), _tree(node.operand))
    if isinstance(node, ast.Name):
        return Name(node.id)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return Name(f"{node.value.id}.{node.attr}")
    if (
        isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and node.value is not True
        and node.value is not False
    ):
        return Number(float(node.value))
    raise FormulaError("not yet: only + - * / , parentheses, numbers and names of columns or lets are known")


def names(tree: Tree) -> Iterator[str]:
    """The names in the formula, left to right, each once."""
    seen: list[str] = []

    def walk(part: Tree) -> None:
        if isinstance(part, Name) and part.name not in seen:
            seen.append(part.name)
        elif isinstance(part, Operation):
            walk(part.left)
            walk(part.right)

    walk(tree)
    yield from seen


def unit_of(tree: Tree, unit: Callable[[str], str | None]) -> str | None:
    """The unit of the result; null when it has none. Raises UnitError when the units do not go together."""
    if isinstance(tree, Name):
        return unit(tree.name)
    if isinstance(tree, Number):
        return None
    return _combined(tree, unit)[0]


def evaluate(tree: Tree, value: Callable[[str], pl.Series], unit: Callable[[str], str | None]) -> pl.Series:
    """The result row by row in the unit that `unit_of` names; null where a part is null or a divisor is 0."""
    if isinstance(tree, Name):
        return value(tree.name)
    if isinstance(tree, Number):
        return pl.Series([tree.value])
    left, right = evaluate(tree.left, value, unit), evaluate(tree.right, value, unit)
    factor = _combined(tree, unit)[1]
    right = right * factor if factor != 1 else right
    if tree.sign == "+":
        return left + right
    if tree.sign == "-":
        return left - right
    if tree.sign == "*":
        return left * right
    divisor = pl.select(pl.when(right != 0).then(right)).to_series()
    return left / divisor


def _combined(tree: Operation, unit: Callable[[str], str | None]) -> tuple[str | None, float]:
    left, right = unit_of(tree.left, unit), unit_of(tree.right, unit)
    if tree.sign in "+-" and (left is None) != (right is None):
        # A bare number beside a weight has no unit of its own: `weight - 0.2` would guess one.
        raise UnitError(
            f"cannot {'add' if tree.sign == '+' else 'subtract'} {left or 'a plain number'} and "
            f"{right or 'a plain number'}.",
            "Give both a unit (a let may hold a constant with its unit).",
        )
    return units.combine(tree.sign, left, right)
