"""A drafted mapping held against one that people wrote: column by column, as the two files stand.

A column's meaning is what the mapping says of it: section, target, unit or format, codes. It is *right* when the
draft says exactly what the truth says (for a column that the truth leaves out: leaves it out too), *wrong* when the
draft says something else without calling it unsure, *partly* when it says some of it (the date of a visit in one
section of two), *open* when the draft leaves it to people. What a wide file's
codes are called where the study may choose (text, extras) counts whatever the case of the letters.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from milkqc.drafting import Drafted, draft
from milkqc.errors import UnitError
from milkqc.mapping.language import Block
from milkqc.mapping.load import loads
from milkqc.mapping.uses import Use, uses
from milkqc.reference import dictionary
from milkqc.units import canonical, header_unit

# What a place of the mapping says of a column's meaning; where a column only chooses rows or limits, nothing.
SAYS = ("key", "columns", "extra", "analytes", "long", "controls", "with")
Target = tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """One column of one file: what truth and draft say of it, and whether the draft calls it unsure."""

    file: str
    column: str
    truth: frozenset[Target]
    said: frozenset[Target]
    unsure: bool

    @property
    def verdict(self) -> str:
        """`right`, `partly` (true as far as it goes), `wrong`, or `open`."""
        if self.unsure:
            return "open"
        if self.truth == self.said:
            return "right"
        return "partly" if self.said and self.said < self.truth else "wrong"


def compared(
    files: list[Path], truth: Mapping[tuple[str, str], frozenset[Target]], made: Drafted | None = None
) -> list[Column]:
    """Every column of the files as drafted, against `truth` by (file, column); what it does not name is left out."""
    made = made or draft(files)
    said, unsure = _meanings(made.text), _unsure(made.text)
    found = []
    for table in made.plan.tables:
        for column in table.guesses:
            for path in table.upload.files:
                told = said.get((table.name, column), frozenset())
                found.append(
                    Column(
                        path.name,
                        column,
                        truth.get((path.name, column), frozenset()),
                        told,
                        (table.name, column) in unsure,
                    )
                )
    return found


def truth_of(mapping: Path, names: Mapping[str, str]) -> dict[tuple[str, str], frozenset[Target]]:
    """What a finished mapping says, by file and column. `names` gives each of its tables' file."""
    found = _meanings(mapping.read_text(encoding="utf-8"))
    return {(names.get(table, table), column): targets for (table, column), targets in found.items()}


def labelled(path: Path, folder: str) -> dict[tuple[str, str], frozenset[Target]]:
    """Hand-made truth: rows of `folder`, with file, column, section, kind, target, unit, codes (`1=male;2=female`)."""
    found: dict[tuple[str, str], set[Target]] = defaultdict(set)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["folder"] == folder:
                found[row["file"], row["column"]].add(
                    (row["section"], row["kind"], row["target"], row["unit"], row["codes"])
                )
    return {place: frozenset(targets) for place, targets in found.items()}


def figures(columns: Iterable[Column]) -> dict[str, Any]:
    """Counts, and precision and recall over columns that have a meaning (in the truth, or in the draft)."""
    columns = list(columns)
    meant = [one for one in columns if one.truth]
    told = [one for one in columns if one.said and not one.unsure]
    right = [one for one in columns if one.verdict == "right"]
    mapped = [one for one in right if one.truth]
    return {
        "columns": len(columns),
        "right": len(right),
        "partly": sum(one.verdict == "partly" for one in columns),
        "open": sum(one.verdict == "open" for one in columns),
        "wrong": sum(one.verdict == "wrong" for one in columns),
        "mapped by people": len(meant),
        "mapped by the draft": len(told),
        "both the same": len(mapped),
        "precision": len(mapped) / len(told) if told else None,
        "recall": len(mapped) / len(meant) if meant else None,
    }


def _meanings(text: str) -> dict[tuple[str, str], frozenset[Target]]:
    mapping = loads(text).mapping
    found: dict[tuple[str, str], set[Target]] = defaultdict(set)
    blocks = {(table, place): block for table, place, block in mapping.blocks()}
    for use in uses(mapping):
        kind = str(use.path[2])
        if kind not in SAYS or (use.spec is None and kind not in {"long", "controls", "with"}):
            continue
        found[use.table, use.column].add(_target(use, blocks[str(use.path[0]), int(use.path[1])]))
    return {place: frozenset(_joined(targets)) for place, targets in found.items()}


def _joined(targets: set[Target]) -> Iterable[Target]:
    """A column of tests read by several blocks is one meaning: their codes together."""
    codes: dict[Target, set[str]] = defaultdict(set)
    for *what, listed in targets:
        codes[tuple(what)] |= {listed} if what[1] != "long" else set(listed.split(";"))
    for what, several in codes.items():
        if what[1] == "long":
            yield (*what, ";".join(sorted(several - {""})))
        else:
            yield from ((*what, one) for one in several)


def _target(use: Use, block: Block) -> Target:
    section, _, kind, *rest = map(str, use.path)
    if kind == "with":
        return (section, "with", "", "", "")
    if kind in {"long", "controls"}:
        return (section, kind, rest[0], "", _codes(block.long.codes if kind == "long" and rest[0] in {"analyte", "variable"} and block.long else {}))  # fmt: skip
    spec = use.spec
    assert spec is not None
    name = getattr(spec, "type", "") if kind == "extra" else rest[0]
    unit = spec.format or ""
    if spec.unit is not None:
        unit = spec.unit.text or (header_unit(use.column) or "" if spec.unit.header else "")
    elif kind == "analytes" and block.every.unit is not None and not unit:
        unit = block.every.unit.text or header_unit(use.column) or ""
    known = dictionary().get((section, rest[0]))
    free = kind in {"key", "extra"} or (known is not None and known.type == "text")
    codes = _codes(spec.codes or {}, free=free)
    return (section, kind, name, _unit(unit), codes)


def _unit(text: str) -> str:
    if ("%" in text and len(text) > 1) or "+" in text:
        return text
    try:
        return canonical(text) if text else ""
    except UnitError:
        return text


def _codes(codes: Mapping[str, str], *, free: bool = False) -> str:
    return ";".join(f"{code}={word.casefold() if free else word}" for code, word in sorted(codes.items()))


def _unsure(text: str) -> set[tuple[str, str]]:
    """The columns on whose line the draft says `# unsure`, by table: under `unmapped`, or in a block."""
    return set(_marked(text))


def _marked(text: str) -> Iterable[tuple[str, str]]:
    from milkqc import yamlfile

    document = yamlfile.parse(text, name="mapping.yaml")
    lines = text.splitlines()
    sure = {number for number, line in enumerate(lines, 1) if "# unsure" not in line}
    for table, columns in (document.data.get("unmapped") or {}).items():
        for place, column in enumerate(columns):
            if document.line(("unmapped", table, place)) not in sure:
                yield table, column
    mapping = loads(text).mapping
    for use in uses(mapping):
        section, place, *rest = use.path
        single = not isinstance(document.data[section], list)
        path = (section, *rest) if single else use.path
        # An entry that is too long for one line has its comment at its name.
        if any(document.line(tuple(path[:end])) not in sure for end in range(3, len(path) + 1)):
            yield use.table, use.column
