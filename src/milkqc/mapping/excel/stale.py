"""What happened to a mapping while its workbook was being edited: three states compared."""

from __future__ import annotations

from typing import Any

from milkqc import yamlfile
from milkqc.errors import Faults
from milkqc.mapping.excel.cells import place_shown, shown
from milkqc.mapping.form.tree import Key, tree_of

MOST = 15


def compared(base: str, workbook: str, now: str, name: str) -> tuple[str, str]:
    """What changed in the mapping since, what the workbook changed, and what to do."""
    old = _leaves(base)
    since, edited = _changes(old, _leaves(now)), _changes(old, _leaves(workbook))
    both = sorted(set(since) & set(edited))
    lines = [f"{name} has changed since the workbook was made."]
    lines += _told(f"Since then in {name}:", since, "only its comments or its layout")
    lines += _told("In the workbook:", edited, "nothing")
    if both:
        lines.append(f"Changed in both: {', '.join(place_shown(path) for path in both[:MOST])}.")
    if not edited:
        todo = "Nothing is lost: write the workbook anew with `milkqc mapping to-excel`."
    else:
        todo = "Write the workbook anew with `milkqc mapping to-excel`, and make the workbook's changes there again."
    return "\n".join([*lines, todo]), ""


def _leaves(text: str) -> dict[tuple[Key, ...], str]:
    try:
        data = yamlfile.parse(text, name="").data
    except Faults:
        return {}
    found: dict[tuple[Key, ...], str] = {}

    def walk(node: Any, path: tuple[Key, ...]) -> None:
        if isinstance(node, dict) and node:
            for key, value in node.items():
                walk(value, (*path, key))
        elif isinstance(node, list) and any(isinstance(item, dict) for item in node):
            for place, value in enumerate(node):
                walk(value, (*path, place))
        else:
            found[path] = shown(tree_of(node))

    walk(data, ())
    return found


def _changes(old: dict[tuple[Key, ...], str], new: dict[tuple[Key, ...], str]) -> dict[tuple[Key, ...], str]:
    changes = {}
    for path in [*old, *(path for path in new if path not in old)]:
        before, after = old.get(path), new.get(path)
        if before != after:
            told = (
                f"{before} -> {after}"
                if before and after
                else f"{after} added"
                if after
                else f"{before} removed"
            )
            changes[path] = f"{place_shown(path)}: {told}"
    return changes


def _told(title: str, changes: dict[tuple[Key, ...], str], none: str) -> list[str]:
    texts = list(changes.values())
    more = [f"  and {len(texts) - MOST} more"] if len(texts) > MOST else []
    return [title, *(f"  {text}" for text in texts[:MOST]), *more] if texts else [f"{title} {none}."]
