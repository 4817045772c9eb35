"""Rules exported for people who run the tools themselves: both run in a process that never imports milkqc."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import polars as pl
import pytest
from click.testing import CliRunner

from milkqc import catalogue
from milkqc.checks import suites
from milkqc.checks.suites.export import to_gx, to_pandera
from milkqc.cli import commands
from milkqc.model import TABLES
from milkqc.reference import columns

OWN = """table: growth
rules:
  - {id: growth.test.soft_hard, expect: value_between, column: weight_kg, min: 1, max: 10, hard_max: 20, severity: info, says: Look., source: a test, examples: {pass: [1], fail: [30]}}
  - {id: growth.test.like, expect: value_matches, column: observer, pattern: "[A-Z]{2}", when: {any: [{measured: lying}, {length_cm: {above: 60}}]}, severity: info, says: Look., source: a test, examples: {pass: [AB], fail: [a]}}
  - {id: growth.test.listed, expect: value_not_in_set, column: observer, values: [XX], severity: info, says: Look., source: a test, examples: {pass: [AB], fail: [XX]}}
  - {id: growth.test.present, expect: present_when, column: observer, when: {weight_kg: {missing: false}}, severity: info, says: Look., source: a test, examples: {pass: [AB], fail: [null]}}
  - {id: growth.test.unique, expect: unique, columns: [infant_id, visit], severity: info, says: Look., source: a test, examples: {pass: [{infant_id: a, visit: b}], fail: [{infant_id: [a, a], visit: [b, b]}]}}
  - {id: growth.test.head, expect: compare_columns, column: head_circumference_cm, is: below, other: length_cm, severity: info, says: Look., source: a test, examples: {pass: [{head_circumference_cm: 1, length_cm: 2}], fail: [{head_circumference_cm: 3, length_cm: 2}]}}
  - {id: growth.test.order, expect: monotone, column: length_cm, order: age_days, direction: rising, severity: info, says: Look., source: a test, examples: {pass: [{length_cm: 1}], fail: [{infant_id: [a, a], age_days: [1, 2], length_cm: [3, 2]}]}}
  - {id: growth.test.rows, expect: row_count_between, min: 9, severity: info, says: Look., source: a test}
"""
RULES = (*suites.load(catalogue.files("expectations")), *suites.read_text(OWN))
PLAIN_GX = """
import json, sys, warnings
warnings.simplefilter("ignore")
import great_expectations as gx
import pandas as pd
found, ran = {}, 0
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False, "metric_calculations": False}
for name in sys.argv[1:]:
    with open(f"milkqc_{name}.json", encoding="utf-8") as file:
        suite = context.suites.add(gx.ExpectationSuite(**json.load(file)))
    frame = pd.read_parquet(f"{name}.parquet").set_index("row_id")
    frame.index.name = None
    batch = context.data_sources.add_pandas(name).add_dataframe_asset(name).add_batch_definition_whole_dataframe(name).get_batch(batch_parameters={"dataframe": frame})
    for result in batch.validate(suite, result_format={"result_format": "COMPLETE", "return_unexpected_index_query": False}).results:
        assert not result.exception_info.get("raised_exception"), result.exception_info
        assert all(not part.get("raised_exception") for part in result.exception_info.values() if isinstance(part, dict)), result.exception_info
        ran += 1
        if not result.success:
            found.setdefault(result.expectation_config.meta["rule_id"], set()).update(result.result.get("unexpected_index_list") or ["*"])
assert not [name for name in sys.modules if name.partition(".")[0] == "milkqc"]
print(json.dumps({"ran": ran, "found": {name: sorted(rows) for name, rows in found.items()}}))
"""
PLAIN_PANDERA = """
import json, sys, warnings
warnings.simplefilter("ignore")
import pandas as pd
import pandera.errors
import milkqc_rules
found, ran = {}, 0
for name in sys.argv[1:]:
    frame = pd.read_parquet(f"{name}.parquet")
    schema = milkqc_rules.SCHEMAS[name]
    ran += len(schema.checks)
    try:
        schema.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        for error in errors.schema_errors:
            assert error.reason_code.name == "DATAFRAME_CHECK", error
            found[error.check.error] = sorted(frame["row_id"][~error.check_output])
