"""`milkqc rules`: what there is, why, from where, and whether it holds to its own examples."""

from __future__ import annotations

import csv
import io
import json

import pytest
from click.testing import CliRunner

from milkqc.cli import commands
from milkqc.cli import rules as verb
from milkqc.errors import MappingFaults, MilkqcError, PluginError, SuiteFaults
from milkqc.rulebook import pack_ids, permanent_ids

MAPPING = """\
milkqc: 1
study: ours
tables: {people: {file: people.csv}}
participants: {from: people, key: {participant_id: PID}}
expectations:
  - ours.yaml
  - {rule: milk.zinc.mature.range, max: 9, severity: info, reason: supplemented mothers}
  - {rule: growth.head.above_length, severity: warning, reason: a study of hydrocephalus}
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
    site: Weigh again.
    analyst: Leave it out.
    examples: {pass: [5], fail: [25]}
"""
CODED = '''\
import narwhals.stable.v2 as nw
from milkqc.checks.declare import rule


@rule(
    "growth.weight_kg.round",
    table="growth",
    columns=("weight_kg",),
    severity="info",
    source="convention, unverified",
    passes={"weight_kg": [3.25]},
    fails={"weight_kg": [3.0, 3.25], "!": [True, False]},
)
def round_weight() -> nw.Expr:
    """The weight is a whole number of kilograms."""
    return nw.col("weight_kg") == nw.col("weight_kg").round(0)
'''


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "study.yaml").write_text(MAPPING, "utf-8")
    (folder / "ours.yaml").write_text(OURS, "utf-8")
    return folder / "study.yaml"


def said(*arguments):
    done = CliRunner().invoke(commands, ["rules", *map(str, arguments)])
    if isinstance(done.exception, MilkqcError):
        raise done.exception
    return done.exit_code, done.output


def test_every_rule_is_listed_whatever_its_home():
    code, text = said("list", "--format", "json")
    told = json.loads(text)
    assert code == 0
    assert [each["id"] for each in told] == sorted({*permanent_ids(), *pack_ids()})
    assert {each["home"] for each in told} == {
        "suite", "coded", "contract", "laboratory", "survey", "reading", "analysis", "compare", "redcap"
    }  # fmt: skip
    for each in told:
        assert each["title"] != each["id"], each["id"]
        assert each["says"], each["id"]
        assert "{" not in each["says"], each["id"]
        assert each["source"], each["id"]
        assert each["change"], each["id"]


def test_a_list_is_narrowed_by_table_severity_and_pack():
    _, text = said(
        "list", "--table", "growth", "--severity", "critical", "--pack", "course", "--format", "csv"
    )
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows
    assert {(row["table"], row["severity"], row["pack"]) for row in rows} == {
        ("growth", "critical", "course")
    }
    _, text = said("list", "--pack", "who_flags")
    assert text.splitlines()[0].split()[:3] == ["growth.acz.flag", "warning", "who_flags"]
    assert text.splitlines()[-1].endswith(" rules.")
    code, text = said("list", "--pack", "dats")
    assert code == 2
    assert "there is no pack 'dats'. Choose from " in text
    assert said("list", "--table", "mlik")[0] == 2


def test_one_rule_in_full(study):
    _, text = said("show", "growth.weight_kg.ours", "--mapping", study)
    assert (
        text
        == """\
growth.weight_kg.ours: growth.weight_kg.ours
  Weight is above what our scale can weigh (at most 20 kg).
  Severity:  warning
  Table:     growth; weight_kg
  Judges:    each value of weight_kg
  Right is:  at most 20 kg
  Limits:    max 20
  Site:      Weigh again.
  Analyst:   Leave it out.
  Acts:      site (plausibility)
  Source:    our scale
  Passes:    5
  Fails:     25
  Finding:   Weight {value} {unit} is above what our scale can weigh ({expected}).
  Home:      a rule file, judged by Great Expectations, pandera or plain expressions
  Stands in: study/ours.yaml:3
  To change: It is the study's own: edit study/ours.yaml.
"""
    )
    _, text = said("show", "milk.zinc.mature.range")
    assert "`expectations: [{rule: milk.zinc.mature.range, min: ..., reason: ...}]`" in " ".join(text.split())
    assert "For all studies, edit expectations/" in " ".join(text.split())


def test_a_study_s_mapping_shows_its_rules_changes_and_what_is_off(study):
    _, text = said("list", "--mapping", study)
    lines = {line.split()[0]: line for line in text.splitlines()}
    assert lines["growth.weight_kg.ours"].endswith("[the study's own]")
    zinc = lines["milk.zinc.mature.range"]
    assert zinc.split()[1] == "info"
    assert zinc.endswith(
        "[changed: max 9 instead of 7.9, severity info instead of warning: supplemented mothers]"
    )
    head = lines["growth.head.above_length"]
    assert head.split()[1] == "warning"
    assert head.endswith("[changed: severity warning instead of critical: a study of hydrocephalus]")
    assert lines["growth.digits.preference"].endswith("[switched off: digital scales]")
    _, text = said("show", "milk.zinc.mature.range", "--mapping", study)
    assert "Right is:  0.07 to 9 mg/L" in text
    assert "Changed:   max 9 instead of 7.9, severity info instead of warning: supplemented mothers" in text


