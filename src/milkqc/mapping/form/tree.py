"""A mapping file as people wrote it: keys, values, and the comments at each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Key = str | int


@dataclass
class Node:
    """A value: text, nothing (None), entries by key, or entries in a list; `after` are comments below the last."""

    value: str | dict[str, Entry] | list[Entry] | None
    after: list[str] = field(default_factory=list)

    def entries(self) -> Iterator[tuple[Key, Entry]]:
        """The children, by key or by place from 0."""
        if isinstance(self.value, dict):
            yield from self.value.items()
        elif isinstance(self.value, list):
            yield from enumerate(self.value)

    def commented(self) -> bool:
        """Whether a comment stands anywhere inside."""
        return bool(self.after) or any(
            entry.above or entry.beside or entry.node.commented() for _, entry in self.entries()
        )

    def data(self) -> Any:
        """The plain data: dict, list, str or None."""
        if isinstance(self.value, dict):
            return {key: entry.node.data() for key, entry in self.value.items()}
        if isinstance(self.value, list):
            return [entry.node.data() for entry in self.value]
        return self.value


@dataclass
class Entry:
    """A key's value or a list's item, the comment lines above it (an empty one is a blank line), the one beside it."""

    node: Node
    above: list[str] = field(default_factory=list)
    beside: str = ""


def tree_of(data: Any) -> Node:
    """Plain data as a tree without comments."""
    if isinstance(data, dict):
        return Node({key: Entry(tree_of(value)) for key, value in data.items()})
    if isinstance(data, list | tuple):
        return Node([Entry(tree_of(value)) for value in data])
    return Node(data)
