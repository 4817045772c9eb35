"""The rows of a workbook put together to the tree of a mapping."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import cast

from milkqc.mapping.excel.cells import place_read, place_shown, valued
from milkqc.mapping.excel.sheets import BLOCKS, LISTS, OWN, SECTIONS, Path, Row, sheet_named
from milkqc.mapping.form.places import describe, fields
from milkqc.mapping.form.tree import Entry, Key, Node
from milkqc.mapping.language import Mapping


class Together:
    """Puts rows together. `problems` are (row, column, what); `places` say which row and column gave each path.

    `base` is the mapping that the rows were made from: what it wrote as `{from: PID}` stays so, a bare word stays one.
    """

    def __init__(self, base: Node | None = None) -> None:
        self.base = base
        self.root = Node({})
        self.problems: list[tuple[Row, str, str]] = []
        self.rows: dict[Path, Row] = {}
        self.places: dict[Path, tuple[Row, str]] = {}
        self.removed: list[Path] = []
        self.grown: set[int] = set()  # ids of nodes that are lists in the making, their keys places
        self.moved: dict[Path, Path] = {}  # where what stood at a path of the rows stands in the tree

    def tree(self, rows: Iterable[Row]) -> Node:
        """The tree of all rows, as far as they can be read."""
        rows = list(rows)
        for row in rows:
            row.path = self._path(row)
        self.removed = [
            row.path for row in rows if row.path and row.cells.get("remove") and row.sheet != "comments"
        ]
        comments = []
        for row in rows:
            if (not row.path and row.sheet != "comments") or self._gone(row):
                continue
            if row.sheet == "comments":
                comments.append(row)
            elif row.path in self.rows:
                other = self.rows[row.path]
                self.problems.append(
                    (row, "", f"{place_shown(row.path)} stands already in row {other.line} of {other.sheet}")
                )
            else:
                self._put(row)
        for row in comments:
            self._comment(row)
        self._homeless(rows)
        self._lists(self.root, (), ())
        self.places = {
            (*self.moved.get(path[:n], path[:n]), *path[n:]): found
            for path, found in self.places.items()
            for n in [max(n for n in range(len(path) + 1) if n == 0 or path[:n] in self.moved)]
        }
        return self.root

    def _gone(self, row: Row) -> bool:
        return bool(row.cells.get("remove")) or any(row.path[: len(path)] == path for path in self.removed)

    def _path(self, row: Row) -> Path:
        try:
            return self._named(row)
        except ValueError as error:
            column = {"study": "place", "codes": "of", "missing": "of", "comments": "of"}.get(
                row.sheet, "block"
            )
            self.problems.append((row, column, str(error)))
            return ()

    def _named(self, row: Row) -> Path:
        cells, sheet = row.cells, sheet_named(row.sheet)
        needed = [*sheet.ids, *(["code"] if row.sheet in LISTS.values() else [])]
        if row.sheet == "unmapped":
            needed.append("column")
        listed = row.sheet in OWN and describe(fields(Mapping)[row.sheet]).items is not None
        lacking = [name for name in needed if not cells.get(name)]
        if lacking and not listed:
            raise ValueError(f"the cell {lacking[0]} is empty")
        if row.sheet in {"study", "blocks", "comments"}:
            return place_read(cells[sheet.ids[0]])
        if row.sheet in LISTS.values():
            return (*place_read(cells["of"]), _word(cells["code"]))
        if row.sheet == "unmapped":
            return ("unmapped", _word(cells["table"]), row.line)
        if row.sheet in {"variables", "analytes"}:
            section = cells.get("section", "analytes")
            if SECTIONS.get(section) != row.sheet:
                known = ", ".join(key for key, name in SECTIONS.items() if name == row.sheet)
                raise ValueError(f"{section!r} is no section of a block: {known}")
            return (*place_read(cells["block"]), section, _word(cells["name"]))
        name = cells.get(sheet.ids[0], "")
        if listed:
            # `[2]` is the place it had; a new row has none, and comes after those.
            had = re.fullmatch(r"\[([1-9][0-9]{0,5})\]", name)
            return (row.sheet, int(had[1]) - 1 if had else 1_000_000 + row.line)
        return (row.sheet, _word(name))

    def _put(self, row: Row) -> None:
        entry = Entry(self._value(row), _lines(row.cells.get("comment above", "")))
        beside = _lines(row.cells.get("comment beside", ""))
        entry.beside = " ".join(beside[:1] + [line.lstrip("# ") for line in beside[1:]])
        self.rows[row.path] = row
        self.places.setdefault(row.path, (row, ""))
        holder = self._holder(row.path[:-1])
        if isinstance(row.path[-1], int):
            self.grown.add(id(holder))
        _growing(holder)[row.path[-1]] = entry

    def _value(self, row: Row) -> Node:
        sheet = sheet_named(row.sheet)
        if sheet.model is None:
            column = sheet.columns[-1]
            self.places[row.path] = (row, column)
            return self._cell(row, column)
        values = {name: self._cell(row, name) for name in sheet.columns if row.cells.get(name)}
        for name in values:
            self.places[(*row.path, name)] = (row, name)
        more = self._cell(row, "more") if row.cells.get("more") else None
        if more is None and set(values) == {sheet.short} and not self._spelt_out(row.path):
            return values[sheet.short]
        entries = {name: Entry(node) for name, node in values.items()}
        if more is not None:
            if not isinstance(more.value, dict):
                self.problems.append((row, "more", "it holds no keys with values, such as {key: value}"))
            else:
                for name, inner in more.value.items():
                    if name in entries:
                        self.problems.append((row, "more", f"{name!r} has a column of its own"))
                    entries[name] = inner
                    self.places[(*row.path, name)] = (row, "more")
        return Node(entries)

    def _spelt_out(self, path: Path) -> bool:
        """Whether the base wrote keys and values there."""
        node = self.base
        for part in path:
            if node is None:
                return False
            entries = dict(node.entries())
            node = entries[part].node if part in entries else None
        return node is not None and isinstance(node.value, dict)

    def _cell(self, row: Row, column: str) -> Node:
        try:
            return valued(row.cells.get(column, "") or '""')
        except ValueError as error:
            self.problems.append((row, column, f"it cannot be read: {error}"))
            return Node(None)

    def _holder(self, path: Path) -> Node:
        """The container at a path, made where it is not there yet; a bare word becomes `{from: word}`."""
        node = self.root
        for part in path:
            if isinstance(part, int):
                self.grown.add(id(node))
            entry = _growing(node).setdefault(part, Entry(Node({})))
            if not isinstance(entry.node.value, dict):
                entry.node = Node({"from": Entry(entry.node)})
            node = entry.node
        return node

    def _comment(self, row: Row) -> None:
        lines = _lines(row.cells.get("text", ""))
        where = row.cells.get("where", "above")
        if where not in {"above", "beside", "after"}:
            self.problems.append((row, "where", f"{where!r} is not above, beside or after"))
            return
        node, entry, exact = self.root, None, True
        for part in row.path:
            if isinstance(node.value, dict) and part in node.value:
                entry = _growing(node)[part]
            elif isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
                entry = node.value[part]
            else:
                exact = False  # its place went: the comment stays with what was around it
                break
            node = entry.node
        if where == "after" and exact and isinstance(node.value, dict | list) and node.value:
            node.after += lines
        elif entry is None:
            self.root.after += lines
        elif where == "beside" and exact and not entry.beside:
            entry.beside = " ".join(lines[:1] + [line.lstrip("# ") for line in lines[1:]])
        else:
            entry.above += lines

    def _homeless(self, rows: Iterable[Row]) -> None:
        """Codes and reasons of a variable that no row speaks of: its row was deleted, or its name changed."""
        for row in rows:
            path = row.path
            if row.sheet not in LISTS.values() or not path or path[0] not in BLOCKS or self._gone(row):
                continue
            start = 2 if len(path) > 1 and isinstance(path[1], int) else 1
            known = SECTIONS.get(str(path[start])) if len(path) > start else None
            holder = path[: start + 2] if known else path[:start]
            if holder not in self.rows:
                what = f"{place_shown(holder)} stands in no row of {known or 'blocks'}"
                todo = "write its new name here if it was renamed, or x under remove"
                self.problems.append((row, "of", f"{what}: {todo}"))

    def _lists(self, node: Node, path: Path, now: Path) -> None:
        """Lists in the making become lists, which closes the gaps of removed items; `moved` keeps who stood where."""
        grown = id(node) in self.grown and isinstance(node.value, dict)
        for number, (key, entry) in enumerate(node.entries()):
            here = number if grown else key
            self.moved[*path, key] = (*now, here)
            self._lists(entry.node, (*path, key), (*now, here))
        if grown and isinstance(node.value, dict):
            node.value = list(node.value.values())


def _word(cell: str) -> str:
    word = valued(cell).value
    if not isinstance(word, str):
        raise ValueError(f"{cell!r} is no name; put it in double quotes if it is meant so")  # noqa: TRY004 - a cell
    return word


def _growing(node: Node) -> dict[Key, Entry]:
    """The entries of a container in the making, where a list's places are keys too."""
    if not isinstance(node.value, dict):
        raise TypeError("only a container in the making has places to fill")
    return cast("dict[Key, Entry]", node.value)


def _lines(text: str) -> list[str]:
    lines = [line.strip() for line in text.replace("\r\n", "\n").split("\n")] if text.strip() else []
    return [line if not line or line.startswith("#") else f"# {line}" for line in lines]
