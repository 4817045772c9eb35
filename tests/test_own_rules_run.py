"""A study's own rules, its changes, rules of an installed package, and rules that break, through `milkqc run`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from milkqc.checks import declare
from milkqc.errors import PluginError, SuiteFaults
from milkqc.study import open_study

SOURCE = Path(__file__).parents[1] / "src"
MAPPING = """\
milkqc: 1
study: ours
tables: {people: {file: people.csv}, visits: {file: visits.csv}}
participants:
  from: people
  key: {participant_id: PID}
  columns: {infant_sex: {from: SEX, codes: {m: male, f: female}}, parity: {from: PARITY}}
growth:
  from: visits
  key: {participant_id: PID, visit: VISIT}
  columns: {weight_kg: {from: KG, unit: kg}, length_cm: {from: CM, unit: cm}, head_circumference_cm: {from: HEAD, unit: cm}}
expectations:
  - ours.yaml
  - {rule: growth.weight_kg.range, max: 45, reason: our children are older}
  - {rule: growth.head.above_length, severity: info, reason: a study of hydrocephalus}
  - {rule: growth.digits.preference, off: digital scales}
"""
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
    site: Weigh again on the other scale.
    analyst: Leave it out.
    examples: {pass: [5], fail: [25]}
"""
PEOPLE = "PID,SEX,PARITY\n1,m,\n2,f,\n"
VISITS = "PID,VISIT,KG,CM,HEAD\n1,a,3,50,35\n1,b,25,80,\n2,a,4.5,35,50\n"
PLUGIN = '''\
import narwhals.stable.v2 as nw
from milkqc.checks.declare import rule


def ours(name, column):
    return rule(
        name,
        table="growth",
        columns=(column,),
        severity="info",
        source="convention, unverified",
        site="Read the scale to 100 g.",
        passes={"weight_kg": [3.25]},
        fails={"weight_kg": [3.0]},
    )


@ours("growth.weight_kg.whole", "weight_kg")
def whole():
    """The weight is a whole number of kilograms."""
    return nw.col("weight_kg") == nw.col("weight_kg").round(0)


@ours("growth.weight_kg.raises", "weight_kg")
def raises():
    """A function that cannot be right."""
    raise ZeroDivisionError("a mistake of the package")


@ours("growth.weight_kg.elsewhere", "weight_of_nobody")
def elsewhere():
    """A column that no table has."""
    return nw.col("weight_of_nobody") > 3
'''


def package(folder: Path, text: str) -> Path:
    """An installed package `our_rules` 1.2 with an entry point, as pip leaves it in a target folder."""
    (folder / "our_rules.py").write_text(text, "utf-8")
    info = folder / "our_rules-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: our-rules\nVersion: 1.2\n", "utf-8")
    (info / "entry_points.txt").write_text("[milkqc.rules]\nours = our_rules\n", "utf-8")
    (info / "RECORD").write_text("our_rules.py,,\nour_rules-1.2.dist-info/METADATA,,\n", "utf-8")
    return folder


