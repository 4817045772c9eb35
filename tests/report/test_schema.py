"""report.json keeps to its published schema."""

from __future__ import annotations

import json
from importlib import resources

import jsonschema
import polars as pl
import pytest

from milkqc.report import render


@pytest.fixture(scope="module")
def validator():
    text = (resources.files("milkqc.report") / "report.schema.json").read_text(encoding="utf-8")
    schema = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def told(result):
    return json.loads(render(result)["report.json"])


def faults(validator, value):
    return [f"{list(each.absolute_path)}: {each.message}" for each in validator.iter_errors(value)]


def test_the_small_and_the_rich_study_keep_to_it(validator, study, rich):
    assert faults(validator, told(study)) == []
    assert faults(validator, told(rich)) == []


def test_a_study_without_findings_milk_sites_or_schedule_keeps_to_it(validator, changed, study):
    bare = changed(
        findings=study.findings.clear(),
        mae_reference=pl.DataFrame(),
        statistics={},
        origins=(),
        settings={"schedule": None, "mae": None},
    )
    assert faults(validator, told(bare)) == []


def test_a_broken_check_and_a_decided_finding_keep_to_it(validator, changed, study):
    result = changed(
        checks=study.checks.with_columns(status=pl.lit("broken")),
        findings=study.findings.with_columns(status=pl.lit("accepted")),
        settings={"verdict": "incomplete"},
    )
    assert faults(validator, told(result)) == []


def test_another_key_or_another_decision_is_refused(validator, study):
    value = told(study)
    assert len(faults(validator, {**value, "surprise": 1})) == 1
    value["verdict"]["decision"] = "MAYBE"
    assert len(faults(validator, value)) == 1
