"""Rules exported for people who run the tools themselves: both run in a process that never imports milkqc."""

from __future__ import annotations

import datetime as dt
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
from milkqc.checks.suites.groups import members
from milkqc.cli import commands
from milkqc.model import TABLES
from milkqc.reference import columns

DAY = dt.date(2024, 1, 4)
OWN = """table: growth
rules:
  - {id: growth.test.soft_hard, expect: value_between, column: weight_kg, min: 1, max: 10, hard_max: 20, severity: info, says: Look., source: a test, examples: {pass: [1], fail: [30]}}
  - {id: growth.test.like, expect: value_matches, column: observer, pattern: "[A-Z]{2}", when: {any: [{measured: lying}, {length_cm: {above: 60}}]}, severity: info, says: Look., source: a test, examples: {pass: [AB], fail: [a]}}
  - {id: growth.test.listed, expect: value_not_in_set, column: observer, values: [XX], severity: info, says: Look., source: a test, examples: {pass: [AB], fail: [XX]}}
  - {id: growth.test.present, expect: present_when, column: observer, when: {weight_kg: {missing: false}}, severity: info, says: Look., source: a test, examples: {pass: [AB], fail: [null]}}
  - {id: growth.test.unique, expect: unique, columns: [infant_id, visit], severity: info, says: Look., source: a test, examples: {pass: [{infant_id: a, visit: b}], fail: [{infant_id: [a, a], visit: [b, b]}]}}
  - {id: growth.test.head, expect: compare_columns, column: head_circumference_cm, is: below, other: length_cm, severity: info, says: Look., source: a test, examples: {pass: [{head_circumference_cm: 1, length_cm: 2}], fail: [{head_circumference_cm: 3, length_cm: 2}]}}
  - {id: growth.test.order, expect: monotone, column: length_cm, order: age_days, direction: falling, severity: info, says: Look., source: a test, examples: {pass: [{length_cm: 1}], fail: [{infant_id: [a, a], age_days: [1, 2], length_cm: [2, 3]}]}}
  - {id: growth.test.falling, expect: monotone, column: visit_date, order: age_days, direction: falling, within: [visit, infant_id], tolerance: 3, severity: info, says: Look., source: a test, examples: {pass: [{visit_date: 2024-01-01}], fail: [{infant_id: [a, a], visit: [v, v], age_days: [1, 2], visit_date: [2024-01-01, 2024-02-01]}]}}
  - {id: growth.test.day, expect: value_between, column: visit_date, min: 2024-01-05, hard_min: 2023-01-01, below: 2024-03-01, severity: info, says: Look., source: a test, examples: {pass: [2024-01-05], fail: [2024-01-04]}}
  - {id: growth.test.born, expect: compare_columns, column: visit_date, is: at_least, other: participant_infant_birth_date, offset: 4, severity: info, says: Look., source: a test, examples: {pass: [{visit_date: 2024-01-09, participant_infant_birth_date: 2024-01-01}], fail: [{visit_date: 2024-01-01, participant_infant_birth_date: 2024-01-01}]}}
  - {id: growth.test.parts, expect: sum_of, column: length_cm, parts: {head_circumference_cm: 1, muac_cm: 1.5}, tolerance: 10%, severity: info, says: Look., source: a test, examples: {pass: [{length_cm: 50, head_circumference_cm: 35, muac_cm: 10}], fail: [{length_cm: 90, head_circumference_cm: 35, muac_cm: 10}]}}
  - {id: milk.test.total, table: milk, expect: sum_of, column: value, when: {analyte: zinc}, parts: [iron], is: at_least, severity: info, says: Look., source: a test, examples: {pass: [{analyte: [zinc, iron], value: [2, 1]}], fail: [{analyte: [zinc, iron], value: [1, 2]}]}}
  - {id: growth.test.rows, expect: row_count_between, min: 9, severity: info, says: Look., source: a test}
  - {id: growth.test.by_site, expect: median_between, column: weight_kg, by: [site, visit], max: 4, severity: info, says: Look., source: a test}
  - {id: growth.test.quantile, expect: quantile_between, column: length_cm, quantile: 0.9, below: 60, by: visit, severity: info, says: Look., source: a test}
  - {id: growth.test.distinct, expect: distinct_count_between, column: observer, min: 2, by: visit, min_n: 1, severity: info, says: Look., source: a test}
  - {id: growth.test.near, expect: distribution_near, column: laz, reference: {normal: {mean: 0, sd: 1}}, max_distance: 0.3, severity: info, says: Look., source: a test}
  - {id: growth.test.apart, expect: group_difference_at_most, column: weight_kg, between: visit, statistic: mean, max_difference: 1, severity: info, says: Look., source: a test}
  - {id: growth.test.ratio, expect: group_difference_at_most, column: weight_kg, between: visit, statistic: median, max_ratio: 100, severity: info, says: Look., source: a test}
  - {id: milk.test.censored, table: milk, expect: share_censored_at_most, column: value, share: 0.3, by: analyte, severity: info, says: Look., source: a test}
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
    beside = milkqc_rules.with_participant(frame, pd.read_parquet("participants.parquet"))
    for schemas, judged in ((milkqc_rules.SCHEMAS, frame), (milkqc_rules.WITH_PARTICIPANT, beside)):
        if name not in schemas:
            continue
        ran += len(schemas[name].checks)
        try:
            schemas[name].validate(judged, lazy=True)
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
            "participant_id": ["p", "p", "q", "q"],
            "visit": ["v", "v", "w", "w"],
            "visit_date": [DAY, DAY + dt.timedelta(30), DAY + dt.timedelta(90), None],
            "muac_cm": [10.0, 15.0, 12.0, None],
            "participant_infant_birth_date": [DAY, DAY, DAY + dt.timedelta(88), DAY + dt.timedelta(88)],
            "participant_site": ["A", "A", "B", "B"],
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
            "participant_id": ["p", "p", "q", "q", "r", "r", "r", "r"],
            "analyte": ["zinc", "zinc", "sodium", "iodine", "zinc", "iron", "iron", "iron"],
            "stage": ["mature", "mature", "mature", None, "mature", None, None, None],
            "unit": ["mg/L"] * 8,
            "value": [25.0, None, 900.0, 1e5, 4.0, 4.0, 5.0, 0.1],
            "censored": [None, "<", None, None, None, None, None, None],
            "reported": [True] * 7 + [False],
        },
    )
    people = view(
        "participants",
        {
            "participant_id": ["p", "q"],
            "infant_id": ["a", "b"],
            "site": ["A", "B"],
            "infant_birth_date": [DAY, DAY + dt.timedelta(88)],
        },
    )
    empty = {name: view(name, {"participant_id": []}) for name in ("visits", "biomarkers")}
    return {**empty, "participants": people, "growth": growth, "milk": milk}


@pytest.fixture(scope="module")
def found(tables):
    """What milkqc itself finds, by rule."""
    drafts = suites.check(tables, RULES, engine="expressions").drafts
    rows = drafts.group_by("rule_id").agg(pl.col("row_id").sort())
    return {rule: list(places) for rule, places in rows.iter_rows()}


def in_rows(found, tables):
    """`found` with the rows of each failing group in place of its name."""
    groups = {rule.id: rule for rule in RULES if rule.level == "dataset"}
    told = {}
    for name, places in found.items():
        told[name] = places
        if name in groups:
            rows = members(groups[name], tables[groups[name].table])
            told[name] = sorted(rows.filter(pl.col("group").is_in(places))["row_id"])
    return told


def alone(program, exported, tables, folder):
    """The program's answer in a process that knows the exported files and the harmonised tables, and no milkqc."""
    for name, text in exported.files.items():
        (folder / name).write_text(text, "utf-8")
    for name in ("growth", "milk", "participants"):
        written = tables[name].select(column.column for column in columns(name))
        written.write_parquet(folder / f"{name}.parquet")
    (folder / "program.py").write_text(program, "utf-8")
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "program.py", "growth", "milk"], cwd=folder, env=clean, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_a_plain_great_expectations_context_loads_the_suites_and_finds_the_same(tables, found, tmp_path):
    # GX takes a tenth of a second for each; of the analytes that are not there nothing could be found.
    there = {"zinc", "sodium", "iodine"}
    rules = [rule for rule in RULES if rule.table != "milk" or rule.when.get("analyte") in there]
    exported = to_gx(rules)
    told = alone(PLAIN_GX, exported, tables, tmp_path)
    assert told["ran"] > 20
    asked = {rule.id for rule in rules} - exported.left_out.keys()
    assert told["found"] == {rule: rows for rule, rows in found.items() if rule in asked}
    assert {"growth.test.like", "growth.test.unique", "milk.zinc.mature.range", "growth.weight_kg.range", "growth.test.day"} <= told["found"].keys()  # fmt: skip


