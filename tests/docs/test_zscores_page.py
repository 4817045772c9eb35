"""docs/zscores.md: its commands are run on its file and give what it shows; every option is explained."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

from milkqc.cli import main
from milkqc.cli.zscores import command
from milkqc.zscores import ENDINGS
from milkqc.zscores.fields import FIELDS

PAGE = (Path(__file__).parents[2] / "docs" / "zscores.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"^\$ (?P<line>[^\n]+)\n(?P<shown>(?:(?!\$ )[^\n]*\n)*)", re.MULTILINE)


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def typed(line: str, code: int) -> tuple[str, int]:
    """What a command prints, and its exit code."""
    if line == "echo $?":
        return f"{code}\n", 0
    words = shlex.split(line)
    if words[0] != "milkqc":
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        return done.stdout, done.returncode
    seen = io.StringIO()
    with (
        contextlib.redirect_stdout(seen),
        contextlib.redirect_stderr(seen),
        mock.patch.object(sys, "argv", words),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    return seen.getvalue(), int(ended.value.code or 0)


def test_every_command_gives_what_the_page_shows(tmp_path):
    (tmp_path / "children.csv").write_text(blocks("csv")[0], encoding="utf-8")
    code, commands = 0, 0
    with contextlib.chdir(tmp_path):
        for part in COMMAND.finditer(blocks("console")[0]):
            was, code = typed(part["line"], code)
            assert was == part["shown"]
            commands += 1
    assert commands == 5


def test_every_option_and_column_is_explained():
    ignored = {"--help", "--out"}
    options = {name for option in command.params for name in option.opts if name.startswith("--")} - ignored
    units = {name for name in options if name.endswith("-unit")}
    assert {name for name in options - units if f"`{name}" not in PAGE} <= {
        "--oedema-codes",
        "--measured-codes",
    }
    assert all(
        f"`{one.name}`" in PAGE for one in FIELDS if one.name not in {"infant_birth_date", "visit_date"}
    )


def test_every_format_out_is_named():
    assert all(f"`{ending}`" in PAGE for ending in ENDINGS)
