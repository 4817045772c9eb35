"""One small study through `milkqc run --engine ...`: the same findings.csv and checks.csv but for the column `engine`."""

from __future__ import annotations

import csv

import pytest
from click.testing import CliRunner

from milkqc.cli import commands

MAPPING = """\
milkqc: 1
study: engines
tables: {people: {file: people.csv}, visits: {file: visits.csv}, lab: {file: lab.csv}}
participants:
  from: people
  key: {participant_id: PID}
  columns:
    infant_sex: {from: SEX, codes: {m: male, f: female}}
    infant_birth_date: {from: BORN, format: "%Y-%m-%d"}
    site: {from: SITE}
growth:
  from: visits
  key: {participant_id: PID, visit: VISIT}
  columns:
    visit_date: {from: DAY, format: "%Y-%m-%d"}
    weight_kg: {from: KG, unit: kg}
    length_cm: {from: CM, unit: cm}
    age_days: {from: AGE, unit: mo}
    observer: {from: WHO}
milk:
  from: lab
  key: {participant_id: PID, visit: VISIT, sample_id: TUBE}
  repeats: replicate
  columns: {batch: {from: PLATE}}
  long: {analyte: TEST, value: RESULT, unit: UNIT, codes: {NAM: nicotinamide, NA: nicotinic_acid, TOT: pantothenic_acid}}
expectations: [ours.yaml]
"""
COMMON = "severity: warning, says: 'Look at {value} {unit} ({expected}).', source: a test"
OURS = f"""\
table: growth
rules:
  - {{id: growth.ours.range, expect: value_between, column: weight_kg, max: 5, hard_max: 20, {COMMON}, examples: {{pass: [4], fail: [9]}}}}
  - {{id: growth.ours.day, expect: value_between, column: visit_date, max: 2024-06-30, {COMMON}, examples: {{pass: [2024-01-01], fail: [2025-01-01]}}}}
  - {{id: growth.ours.who, expect: value_matches, column: observer, pattern: "[A-Z]+", {COMMON}, examples: {{pass: [AB], fail: [ab]}}}}
  - {{id: growth.ours.once, expect: unique, columns: [infant_id, visit_date], {COMMON}, examples: {{pass: [{{infant_id: a}}], fail: [{{infant_id: [a, a], visit_date: [2024-01-01, 2024-01-01]}}]}}}}
  - {{id: growth.ours.order, expect: monotone, column: length_cm, order: visit_date, direction: rising, {COMMON}, examples: {{pass: [{{length_cm: 1}}], fail: [{{infant_id: [a, a], visit_date: [2024-01-01, 2024-01-02], length_cm: [2, 1]}}]}}}}
  - {{id: growth.ours.born, expect: compare_columns, column: visit_date, is: at_least, other: participant_infant_birth_date, offset: 20, {COMMON}, examples: {{pass: [{{visit_date: 2024-02-01, participant_infant_birth_date: 2024-01-01}}], fail: [{{visit_date: 2024-01-01, participant_infant_birth_date: 2024-01-01}}]}}}}
  - {{id: growth.ours.age, expect: sum_of, column: age_reported_days, parts: {{age_months: 30.4375}}, tolerance: 15, {COMMON}, examples: {{pass: [{{age_reported_days: 61, age_months: 2}}], fail: [{{age_reported_days: 100, age_months: 2}}]}}}}
  - {{id: growth.ours.site, expect: median_between, column: weight_kg, by: site, max: 4, {COMMON}}}
  - {{id: growth.ours.nobody, expect: not_null, column: muac_cm, when: {{observer: ZZ}}, {COMMON}, examples: {{pass: [9], fail: [null]}}}}
  - {{id: growth.ours.arm, expect: value_between, column: muac_cm, max: 20, {COMMON}, examples: {{pass: [9], fail: [90]}}}}
  - {{id: milk.ours.total, table: milk, expect: sum_of, column: value, when: {{analyte: pantothenic_acid}}, parts: [nicotinamide, nicotinic_acid], tolerance: 5%, {COMMON}, examples: {{pass: [{{analyte: [pantothenic_acid, nicotinamide, nicotinic_acid], value: [3, 2, 1]}}], fail: [{{analyte: [pantothenic_acid, nicotinamide, nicotinic_acid], value: [4, 2, 1]}}]}}}}
"""
PEOPLE = "PID,SEX,BORN,SITE\n1,m,2024-01-01,A\n2,f,2024-01-05,B\n3,f,,B\n"
VISITS = (
    "PID,VISIT,DAY,KG,CM,AGE,WHO\n1,a,2024-02-01,4.2,54,1,AB\n1,b,2024-04-01,6.1,53,5,ab\n2,a,2024-01-10,3.4,50,,AB\n"
    "2,b,2024-07-09,25,62,6,\n3,a,2024-02-01,,52,1,AB\n3,b,2024-02-01,4.4,52.5,1,AB\n"
)
LAB = (
    "PID,VISIT,TUBE,PLATE,TEST,RESULT,UNIT\n1,a,T1,P1,TOT,3,mg/L\n1,a,T1,P1,TOT,5,mg/L\n1,a,T1,P1,NAM,1,mg/L\n1,a,T1,P1,NA,2000,ug/L\n"
    "2,a,T2,P1,TOT,3.1,mg/L\n2,a,T2,P1,NAM,1,mg/L\n2,a,T2,P1,NA,2,mg/L\n3,a,T3,P2,TOT,9,mg/L\n3,a,T3,P2,NAM,<1,mg/L\n3,a,T3,P2,NA,2,mg/L\n"
)
ENGINES = ("gx", "pandera", "expressions")


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """By engine and file the rows of OUT as they were written."""
    folder = tmp_path_factory.mktemp("engines")
    texts = {
        "study.yaml": MAPPING,
        "ours.yaml": OURS,
        "people.csv": PEOPLE,
        "visits.csv": VISITS,
        "lab.csv": LAB,
    }
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    found = {}
    for engine in ENGINES:
        out = folder / engine
        done = CliRunner().invoke(
            commands, ["run", str(folder / "study.yaml"), "--data", str(folder), "--out", str(out), "--engine", engine]
        )  # fmt: skip
        assert done.exit_code == 1, done.output
        for name in ("findings.csv", "checks.csv"):
            with (out / name).open(encoding="utf-8", newline="") as file:
                found[engine, name] = list(csv.DictReader(file))
    return found


