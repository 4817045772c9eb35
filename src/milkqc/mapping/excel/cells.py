"""What stands in a cell of the workbook: a value as people type it, and a place of the mapping.

Text stands as it is; a list, keys with values, nothing (`null`) and text that would look like one of these stand as
YAML on one line. A place is written like `growth[2].columns.weight_kg`, lists counted from 1.
"""

from __future__ import annotations

import re

from milkqc import yamlfile
from milkqc.errors import Faults
from milkqc.mapping.form.places import Place
from milkqc.mapping.form.scalars import TEXT, quoted, written
from milkqc.mapping.form.tree import Key, Node, tree_of

ANY = Place(kinds=frozenset({"any", "bool"}))
PART = re.compile(r'\.?(?:\[(\d+)\]|("(?:[^"\\]|\\.)*")|([^.\[\]"]+))')
LONGEST = 32_000  # characters; a cell of Excel ends at 32,767


def shown(node: Node) -> str:
    """A value as the text of one cell."""
    if isinstance(node.value, dict | list):
        return flow(node)
    text = node.value
    if text is None:
        return "null"
    plain = bool(text) and text == text.strip() and text[0] not in "[{\"'" and text not in {"null", "~"}
    return text if plain and all(map(str.isprintable, text)) else quoted(text)


def flow(node: Node) -> str:
    """A value as YAML on one line."""
    if isinstance(node.value, dict):
        inner = (f"{written(key, TEXT, flow=True)}: {flow(entry.node)}" for key, entry in node.value.items())
        return "{" + ", ".join(inner) + "}"
    if isinstance(node.value, list):
        return "[" + ", ".join(flow(entry.node) for entry in node.value) + "]"
    return written(node.value, ANY, flow=True)


def valued(text: str) -> Node:
    """The value that a cell's text stands for. Raises ValueError where brackets or quotes are wrong."""
    text = text.strip()
    if text in {"null", "~"}:
        return Node(None)
    if text[:1] not in {"[", "{", '"'}:
        return Node(text)
    try:
        return tree_of(yamlfile.parse(f"value: {text}\n", name="").data["value"])
    except Faults as error:
        raise ValueError(error.faults[0].what) from None


def place_shown(path: tuple[Key, ...]) -> str:
    """A path as people read it; `*` is the whole file."""
    out = ""
    for part in path:
        if isinstance(part, int):
            out += f"[{part + 1}]"
        else:
            plain = PART.fullmatch(part) and part == part.strip() and part[0] not in '.["' and part != "*"
            out += ("." if out else "") + (part if plain and part.isprintable() else quoted(part))
    return out or "*"


def place_read(text: str) -> tuple[Key, ...]:
    """The path that a text names. Raises ValueError where it names none."""
    text, at, path = text.strip(), 0, list[Key]()
    if text == "*":
        return ()
    while at < len(text):
        match = PART.match(text, at)
        if match is None or match.end() == at or (match[1] == "0"):
            raise ValueError(f"{text!r} is no place of a mapping")
        number, quotes, word = match.groups()
        path.append(int(number) - 1 if number else str(valued(quotes).value) if quotes else word)
        at = match.end()
    if not path or isinstance(path[0], int):
        raise ValueError(f"{text!r} is no place of a mapping")
    return tuple(path)
