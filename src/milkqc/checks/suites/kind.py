"""What a kind of expectation is: the keys it takes, what it judges, and how it is said to each engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import narwhals.stable.v2 as nw

from milkqc.model import Rule

ORDERED = frozenset({"number", "integer", "date"})
NUMBERS = frozenset({"number", "integer"})
ANY = frozenset({"text", "enum", "number", "integer", "date", "boolean"})
# A kind's name in Great Expectations and its arguments; names of operands stand where a column is asked for.
GxCall = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Ground:
    """Columns that operands stand on which look at other rows. The same `key` means the same ground.

    `steps` are laid one after the other (narwhals takes windows over columns only, not over expressions). They see
    the rows that `when` chooses, or, where `analytes` are named, all rows of these analytes.
    """

    key: str
    steps: tuple[Mapping[str, nw.Expr], ...]
    analytes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operand:
    """One column that an engine judges. The same `key` means the same column, so that rules share it.

    `expression` is over the table's columns as rules compare them (dates as days, truth as 0 and 1), and over the
    columns of its `ground`.
    """

    key: str
    expression: nw.Expr
    ground: Ground | None = None


def itself(name: str) -> Operand:
    """A column of the table as it is."""
    return Operand(name, nw.col(name))


def value_only(rule: Rule) -> Mapping[str, Operand]:
    """The operand of a kind that judges one column."""
    return {"value": itself(rule.columns[0])}


def nothing_more(_: Rule) -> tuple[str, ...]:
    """Of a kind that needs no column but those it judges."""
    return ()


@dataclass(frozen=True)
class Kind:
    """One kind. `types` are the dictionary types it judges, empty when it needs no column.

    `fails` is the plain expression over the operands, given the names of their columns; `gx` what Great Expectations is asked (a row fails when any
    of it fails); `pandera` the built-in checks of pandera on the operand `value` and their arguments, None where
    pandera is given the plain expression. `arguments` are the keys it takes beside those that every rule has;
    `needs` must all be given, of `needs_one` at least one. `figure` names what a dataset kind reduces to (groups.py).
    `presence`: the rule is about a value being there, so that a missing one is judged too; `padding`: a missing one
    fails, so that columns are filled up with values. `tabular`: examples are small tables. `reads`: columns of the
    table that it needs beside those it judges. `expected` is given the arguments, the unit and the row's values, with
    those of the operands in `shows` by their roles.
    """

    name: str
    level: Literal["row", "dataset"]
    arguments: tuple[str, ...]
    types: frozenset[str]
    expected: Callable[[Mapping[str, Any], str, Mapping[str, Any]], str]
    fails: Callable[[Mapping[str, Any], Mapping[str, str]], nw.Expr]
    gx: Callable[[Mapping[str, Any]], Sequence[GxCall]]
    needs: tuple[str, ...] = ()
    needs_one: tuple[str, ...] = ()
    pandera: Callable[[Mapping[str, Any]], Sequence[tuple[str, dict[str, Any]]]] | None = None
    operands: Callable[[Rule], Mapping[str, Operand]] = value_only
    figure: str = ""
    presence: bool = False
    padding: bool = False
    tabular: bool = False
    reads: Callable[[Rule], tuple[str, ...]] = nothing_more
    shows: tuple[str, ...] = ()
