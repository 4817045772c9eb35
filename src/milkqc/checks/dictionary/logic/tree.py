"""What an expression of REDCap's logic becomes: frozen nodes. Each gives a `value` (text or number) or a `truth`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["value", "truth"]


class NotEvaluated(ValueError):  # noqa: N818 - not a mistake of anybody: it stands in the ledger as a reason
    """The expression is outside the subset; the message is the reason, and holds no cell."""


@dataclass(frozen=True, eq=False)
class FieldRef:
    """`[field]`, `[event][field]` or `[field(code)]`; `event` and `code` are empty where not written."""

    name: str
    event: str = ""
    code: str = ""


@dataclass(frozen=True, eq=False)
class Constant:
    """A number as written, or a quoted text; `quoted` tells which."""

    text: str
    quoted: bool


@dataclass(frozen=True, eq=False)
class Chain:
    """`first` and then `rest`, from the left: + and - together, * and / together, one ^, one minus sign."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, eq=False)
class Compare:
    """Two values beside `=`, `<>`, `<`, `>`, `<=` or `>=`."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, eq=False)
class Junction:
    """Truths joined by `and` or by `or`; `not` has one part."""

    sign: str
    parts: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class Call:
    """A function with its arguments. What is no column (a unit, decimal places) stands in `options`."""

    name: str
    arguments: tuple[Node, ...]
    options: tuple[str, ...] = ()


Node = FieldRef | Constant | Chain | Compare | Junction | Call


def kind_of(node: Node) -> Kind:
    """Whether a node gives a value or a truth."""
    if isinstance(node, Compare | Junction) or (
        isinstance(node, Call) and node.name == "isblankormissingcode"
    ):
        return "truth"
    return "value"


def children(node: Node) -> tuple[Node, ...]:
    """The parts of a node, from the left."""
    if isinstance(node, Chain):
        return (node.first, *(part for _, part in node.rest))
    if isinstance(node, Compare):
        return (node.left, node.right)
    if isinstance(node, Junction):
        return node.parts
    if isinstance(node, Call):
        return node.arguments
    return ()


def from_leaves(tree: Node) -> list[Node]:
    """All nodes, each after its parts: whoever walks a deep tree by this list needs no recursion."""
    waiting, order = [tree], []
    while waiting:
        node = waiting.pop()
        order.append(node)
        waiting.extend(children(node))
    return order[::-1]


def references(tree: Node) -> Iterator[FieldRef]:
    """Every field that the expression names, as often as it does."""
    return (node for node in from_leaves(tree) if isinstance(node, FieldRef))
