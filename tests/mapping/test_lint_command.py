"""`milkqc lint`: text, JSON and SARIF, exit codes, what is new since last time, and files meant to do harm."""

from __future__ import annotations

import json
import time

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


def test_sarif_has_what_2_1_0_requires(study):
    text = GOOD.replace("unit: g}", "unit: kg}")
    log = json.loads(lint(study, "--data", str(study / "data"), "--format", "sarif", text=text).output)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "milkqc"
    assert [rule["id"] for rule in driver["rules"]] == sorted({result["ruleId"] for result in run["results"]})
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning"}
        assert result["message"]["text"]
        (place,) = result["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"] == "study.yaml"
        region = place["physicalLocation"]["region"]
        assert region["startLine"] >= 1
        assert region["startColumn"] >= 1
    assert {result["ruleId"]: result["level"] for result in run["results"]} == {"M405": "warning"}


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
