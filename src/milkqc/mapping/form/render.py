"""A tree to canonical text: the language's order, its quoting, and lines that a change of one unit leaves alone."""

from __future__ import annotations

from milkqc.mapping.form.places import Place, describe, root
from milkqc.mapping.form.scalars import key_written, written
from milkqc.mapping.form.tree import Entry, Key, Node
from milkqc.mapping.language import Block, Mapping

WIDTH = 120
# A unit counts as this wide whatever it is, so that another unit never moves a line break.
UNIT_WIDTH = 6
# Named entries that stay on one line where they fit; all others of a block or study have a line each.
COMPACT = frozenset({"key", "with", "where"})


def rendered(tree: Node) -> str:
    """The canonical text of a mapping's tree. Keys that the language does not know come last, in their order."""
    place = root()
    _settle(tree, place)
    entries = ordered(tree, place)
    lines: list[str] = []
    # What stands at the top of the file stays there, whichever key comes first now.
    written_first = next(iter(tree.entries()), (None, None))[1]
    header = written_first.above if written_first is not None else []
    before = False
    for number, (key, entry) in enumerate(entries):
        above = entry.above if entry is not written_first else []
        above = [*header, *([""] if header and above else []), *above] if number == 0 else above
        block = _entry(key_written(str(key), place, flow=False), entry, place.below(key), 0)
        wide = len(block) > 1 or _section(place.below(key))
        if number and (wide or before or above):
            lines.append("")
        lines += [*above, *block]
        before = wide
    lines += ["", *tree.after] if tree.after else []
    return "\n".join(lines) + "\n"


def ordered(node: Node, place: Place) -> list[tuple[Key, Entry]]:
    """The entries of a node in canonical order."""
    entries = list(node.entries())
    if not isinstance(node.value, dict):
        return entries
    rank = {key: number for number, key in enumerate(place.order())}
    return sorted(entries, key=lambda one: rank.get(str(one[0]), len(rank)))


def _settle(node: Node, place: Place) -> None:
    """Comments beside a list's item, or above its first key, go above the item: behind its dash is no room."""
    for key, entry in node.entries():
        inner = place.below(key)
        _settle(entry.node, inner)
        if isinstance(key, int) and _parts(entry.node):
            first = ordered(entry.node, inner)[0][1]
            beside = [entry.beside] if entry.beside else []
            entry.above, entry.beside, first.above = [*entry.above, *beside, *first.above], "", []


def _section(place: Place) -> bool:
    """Whether a key of the study opens a section that is always written over several lines."""
    return place.parent is Mapping and _spread(place)


def _spread(place: Place) -> bool:
    """Whether the entries here have a line each, however short."""
    if place.model is not None and issubclass(place.model, Block):
        return True
    if place.parent is None or not issubclass(place.parent, Mapping | Block) or place.key in COMPACT:
        return False
    if place.entries is not None:
        inner = describe(place.entries)
        return inner.model is not None or inner.items is not None
    if place.items is not None:
        return describe(place.items).model is not None
    return False


def _entry(name: str, entry: Entry, place: Place, indent: int) -> list[str]:
    """The lines of `name: value`, without the comments above it."""
    pad = " " * indent
    short = _flow(entry.node, place, top=True)
    beside = f"  {entry.beside}" if entry.beside else ""
    if (short is not None and indent + len(name) + 2 + short[1] <= WIDTH) or not _parts(entry.node):
        return [f"{pad}{name}: {short[0] if short else _only(entry.node, place)}{beside}"]
    return [f"{pad}{name}:{beside}", *_block(entry.node, place, indent + 2)]


def _parts(node: Node) -> bool:
    return isinstance(node.value, dict | list) and bool(node.value)


def _only(node: Node, place: Place) -> str:
    if isinstance(node.value, dict):
        return "{}"
    return "[]" if isinstance(node.value, list) else written(node.value, place, flow=False)


def _block(node: Node, place: Place, indent: int) -> list[str]:
    """The lines of a value with entries, each on its own lines."""
    pad = " " * indent
    lines: list[str] = []
    for key, entry in ordered(node, place):
        if isinstance(key, int):
            above, item = _item(entry, place.below(key), indent)
            lines += [*(f"{pad}{text}".rstrip() for text in above), *item]
        else:
            lines += [f"{pad}{text}".rstrip() for text in entry.above]
            lines += _entry(key_written(key, place, flow=False), entry, place.below(key), indent)
    return lines + [f"{pad}{text}".rstrip() for text in node.after]


def _item(entry: Entry, place: Place, indent: int) -> tuple[list[str], list[str]]:
    """The comments above a list's item, and its lines: `- ` before the first of them."""
    pad = " " * indent
    short = _flow(entry.node, place, top=True)
    if (short is not None and indent + 2 + short[1] <= WIDTH) or not _parts(entry.node):
        beside = f"  {entry.beside}" if entry.beside else ""
        return entry.above, [f"{pad}- {short[0] if short else _only(entry.node, place)}{beside}"]
    lines = _block(entry.node, place, indent + 2)
    return entry.above, [f"{pad}- {lines[0].lstrip()}", *lines[1:]]


def _flow(node: Node, place: Place, *, top: bool = False) -> tuple[str, int] | None:
    """The value on one line, with how wide it counts; null where its entries have lines of their own."""
    if not isinstance(node.value, dict | list):
        text = written(node.value, place, flow=not top)
        return text, UNIT_WIDTH if place.key == "unit" else len(text)
    if not node.value:
        return None if node.after else ("{}", 2) if isinstance(node.value, dict) else ("[]", 2)
    if node.commented() or _spread(place):
        return None
    texts, width = [], 2
    for key, entry in ordered(node, place):
        inner = _flow(entry.node, place.below(key))
        if inner is None:
            return None
        name = "" if isinstance(key, int) else f"{key_written(key, place, flow=True)}: "
        texts.append(name + inner[0])
        width += len(name) + inner[1] + 2
    joined = ", ".join(texts)
    return (f"{{{joined}}}" if isinstance(node.value, dict) else f"[{joined}]"), width - 2
