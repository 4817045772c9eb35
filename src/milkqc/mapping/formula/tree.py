"""What a formula is once it is read: a tree of numbers, names, operations and calls of known functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["number", "date", "boolean", "text"]


class FormulaError(ValueError):
    """The text is not a formula of this language: what is wrong, where in it (`at`, from 0), and what to do."""

    def __init__(self, what: str, todo: str = "", *, at: int | None = None) -> None:
        self.at, self.todo = at, todo or "Write it like `both - mother`."
        self.what = what if at is None else f"character {at + 1} of the formula: {what}"
        super().__init__(self.what)


@dataclass(frozen=True)
class Name:
    """A column or a `let`, read as a number, or as `date(NAME, "%d/%m/%Y")` and `text(NAME)` say."""

    name: str
    kind: Kind = "number"
    format: str | None = None
    at: int = 0


@dataclass(frozen=True)
class Number:
    """A number; without a unit, or with the one written beside it: `0.2 [kg]`."""

    value: float
    unit: str | None = None
    at: int = 0


@dataclass(frozen=True)
class Text:
    """A quoted text, to compare a text with."""

    text: str
    at: int = 0


@dataclass(frozen=True)
class Day:
    """A written date: `date("2024-01-31")`; `text` is ISO."""

    text: str
    at: int = 0


@dataclass(frozen=True)
class Operation:
    """Two parts joined by + - * / or compared by = != < <= > >= or combined by `and`, `or`."""

    sign: str
    left: Tree
    right: Tree
    at: int = 0


@dataclass(frozen=True)
class Call:
    """A function of FUNCTIONS with its parts; `not` and the minus before a part are calls too."""

    name: str
    parts: tuple[Tree, ...]
    at: int = 0


Tree = Name | Number | Text | Day | Operation | Call


@dataclass(frozen=True)
class Function:
    """How many parts a function takes (`most` None: any number), and the sentences of the documentation."""

    least: int
    most: int | None
    gives: str
    missing: str


# The closed list. `date` and `text` of a name never reach the tree as calls: they say how the name is read.
FUNCTIONS: Mapping[str, Function] = {
    "min": Function(2, None, "the smallest of numbers of one unit, or the earliest of dates", "if any part is"),
    "max": Function(2, None, "the largest of numbers of one unit, or the latest of dates", "if any part is"),
    "abs": Function(1, 1, "the number without its sign; the unit stays", "if the part is"),
    "round": Function(
        1, 2, "the number with so many decimals (none: whole), a half away from zero; the unit stays", "if the part is"
    ),
    "floor": Function(1, 1, "the whole number at or below; the unit stays", "if the part is"),
    "ceil": Function(1, 1, "the whole number at or above; the unit stays", "if the part is"),
    "if": Function(
        3, 3, "the second part where the first is true, the third where it is false", "if the condition or the chosen part is"
    ),
    "first_of": Function(2, None, "the first part that is not missing", "only if every part is, or a censored one comes first"),
    "is_missing": Function(1, 1, "true where the part is missing, else false", "never"),
    "date": Function(
        1,
        3,
        'a column read as a date (`date(VDATE, "%d/%m/%Y")`; without a format ISO, or the file\'s own), a written day '
        '(`date("2024-01-31")`), or a date of three numbers (`date(YEAR, MONTH, DAY)`)',
        "if a part is, or there is no such day",
    ),
    "text": Function(1, 1, "a column as its canonical text, to compare by = and !=", "if the cell is"),
    "year": Function(1, 1, "the year of a date", "if the part is"),
    "month": Function(1, 1, "the month of a date, 1 to 12", "if the part is"),
}  # fmt: skip


def parts_of(tree: Tree) -> tuple[Tree, ...]:
    """The parts directly under a node."""
    if isinstance(tree, Operation):
        return (tree.left, tree.right)
    return tree.parts if isinstance(tree, Call) else ()


def reads(tree: Tree) -> Iterator[Name]:
    """The names of the formula as they are read, left to right, each (name, kind, format) once."""
    seen: set[tuple[str, str, str | None]] = set()

    def walk(part: Tree) -> Iterator[Name]:
        if isinstance(part, Name):
            key = (part.name, part.kind, part.format)
            if key not in seen:
                seen.add(key)
                yield part
        for inner in parts_of(part):
            yield from walk(inner)

    yield from walk(tree)


def names(tree: Tree) -> Iterator[str]:
    """The names in the formula, left to right, each once."""
    yield from dict.fromkeys(part.name for part in reads(tree))
