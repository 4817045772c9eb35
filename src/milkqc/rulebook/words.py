"""Rules as people and machines read them: a list, one rule in full, and the fields of both."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from milkqc.rulebook.book import UNNAMED
from milkqc.rulebook.entry import HOMES, Described

COLUMNS = (
    "id", "severity", "table", "pack", "home", "title", "says", "judges", "expected", "site", "analyst", "source",
    "owner", "dimension", "file", "line", "changed", "off",
)  # fmt: skip
_WIDTH = 100


def listed(rules: Sequence[Described], form: str) -> str:
    """The rules as `text` (a line each), `json` or `csv`."""
    if form == "json":
        return json.dumps([fields(each) for each in rules], indent=2, ensure_ascii=False)
    if form == "csv":
        held = io.StringIO()
        writer = csv.writer(held, lineterminator="\n")
        writer.writerow(COLUMNS)
        for each in rules:
            told = fields(each)
            writer.writerow([told[name] for name in COLUMNS])
        return held.getvalue().rstrip("\n")
    if not rules:
        return "No rule is of this kind."
    wide = max(len(each.id) for each in rules)
    packs = max(len(each.pack) for each in rules)
    lines = [
        f"{each.id:{wide}}  {each.severity:8}  {each.pack:{packs}}  {each.title}{_mark(each)}"
        for each in rules
    ]
    return "\n".join([*lines, f"{len(rules)} {'rule' if len(rules) == 1 else 'rules'}."])


def _mark(each: Described) -> str:
    if each.off == UNNAMED:
        return f"  [off {each.off}: packs/{each.pack}.yaml]"
    if each.off:
        return f"  [switched off: {each.off}]"
    if each.changed:
        return f"  [changed: {each.changed}]"
    return "  [the study's own]" if each.own and each.home == "suite" else ""


def shown(each: Described) -> str:
    """One rule in full."""
    told = [
        ("", each.says),
        ("Severity", each.severity),
        ("Table", f"{each.table}; {', '.join(each.columns)}" if each.columns else each.table),
        ("Judges", each.judges),
        ("Right is", each.expected),
        ("Limits", "; ".join(limits(each))),
        ("Site", each.site),
        ("Analyst", each.analyst),
        ("Acts", f"{each.owner} ({each.dimension})"),
        ("Source", each.source),
        ("Passes", "; ".join(example(each, "pass"))),
        ("Fails", "; ".join(example(each, "fail"))),
        ("Finding", each.message if each.message != each.says else ""),
        ("Home", HOMES[each.home][0]),
        ("Stands in", each.where),
        ("Changed", each.changed),
        ("Off", each.off),
        ("To change", each.change),
    ]
    lines = [f"{each.id}: {each.title}"]
    for name, text in told:
        if text:
            begin = f"  {name + ':':11}" if name else "  "
            lines += textwrap.wrap(
                text, _WIDTH, initial_indent=begin, subsequent_indent=" " * len(begin), break_long_words=False
            )
    return "\n".join(lines)


def fields(each: Described) -> dict[str, Any]:
    """A rule's facts by the names of COLUMNS, JSON-safe, with `columns`, `arguments`, `message` and `examples`."""
    told: dict[str, Any] = {name: getattr(each, name) for name in COLUMNS}
    return told | {
        "columns": list(each.columns),
        "arguments": _plain(each.arguments),
        "message": each.message,
        "examples": {side: _plain(values) for side, values in each.examples.items()},
        "change": each.change,
    }


def limits(each: Described) -> list[str]:
    """The limits that a study may change, by name: `max 7.9`."""
    return [
        f"{name} {', '.join(map(_text, value)) if isinstance(value, tuple) else _text(value)}"
        for name, value in each.arguments.items()
    ]


def example(each: Described, side: str) -> list[str]:
    """The examples of one side, a text for each: a value, or `weight_kg 3.2, age_days 10` for a row of a function's."""
    given = each.examples.get(side)
    if not given:
        return []
    if not isinstance(given, Mapping):
        return [_table(value) if isinstance(value, Mapping) else _text(value) for value in given]
    columns = {name: values for name, values in given.items() if name != "!"}
    height = len(next(iter(columns.values())))
    marks = given.get("!", [True] * height)
    rows = [
        ", ".join(f"{name} {_text(values[row])}" for name, values in columns.items()) for row in range(height)
    ]
    if side == "pass":
        return rows
    return [row if fails else f"({row})" for row, fails in zip(rows, marks, strict=True)]


def _table(columns: Mapping[str, Any]) -> str:
    """A small table, its rows one after the other: `infant_id a, length_cm 50 | infant_id a, length_cm 45`."""
    rows = zip(*columns.values(), strict=True)
    return " | ".join(
        ", ".join(f"{name} {_text(cell)}" for name, cell in zip(columns, row, strict=True)) for row in rows
    )


def _text(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    return repr(value) if isinstance(value, str) and not value.strip() else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value
