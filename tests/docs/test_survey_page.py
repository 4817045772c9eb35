"""docs/survey.md names every statistic, column and rule that there is, with its severity."""

from __future__ import annotations

import re
from pathlib import Path

from milkqc.messages import catalogue
from milkqc.summarise.survey.judge import IDS, RULES
from milkqc.summarise.survey.mistaken import AGES
from milkqc.summarise.survey.rows import prepared
from milkqc.summarise.survey.table import SCHEMA, survey_table

PAGE = (Path(__file__).parents[2] / "docs" / "survey.md").read_text(encoding="utf-8")


def first_cells(heading: str) -> set[str]:
    text = PAGE[PAGE.index(f"## {heading}") :].split("\n## ")[0]
    lines = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {word for cell in lines for word in re.findall(r"`([^`]+)`", cell)}


def test_every_column_is_explained():
    assert first_cells("The columns of survey_quality.csv") == set(SCHEMA)


def test_every_statistic_is_explained_and_no_other():
    import polars as pl

    frame = pl.DataFrame({"weight_kg": [9.6], "wlz": [0.1], "length_cm": [75.0], "measured": ["lying"]})
    assert first_cells("The statistics") == set(survey_table(prepared(frame))["statistic"])


def test_every_rule_is_explained_with_its_severity_and_has_a_text():
    rules = dict.fromkeys(re.findall(r"^\| (`growth\.[^|]+) \| (\w+) \|", PAGE, re.MULTILINE))
    told = {name: severity for names, severity in rules for name in re.findall(r"`([^`]+)`", names)}
    assert told == {rule.id: rule.severity for rule in (*RULES, AGES)}
    assert set(told) == IDS
    assert set(catalogue()) >= IDS


def test_every_text_is_under_thirty_words():
    assert {name for name in IDS if len(catalogue()[name]["says"].split()) >= 30} == set()
