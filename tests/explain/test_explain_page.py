"""docs/explain.md: what its commands print. MILKQC_REMAKE=1 writes the page's outputs anew (after a change of the demo)."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from milkqc.cli.explain import command

PAGE = Path(__file__).parents[2] / "docs" / "explain.md"
# A line of the demo's mapping that moved, or another byte of its uploads, is no other explanation.
PLACES = re.compile(r"(?<=mapping\.yaml:)\d+|(?<=sha256 )[0-9a-f]{12}")
BLOCK = re.compile(r"^```console\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


def printed(line: str, out: Path) -> str:
    """What a command of the page prints, without the rules at its end (they grow)."""
    words = shlex.split(line.removeprefix("$ milkqc explain demo/out "))
    result = CliRunner().invoke(command, [str(out), *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output[: result.output.index("\n\nFindings") + 1] + "...\n"


def made(body: str, out: Path) -> str:
    lines = [line for line in body.splitlines() if line.startswith("$ ")]
    return "\n".join(f"{line}\n{printed(line, out)}" for line in lines)


@pytest.fixture
def out(demo) -> Path:
    return demo / "out"


def test_the_commands_print_what_the_page_shows(out):
    text = PAGE.read_text(encoding="utf-8")
    again = BLOCK.sub(lambda found: f"```console\n{made(found['body'], out)}```", text)
    if os.environ.get("MILKQC_REMAKE"):
        PAGE.write_text(again, encoding="utf-8")
    assert PLACES.sub("", again) == PLACES.sub("", text)


def test_the_python_of_the_page_runs(out, monkeypatch):
    (code,) = re.findall(
        r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    monkeypatch.chdir(out.parent)
    names: dict[str, object] = {}
    exec(code.replace('"demo/out"', '"out"'), names)
    assert names["found"].cell.value == pytest.approx(-1.4, abs=0.005)
