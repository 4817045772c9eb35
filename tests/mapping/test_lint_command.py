"""`milkqc lint`: text, JSON and SARIF, exit codes, what is new since last time, and files meant to do harm."""

from __future__ import annotations

import json
import time
from importlib import resources

import pytest
from click.testing import CliRunner
from tests.mapping.test_seeded_mistakes import DATA, GOOD

from milkqc.cli import commands
from milkqc.errors import MappingFaults
from milkqc.mapping.form import formatted


@pytest.fixture
def study(tmp_path):
    (tmp_path / "data").mkdir()
    for name, text in DATA.items():
        (tmp_path / "data" / name).write_text(text, encoding="utf-8")
    (tmp_path / "study.yaml").write_text(GOOD, encoding="utf-8")
    return tmp_path


def lint(study, *options, text=None):
    if text is not None:
        (study / "study.yaml").write_text(text, encoding="utf-8")
    return CliRunner().invoke(commands, ["lint", str(study / "study.yaml"), *options])


BAD = GOOD.replace("unit: g}", "unti: g}").replace("do: mean_of,", "do: meanof,")


def test_text_has_file_line_column_code_and_what_to_do_all_at_once(study):
    result = lint(study, text=BAD)
    assert result.exit_code == 1
    assert result.output == (
        "study.yaml:24:31 fault M110 growth.columns.weight_kg.unti: the key 'unti' is not known here. Did you mean unit?\n"
        "study.yaml:25:37 fault M112 growth.columns.length_cm.do: 'meanof' is not one of the words allowed here. "
        "Did you mean mean_of or median_of?\n"
        "study.yaml: 2 faults, no warnings.\n"
    )


def test_nothing_is_exit_code_0_and_a_file_that_is_not_there_2(study):
    result = lint(study, "--data", str(study / "data"))
    assert (result.exit_code, result.output) == (0, "study.yaml: no faults, no warnings.\n")
    assert CliRunner().invoke(commands, ["lint", str(study / "gone.yaml")]).exit_code == 2


def test_json_says_the_same(study):
    found = json.loads(lint(study, "--format", "json", text=BAD).output)
    assert (found["mapping"], found["faults"], found["warnings"]) == ("study.yaml", 2, 0)
    assert found["notes"][0] == {
        "file": "study.yaml", "line": 24, "column": 31, "code": "M110", "severity": "fault",
        "where": "growth.columns.weight_kg.unti", "what": "the key 'unti' is not known here.", "todo": "Did you mean unit?",
    }  # fmt: skip


