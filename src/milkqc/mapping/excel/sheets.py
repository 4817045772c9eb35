"""Which part of a mapping stands in which sheet: a tree taken apart into rows, and rows put together again.

Sheets and columns are read off the language's models, so that a new key has a column, or stands in `study`, at once.
Nothing is left out: what has no column stands in `more` of its row, comments inside values in `comments`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

from milkqc.mapping.excel.cells import place_shown, shown
from milkqc.mapping.form.places import Place, describe, fields, root
from milkqc.mapping.form.tree import Entry, Key, Node
from milkqc.mapping.language import Analyte, Block, Column, Comparison, Extra, Mapping

Path = tuple[Key, ...]
LISTS = {"codes": "codes", "missing": "missing", "missing_codes": "missing"}
COMMENTS = ("comment above", "comment beside")
# Columns that only explain a row, by sheet, and the column that each stands behind; they are never read back.
_OF_COLUMN = {"source table": "block", "label": "name", "source label": "from"}
INFO = {
    "variables": _OF_COLUMN,
    "analytes": _OF_COLUMN,
    "codes": {"source column": "of"},
    "missing": {"source column": "of"},
    "unmapped": {"source label": "column"},
}


@dataclass(frozen=True)
class Sheet:
    """One sheet: `ids` name the row (locked in rows that exist), `columns` are keys of the language.

    `short` is the key that a bare word stands for.
    """

    name: str
    ids: tuple[str, ...]
    columns: tuple[str, ...] = ()
    short: str = ""
    model: type | None = None

    def header(self) -> tuple[str, ...]:
        """The names of all its columns."""
        more = ("more",) if self.model is not None else ()
        return ("remove", *self.ids, *self.columns, *more, *(COMMENTS if self.name != "comments" else ()))


@dataclass
class Row:
    """One row: the place it speaks of, and its cells by column; `line` is its row in the sheet, from 1."""

    sheet: str
    path: Path
    cells: dict[str, str] = field(default_factory=dict)
    line: int = 0


def _columns(*models: type) -> tuple[str, ...]:
    orders = [describe(model).order() for model in models]
    names = dict.fromkeys(name for order in orders for name in order)
    return tuple(name for name in names if name not in LISTS)


def _sections() -> dict[str, str]:
    """The keys of a block whose entries have rows of their own, and the sheet of each."""
    found = {}
    for name, info in fields(Block).items():
        inner = describe(describe(info).entries).model
        if inner is not None and issubclass(inner, Column):
            found[name] = "analytes" if issubclass(inner, Analyte) else "variables"
    return found


def _own() -> dict[str, Place]:
    """The keys of a study that are named entries or lists of one model each: a sheet of their own."""
    found = {}
    for name, info in fields(Mapping).items():
        place = describe(info)
        inner = describe(place.entries if place.entries is not None else place.items)
        if inner.model is not None and inner.model is not Block:
            found[name] = inner
    return found


SECTIONS = _sections()
OWN = _own()
BLOCKS = tuple(name for name, info in fields(Mapping).items() if describe(info).model is Block)


@cache
def sheets() -> tuple[Sheet, ...]:
    """All sheets in the order in which a person wants them."""
    block = tuple(name for name in describe(Block).order() if name not in SECTIONS)
    listed = {name: Sheet(name, (_name_of(name),), _columns(place.model), "file" if name == "expectations" else "", place.model)
              for name, place in OWN.items() if place.model is not None}  # fmt: skip
    return (
        Sheet("study", ("place",), ("value",)),
        listed.pop("tables"),
        Sheet("blocks", ("block",), block, "", Block),
        Sheet("variables", ("block", "section", "name"), _columns(Column, Extra, Comparison), "from", Column),
        Sheet("analytes", ("block", "name"), _columns(Analyte), "from", Analyte),
        Sheet("codes", ("of",), ("code", "meaning")),
        Sheet("missing", ("of",), ("code", "reason")),
        Sheet("unmapped", ("table",), ("column",)),
        *listed.values(),
        Sheet("comments", ("of",), ("where", "text")),
    )


def _name_of(section: str) -> str:
    return {"tables": "table", "schedule": "visit"}.get(section, "name")


def apart(tree: Node) -> list[Row]:
    """The rows of all sheets. Every value and every comment of the tree is in exactly one of them."""
    return list(_Apart().study(tree))


class _Apart:
    def __init__(self) -> None:
        self.after: list[Row] = []  # rows of codes, missing and comments, found on the way

    def study(self, tree: Node) -> Iterator[Row]:
        self._end((), tree)
        for part, entry in tree.entries():
            key = str(part)
            path: Path = (key,)
            if key in BLOCKS:
                yield from self._blocks(path, entry)
            elif key in OWN and _entries(entry.node) and self._whole(key, entry.node):
                self._comments(path, entry)
                for name, inner in entry.node.entries():
                    yield self._row(sheet_named(key), (*path, name), inner, {_name_of(key): _name(name)})
            elif key == "unmapped" and _entries(entry.node) and _listed(entry.node):
                self._comments(path, entry)
                for table, inner in entry.node.entries():
                    self._comments((*path, table), inner)
                    for place, item in inner.node.entries():
                        at = (*path, table, place)
                        yield self._plain(
                            "unmapped",
                            at,
                            item,
                            {"table": shown(Node(str(table))), "column": shown(item.node)},
                        )
            else:
                yield from self._study(path, entry)
        yield from self.after

    def _whole(self, key: str, node: Node) -> bool:
        return all(isinstance(entry.node.value, dict) or (isinstance(entry.node.value, str) and bool(sheet_named(key).short)) for _, entry in node.entries())  # fmt: skip

    def _study(self, path: Path, entry: Entry) -> Iterator[Row]:
        if self._list(path, entry):
            return
        if isinstance(entry.node.value, dict) and entry.node.value:
            self._comments(path, entry)
            for name, inner in entry.node.entries():
                yield from self._study((*path, name), inner)
        else:
            self._within(path, entry.node)
            yield self._plain("study", path, entry, {"place": place_shown(path), "value": shown(entry.node)})

    def _blocks(self, path: Path, entry: Entry) -> Iterator[Row]:
        if not isinstance(entry.node.value, list) or not entry.node.value:
            if _entries(entry.node):
                yield from self._block(path, entry)
            else:
                yield from self._study(path, entry)
            return
        self._comments(path, entry)
        for place, inner in entry.node.entries():
            yield from self._block((*path, place), inner)

    def _block(self, path: Path, entry: Entry) -> Iterator[Row]:
        keys = {str(key): one for key, one in entry.node.entries()}
        apart = [key for key in SECTIONS if key in keys and _entries(keys[key].node)]
        rest = Node({key: one for key, one in keys.items() if key not in apart}, entry.node.after)
        yield self._row(
            sheet_named("blocks"), path, Entry(rest, entry.above, entry.beside), {"block": place_shown(path)}
        )
        for key in apart:
            section = keys[key]
            self._comments((*path, key), section)
            for name, inner in section.node.entries():
                ids = {"block": place_shown(path), "section": key, "name": shown(Node(str(name)))}
                sheet = sheet_named(SECTIONS[key])
                yield self._row(sheet, (*path, key, name), inner, {one: ids[one] for one in sheet.ids})

    def _row(self, sheet: Sheet, path: Path, entry: Entry, ids: dict[str, str]) -> Row:
        """An entry with a column for each key, and what has none in `more`."""
        row = self._plain(sheet.name, path, entry, ids)
        if not isinstance(entry.node.value, dict):
            row.cells[sheet.short] = shown(entry.node)
            self._within(path, entry.node)
            return row
        self._end(path, entry.node)
        more = dict[str, Entry]()
        for key, inner in entry.node.value.items():
            at = (*path, key)
            if self._list(at, inner):
                continue
            self._comments(at, inner)
            kept = self._lists_out(at, inner.node)
            if key in sheet.columns:
                row.cells[key] = shown(kept)
            else:
                more[key] = Entry(kept)
        if more:
            row.cells["more"] = shown(Node(more))
        return row

    def _lists_out(self, path: Path, node: Node) -> Node:
        """The value without the codes inside it, which have rows of their own; its comments are noted."""
        if not isinstance(node.value, dict):
            for place, inner in node.entries():
                self._comments((*path, place), inner)
                self._within((*path, place), inner.node, own=False)
            return node
        kept = dict[str, Entry]()
        for key, inner in node.value.items():
            if not self._list((*path, key), inner):
                self._comments((*path, key), inner)
                kept[key] = Entry(self._lists_out((*path, key), inner.node))
        return Node(kept)

    def _list(self, path: Path, entry: Entry) -> bool:
        """Codes or reasons as rows of `codes` or `missing`; false where this is no such list."""
        sheet = LISTS.get(str(path[-1]))
        plain = isinstance(entry.node.value, dict) and all(isinstance(one.node.value, str) for _, one in entry.node.entries())  # fmt: skip
        if sheet is None or not plain or not entry.node.value or describe_at(path).entries is None:
            return False
        self._comments(path, entry)
        meaning = "meaning" if sheet == "codes" else "reason"
        for code, inner in entry.node.entries():
            cells = {"of": place_shown(path), "code": shown(Node(str(code))), meaning: shown(inner.node)}
            self.after.append(self._plain(sheet, (*path, code), inner, cells))
        return True

    def _plain(self, sheet: str, path: Path, entry: Entry, cells: dict[str, str]) -> Row:
        above = "\n".join(entry.above)
        noted = {"comment above": above, "comment beside": entry.beside}
        return Row(sheet, path, {**cells, **{name: text for name, text in noted.items() if text}})

    def _comments(self, path: Path, entry: Entry) -> None:
        for where, text in (("above", "\n".join(entry.above)), ("beside", entry.beside)):
            if text:
                self._comment(path, where, text)
        self._end(path, entry.node)

    def _end(self, path: Path, node: Node) -> None:
        if node.after:
            self._comment(path, "after", "\n".join(node.after))

    def _within(self, path: Path, node: Node, *, own: bool = True) -> None:
        if own:
            self._end(path, node)
        for key, inner in node.entries():
            self._comments((*path, key), inner)
            self._within((*path, key), inner.node, own=False)

    def _comment(self, path: Path, where: str, text: str) -> None:
        self.after.append(Row("comments", path, {"of": place_shown(path), "where": where, "text": text}))


def describe_at(path: Iterable[Key]) -> Place:
    """What the language says of a path."""
    place = root()
    for part in path:
        place = place.below(part)
    return place


def sheet_named(name: str) -> Sheet:
    """The sheet of that name."""
    return next(sheet for sheet in sheets() if sheet.name == name)


def _entries(node: Node) -> bool:
    return isinstance(node.value, dict | list) and bool(node.value)


def _listed(node: Node) -> bool:
    return all(isinstance(entry.node.value, list) and entry.node.value and all(isinstance(one.node.value, str) for _, one in entry.node.entries()) for _, entry in node.entries())  # fmt: skip


def _name(key: Key) -> str:
    return f"[{key + 1}]" if isinstance(key, int) else shown(Node(key))
