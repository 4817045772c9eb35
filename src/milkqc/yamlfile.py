"""Strict YAML: plain data with line numbers, every scalar as the text that was written.

YAML reads `no` as False, `012` as 10 and `12:30` as a number, keeps the last of two equal keys and lets an
anchor grow a file without end. Here a scalar is text (an unquoted `null`, `~` or nothing is None), and
duplicate keys, anchors, aliases and tags are faults.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from milkqc.errors import Fault, Faults

Path_ = tuple[str | int, ...]
MAX_BYTES = 2_000_000
MAX_DEPTH = 40
# Keys, values, brackets and the signs between them: what reading takes goes by their number, not by bytes.
MAX_TOKENS = 100_000
_OPENS = {
    "FlowSequenceStartToken",
    "FlowMappingStartToken",
    "BlockSequenceStartToken",
    "BlockMappingStartToken",
}
_CLOSES = {"FlowSequenceEndToken", "FlowMappingEndToken", "BlockEndToken"}
BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True)
class Document:
    """A file's data (dict, list, str, None) and the 1-based line and column of each of its parts."""

    name: str
    data: Any
    lines: Mapping[Path_, int]
    columns: Mapping[Path_, int] = field(default_factory=dict)

    def line(self, path: Path_) -> int:
        """The line of the key or item at `path`; of its nearest known parent when it is not in the file."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return 0

    def column(self, path: Path_) -> int:
        """The column of the key or item at `path`, or of its nearest known parent; 0 when there is none."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.columns:
                return self.columns[path[:end]]
        return 0


def read(path: Path, *, name: str | None = None, kind: type[Faults] = Faults) -> Document:
    """The document in `path`; `kind` with all its faults otherwise. `name` is what messages call the file.

    Codes, after the kind's prefix: 101 no such file or not readable, 102 not YAML, 103 key written twice,
    104 anchor, alias or tag, 105 too large or too deep (bytes, tokens, levels), 106 not a mapping of keys to values.
    """
    name = name or path.name
    return parse(text_of(path, name=name, kind=kind), name=name, kind=kind)


def text_of(path: Path, *, name: str, kind: type[Faults] = Faults) -> str:
    """The text of `path`, not yet read as YAML; `kind` with fault 101, 102 or 105 otherwise."""

    def fault(line: int, number: int, what: str, todo: str) -> Fault:
        return Fault(name, line, f"{kind.prefix}{number}", "", what, todo)

    try:
        size = path.stat().st_size
        if size > MAX_BYTES:  # told before anything is read
            raise kind(
                [fault(0, 105, f"the file has {size:,} bytes.", f"Keep it under {MAX_BYTES:,} bytes.")]
            )
        blob = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise kind(
            [fault(0, 101, f"the file cannot be opened: {reason}.", "Check the path and its rights.")]
        ) from None
    if len(blob) > MAX_BYTES:
        raise kind(
            [fault(0, 105, f"the file has {len(blob):,} bytes.", f"Keep it under {MAX_BYTES:,} bytes.")]
        )
    try:
        return blob.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = blob[: error.start].count(b"\n") + 1
        raise kind([fault(line, 102, "the file is not UTF-8 text.", "Save it as UTF-8.")]) from None