def study(folder: Path, *, ours: str = OURS) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in {
        "study.yaml": MAPPING,
        "ours.yaml": ours,
        "people.csv": PEOPLE,
        "visits.csv": VISITS,
    }.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def command(*arguments: object, path: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from milkqc.cli import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([path, str(SOURCE)])},
        check=False,
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The study run once beside an installed package with one good rule and two that break."""
    folder = study(tmp_path_factory.mktemp("own") / "study")
    (folder / "packages").mkdir()
    path = package(folder / "packages", PLUGIN)
    done = command(
        "run", folder / "study.yaml", "--data", folder, "--out", folder / "out",
        "--timings", folder / "timings.json", path=str(path),
    )  # fmt: skip
    return folder, done


@pytest.fixture(scope="module")
def checks(ran):
    return pl.read_csv(ran[0] / "out" / "checks.csv", infer_schema=False)


@pytest.fixture(scope="module")
def report(ran):
    return json.loads((ran[0] / "out" / "report.json").read_text("utf-8"))


def ledger(checks, rule_id):
    return checks.filter(pl.col("rule_id") == rule_id).row(0, named=True)


def rule_of(report, rule_id):
    return next(
        rule for part in report["rules"]["tables"] for rule in part["rules"] if rule["rule_id"] == rule_id
    )


def test_a_broken_rule_is_exit_code_3_and_names_itself(ran, checks):
    folder, done = ran
    assert done.returncode == 3, done.stderr
    assert done.stderr.splitlines()[-1] == (
        "Broken, judged nothing: growth.weight_kg.elsewhere (growth), growth.weight_kg.raises (growth). "
        "The reasons are in checks.csv."
    )
    assert "a mistake of the package" not in done.stderr
    raises = ledger(checks, "growth.weight_kg.raises")
    assert (raises["status"], raises["looked_at"]) == ("broken", "0")
    assert raises["why"] == "ZeroDivisionError: a mistake of the package"
    assert "weight_of_nobody" in ledger(checks, "growth.weight_kg.elsewhere")["why"]
    page = (folder / "out" / "report.html").read_text("utf-8")
    assert "INCOMPLETE" in page
    assert "ZeroDivisionError: a mistake of the package" in page


def test_one_function_of_a_package_is_a_rule_like_any_other(ran, checks, report):
    assert ledger(checks, "growth.weight_kg.whole")["failed"] == "2"
    told = rule_of(report, "growth.weight_kg.whole")
    assert (told["status"], told["says"], told["site"]) == (
        "ran", "The weight is a whole number of kilograms.", "Read the scale to 100 g.",
    )  # fmt: skip
    assert told["where"].startswith("our_rules.py:")


def test_one_entry_of_a_file_is_a_rule_with_its_guidance_in_the_to_do(ran, checks, report):
    assert ledger(checks, "growth.weight_kg.ours")["failed"] == "1"
    (action,) = (each for each in report["todo"]["actions"] if each.get("rule_id") == "growth.weight_kg.ours")
    assert (action["site"], action["analyst"]) == ("Weigh again on the other scale.", "Leave it out.")
    page = (ran[0] / "out" / "report.html").read_text("utf-8")
    assert "<strong>What to do:</strong> Weigh again on the other scale." in page
    assert "<strong>In the analysis:</strong> Leave it out." in page


def test_every_change_stands_in_the_report_with_its_reason(ran, checks, report):
    assert report["rules"]["changes"] == [
        {"rule_id": "growth.digits.preference", "what": "switched off", "reason": "digital scales"},
        {"rule_id": "growth.head.above_length", "what": "severity info instead of critical", "reason": "a study of hydrocephalus"},
        {"rule_id": "growth.weight_kg.range", "what": "max 45 instead of 40", "reason": "our children are older"},
    ]  # fmt: skip
    page = (ran[0] / "out" / "report.html").read_text("utf-8")
    for each in report["rules"]["changes"]:
        assert (
            f'<code>{each["rule_id"]}</code></th><td class="text">{each["what"]}</td><td class="text">{each["reason"]}'
            in page
        )
    head = rule_of(report, "growth.head.above_length")
    assert (head["severity"], head["findings"]) == ("info", 1)
    assert head["changed"] == "severity info instead of critical: a study of hydrocephalus"
    found = pl.read_csv(ran[0] / "out" / "findings.csv", infer_schema=False)
    assert found.filter(pl.col("rule_id") == "growth.head.above_length")["severity"].to_list() == ["info"]
    assert ledger(checks, "growth.digits.preference")["why"] == "Switched off by the study: digital scales"
    assert rule_of(report, "growth.digits.preference")["off"] == "digital scales"


def test_timings_tell_the_seconds_of_each_rule_outside_of_out(ran, checks):
    told = json.loads((ran[0] / "timings.json").read_text("utf-8"))
    done = checks.filter(
        pl.col("engine").is_in(["rules", "pandera"]), pl.col("status").is_in(["ran", "broken"])
    )
    assert set(done["rule_id"]) - set(told["rules"]) == set()
    assert all(seconds >= 0 for seconds in told["rules"].values())
    assert sum(told["rules"].values()) > 0
    assert list(told["rules"].values()) == sorted(told["rules"].values(), reverse=True)


def test_a_column_of_nulls_is_nothing_to_look_at_in_every_home(checks):
    of_parity = checks.filter(pl.col("variable") == "parity", pl.col("engine") != "reading")
    # From the contract, a rule file and functions; a rule over several columns may not apply at all.
    assert {"participants.parity.impossible", "participants.parity.range"} <= set(of_parity["rule_id"])
    assert "ran" not in of_parity["status"].to_list()
    named = of_parity.filter(
        pl.col("rule_id").is_in(["participants.parity.impossible", "participants.parity.range"])
    )
    assert named["status"].to_list() == ["nothing_to_look_at"] * 2
    milk = checks.filter(pl.col("table") == "milk", pl.col("status").is_in(["ran", "broken"]))
    assert milk.is_empty(), "no milk is mapped"


def test_every_rule_has_its_row_in_every_run(checks):
    from milkqc.rulebook import permanent_ids

    assert sorted(set(permanent_ids()) - set(checks["rule_id"])) == []
    assert ledger(checks, "milk.batch.unit")["why"] == "There are no milk rows."
    assert ledger(checks, "redcap.range")["status"] == "not_applicable"
    assert ledger(checks, "analysis.growth.several")["status"] == "ran"


def test_what_ran_looked_at_something_and_nothing_else_counts(checks):
    ran = checks.with_columns(pl.col("looked_at", "failed", "findings").cast(pl.Int64))
    assert ran.filter((pl.col("status") == "ran") & (pl.col("looked_at") == 0)).is_empty()
    assert ran.filter(
        (pl.col("status") != "ran") & (pl.col("looked_at") + pl.col("failed") + pl.col("findings") > 0)
    ).is_empty()
    assert ran.filter(pl.col("failed") > pl.col("looked_at")).is_empty()
    assert ran.filter((pl.col("status") != "ran") & (pl.col("why").fill_null("") == "")).is_empty()


def test_a_wrong_limit_and_a_misspelt_kind_stop_the_run_together(tmp_path):
    wrong = OURS + OURS.split("rules:\n")[1].replace(".ours", ".theirs").replace(
        "value_between", "value_betwen"
    )
    folder = study(tmp_path / "study", ours=wrong.replace("max: 20", "max: twenty", 1))
    done = command("run", folder / "study.yaml", "--data", folder, "--out", folder / "out")
    assert done.returncode == 2
    assert [line for line in done.stderr.splitlines() if " R" in line] == [
        "study/ours.yaml:6 R205 growth.weight_kg.ours: 'twenty' is no number. Write it with a decimal point.",
        next(line for line in done.stderr.splitlines() if line.startswith("study/ours.yaml:14 R204 growth.weight_kg.theirs: unknown kind 'value_betwen'.")),
    ]  # fmt: skip
    assert not (folder / "out").exists()


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """`installed(text)`: the package on sys.path of this process, and nothing left of it afterwards."""

    def install(text: str) -> None:
        (tmp_path / "packages").mkdir()
        monkeypatch.syspath_prepend(str(package(tmp_path / "packages", text)))
        declare.all_rules.cache_clear()

    declare.all_rules()
    before = dict(declare._REGISTRY)
    yield install
    declare._REGISTRY.clear()
    declare._REGISTRY.update(before)
    declare.all_rules.cache_clear()
    sys.modules.pop("our_rules", None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("import nothing_of_that_name\n", "rules of our-rules 1.2: the plug-in ours (our_rules) cannot be used: ModuleNotFoundError: No module named 'nothing_of_that_name'. Repair or uninstall the package."),
        (PLUGIN.replace("growth.weight_kg.whole", "growth.head.above_length"), "rules of our-rules 1.2: the plug-in ours (our_rules) cannot be used: ValueError: two rules are called growth.head.above_length (the first in checks/rules/course.py); an id is never reused. Repair or uninstall the package."),
        (PLUGIN.replace('table="growth"', 'table="grow"'), "ValueError: growth.weight_kg.whole: the table is one of participants, visits, growth, milk, biomarkers, not 'grow'."),
    ],
)  # fmt: skip
def test_a_package_that_cannot_be_used_is_named(installed, text, sentence):
    installed(text)
    with pytest.raises(PluginError) as caught:
        declare.all_rules()
    assert sentence in str(caught.value)


def test_an_id_of_a_rule_file_that_a_package_has_too_is_refused(installed, tmp_path):
    installed(PLUGIN.replace("growth.weight_kg.whole", "growth.weight_kg.ours"))
    folder = study(tmp_path / "study")
    with pytest.raises(
        SuiteFaults,
        match=r"study/ours\.yaml:3 R207 growth\.weight_kg\.ours: the id belongs to another rule \(our_rules\.py:\d+\)",
    ):
        open_study(folder / "study.yaml", folder)
