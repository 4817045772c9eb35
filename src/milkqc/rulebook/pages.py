"""A Markdown page for every rule that ships, and their index: docs/rules, made by `milkqc rules docs`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from milkqc.rulebook.book import book
from milkqc.rulebook.entry import HOMES, Described
from milkqc.rulebook.own import StudyRules
from milkqc.rulebook.words import example, limits

_MADE = (
    "<!-- Made by `make rules-docs` (milkqc rules docs --out docs/rules). Do not edit: change the rule. -->"
)


def write(folder: Path, rules: StudyRules | None = None) -> tuple[int, int]:
    """Write every page into `folder`; pages of rules that are no more are removed. The counts of both."""
    told = pages(rules)
    folder.mkdir(parents=True, exist_ok=True)
    old = [path for path in sorted(folder.glob("*.md")) if path.name not in told and _made(path)]
    for path in old:
        path.unlink()
    for name, text in told.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return len(told), len(old)


def _made(path: Path) -> bool:
    return path.read_text(encoding="utf-8").startswith(_MADE)


def pages(rules: StudyRules | None = None) -> dict[str, str]:
    """File name -> text, of every rule that ships and of the index."""
    every = [each for each in book(rules) if each.home != "plugin"]
    return {"README.md": _index(every), **{f"{each.id}.md": _page(each) for each in every}}


def _index(every: Sequence[Described]) -> str:
    lines = [
        _MADE,
        "# The rules",
        "",
        f"{len(every)} rules, a page each: what it says, what to do about it, its source, its examples, how a study "
        "changes it. The same at the command line: `milkqc rules list`, `milkqc rules show ID`.",
        "",
        "| home | rules | what lives there |",
        "|---|---:|---|",
    ]
    for home, (what, _) in HOMES.items():
        n = sum(each.home == home for each in every)
        if n:
            lines.append(f"| {home} | {n} | {what} |")
    packs = sorted(every, key=lambda each: (list(HOMES).index(each.home), each.pack, each.id))
    for (home, pack), group in groupby(packs, key=lambda each: (each.home, each.pack)):
        name = pack if pack == home else f"{pack} ({home})"
        lines += ["", f"## {name}", "", "| rule | severity | says |", "|---|---|---|"]
        lines += [f"| [{each.id}]({each.id}.md) | {each.severity} | {_cell(each.title)} |" for each in group]
    return "\n".join(lines) + "\n"


def _page(each: Described) -> str:
    lines = [_MADE, f"# {each.title}", "", f"`{each.id}`, {each.severity}", "", _text(each.says), ""]
    lines += ["| | |", "|---|---|"]
    for name, text in (
        ("table", each.table if each.table != "*" else "any"),
        ("columns", ", ".join(f"`{column}`" for column in each.columns)),
        ("judges", _cell(each.judges)),
        ("right is", _cell(each.expected)),
        ("limits", _cell("; ".join(limits(each)))),
        ("who acts", f"{each.owner} ({each.dimension})"),
        ("source", _cell(each.source)),
        ("stands in", f"`{each.file}`" if each.file else HOMES[each.home][0]),
        ("home", f"{each.home}: {HOMES[each.home][0]}"),
    ):
        if text:
            lines.append(f"| {name} | {text} |")
    if each.site or each.analyst:
        lines += ["", "## What to do", ""]
        lines += [
            f"- The {who}: {_text(text)}"
            for who, text in (("site", each.site), ("analyst", each.analyst))
            if text
        ]
    if each.message and each.message != each.says:
        lines += ["", "## What a finding says", "", f"> {_text(each.message)}"]
    if each.examples:
        lines += ["", "## Examples, run as tests", ""]
        lines += _examples("passes", example(each, "pass"))
        lines += _examples("fails", example(each, "fail"))
    lines += ["", "## To change it", "", _text(each.change)]
    return "\n".join(lines) + "\n"


def _examples(word: str, texts: Iterable[str]) -> list[str]:
    return [f"- {word}: `{text}`" for text in texts]


def _text(text: str) -> str:
    """Text as Markdown shows it: angle brackets are no tags, outside of code."""
    parts = text.split("`")
    return "`".join(part if place % 2 else _escaped(part) for place, part in enumerate(parts))


def _escaped(text: str) -> str:
    for sign in ("\\", "<", ">", "*", "_", "|", "["):
        text = text.replace(sign, f"\\{sign}")
    return text


def _cell(text: str) -> str:
    return _text(text).replace("`", "`")