assert not [name for name in sys.modules if name.partition(".")[0] == "milkqc"]
print(json.dumps({"ran": ran, "found": found}))
"""


@pytest.fixture(scope="module")
def tables(view):
    growth = view(
        "growth",
        {
            "infant_id": ["a", "a", "b", None],
            "visit": ["v", "v", "v", "v"],
            "weight_kg": [0.2, 30.0, 5.0, None],
            "length_cm": [50.0, 70.0, 20.0, 60.0],
            "head_circumference_cm": [60.0, 40.0, None, 60.0],
            "age_days": [10.0, 3000.0, None, 90.0],
            "measured": ["lying", None, "standing", "standing"],
            "observer": ["AB", "abc", None, "XX"],
            "age_group": ["under_five", "five_or_older", "unknown", "under_five"],
            "laz": [-7.0, 0.0, None, 6.5],
        },
    )
    milk = view(
        "milk",
        {
            "participant_id": ["p", "p", "q", "q"],
            "analyte": ["zinc", "zinc", "sodium", "iodine"],
            "stage": ["mature", "mature", "mature", None],
            "unit": ["mg/L"] * 4,
            "value": [25.0, 25.0, 900.0, 1e5],
            "censored": [None, "<", None, None],
        },
    )
    empty = {name: view(name, {"participant_id": []}) for name in ("participants", "visits", "biomarkers")}
    return {**empty, "growth": growth, "milk": milk}


@pytest.fixture(scope="module")
def found(tables):
    """What milkqc itself finds, by rule."""
    drafts = suites.check(tables, RULES, engine="expressions").drafts
    rows = drafts.group_by("rule_id").agg(pl.col("row_id").sort())
    return {rule: list(places) for rule, places in rows.iter_rows()}


def alone(program, exported, tables, folder):
    """The program's answer in a process that knows the exported files and the harmonised tables, and no milkqc."""
    for name, text in exported.files.items():
        (folder / name).write_text(text, "utf-8")
    for name in ("growth", "milk"):
        written = tables[name].select(column.column for column in columns(name))
        written.write_parquet(folder / f"{name}.parquet")
    (folder / "program.py").write_text(program, "utf-8")
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "program.py", "growth", "milk"], cwd=folder, env=clean, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def wanted(found, exported):
    return {rule: rows for rule, rows in found.items() if rule not in exported.left_out}


def test_a_plain_great_expectations_context_loads_the_suites_and_finds_the_same(tables, found, tmp_path):
    exported = to_gx(RULES)
    told = alone(PLAIN_GX, exported, tables, tmp_path)
    assert told["ran"] > 50
    assert told["found"] == wanted(found, exported)
    assert {"growth.test.like", "growth.test.unique", "milk.zinc.mature.range", "growth.weight_kg.range"} <= told["found"].keys()  # fmt: skip


def test_the_pandera_module_is_imported_without_milkqc_and_finds_the_same(tables, found, tmp_path):
    exported = to_pandera(RULES)
    told = alone(PLAIN_PANDERA, exported, tables, tmp_path)
    assert told["ran"] > 50
    assert told["found"] == wanted(found, exported)
    assert {"growth.test.soft_hard", "growth.test.head", "growth.test.present"} <= told["found"].keys()


@pytest.mark.parametrize("export", [to_gx, to_pandera])
def test_every_rule_is_exported_or_left_out_with_a_reason(export):
    exported = export(RULES)
    text = "".join(exported.files.values())
    for rule in RULES:
        quoted = f'"{rule.id}"' in text or f"'{rule.id}'" in text
        assert quoted != (rule.id in exported.left_out), rule.id
    assert "growth.test.order" in exported.left_out
    assert all(why for why in exported.left_out.values())


def test_exports_are_the_same_bytes_in_any_order():
    assert to_gx(RULES) == to_gx(RULES[::-1])
    assert to_pandera(RULES) == to_pandera(RULES[::-1])
    assert {name.removeprefix("milkqc_").removesuffix(".json") for name in to_gx(RULES).files} <= set(TABLES)


def test_the_command_writes_the_files_and_says_what_is_left_out(tmp_path):
    for form, file in (("gx", "milkqc_milk.json"), ("pandera", "milkqc_rules.py")):
        done = CliRunner().invoke(
            commands, ["rules", "export", "--format", form, "--out", str(tmp_path / form)]
        )
        assert done.exit_code == 0, done.output
        assert (tmp_path / form / file).is_file()
        assert "milk.magnesium.any.batch_median: left out, " in done.stderr
        assert done.stdout.endswith(f"in {tmp_path / form}.\n")
