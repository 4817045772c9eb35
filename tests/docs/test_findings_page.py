"""docs/findings.md: the columns, statuses and rules it explains are those that there are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from milkqc.findings import FINDINGS_SCHEMA
from milkqc.mapping.apply import READING, REJECTED_SCHEMA
from milkqc.messages import catalogue
from milkqc.model import SEVERITIES, Engine, Status

PAGE = (Path(__file__).parents[2] / "docs" / "findings.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text below one heading."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, f"findings.md has no section {title!r}"
    return found[1]


def first_cells(text: str) -> list[str]:
    """The words in code type in the first cell of each line of the text's tables, in order."""
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return [word for cell in cells for word in re.findall(r"`([^`]+)`", cell)]


def rules() -> dict[str, str]:
    lines = re.findall(r"^\| `(reading\.[^`]+)` \| (\w+) \|", section("The rules of reading"), re.MULTILINE)
    return dict(lines)


def test_every_reading_rule_of_the_catalogue_is_explained_with_its_severity():
    assert set(rules()) == {rule for rule in catalogue() if rule.startswith("reading.")}
    assert rules() == READING


def test_the_columns_are_explained_in_their_order():
    assert first_cells(section("The columns of findings.csv")) == list(FINDINGS_SCHEMA)


def test_the_statuses_are_explained():
    assert set(first_cells(section("checks.csv"))) == set(get_args(Status))


def test_the_severities_are_explained_gravest_first():
    assert tuple(first_cells(section("Severity"))) == SEVERITIES


def test_the_engines_and_the_columns_of_rejected_rows_are_named():
    assert all(f"`{engine}`" in PAGE for engine in get_args(Engine))
    assert all(f"`{column}`" in section("rejected.csv") for column in REJECTED_SCHEMA)
