"""docs/mapping.md: every example is a mapping that works, and gives what the page says; every page is in the index.

Examples are fenced blocks. ```yaml alone is a whole mapping; ```yaml growth holds keys of one growth block (or of
another table), ```yaml study top-level keys: both are put into the frame below. A line that ends in `name.csv`:
before a ```csv block names a file of the example. A table after <!-- gives: growth --> is what the last example
before it makes of its files: rows of a harmonised table, `findings`, or `rejected`.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from milkqc import yamlfile
from milkqc.findings import drafts
from milkqc.mapping.against import against
from milkqc.mapping.apply import apply
from milkqc.mapping.lint import lint
from milkqc.mapping.load import Loaded, loads
from milkqc.mapping.sources import SourceTable
from milkqc.model import TABLES
from milkqc.normalise import normalise
from milkqc.readers import read
from milkqc.uploads import read_options

DOCS = Path(__file__).parents[1] / "docs"
KEYS: dict[str, dict[str, Any]] = {
    "participants": {"participant_id": "PID"},
    "visits": {"participant_id": "PID", "visit": "VISIT"},
    "growth": {"participant_id": "PID", "visit": "VISIT"},
    "milk": {"participant_id": "PID", "visit": "VISIT", "sample_id": "TUBE"},
    "biomarkers": {"participant_id": "PID", "visit": "VISIT", "sample_id": "TUBE"},
}
PARTS = re.compile(
    r"^## (?P<heading>[^\n]+)$"
    r"|^[^\n]*`(?P<file>[\w.-]+\.csv)`:\n\n```csv\n(?P<csv>.*?)```$"
    r"|^```yaml(?P<kind>[^\n]*)\n(?P<yaml>.*?)```$"
    r"|^<!-- gives: (?P<gives>\w+) -->\n\n(?P<table>(?:\|[^\n]*\n)+)",
    re.MULTILINE | re.DOTALL,
)


@dataclass
class Example:
    """One yaml block of the page, its files, and the tables that it is said to give."""

    name: str
    kind: str
    text: str
    files: Mapping[str, str]
    gives: list[tuple[str, str]] = field(default_factory=list)


def examples(page: str) -> list[Example]:
    """All examples of a page. A file belongs to the example above it in its section, else to the one below."""
    found: list[Example] = []
    heading, files, first = "", dict[str, str](), True
    for part in PARTS.finditer(page):
        if part["heading"]:
            heading, files, first = part["heading"], {}, True
        elif part["file"]:
            files[part["file"]] = part["csv"]
        elif part["gives"]:
            found[-1].gives.append((part["gives"], part["table"]))
        else:
            files = files if first else {}
            number = sum(one.name.startswith(heading) for one in found) + 1
            found.append(Example(f"{heading} {number}", part["kind"].strip(), part["yaml"], files))
            first = False
    return found


PAGE = (DOCS / "mapping.md").read_text(encoding="utf-8")
EXAMPLES = examples(PAGE)


def framed(example: Example) -> str:
    """The example as a whole mapping."""
    if not example.kind:
        return example.text
    given = yamlfile.parse(example.text, name=example.name).data
    names = [name.removesuffix(".csv") for name in example.files] or ["source"]
    whole: dict[str, Any] = {"milkqc": "1", "study": "example"}
    if example.kind == "study":
        block = {"from": names[0], "columns": {"weight_kg": {"from": "WEIGHT", "unit": "kg"}}}
        whole |= {"growth": {**block, "key": KEYS["growth"]}, **given}
    else:
        key = {
            part: column
            for part, column in KEYS[example.kind].items()
            if part != "visit" or "visits" not in given
        }
        block = {"from": names[0], "key": key, **given}
        if example.kind in {"milk", "biomarkers"} and not {"analytes", "long"} & set(given):
            block["analytes"] = {"iodine": {"from": "IODINE", "unit": "ug/L"}}
        names = list(dict.fromkeys([*names, block["from"], *block.get("with", {})]))
        whole[example.kind] = block
    whole["tables"] = {name: {"file": f"{name}.csv"} for name in names} | whole.get("tables", {})
    return json.dumps(whole)  # JSON is YAML


def loaded(example: Example, folder: Path) -> Loaded:
    mapping = loads(framed(example), name="mapping.yaml", folder=folder)
    lint(mapping).check()
    return mapping


def made(example: Example, folder: Path) -> dict[str, pl.DataFrame]:
    """The harmonised tables, findings and rejected rows that an example makes of its files."""
    for name, text in example.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    mapping = loaded(example, folder)
    tables = {}
    for name, table in mapping.mapping.tables.items():
        sources = tuple(
            read(path, read_options(table), name=path.name) for path in sorted(folder.glob(table.file))
        )
        assert sources, f"the page has no file {table.file} for this example"
        tables[name] = SourceTable(name, sources, table.decimal, table.thousands)
    against(mapping, tables).check()
    applied = apply(mapping.mapping, tables)
    found, made = [applied.drafts], {"rejected": applied.rejected}
    for name in TABLES:
        made[name], more = normalise(name, applied.tables[name])
        found.append(more)
    made["findings"] = pl.concat([drafts(), *found]).sort("rule_id", "row_id", "variable")
    return made


def shown(value: object) -> str:
    """A value as the page writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.10g}"
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def cells(table: str) -> list[list[str]]:
    """The cells of a Markdown table, its rule left out."""
    rows = [re.split(r"(?<!\\)\|", line.strip())[1:-1] for line in table.strip().splitlines()]
    plain = [[cell.strip().strip("`").replace("\\|", "|") for cell in row] for row in rows]
    return [plain[0], *plain[2:]]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_every_example_is_a_mapping_without_fault(example, tmp_path):
    assert loaded(example, tmp_path).mapping.blocks()


