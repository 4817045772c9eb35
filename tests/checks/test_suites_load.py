"""Rule files are read strictly: each fault with its line, all of them together."""

from __future__ import annotations

from pathlib import Path

import pytest

from milkqc import catalogue
from milkqc.checks import ids, suites
from milkqc.checks.suites.kinds import KINDS
from milkqc.errors import SuiteFaults
from milkqc.messages import catalogue as texts
from milkqc.reference import analytes, plausible
from milkqc.rulebook import pack_ids, permanent_ids

GOOD = """table: milk
rules:
  - id: milk.zinc.mature.range
    expect: value_between
    column: value
    when: {analyte: zinc, stage: mature}
    min: 0.07
    max: 7.9
    unit: mg/L
    severity: warning
    says: Zinc {value} is outside what individual women showed.
    source: Picciano and Guthrie 1976
    examples: {pass: [1.5], fail: [25]}
"""


def faults(text):
    with pytest.raises(SuiteFaults) as caught:
        suites.read_text(text, name="x.yaml")
    return [str(fault) for fault in caught.value.faults]


def test_a_good_rule_is_typed_by_the_dictionary():
    (rule,) = suites.read_text(GOOD)
    assert rule.columns == ("value",)
    assert rule.when == {"analyte": "zinc", "stage": "mature"}
    assert rule.arguments == {"min": 0.07, "max": 7.9, "unit": "mg/L"}
    assert rule.examples == {"pass": (1.5,), "fail": (25.0,)}
    assert (rule.level, rule.file, rule.line) == ("row", "rules.yaml", 3)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("max: 7.9", "maximum: 7.9", "x.yaml:8 R201 milk.zinc.mature.range: unknown key 'maximum' for value_between."),
        ("table: milk", "table: urine", "x.yaml:1 R203: unknown table 'urine'. Use one of participants, visits, growth, milk, biomarkers."),
        ("column: value", "column: values", "x.yaml:5 R203 milk.zinc.mature.range: milk has no column 'values'. Did you mean value"),
        ("value_between", "value_betwen", "x.yaml:4 R204 milk.zinc.mature.range: unknown kind 'value_betwen'. Did you mean value_between"),
        ("warning", "severe", "x.yaml:10 R204 milk.zinc.mature.range: unknown severity 'severe'. Use one of critical, warning, info."),
        ("analyte: zinc", "analyte: zink", "x.yaml:6 R203 milk.zinc.mature.range: unknown analyte 'zink'. Did you mean zinc?"),
        ("stage: mature", "stage: ripe", "x.yaml:6 R205 milk.zinc.mature.range: stage has no code 'ripe'."),
        ("stage: mature", "phase: mature", "x.yaml:6 R203 milk.zinc.mature.range: milk has no column 'phase'."),
        ("unit: mg/L", "unit: ug/L", "x.yaml:9 R206 milk.zinc.mature.range: value is in mg/L, not 'ug/L'."),
        ("min: 0.07", "min: low", "x.yaml:7 R205 milk.zinc.mature.range: 'low' is no number."),
        ("min: 0.07", "min: nan", "x.yaml:7 R205 milk.zinc.mature.range: 'nan' is no number."),
        ("min: 0.07", "min: 8", "x.yaml:3 R205 milk.zinc.mature.range: the lower limit is above the upper one."),
        ("min: 0.07", "above: 0\n    min: 0.07", "x.yaml:7 R205 milk.zinc.mature.range: min and above are given together."),
        ("id: milk.zinc.mature.range", "id: zinc", "x.yaml:3 R207 zinc: the id 'zinc' is badly formed."),
        ("{value} is", "{wert} is", "x.yaml:11 R205 milk.zinc.mature.range: findings have no field {wert}."),
        ("fail: [25]", "fail: []", "x.yaml:13 R208 milk.zinc.mature.range: fail has no examples."),
        ("    source: Picciano and Guthrie 1976\n", "", "x.yaml:3 R202 milk.zinc.mature.range: the key source is missing."),
        ("    min: 0.07\n    max: 7.9\n", "", "x.yaml:3 R202 milk.zinc.mature.range: value_between lacks min or above or max or below."),
        ("    min: 0.07\n", "    min: 0.07\n    min: 0.08\n", "x.yaml:8 R103: the key 'min' is written twice (first in line 7)."),
        ("column: value", "column: batch", "x.yaml:5 R205 milk.zinc.mature.range: value_between cannot judge batch (text)."),
    ],
)  # fmt: skip
def test_a_fault_names_file_line_code_and_rule(old, new, sentence):
    assert old in GOOD
    found = faults(GOOD.replace(old, new))
    assert any(fault.startswith(sentence) for fault in found), found


