"""What a formula gives: a number with its unit, a date, or true and false; parts that do not go together are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from milkqc import units
from milkqc.errors import UnitError
from milkqc.mapping.formula.tree import Call, Day, FormulaError, Kind, Name, Number, Operation, Text, Tree


@dataclass(frozen=True)
class Type:
    """The kind of a part, and the unit of a number (null: a plain number)."""

    kind: Kind
    unit: str | None = None


_KINDS = {"number": "a number", "date": "a date", "boolean": "a condition", "text": "a text"}
TypeOf = Callable[[Name], Type]


def type_of(tree: Tree, of: TypeOf) -> Type:
    """What the formula gives, `of` saying it of each name.

    Raises UnitError where units do not go together, FormulaError where kinds do not.
    """
    if isinstance(tree, Name):
        return of(tree)
    if isinstance(tree, Number):
        return Type("number", _written(tree))
    if isinstance(tree, Text):
        return Type("text")
    if isinstance(tree, Day):
        return Type("date")
    parts = (tree.left, tree.right) if isinstance(tree, Operation) else tree.parts
    found = [type_of(part, of) for part in parts]
    return _operation(tree, *found) if isinstance(tree, Operation) else _call(tree, found)


def unit_of(tree: Tree, unit: Callable[[str], str | None]) -> str | None:
    """The unit of the result where names are numbers in the unit that `unit` says; null when it has none."""
    return type_of(
        tree, lambda name: Type(name.kind, unit(name.name) if name.kind == "number" else None)
    ).unit


def factor(first: Type, other: Type) -> float:
    """What takes a number of `other` to the unit of `first`. Raises UnitError."""
    if first.kind != "number" or (first.unit is None and other.unit is None):
        return 1.0
    return units.combine("+", first.unit, other.unit)[1]


def combined(sign: str, left: Type, right: Type) -> tuple[str | None, float]:
    """The unit of `left * right` or `left / right`, and the factor of the right side. Raises UnitError."""
    return units.combine(sign, left.unit, right.unit)


def _written(tree: Number) -> str | None:
    if tree.unit is None:
        return None
    try:
        return units.canonical(tree.unit)
    except UnitError as error:
        raise _placed(error, tree.at) from None


def _operation(tree: Operation, left: Type, right: Type) -> Type:
    kinds = (left.kind, right.kind)
    if tree.sign in {"and", "or"}:
        for kind in kinds:
            _wants(tree.at, f"`{tree.sign}`", kind, "boolean")
        return Type("boolean")
    if tree.sign in {"+", "-"} and "date" in kinds:
        return _days(tree, left, right)
    if tree.sign in {"+", "-", "*", "/"}:
        for kind in kinds:
            _wants(tree.at, f"`{tree.sign}`", kind, "number")
        if tree.sign in {"*", "/"}:
            try:
                return Type("number", combined(tree.sign, left, right)[0])
            except UnitError as error:
                raise _placed(error, tree.at) from None
        _one_unit(tree.at, "add" if tree.sign == "+" else "subtract", left, right, sign=tree.sign)
        return left
    _alike(tree.at, "compare", left, right)
    if left.kind in {"text", "boolean"} and tree.sign not in {"=", "!="}:
        raise FormulaError(f"{_KINDS[left.kind]} has no {tree.sign}", "Use = or !=.", at=tree.at)
    return Type("boolean")


def _days(tree: Operation, left: Type, right: Type) -> Type:
    if left.kind == right.kind == "date" and tree.sign == "-":
        return Type("number", "d")
    if left.kind == "date" and right.kind == "number":
        _one_unit(
            tree.at, "add to a date" if tree.sign == "+" else "take from a date", Type("number", "d"), right
        )
        return Type("date")
    raise FormulaError(
        f"{_KINDS[left.kind]} {tree.sign} {_KINDS[right.kind]} means nothing",
        "A date less a date is days; a date takes days behind it: date(A) + 28 [d].",
        at=tree.at,
    )


def _call(tree: Call, found: list[Type]) -> Type:
    name, first = tree.name, found[0]
    if name in {"-", "abs", "floor", "ceil", "round"}:
        _wants(tree.at, "a minus" if name == "-" else name, first.kind, "number")
        if len(found) > 1:
            digits = tree.parts[1]
            if not isinstance(digits, Number) or digits.unit or digits.value not in range(13):
                raise FormulaError("the second part of round is a number of decimals, 0 to 12", at=digits.at)
        return first
    if name == "not":
        _wants(tree.at, "`not`", first.kind, "boolean")
        return first
    if name == "is_missing":
        return Type("boolean")
    if name in {"year", "month"}:
        _wants(tree.at, name, first.kind, "date")
        return Type("number")
    if name == "date":
        for part in found:
            _wants(tree.at, name, part.kind, "number")
            if part.unit not in {None, "1"}:
                raise UnitError(
                    f"character {tree.at + 1} of the formula: a year, month or day has no unit, not {part.unit}.",
                    "Give plain numbers.",
                )
        return Type("date")
    if name == "if":
        _wants(tree.at, "the first part of if", first.kind, "boolean")
        found = found[1:]
    for other in found[1:]:
        _alike(tree.at, "choose between", found[0], other)
    if name in {"min", "max"} and found[0].kind not in {"number", "date"}:
        raise FormulaError(f"{name} is of numbers or dates, not of {_KINDS[found[0].kind]}", at=tree.at)
    return found[0]


def _wants(at: int, who: str, kind: Kind, wanted: Kind) -> None:
    if kind != wanted:
        todo = 'Read a column as a date by date(COLUMN, "%d/%m/%Y").' if wanted == "date" else ""
        raise FormulaError(f"{who} takes {_KINDS[wanted]}, not {_KINDS[kind]}", todo, at=at)


def _alike(at: int, verb: str, first: Type, other: Type) -> None:
    if first.kind != other.kind:
        raise FormulaError(f"cannot {verb} {_KINDS[first.kind]} and {_KINDS[other.kind]}", at=at)
    _one_unit(at, verb, first, other)


def _one_unit(at: int, verb: str, first: Type, other: Type, *, sign: str = "+") -> None:
    if first.kind != "number":
        return
    if (first.unit is None) != (other.unit is None):
        # A bare number beside a weight has no unit of its own: `weight - 0.2` would guess one.
        raise UnitError(
            f"character {at + 1} of the formula: cannot {verb} {first.unit or 'a plain number'} and "
            f"{other.unit or 'a plain number'}.",
            "Give both a unit: 0.2 [kg] is a number with its unit.",
        )
    try:
        units.combine(sign, first.unit, other.unit)
    except UnitError as error:
        raise _placed(error, at) from None


def _placed(error: UnitError, at: int) -> UnitError:
    return UnitError(f"character {at + 1} of the formula: {error.what}", error.todo)