def without_engine(rows):
    return [{name: cell for name, cell in row.items() if name != "engine"} for row in rows]


def test_findings_csv_is_the_same_from_each_engine_but_for_its_name(outputs):
    first = without_engine(outputs["gx", "findings.csv"])
    for engine in ENGINES:
        rows = outputs[engine, "findings.csv"]
        assert without_engine(rows) == first, engine
        named = {row["engine"] for row in rows if ".ours." in row["rule_id"]}
        # Rules about groups run as expressions under pandera.
        assert named == ({"pandera", "expressions"} if engine == "pandera" else {engine})
    ours = {(row["rule_id"], row["row_id"]) for row in first if ".ours." in row["rule_id"]}
    assert {rule for rule, _ in ours} == {
        *(f"growth.ours.{name}" for name in ("range", "day", "who", "once", "order", "born", "age", "site")),
        "milk.ours.total",
    }


def test_checks_csv_is_the_same_from_each_engine_but_for_its_name(outputs):
    def ledger(engine):
        return sorted(map(tuple, (row.items() for row in without_engine(outputs[engine, "checks.csv"]))))

    assert ledger("gx") == ledger("pandera") == ledger("expressions")
    status = {row["rule_id"]: row["status"] for row in outputs["gx", "checks.csv"]}
    assert status["growth.ours.arm"] == "nothing_to_look_at"
    assert "broken" not in status.values()


def test_a_total_of_replicates_is_held_against_its_parts_in_a_run(outputs):
    """4 mg/L (the mean of 3 and 5) against 1 + 2: one finding; a censored part leaves participant 3 unjudged."""
    (found,) = (row for row in outputs["expressions", "findings.csv"] if row["rule_id"] == "milk.ours.total")
    assert (found["participant_id"], found["value"], found["unit"], found["expected"]) == (
        "1", "4", "mg/L", "equal to 3 mg/L (nicotinamide + nicotinic acid), give or take 5 %",
    )  # fmt: skip
    (row,) = (row for row in outputs["expressions", "checks.csv"] if row["rule_id"] == "milk.ours.total")
    assert (row["looked_at"], row["failed"], row["not_judged"]) == ("2", "1", "2")
