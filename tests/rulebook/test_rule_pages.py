"""docs/rules has a page for every rule that ships, made from the rules; docs/rules.md shows what is really printed."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from milkqc.cli import commands
from milkqc.rulebook import book, pages

DOCS = Path(__file__).parents[2] / "docs"


def test_the_committed_pages_are_those_of_the_rules():
    made = pages.pages()
    there = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / "rules").glob("*.md")}
    again = "run `make rules-docs` (milkqc rules docs --out docs/rules) and commit docs/rules"
    assert sorted(there.keys() ^ made.keys()) == [], f"pages too many or too few: {again}"
    assert [name for name in made if made[name] != there[name]] == [], f"pages that changed: {again}"
    assert len(made) == len(book()) + 1
    assert all(f"({name})" in made["README.md"] for name in made if name != "README.md")


def test_pages_of_rules_that_are_no_more_are_removed_and_others_left_alone(tmp_path):
    made = pages.pages()
    (tmp_path / "growth.gone.md").write_text(made["README.md"], "utf-8")
    (tmp_path / "mine.md").write_text("# Mine\n", "utf-8")
    assert pages.write(tmp_path) == (len(made), 1)
    assert {path.name for path in tmp_path.iterdir()} == {*made, "mine.md"}


def test_what_the_guide_shows_is_printed(tmp_path, monkeypatch):
    page = (DOCS / "rules.md").read_text(encoding="utf-8")
    yaml = page.split("```yaml\n")[1].split("```")[0]
    (tmp_path / "study").mkdir()
    monkeypatch.chdir(tmp_path / "study")
    Path("study.yaml").write_text(
        "milkqc: 1\nstudy: ours\ntables: {people: {file: people.csv}}\n"
        f"participants: {{from: people, key: {{participant_id: PID}}}}\n{yaml}",
        "utf-8",
    )
    Path("our_rules.yaml").write_text(OURS, "utf-8")
    Path("round.py").write_text(page.split("```python\n")[1].split("```")[0], "utf-8")
    shown = [block.split("```")[0] for block in page.split("```text\n$ ")[1:]]
    assert len(shown) == 2
    for block in shown:
        line, _, printed = block.partition("\n")
        done = CliRunner().invoke(commands, line.split()[1:])
        assert (done.exit_code, done.output) == (0, printed)


OURS = """\
table: growth
rules:
  - id: growth.weight_kg.ours
    expect: value_between
    column: weight_kg
    max: 20
    severity: warning
    says: Weight {value} {unit} is above what our scale can weigh ({expected}).
    source: our scale
    site: Weigh again.
    analyst: Leave it out.
    examples: {pass: [5], fail: [25]}
"""