def test_json_is_of_the_shape_that_its_schema_promises(study):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((resources.files("milkqc.linting") / "lint.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(json.loads(lint(study, "--format", "json", text=BAD).output))
    (study / "study.yaml").unlink()
    validator.validate(json.loads(lint(study, "--format", "json").output))


# What the schema of the standard (sarif-schema-2.1.0.json, OASIS) asks of the parts that milkqc writes.
SARIF = {
    "type": "object", "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"enum": ["2.1.0"]},
        "runs": {"type": ["array", "null"], "minItems": 0, "uniqueItems": False, "items": {
            "type": "object", "required": ["tool"], "additionalProperties": False,
            "properties": {
                "tool": {"type": "object", "required": ["driver"], "properties": {"driver": {
                    "type": "object", "required": ["name"],
                    "properties": {"version": {"type": "string"}, "rules": {"type": "array", "uniqueItems": True, "items": {
                        "type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "shortDescription": {
                            "type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}}}}}}}},
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "results": {"type": "array", "items": {
                    "type": "object", "required": ["message"],
                    "properties": {
                        "ruleId": {"type": "string"}, "ruleIndex": {"type": "integer", "minimum": -1},
                        "level": {"enum": ["none", "note", "warning", "error"]},
                        "message": {"type": "object", "anyOf": [{"required": ["text"]}, {"required": ["id"]}]},
                        "locations": {"type": "array", "items": {"type": "object", "properties": {"physicalLocation": {
                            "type": "object", "anyOf": [{"required": ["address"]}, {"required": ["artifactLocation"]}],
                            "properties": {
                                "artifactLocation": {"type": "object", "properties": {"uri": {"type": "string", "format": "uri-reference", "pattern": "^[!-~]+$"}}},
                                "region": {"type": "object", "properties": {"startLine": {"type": "integer", "minimum": 1}, "startColumn": {"type": "integer", "minimum": 1}}},
                            }}}}},
                    }}},
            }}},
    },
}  # fmt: skip


def test_sarif_has_what_2_1_0_requires(study):
    jsonschema = pytest.importorskip("jsonschema")
    text = GOOD.replace("unit: g}", "unit: kg}").replace("unit: ug/L,", "unit: mg/L,")
    (study / "study.yaml").rename(study / "study été 1.yaml")
    (study / "study été 1.yaml").write_text(text, encoding="utf-8")
    shown = CliRunner().invoke(commands, ["lint", str(study / "study été 1.yaml"), "--data", str(study / "data"), "--format", "sarif"])  # fmt: skip
    log = json.loads(shown.output)
    jsonschema.Draft7Validator(SARIF).validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert (
        [rule["id"] for rule in rules] == sorted({result["ruleId"] for result in run["results"]}) == ["M405"]
    )
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        (place,) = result["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"] == "study%20%C3%A9t%C3%A9%201.yaml"
    # The weights in kg, and the iodine whose median of 120 mg/L nobody's milk has.
    regions = [result["locations"][0]["physicalLocation"]["region"] for result in run["results"]]
    assert [(one["startLine"], result["level"]) for one, result in zip(regions, run["results"], strict=True)] == [(24, "warning"), (31, "warning")]  # fmt: skip


def test_columns_that_are_new_or_gone_since_last_time(study):
    memory, data = str(study / "columns.json"), str(study / "data")
    assert lint(study, "--data", data, "--remember", memory).exit_code == 0
    assert lint(study, "--data", data, "--since", memory).exit_code == 0
    text = DATA["enrol.csv"].replace("NOTE", "NOTE_old").replace("\n1,1", ",AGE\n1,1").replace("+1,", "+1,,30").replace("0,x", "0,x,28")  # fmt: skip
    (study / "data" / "enrol.csv").write_text(text, encoding="utf-8")
    result = lint(study, "--data", data, "--since", memory, text=GOOD.replace("[NOTE]", '["*"]').replace('"*"', '"NOTE*", A*'))  # fmt: skip
    assert "M407 tables.enrol: enrol has new columns: NOTE_old, AGE." in result.output
    assert "M408 tables.enrol: enrol has lost columns: NOTE." in result.output
    assert "2 warnings" in result.output


BOMB = "milkqc: 1\na: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_a_bomb_of_aliases_is_refused_at_once(study):
    start = time.perf_counter()
    result = lint(study, text=BOMB)
    assert "M104: an alias is not allowed here" in result.output
    assert time.perf_counter() - start < 5
    with pytest.raises(MappingFaults, match="M104"):
        formatted(BOMB)


def test_50_megabytes_are_refused_by_their_size_unread(study):
    with (study / "study.yaml").open("wb") as file:
        file.truncate(50_000_000)
    start = time.perf_counter()
    result = lint(study)
    assert "M105: the file has 50,000,000 bytes. Keep it under 2,000,000 bytes." in result.output
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize("code", ["no", "012", "12:30"])
def test_codes_that_yaml_would_change_stay_what_the_data_hold(study, code):
    anthro = DATA["anthro.csv"].replace(",3,05/05", f",{code},05/05")
    (study / "data" / "anthro.csv").write_text(anthro, encoding="utf-8")
    for written in (code, f'"{code}"'):
        result = lint(
            study, "--data", str(study / "data"), text=GOOD.replace('"3": month_3', f"{written}: month_3")
        )
        assert result.output == "study.yaml: no faults, no warnings.\n"


def test_a_link_out_of_the_data_folder_is_not_followed(study):
    secret = study / "secret.csv"
    secret.write_text(DATA["lab.csv"], encoding="utf-8")
    (study / "data" / "lab.csv").unlink()
    (study / "data" / "lab.csv").symlink_to(secret)
    assert "M301" in lint(study, "--data", str(study / "data")).output


def test_rule_files_decisions_and_golden_rows_are_looked_at_without_data_too(study):
    more = "expectations:\n  - rules.yaml\n  - gone.yaml\n  - {rule: growth.head.abov_length, off: measured elsewhere}\ndecisions: decided.csv\n"
    (study / "rules.yaml").write_text(
        "table: growth\nrules:\n  - id: Odd\n    expect: value_between\n", encoding="utf-8"
    )
    output = lint(study, text=GOOD + more).output
    assert "study.yaml:37:5 fault M301 expectations.1: there is no rule file 'gone.yaml'." in output
    assert "study.yaml:39:1 fault M170 decisions: decided.csv: the file cannot be opened" in output
    assert "/rules.yaml:3" in output
    (study / "decided.csv").write_text("finding_id,raw_value,decision,reason,who,when\n", encoding="utf-8")
    output = lint(study, text=GOOD + more.replace("  - rules.yaml\n  - gone.yaml\n", "")).output
    assert (
        "study.yaml:36 fault R301 growth.head.abov_length: there is no such rule. Did you mean growth.head.above_length"
        in output
    )
    golden = "golden:\n  - {table: growth, from: anthro, cells: {PID: '9', VISIT: '0', WEIGHT: '3200'}, gives: {weight_kg: 3.4}}\n"
    assert (
        "M160 golden.0.gives.weight_kg: weight_kg is 3.2 (cell: 3200), not 3.4."
        in lint(study, text=GOOD + golden).output
    )


def test_words_of_the_mapping_and_of_the_data_are_compared_wherever_they_stand(study):
    """Where, controls and long list words too; a block beside another of the same rows shares their keys."""
    long = "PID,VISIT,TUBE,TEST,RESULT,UNIT\n1,month_3,T1,ZN,2.1,mg/L\n2,birth,T2,ZN,1.7,mg/L\n2,birth,T3,FE,0.3,mg/L\n"
    (study / "data" / "assays.csv").write_text(long, encoding="utf-8")
    text = GOOD.replace(
        "  lab: {file: lab.csv}",
        "  lab: {file: lab.csv}\n  assays: {file: assays.csv}\n  again: {file: anthro.csv}",
    )
    text = text.replace("milk:\n  from: lab\n  key", "milk:\n- from: lab\n  key").replace("unmapped:", """\
- from: assays
  where: {TEST: [ZN, Zink]}
  long: {analyte: TEST, value: RESULT, unit: UNIT, codes: {Zn: zinc}}
  key: {participant_id: PID, visit: VISIT, sample_id: TUBE}
  controls: {from: TUBE, blank: [BLK]}
biomarkers: {from: again, specimen: serum, key: {participant_id: PID, visit: VISIT, sample_id: PID}, analytes: {zinc: {from: WEIGHT, unit: mg/L}}}
unmapped:
  again: [LEN1, LEN2, VDATE]""")  # fmt: skip
    output = lint(study, "--data", str(study / "data"), text=text).output
    assert (
        "M401 milk.1.long.codes: assays.csv holds 2 rows that no code of `long` names: 'ZN' (2). Add them to `codes`"
        in output
    )
    assert "M402 milk.1.long.codes: TEST never holds 'Zn'." in output
    assert "M402 milk.1.where.TEST: TEST never holds 'Zink'." in output
    assert "M402 milk.1.controls.blank: TUBE never holds 'BLK'." in output
    # What was published is of milk: zinc of 3200 mg/L in serum is not judged.
    assert "M405" not in output
