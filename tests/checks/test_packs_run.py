"""Each clause of the packs, tried in a made study: what is planted is found on its row, what is right raises nothing."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from tests.checks.made_study import habits, plant, study, write

import milkqc
from milkqc import catalogue
from milkqc.checks import suites
from milkqc.rulebook import book

PAGE = Path(__file__).parents[2] / "docs" / "packs.md"


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    rows = study()
    faults = plant(rows)
    return faults, milkqc.run(write(rows, folder), data=folder, engine="expressions").findings


def test_every_fault_is_found_by_its_rule_on_its_row(planted):
    faults, findings = planted
    told = set(findings.select("rule_id", pl.col("row_id").str.split("#").list.first()).rows())
    assert [fault for fault in faults if fault not in told] == []


def test_faults_of_many_rows_at_once_are_told_once(tmp_path):
    rows = study()
    faults = habits(rows)
    findings = milkqc.run(write(rows, tmp_path), data=tmp_path, engine="expressions").findings
    told = {(rule, row): n for rule, row, n in findings.group_by("rule_id", "row_id").len().rows()}
    assert {fault: told.get(fault, 0) for fault in faults} == dict.fromkeys(faults, 1)


def test_messages_are_whole_and_hold_no_field_that_nobody_filled(planted):
    _, findings = planted
    broken = findings.filter(pl.col("message").str.contains(r"…|\{|\}|None|  "))
    assert broken.select("rule_id", "message").rows() == []
    assert findings["message"].str.split(" ").list.len().max() <= 45


def test_nothing_is_said_of_the_same_study_without_faults(tmp_path):
    findings = milkqc.run(write(study(), tmp_path), data=tmp_path, engine="expressions").findings
    assert findings.select("rule_id", "row_id", "value").rows() == []


def test_the_page_names_the_rules_that_see_each_clause_and_all_of_them_exist(planted):
    table = PAGE.read_text("utf-8").split("## Clause by clause")[1].split("\n## ")[0]
    named = set(re.findall(r"`((?:participants|visits|growth|milk|biomarkers|reading)\.[a-z0-9_.]+)`", table))
    known = {rule.id for rule in book()} | {rule.id for rule in suites.load(catalogue.packs())}
    assert sorted(named - known) == []
    faults, _ = planted
    assert sorted({rule for rule, _ in faults} - named) == []
