"""docs/tutorial.md: every command on the page is run, in order, and gives what the page shows.

```console  `$ ` begins a command, the lines below it are all that it prints. milkqc runs in this process, the rest in
            a shell; `echo $?` is the exit code of the command before it.
```diff F   an edit of the file F by hand: the line with - becomes the one with +.
```yaml     lines of demo/mapping.yaml as they stand there.
<!-- rows of F where column=value and column=one/other --> before a table: all such rows of F, in their order.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import logging
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from milkqc.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")
PARTS = re.compile(
    r"^```(?P<kind>console|yaml|diff) ?(?P<file>\S*)\n(?P<text>.*?)^```$"
    r"|^<!-- rows of (?P<rows>\S+)(?: where (?P<where>[^\n]+?))? -->\n\n(?P<table>(?:\|[^\n]*\n)+)",
    re.MULTILINE | re.DOTALL,
)
COMMAND = re.compile(r"^\$ (?P<line>[^\n]+)\n(?P<shown>(?:(?!\$ )[^\n]*\n)*)", re.MULTILINE)


@dataclass(frozen=True)
class Seen:
    """What the page shows at one place, what there was instead of it, and the place."""

    place: str
    shown: object
    was: object


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tutorial")


@pytest.fixture(scope="module")
def walked(folder: Path) -> list[Seen]:
    """The whole page, walked once in an empty folder."""
    logger = logging.getLogger("milkqc")
    before = logger.handlers[:], logger.propagate, logger.level
    try:
        with contextlib.chdir(folder):
            return list(walk())
    finally:
        logger.handlers[:], logger.propagate = before[:2]
        logger.setLevel(before[2])


@pytest.fixture(scope="module")
def first(walked: list[Seen], folder: Path) -> dict[str, Any]:
    """The report of the study as it was sent: the demo's own run, which no step of the page touches."""
    assert walked
    return json.loads((folder / "demo/out/report.json").read_text(encoding="utf-8"))


def walk() -> Iterator[Seen]:
    code = 0
    for part in PARTS.finditer(PAGE):
        if part["kind"] == "console":
            for command in COMMAND.finditer(part["text"]):
                was, code = typed(command["line"], code)
                yield Seen(command["line"], command["shown"], was)
        elif part["kind"] == "diff":
            edit(Path(part["file"]), part["text"])
        elif part["kind"] == "yaml":
            yield Seen(
                "a piece of the mapping", True, part["text"] in Path("demo/mapping.yaml").read_text("utf-8")
            )
        else:
            header, *shown = cells(part["table"])
            was = list(rows(Path(part["rows"]), header, part["where"] or ""))
            yield Seen(f"rows of {part['rows']} where {part['where']}", shown, was)


def typed(line: str, code: int) -> tuple[str, int]:
    """What a command prints, and its exit code; `code` is that of the command before."""
    if line == "echo $?":
        return f"{code}\n", 0
    if not line.startswith("milkqc "):
        done = subprocess.run(line, shell=True, capture_output=True, text=True, encoding="utf-8")
        return done.stdout + done.stderr, done.returncode
    printed = io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
    ):
        patch.setattr(sys, "argv", shlex.split(line))
        with pytest.raises(SystemExit) as left:
            main()
    return printed.getvalue(), int(left.value.code or 0)


def edit(file: Path, diff: str) -> None:
    """Do by hand what a diff of one line says; the old line stands once in the file."""
    old, new = diff.splitlines(keepends=True)
    assert (old[0], new[0]) == ("-", "+")
    text = file.read_text(encoding="utf-8")
    assert text.count(old[1:]) == 1, f"{file} has not once: {old[1:]}"
    file.write_text(text.replace(old[1:], new[1:]), encoding="utf-8")


def cells(table: str) -> list[list[str]]:
    """The cells of a Markdown table, without its rule."""
    lines = [line.strip().strip("|").split("|") for line in table.splitlines()]
    plain = [[cell.strip() for cell in line] for line in lines]
    return [plain[0], *plain[2:]]


def rows(file: Path, header: list[str], where: str) -> Iterator[list[str]]:
    """The columns of `header` in the rows of a CSV file that are asked for."""
    asked = dict(one.split("=") for one in where.split(" and ") if one)
    with file.open(encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            if all(row[column] in values.split("/") for column, values in asked.items()):
                yield [row[column] for column in header]


def beside(words: str) -> list[list[str]]:
    """The cells of the page's table whose first line begins with these words, without that line."""
    found = re.search(rf"^\| {re.escape(words)} \|[^\n]*\n(?:\|[^\n]*\n)+", PAGE, re.MULTILINE)
    assert found is not None
    return cells(found[0])[1:]


def test_every_command_and_table_gives_what_the_page_shows(walked):
    wrong = [f"{one.place}\n  page: {one.shown}\n  was:  {one.was}" for one in walked if one.shown != one.was]
    assert not wrong, "\n".join(wrong)


def test_no_block_of_the_page_escapes_the_test(walked):
    blocks = list(PARTS.finditer(PAGE))
    assert sum(part["kind"] is not None for part in blocks) * 2 == len(
        re.findall(r"^```", PAGE, re.MULTILINE)
    )
    assert sum(part["rows"] is not None for part in blocks) == PAGE.count("<!--")
    assert sum(one.place.startswith("milkqc ") for one in walked) == PAGE.count("$ milkqc ") == 6
    lines = [part["text"] for part in blocks if part["kind"] == "console"]
    assert all("".join(found[0] for found in COMMAND.finditer(text)) == text for text in lines)


def test_the_table_of_who_does_what_is_the_reports(first):
    shown = {who: [int(number) for number in counts] for who, *counts, _ in beside("who")}
    owners = {
        one["owner"]: [one["blockers"], one["queries"], one["notes"]] for one in first["todo"]["owners"]
    }
    titles = {(one["owner"], one["title"]) for one in first["todo"]["actions"]}
    assert shown == owners
    assert {(who, example) for who, *_, example in beside("who")} <= titles
    assert first["verdict"]["decision"] == "RETURN"
    assert f"That is why {sum(one['findings'] for one in first['findings'].values())} findings" in PAGE


def test_the_counts_before_and_after_are_those_of_the_runs(walked):
    said = [one.was for one in walked if one.place.startswith("milkqc run") and "Findings:" in str(one.was)]
    before, after = (re.findall(r"(\d+) (critical|warning|info)|rejected: (\d+)", text) for text in said[:2])
    counts = {
        was[1] or "rows rejected": [was[0] or was[2], now[0] or now[2]]
        for was, now in zip(before, after, strict=True)
    }
    assert {what: [was, now] for what, was, now, _ in beside("what is open")} == counts