def test_the_pandera_module_is_imported_without_milkqc_and_finds_the_same(tables, found, tmp_path):
    exported = to_pandera(RULES)
    told = alone(PLAIN_PANDERA, exported, tables, tmp_path)
    assert told["ran"] > 50
    # A rule about the rows of a visit or of the people is not asked of this study's growth and milk.
    assert told["found"] == {
        rule: rows
        for rule, rows in in_rows(found, tables).items()
        if rule.split(".")[0] in {"growth", "milk"}
    }
    assert exported.left_out == {}
    assert {rule.id for rule in RULES if ".test." in rule.id} - told["found"].keys() == {"growth.test.ratio"}


@pytest.mark.parametrize("export", [to_gx, to_pandera])
def test_every_rule_is_exported_or_left_out_with_a_reason(export):
    exported = export(RULES)
    text = "".join(exported.files.values())
    for rule in RULES:
        quoted = f'"{rule.id}"' in text or f"'{rule.id}'" in text
        assert quoted != (rule.id in exported.left_out), rule.id
    assert ("growth.test.order" in exported.left_out) == (export is to_gx)
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
        assert ("milk.magnesium.any.batch_median: left out, " in done.stderr) == (form == "gx")
        assert done.stdout.endswith(f"in {tmp_path / form}.\n")
