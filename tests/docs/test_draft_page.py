"""docs/draft.md: the example is drafted again, and gives what the page shows."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from milkqc.cli import commands
from milkqc.mapping.lint import lint
from milkqc.mapping.load import loads

PAGE = (Path(__file__).parents[2] / "docs" / "draft.md").read_text(encoding="utf-8")


def shown(kind: str) -> str:
    found = re.search(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def drafted(tmp_path_factory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("draft")
    (folder / "clinic.csv").write_text(shown(r"csv clinic\.csv"), encoding="utf-8")
    command, _, _ = shown("console").partition("\n")
    with contextlib.chdir(folder):
        done = CliRunner().invoke(commands, command.removeprefix("$ milkqc ").split())
        assert done.exit_code == 0, done.output
        return done.output, Path("mapping.yaml").read_text(encoding="utf-8")


def test_the_command_says_what_the_page_shows(drafted):
    assert shown("console").partition("\n")[2] == drafted[0]


def test_the_draft_is_the_one_on_the_page(drafted):
    assert shown(r"yaml mapping\.yaml") == drafted[1]
    assert not lint(loads(drafted[1])).faults
