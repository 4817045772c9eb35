"""A draft as the text of a mapping: the language's own order, one line an entry, the evidence behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from milkqc.drafting.plan import Block, Draft, Entry

_HEAD = """\
# A draft by `milkqc draft`, from what the files say. Read every line before you use it:
#   exact   the file says so itself (name and label, unit, codes, types)
#   likely  a part is inferred, and the line says from what
#   unsure  not decided, or decided only so that the draft can be tried: yours to settle
"""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./+ -]*|[0-9]+(?:\.[0-9]+)?")
_WORDS = {"null", "true", "false", "yes", "no", "off", "~", "y", "n"}
_ORDER = ("with", "where", "long", "repeats", "controls", "specimen")


def text_of(draft: Draft) -> str:
    """The mapping. The same draft gives the same text."""
    return "\n".join(_lines(draft)).rstrip() + "\n"


def _lines(draft: Draft) -> Iterator[str]:
    yield from _HEAD.rstrip("\n").splitlines()
    yield from (f"# {note}" for note in dict.fromkeys(draft.notes))
    yield "milkqc: 1"
    yield f"study: {scalar(draft.study)}"
    if draft.missing:
        yield f"missing: {flow(draft.missing)} # exact: as the files declare them"
    if draft.schedule:
        yield "schedule: # likely: days by the visits' names; add each visit's `window` from the protocol"
        yield from (f"  {scalar(name)}: {{day: {day}}}" for name, day in draft.schedule.items())
    yield ""
    yield "tables:"
    for table in draft.tables:
        remark = f" # {'; '.join(table.upload.remarks)}" if table.upload.remarks else ""
        yield f"  {scalar(table.name)}: {flow(table.upload.table)}{remark}"
    for section in ("participants", "visits", "growth", "milk", "biomarkers"):
        blocks = [block for block in draft.blocks if block.section == section]
        if not blocks:
            continue
        yield ""
        yield f"{section}:"
        several = len(blocks) > 1
        for block in blocks:
            lines = list(_block(block))
            if several:
                yield f"  - {lines[0]}"
                yield from (f"    {line}" for line in lines[1:])
            else:
                yield from (f"  {line}" for line in lines)
    if any(table.left for table in draft.tables):
        yield ""
        yield "# Left out, or not decided: columns marked unsure may belong above."
        yield "unmapped:"
        for table in draft.tables:
            if table.left:
                yield f"  {scalar(table.name)}:"
                order = {name: place for place, name in enumerate(table.guesses)}
                for name in sorted(table.left, key=lambda one: order.get(one, len(order))):
                    yield f"    - {scalar(name)} # {_one_line(table.left[name])}"


def _block(block: Block) -> Iterator[str]:
    yield f"from: {scalar(block.upload.name)}"
    for part in ("with", "where", "visits", "long"):
        if part in block.parts:
            yield from _entry(block.parts[part])
    yield "key:"
    for one in block.keys:
        yield from (f"  {line}" for line in _entry(one))
    if "repeats" in block.parts:
        yield from _entry(block.parts["repeats"])
    for name, entries in (("columns", block.columns), ("extra", block.extra), ("analytes", block.analytes)):
        if entries:
            yield f"{name}:"
            for one in entries:
                yield from (f"  {line}" for line in _entry(one))
    for part in ("controls", "specimen"):
        if part in block.parts:
            yield from _entry(block.parts[part])


def _entry(one: Entry) -> Iterator[str]:
    value = one.value
    written = flow(value) if isinstance(value, Mapping | list) else scalar(str(value))
    comment = f" # {_one_line(one.comment)}" if one.comment else ""
    yield f"{scalar(one.key)}: {written}{comment}"


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f\s]+", " ", text).strip()


def flow(value: Any) -> str:
    """A mapping, a list or a text in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(_pair(str(key), one) for key, one in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(flow(one) for one in value) + "]"
    return scalar(str(value))


def _pair(key: str, value: Any) -> str:
    # The one yes-or-no of the language that a draft writes; `true` as a code or a text is quoted.
    written = str(value) if key == "optional" else flow(value)
    return f"{scalar(key, key=True)}: {written}"


def scalar(text: str, *, key: bool = False) -> str:
    """A text as YAML, quoted where it would be read as something else, here or by another reader."""
    plain = _PLAIN.fullmatch(text) is not None and text == text.strip() and "  " not in text
    number = re.fullmatch(r"[0-9.]+", text) is not None
    if plain and not (number and key) and text.lower() not in _WORDS and not re.search(r" [-#]|: ", text):
        return text
    escaped = (
        text.replace("\\", "\\\\")
        .replace('"', '\\"')
        .replace("\n", "\\n")
        .replace("\t", "\\t")
        .replace("\r", "\\r")
    )
    return f'"{escaped}"'
