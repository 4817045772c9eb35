"""docs/traps.md names a test for every trap, and each of them is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs" / "traps.md").read_text("utf-8")
ROWS = re.findall(r"^\| ([^|]+) \| ([^|]+) \| (`tests/[^|]+`) \|$", PAGE, re.MULTILINE)


@cache
def found_in(file: str) -> frozenset[str]:
    tree = ast.parse((TOP / file).read_text("utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_every_trap_names_tests_that_are_there():
    named = [one for _, _, held in ROWS for one in re.findall(r"`([^`]+)`", held)]
    assert len(named) >= len(ROWS) > 40
    assert [one for one in named if one.split("::")[1] not in found_in(one.split("::")[0])] == []
    # A row that the pattern does not know would go unseen.
    assert len(ROWS) == PAGE.count("\n| ") - 1


def test_every_library_with_traps_has_its_rows():
    wanted = {
        "Great Expectations",
        "pandera",
        "pint",
        "pyreadstat",
        "polars",
        "narwhals",
        "DuckDB",
        "xlsxwriter",
        "YAML",
    }
    assert wanted <= {library for library, _, _ in ROWS}