def test_an_unknown_rule_names_the_nearest():
    with pytest.raises(
        MilkqcError, match=r"there is no rule 'milk\.zinc\.matur\.rang'. Perhaps: milk\.zinc\.mature\.range, "
    ):
        said("show", "milk.zinc.matur.rang")
    with pytest.raises(MilkqcError, match=r"Perhaps: .*milk\.sodium\.mature\.mastitis"):
        said("show", "mastitis")
    with pytest.raises(MilkqcError, match=r"`milkqc rules list` names them all"):
        said("show", "qqqq")


def test_a_folder_s_rules_hold_to_their_examples(tmp_path):
    """Adding a rule is one entry or one function: both from a temporary folder."""
    (tmp_path / "ours.yaml").write_text(OURS, "utf-8")
    (tmp_path / "round.py").write_text(CODED, "utf-8")
    before = permanent_ids()
    assert said("test", tmp_path) == (
        0,
        "2 rules, 18 examples in expressions, gx, pandera, polars, polars lazy, pandas, duckdb: all hold.\n",
    )
    assert permanent_ids() == before


def test_an_example_that_fails_is_exit_code_1_and_named(tmp_path):
    (tmp_path / "ours.yaml").write_text(OURS.replace("fail: [25]", "fail: [25, 19]"), "utf-8")
    (tmp_path / "round.py").write_text(CODED.replace("[True, False]", "[True, True]"), "utf-8")
    code, text = said("test", tmp_path / "ours.yaml", tmp_path / "round.py")
    assert code == 1
    assert text.splitlines()[:4] == [
        "growth.weight_kg.ours (expressions): 19.0 should fail and passes.",
        "growth.weight_kg.ours (gx): 19.0 should fail and passes.",
        "growth.weight_kg.ours (pandera): 19.0 should fail and passes.",
        "growth.weight_kg.round (polars): row 2 of its examples that fail should fail and passes.",
    ]
    assert text.endswith("2 rules fail.\n")


def test_a_function_that_raises_fails_its_test(tmp_path):
    (tmp_path / "round.py").write_text(
        CODED.replace('nw.col("weight_kg") ==', 'nw.col("weight") =='), "utf-8"
    )
    code, text = said("test", tmp_path)
    assert code == 1
    assert text.startswith("growth.weight_kg.round (polars): it raised ")


@pytest.mark.parametrize(
    ("name", "text", "error", "sentence"),
    [
        ("ours.yaml", OURS.replace("value_between", "value_betwen"), SuiteFaults, "ours.yaml:4 R204 growth.weight_kg.ours: unknown kind 'value_betwen'"),
        ("bad.py", "import nothing_of_that_name", PluginError, "bad.py: ModuleNotFoundError: No module named 'nothing_of_that_name'. Repair the file."),
        ("bad.py", "pass", PluginError, "bad.py: it declares no rule."),
        ("bad.py", CODED.replace("growth.weight_kg.round", "growth.head.above_length"), PluginError, "bad.py: ValueError: two rules are called growth.head.above_length (the first in checks/rules/course.py)"),
        ("bad.py", CODED.replace('table="growth"', 'table="grow"'), PluginError, "growth.weight_kg.round: the table is one of "),
        ("bad.py", CODED.replace('"info"', '"severe"'), PluginError, "growth.weight_kg.round: the severity is one of "),
    ],
)  # fmt: skip
def test_an_invalid_file_is_an_error_with_its_place(tmp_path, name, text, error, sentence):
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(error) as caught:
        said("test", tmp_path / name)
    assert sentence in str(caught.value)


def test_what_is_not_there_is_said(tmp_path, study):
    with pytest.raises(MilkqcError, match="there is no such file"):
        said("test", tmp_path / "none.yaml")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MilkqcError, match="there is no rule file in these folders"):
        said("test", tmp_path / "empty")
    assert said("test", tmp_path, "--mapping", study)[0] == 2
    (study.parent / "ours.yaml").unlink()
    with pytest.raises(
        MappingFaults, match=r"study.yaml:6 M301 expectations\[1\]: there is no rule file 'ours.yaml'|M301"
    ):
        said("list", "--mapping", study)


def test_an_id_of_another_home_is_refused_in_a_rule_file(study):
    text = OURS.replace("growth.weight_kg.ours", "growth.head.above_length")
    (study.parent / "ours.yaml").write_text(text, "utf-8")
    with pytest.raises(
        SuiteFaults,
        match=r"R207 growth\.head\.above_length: the id belongs to another rule \(checks/rules/course\.py:\d+\)",
    ):
        said("list", "--mapping", study)


def test_each_subcommand_says_what_it_does():
    assert set(verb.command.commands) >= {"list", "show", "test", "docs"}
    assert all(one.help for one in verb.command.commands.values())


def test_a_pack_that_no_mapping_names_is_listed_as_off(tmp_path):
    (tmp_path / "named.yaml").write_text(
        MAPPING.split("expectations:")[0] + "expectations: [{file: packs/term_three_months.yaml}]\n", "utf-8"
    )
    _, plain = said("list", "--pack", "term_three_months")
    *lines, counted = plain.splitlines()
    assert counted == f"{len(pack_ids())} rules."
    assert [line.split()[0] for line in lines] == sorted(pack_ids())
    assert all(
        line.endswith("[off unless named by a mapping: packs/term_three_months.yaml]") for line in lines
    )
    _, text = said("list", "--pack", "term_three_months", "--mapping", tmp_path / "named.yaml")
    *lines, counted = text.splitlines()
    assert counted == f"{len(pack_ids())} rules."
    assert "[off" not in text
    assert "unless named by a mapping" in said("show", pack_ids()[0])[1]