def test_guidance_stands_in_the_entry_or_for_a_whole_file():
    whole = "table: milk\ndefaults: {site: Check the form., analyst: Leave it out.}\n"
    (rule,) = suites.read_text(GOOD.replace("table: milk\n", whole))
    assert (rule.site, rule.analyst) == ("Check the form.", "Leave it out.")
    own = GOOD.replace("    source:", "    site: Ask the\n      laboratory.\n    source:")
    (rule,) = suites.read_text(own.replace("table: milk\n", whole))
    assert (rule.site, rule.analyst) == ("Ask the laboratory.", "Leave it out.")


@pytest.mark.parametrize(
    ("defaults", "sentence"),
    [
        ("{sites: a}", "x.yaml:2 R201: unknown key 'sites'. Use site or analyst."),
        ("{site: [a]}", "x.yaml:2 R205: site must be a sentence."),
        ("none", "x.yaml:2 R205: defaults must be keys and values."),
    ],
)
def test_a_faulty_default_is_named_with_its_line(defaults, sentence):
    assert faults(GOOD.replace("table: milk\n", f"table: milk\ndefaults: {defaults}\n"))[0].startswith(
        sentence
    )


@pytest.mark.parametrize("pattern", ["(?=a)b", "(?!a)b", "(a)\\1", "a\\Z", "(?<!x)a"])
def test_patterns_that_engines_read_differently_are_refused(pattern):
    text = GOOD.replace("value_between", "value_matches").replace("column: value", "column: batch")
    text = text.replace("    min: 0.07\n    max: 7.9\n    unit: mg/L\n", f"    pattern: '{pattern}'\n")
    assert any("differ between engines" in fault for fault in faults(text))


def test_all_faults_of_all_files_come_together(tmp_path):
    (tmp_path / "a.yaml").write_text(GOOD.replace("zinc, stage", "zink, stage").replace("warning", "bad"))
    (tmp_path / "b.yaml").write_text("table: milk\nrules: []\n")
    (tmp_path / "c.yaml").write_text("table: [milk\n")
    with pytest.raises(SuiteFaults) as caught:
        suites.load(tmp_path.glob("*.yaml"))
    name = tmp_path.name
    assert [(fault.file, fault.line, fault.code) for fault in caught.value.faults] == [
        (f"{name}/a.yaml", 6, "R203"),
        (f"{name}/a.yaml", 10, "R204"),
        (f"{name}/b.yaml", 2, "R202"),
        (f"{name}/c.yaml", 2, "R102"),
    ]


def test_an_id_used_in_two_files_is_a_fault(tmp_path):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(GOOD)
    with pytest.raises(
        SuiteFaults,
        match=r"b\.yaml:3 R207 milk\.zinc\.mature\.range: the id is used twice \(first in .*a\.yaml:3\)",
    ):
        suites.load(tmp_path.glob("*.yaml"))


SHIPPED = suites.load(catalogue.files("expectations"))


def test_the_shipped_files_load_and_every_rule_has_a_title():
    assert len(SHIPPED) > 80
    assert [rule.id for rule in SHIPPED if not texts().get(rule.id, {}).get("title")] == []
    assert [rule.id for rule in SHIPPED if len(rule.says.split()) >= 30] == []


