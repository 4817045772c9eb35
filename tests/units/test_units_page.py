"""docs/units.md shows what milkqc does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from milkqc import units

PAGE = (Path(__file__).parents[2] / "docs" / "units.md").read_text("utf-8")
EXAMPLES = re.findall(r"^(\w+)(\(.*\)) +# (.+)$", PAGE, flags=re.MULTILINE)


@pytest.mark.parametrize(("name", "call", "shown"), EXAMPLES)
def test_an_example_gives_what_it_shows(name, call, shown):
    tree = ast.parse(f"f{call}", mode="eval").body
    arguments = [ast.literal_eval(part) for part in tree.args]
    named = {keyword.arg: ast.literal_eval(keyword.value) for keyword in tree.keywords}
    assert getattr(units, name)(*arguments, **named) == ast.literal_eval(shown)


def test_there_are_examples():
    assert len(EXAMPLES) == 7


def test_every_spelling_that_the_page_offers_is_allowed():
    table = PAGE.partition("| kind |")[2].partition("Capitals count")[0]
    offered = set(re.findall(r"`([^`]+)`", table)) - {"ppt"}
    assert len(offered) > 30
    for text in offered:
        if units.per_mass(text) is None:
            units.canonical(text)
