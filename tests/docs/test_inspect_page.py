"""docs/inspect.md: every command on the page is run and prints what the page shows; every kind of remark is there.

Checksums and the versions of libraries are compared by their shape: the page shows real ones, which may change.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from milkqc.cli import commands
from milkqc.demo import write_uploads
from milkqc.inspection.facts import KINDS

PATH = Path(__file__).parents[2] / "docs" / "inspect.md"
PAGE = PATH.read_text(encoding="utf-8")
SHOWN = re.compile(r"^```console\n\$ milkqc (?P<line>[^\n]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    for name, text in re.findall(r"^```csv (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        (folder / name).write_text(text, encoding="utf-8")
    write_uploads(folder / "demo")
    return folder


def typed(line: str) -> str:
    done = CliRunner().invoke(commands, line.split(), env={"COLUMNS": "100"})
    assert done.exit_code == 0, done.output
    return done.stdout


def shape(text: str) -> str:
    return re.sub(r"read by ([a-z -]+) [0-9.]+", r"read by \1 N", re.sub(r"[0-9a-f]{64}", "SHA", text))


def test_every_command_prints_what_the_page_shows(folder, monkeypatch):
    monkeypatch.chdir(folder)
    places = list(SHOWN.finditer(PAGE))
    assert len(places) == 4
    for place in places:
        assert shape(typed(place["line"])) == shape(place["text"]), place["line"]


def test_every_kind_of_remark_is_explained():
    table = PAGE.partition("## What there may be to look at")[2].partition("## JSON")[0]
    assert sorted(
        re.findall(r"`([a-z_]+)`", "".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE)))
    ) == sorted([*KINDS, "kind"])


def rewrite(folder: Path) -> str:
    """The page with what its commands print now."""
    os.chdir(folder)
    return SHOWN.sub(lambda place: f"```console\n$ milkqc {place['line']}\n{typed(place['line'])}```", PAGE)


if __name__ == "__main__":  # python tests/docs/test_inspect_page.py FOLDER, with the page's files in FOLDER
    PATH.write_text(rewrite(Path(sys.argv[1])), encoding="utf-8")