def test_every_row_of_the_published_ranges_has_its_rules_in_the_canonical_unit():
    for row in plausible.limits().iter_rows(named=True):
        rules = [rule for rule in SHIPPED if rule.id.startswith(f"milk.{row['analyte']}.{row['stage']}.")]
        limits = {
            limit
            for rule in rules
            for key in ("min", "max")
            if (limit := rule.arguments.get(key)) is not None
        }
        assert {row["soft_low"], row["soft_high"]} <= limits, row["analyte"]
        assert {rule.arguments["unit"] for rule in rules} == {analytes()[row["analyte"]].unit}
        stage = {} if row["stage"] == "any" else {"stage": row["stage"]}
        assert all(rule.when == {"analyte": row["analyte"], **stage} for rule in rules)


def test_only_limits_from_individual_women_judge_single_samples():
    kinds = {(row["analyte"], row["stage"]): row for row in plausible.limits().iter_rows(named=True)}
    for rule in SHIPPED:
        subject, _, last = rule.id.rpartition(".")
        if last == "range" and rule.table == "milk":
            row = kinds[tuple(subject.split(".")[1:3])]
            assert rule.arguments.get("min") in {None, row["soft_low"]}
            assert rule.arguments.get("min") is None or row["soft_low_kind"] == "individual"
            assert rule.arguments.get("max") is None or row["soft_high_kind"] == "individual"
        if last == "batch_median":
            assert (rule.severity, rule.arguments["by"], rule.arguments["min_n"]) == ("info", "batch", 10)


def test_each_kind_is_described_in_the_documentation():
    text = (Path(__file__).parents[2] / "docs" / "checks.md").read_text("utf-8")
    assert [kind for kind in KINDS if f"| `{kind}` |" not in text] == []


def test_no_permanent_id_vanishes_or_comes_unlisted():
    current, listed = {*permanent_ids(), *pack_ids()}, ids.listed()
    in_use = {name for name, used in listed.items() if used}
    assert sorted(in_use - current) == [], (
        "ids that vanished: mark them `retired` in rule_ids.txt, never reuse them"
    )
    assert sorted(current - in_use) == [], "new ids: add them to rule_ids.txt"


def test_a_study_changes_limits_and_switches_rules_off_with_reasons():
    zinc = next(rule for rule in SHIPPED if rule.id == "milk.zinc.mature.range")
    changes = [
        suites.Change(
            "milk.zinc.mature.range", limits={"max": 9.0}, severity="info", reason="supplemented mothers"
        ),
        suites.Change("growth.head.above_length", off="hydrocephalus study"),
    ]
    (rule,) = suites.changed([zinc], changes, others={"growth.head.above_length"}).rules
    assert (rule.arguments["min"], rule.arguments["max"], rule.severity) == (0.07, 9.0, "info")
    assert rule.source.endswith("; changed by the study: supplemented mothers")
    assert suites.switched_off(changes) == {"growth.head.above_length": "hydrocephalus study"}


def test_a_change_without_reason_or_rule_or_limit_is_a_fault():
    zinc = next(rule for rule in SHIPPED if rule.id == "milk.vitamin_b12.mature.range")
    changes = [
        suites.Change("milk.zinc.nothing", off="x", file="m.yaml", line=3),
        suites.Change("milk.vitamin_b12.mature.range", limits={"max": 9.0}, file="m.yaml", line=4),
        suites.Change(
            "milk.vitamin_b12.mature.range", limits={"min": 9.0}, reason="x", file="m.yaml", line=5
        ),
        suites.Change("growth.head.above_length", limits={"max": 9.0}, reason="x", file="m.yaml", line=6),
    ]
    with pytest.raises(SuiteFaults) as caught:
        suites.changed([zinc], changes, others={"growth.head.above_length"})
    assert [(fault.line, fault.code) for fault in caught.value.faults] == [
        (3, "R301"),
        (4, "R302"),
        (5, "R303"),
        (5, "R304"),
        (6, "R303"),
    ]
