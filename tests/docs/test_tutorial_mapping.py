"""docs/tutorial_mapping.md: every command on the page is run, in order, and gives what the page shows.

```console   `$ ` begins a command, the lines below it are all that it prints (with `| head -N`: the first N of them).
             milkqc runs in this process, the rest in a shell; `echo $?` is the exit code of the command before it.
```diff F    an edit of the file F by hand: the lines with - become those with +.
```cells F   an edit of the workbook F by hand: sheet, row and column, what the cell held, and what is typed.
```yaml      lines of mapping.yaml as they stand there.
`milkqc demo` is not run: its uploads are written, which is all that the page uses of it.
"""

from __future__ import annotations

import contextlib
import io
import logging
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.mapping import workbooks

from milkqc.cli import main
from milkqc.demo import write_uploads

PAGE = Path(__file__).parents[2] / "docs" / "tutorial_mapping.md"
PARTS = re.compile(
    r"^```(?P<kind>console|yaml|diff|cells) ?(?P<file>\S*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
COMMAND = re.compile(r"^\$ (?P<line>[^\n]+)\n(?P<shown>(?:(?!\$ )[^\n]*\n)*)", re.MULTILINE)
DEMO = "milkqc demo --out demo"


def walk(page: str) -> Iterator[tuple[re.Match[str] | None, str, str, str]]:
    """For each command and each piece of the mapping: what it is, what the page shows, what there was."""
    code = 0
    for part in PARTS.finditer(page):
        if part["kind"] == "diff":
            edit(Path(part["file"]), part["text"])
        elif part["kind"] == "cells":
            type_cells(Path(part["file"]), part["text"])
        elif part["kind"] == "yaml":
            there = part["text"] in Path("mapping.yaml").read_text("utf-8")
            yield (
                part,
                "a piece of the mapping",
                part["text"],
                part["text"] if there else "not in mapping.yaml",
            )
        else:
            for command in COMMAND.finditer(part["text"]):
                line, shown = command["line"], command["shown"]
                if line == DEMO:
                    write_uploads(Path("demo"))
                    continue
                was, code = typed(line, code)
                yield part, line, shown, was


def typed(line: str, code: int) -> tuple[str, int]:
    """What a command prints, and its exit code; `code` is that of the command before."""
    if line == "echo $?":
        return f"{code}\n", 0
    if not line.startswith("milkqc "):
        done = subprocess.run(line, shell=True, capture_output=True, text=True, encoding="utf-8")
        return done.stdout + done.stderr, done.returncode
    line, _, cut = line.partition(" | head -")
    printed, left = io.StringIO(), 0
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
    ):
        patch.setattr(sys, "argv", shlex.split(line))
        patch.setenv("COLUMNS", "100")
        try:
            main()
        except SystemExit as end:
            left = int(end.code or 0)
    shown = printed.getvalue()
    if cut:
        shown = "".join(shown.splitlines(keepends=True)[: int(cut)])
    return shown, left


def edit(file: Path, diff: str) -> None:
    """Do by hand what a diff says; the old lines stand once in the file, the new ones take their place."""
    lines = diff.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line.startswith("-"))
    new = "".join(line[1:] for line in lines if line.startswith("+"))
    text = file.read_text(encoding="utf-8")
    assert old, "a diff takes lines away"
    assert text.count(old) == 1, f"{file} has not once: {old}"
    file.write_text(text.replace(old, new), encoding="utf-8", newline="\n")


def type_cells(file: Path, text: str) -> None:
    """Type into the workbook what a piece of the page says; each cell holds what the page says it held."""
    import csv

    import python_calamine

    book = python_calamine.CalamineWorkbook.from_path(str(file))
    changes = {}
    for row in csv.DictReader(io.StringIO(text)):
        lines = book.get_sheet_by_name(row["sheet"]).to_python(skip_empty_area=False)
        place, column = int(row["row"]), lines[0].index(row["column"])
        held = lines[place - 1][column] if place <= len(lines) else ""
        assert held == row["held"], f"{row['sheet']} row {place} holds {held!r} under {row['column']}"
        changes[row["sheet"], place, row["column"]] = row["typed"]
    workbooks.edit(file, file.with_suffix(".part"), changes).replace(file)


@pytest.fixture(scope="module")
def typed_in(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[tuple[str, str, str]], str]:
    """The page's steps with what they print, and what lint says of the mapping that the demo brings."""
    logger = logging.getLogger("milkqc")
    before = logger.handlers[:], logger.propagate, logger.level
    try:
        with contextlib.chdir(tmp_path_factory.mktemp("tutorial_mapping")):
            steps = [(line, shown, was) for _, line, shown, was in walk(PAGE.read_text(encoding="utf-8"))]
            linted = typed("milkqc lint demo/mapping.yaml --data demo/uploads", 0)[0]
            return steps, linted
    finally:
        logger.handlers[:], logger.propagate = before[:2]
        logger.setLevel(before[2])


@pytest.fixture(scope="module")
def walked(typed_in):
    return typed_in[0]


def test_the_page_of_lint_shows_what_it_says_of_the_demo(typed_in):
    page = (PAGE.parent / "lint.md").read_text(encoding="utf-8")
    assert f"$ milkqc lint demo/mapping.yaml --data demo/uploads\n{typed_in[1]}```" in page


def test_every_command_gives_what_the_page_shows(walked):
    assert [(line, shown) for line, shown, _ in walked] == [(line, was) for line, _, was in walked]


def test_the_page_goes_through_all_verbs_of_a_mapping(walked):
    commands = " ".join(line for line, _, _ in walked)
    for verb in (
        "draft",
        "lint",
        "fmt",
        "mapping to-excel",
        "mapping from-excel",
        "mapping test",
        "run",
        "explain",
        "decisions",
    ):
        assert f"milkqc {verb}" in commands
