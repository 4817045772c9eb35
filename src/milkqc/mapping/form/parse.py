"""The text of a mapping to a tree: every comment goes to the key or item that it speaks of.

A comment on a line of its own belongs to what follows it, or, where it is indented further than that, to the end of
the block above. A comment behind something belongs to it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from milkqc import yamlfile
from milkqc.errors import MappingFaults
from milkqc.mapping.form.tree import Entry, Node

BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
Place = tuple[int, int]  # line and column, both from 0


@dataclass(frozen=True)
class _Comment:
    at: Place
    text: str
    own_line: bool


@dataclass
class _Seen:
    """An entry with where it starts, the container it stands in, and that container's extent if it has brackets."""

    at: Place
    entry: Entry
    holder: Node
    up: _Seen | None
    brackets: tuple[Place, Place] | None


def parsed(text: str, *, name: str) -> Node:
    """The tree of a mapping's text. Raises MappingFaults where it is not strict YAML (yamlfile.parse)."""
    from ruamel.yaml import YAML

    yamlfile.parse(text, name=name, kind=MappingFaults)
    text = text.removeprefix("\ufeff")
    tokens = list(YAML(typ="safe", pure=True).scan(text))
    dashes: dict[int, list[int]] = {}  # the lines of the dashes in each column
    for line, column in (_mark(token) for token in tokens if type(token).__name__ == "BlockEntryToken"):
        dashes.setdefault(column, []).append(line)
    seen: list[_Seen] = []
    flows: list[tuple[Place, Place, Node]] = []
    root = _node(YAML(typ="safe", pure=True).compose(text), None, seen, flows, dashes)
    seen.sort(key=lambda one: one.at)
    for comment in _comments(text, tokens):
        _attach(comment, root, seen, flows)
    _spaced(root)
    return root


def _mark(token: Any, end: bool = False) -> Place:
    mark = token.end_mark if end else token.start_mark
    return (mark.line, mark.column)


def _node(
    made: Any,
    up: _Seen | None,
    seen: list[_Seen],
    flows: list[tuple[Place, Place, Node]],
    dashes: Mapping[int, list[int]],
) -> Node:
    if made.id == "scalar":
        blank = made.style is None and made.value in {"", "~", "null", "Null", "NULL"}
        return Node(None if blank else made.value)
    node = Node({} if made.id == "mapping" else [])
    extent = (_mark(made), _mark(made, end=True)) if made.flow_style else None
    if extent is not None:
        flows.append((*extent, node))
    for part in made.value:
        key, value = part if made.id == "mapping" else (None, part)
        at = _mark(key if key is not None else value)
        if key is None and extent is None:
            # The dash, not what follows it: a comment may stand between them.
            column = made.start_mark.column
            lines = dashes.get(column, [])
            place = bisect_right(lines, at[0])
            at = (lines[place - 1], column) if place and column <= at[1] else at
        entry = Entry(Node(None))
        one = _Seen(at, entry, node, up, extent)
        seen.append(one)
        entry.node = _node(value, one, seen, flows, dashes)
        if isinstance(node.value, dict) and key is not None:
            node.value[key.value] = entry
        elif isinstance(node.value, list):
            node.value.append(entry)
    return node


def _comments(text: str, tokens: list[Any]) -> list[_Comment]:
    """The comments: what begins with # between two tokens, and behind the | or > of a block of text."""
    lines = BREAK.split(text)
    spans = [
        (_mark(token), _mark(token, end=True)) for token in tokens if type(token).__name__ == "ScalarToken"
    ]
    blocks = {
        _mark(token)
        for token in tokens
        if type(token).__name__ == "ScalarToken" and token.style in {"|", ">"}
    }
    starts = [start for start, _ in spans]
    found = []
    for number, line in enumerate(lines):
        column = 0
        while (column := line.find("#", column)) >= 0:
            at = (number, column)
            before = bisect_right(starts, at) - 1
            inside = before >= 0 and spans[before][0] <= at < spans[before][1]
            if inside and spans[before][0] in blocks and spans[before][0][0] == number:
                inside = False  # the header line of a block of text, not its content
            if not inside and (column == 0 or line[column - 1] in " \t"):
                found.append(_Comment(at, _tidy(line[column:]), not line[:column].strip()))
                break
            column += 1
    return found


def _tidy(comment: str) -> str:
    comment = comment.rstrip()
    return f"# {comment[1:]}" if re.match(r"#[^\s#!]", comment) else comment


def _attach(comment: _Comment, root: Node, seen: list[_Seen], flows: list[tuple[Place, Place, Node]]) -> None:
    at = comment.at
    place = bisect_right(seen, at, key=lambda one: one.at)
    before = seen[place - 1] if place else None
    after = seen[place] if place < len(seen) else None
    if not comment.own_line:
        _beside(comment, before, after)
        return
    around = [flow for flow in flows if flow[0] <= at < flow[1]]
    if around:
        start, end, holder = max(around)
        if after is not None and start <= after.at < end:
            _above(comment, after.entry)
        elif holder.value:
            _below(comment, holder)
        elif before is not None:
            _above(comment, before.entry)
        return
    if after is not None and at[1] <= after.at[1]:
        _above(comment, after.entry)
        return
    one = before
    while one is not None and (one.brackets is not None or one.at[1] > at[1]):
        one = one.up
    if after is not None and (one is None or one.holder is after.holder or one.at[1] <= after.at[1]):
        _above(comment, after.entry)
    else:
        _below(comment, root if one is None else one.holder)


def _beside(comment: _Comment, before: _Seen | None, after: _Seen | None) -> None:
    one = before
    while one is not None and one.brackets is not None and one.brackets[1] <= comment.at:
        one = one.up
    if one is None:
        if after is not None:
            _above(comment, after.entry)
        return
    if one.entry.beside:
        _above(comment, one.entry)
    else:
        one.entry.beside = comment.text


_Lines = list[tuple[int, str]]


def _above(comment: _Comment, entry: Entry) -> None:
    _join(entry.above, comment)


def _below(comment: _Comment, holder: Node) -> None:
    _join(holder.after, comment)


def _join(lines: list[Any], comment: _Comment) -> None:
    lines.append((comment.at[0], comment.text))


def _spaced(node: Node) -> None:
    """Numbered comment lines to text, a blank line where the author left one or more between two of them."""
    node.after = _lines(node.after)
    for _, entry in node.entries():
        entry.above = _lines(entry.above)
        _spaced(entry.node)


def _lines(numbered: list[Any]) -> list[str]:
    texts: list[str] = []
    last: int | None = None
    for number, text in numbered:
        if last is not None and number > last + 1:
            texts.append("")
        texts.append(text)
        last = number
    return texts