@pytest.mark.parametrize("example", [one for one in EXAMPLES if one.gives], ids=lambda example: example.name)
def test_an_example_gives_what_the_page_says(example, tmp_path):
    tables = made(example, tmp_path)
    for name, table in example.gives:
        header, *rows = cells(table)
        given = tables[name].select(header)
        assert [[shown(value) for value in row] for row in given.iter_rows()] == rows, name


def test_no_example_escapes_the_tests():
    assert len(EXAMPLES) == PAGE.count("```yaml")
    assert sum(len(one.gives) for one in EXAMPLES) == PAGE.count("<!-- gives")
    assert sum(len(one.gives) for one in EXAMPLES) >= 20
    unread = [one.name for one in EXAMPLES if one.files and not one.gives]
    assert unread == [], "an example with files says what it gives"


def test_every_word_of_the_language_is_on_the_page():
    from milkqc.mapping import language

    words = {
        model_field.alias or name
        for model in vars(language).values()
        if isinstance(model, type) and issubclass(model, language.Model)
        for name, model_field in model.model_fields.items()
    } - {"text", "header", "value", "relative", "policy", "variable"}
    words |= {*language.ACTIONS, *language.REPEATS, *language.FORMATS}
    assert {word for word in words if not re.search(rf"\b{re.escape(word)}\b", PAGE)} == set()


def test_every_page_is_in_the_index_and_every_link_leads_somewhere():
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        if page.name != "README.md":
            assert f"({page.name})" in index, f"{page.name} is not in docs/README.md"
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_function_of_formulas_is_in_the_table_as_the_code_says_it():
    from milkqc.mapping.formula import FUNCTIONS

    table = PAGE[PAGE.index("<!-- functions -->") :].split("\n\n")[1]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[2:]]
    found = [(row[0].strip("`").partition("(")[0], row[1], row[2]) for row in rows]
    assert found == [(name, one.gives, one.missing) for name, one in FUNCTIONS.items()]