def parse(text: str, *, name: str, kind: type[Faults] = Faults) -> Document:
    """As `read`, from text already decoded."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    faults: list[Fault] = []
    lines: dict[Path_, int] = {}
    columns: dict[Path_, int] = {}

    def fault(node: Any, number: int, what: str, todo: str) -> None:
        mark = node.start_mark
        faults.append(
            Fault(name, mark.line + 1, f"{kind.prefix}{number}", "", what, todo, column=mark.column + 1)
        )

    def convert(node: Any, path: Path_) -> Any:
        if len(path) > MAX_DEPTH:
            fault(node, 105, "the file is nested too deeply.", f"Keep it under {MAX_DEPTH} levels.")
            return None
        lines.setdefault(path, node.start_mark.line + 1)
        columns.setdefault(path, node.start_mark.column + 1)
        if getattr(node, "anchor", None):
            fault(node, 104, f"the anchor &{node.anchor} is not allowed here.", "Write the value out.")
        if node.id == "mapping":
            return mapping(node, path)
        if node.id == "sequence":
            return [convert(item, (*path, place)) for place, item in enumerate(node.value)]
        if node.style is None and node.value in {"", "~", "null", "Null", "NULL"}:
            return None
        return node.value

    def mapping(node: Any, path: Path_) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in node.value:
            if key.id != "scalar":
                fault(key, 106, "a key must be a word, not a list or a mapping.", "Quote it.")
                continue
            word = key.value
            if word == "<<" and key.style is None:
                fault(key, 104, "a merge key is not allowed here.", "Write the values out.")
                continue
            if word in data:
                first = lines[(*path, word)]
                fault(
                    key,
                    103,
                    f"the key {word!r} is written twice (first in line {first}).",
                    "Keep one of them.",
                )
                continue
            lines[(*path, word)] = key.start_mark.line + 1
            columns[(*path, word)] = key.start_mark.column + 1
            data[word] = convert(value, (*path, word))
        return data

    try:
        # Before anything is built of it: ten thousand brackets take a parser minutes.
        depth = 0
        for number, token in enumerate(YAML(typ="safe", pure=True).scan(text)):
            name_of = type(token).__name__
            depth += (name_of in _OPENS) - (name_of in _CLOSES)
            if depth > MAX_DEPTH:
                fault(token, 105, "the file is nested too deeply.", f"Keep it under {MAX_DEPTH} levels.")
                raise kind(faults)
            if number > MAX_TOKENS:
                fault(
                    token,
                    105,
                    f"the file has more than {MAX_TOKENS:,} keys, values and signs.",
                    "Leave out what is not needed, or use a pattern such as `*_old`.",
                )
                raise kind(faults)
            if name_of in {"AliasToken", "TagToken"}:
                what = "an alias" if name_of == "AliasToken" else "a tag"
                fault(token, 104, f"{what} is not allowed here.", "Write the value out.")
        if faults:
            raise kind(faults)
        node = YAML(typ="safe", pure=True).compose(text)
    except YAMLError as error:
        raise kind([_unreadable(error, text, name, f"{kind.prefix}102")]) from None
    except RecursionError:
        what, todo = "the file is nested too deeply.", f"Keep it under {MAX_DEPTH} levels."
        raise kind([Fault(name, 0, f"{kind.prefix}105", "", what, todo)]) from None
    if node is None or node.id != "mapping":
        line = node.start_mark.line + 1 if node is not None else 0
        raise kind(
            [
                Fault(
                    name,
                    line,
                    f"{kind.prefix}106",
                    "",
                    "the file must hold keys and values.",
                    "Write `key: value` lines.",
                )
            ]
        )
    data = convert(node, ())
    if faults:
        raise kind(faults)
    return Document(name, data, lines, columns)


def _unreadable(error: Any, text: str, name: str, code: str) -> Fault:
    """What ruamel says of a text that is no YAML, with the line and column where it stopped."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
    what = f"this is not YAML: {getattr(error, 'problem', None) or 'it cannot be read as YAML'}."
    todo = "Check indentation, colons and quotes."
    character = getattr(error, "character", None)  # of a ReaderError: what no YAML may hold
    if character is not None:
        sign = character if isinstance(character, str) else chr(character)
        before = BREAK.split(text[: text.find(sign)])
        line, column = len(before), len(before[-1]) + 1
        what = f"the character U+{ord(sign):04X} is not allowed in YAML."
        todo = "Delete it; it cannot be seen in most editors."
    elif mark is not None and "\t" in BREAK.split(text)[mark.line][: mark.column + 1]:
        what, todo = "a tab stands where YAML takes only spaces.", "Indent with spaces."
    return Fault(name, line, code, "", what, todo, column=column)
