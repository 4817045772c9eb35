"""Code of ours that raises in the middle of a run: its checks are broken in the ledger, the rest of the run stands."""

from __future__ import annotations

import polars as pl
import pytest

import milkqc
from milkqc.deliver import deliver

PEOPLE = "PID,SEX,DOB,SITE\n" + "".join(f"{n},m,2024-01-01,A\n" for n in range(1, 13))
GROWTH = "PID,VISIT,DATE,W,L,WAZ,LAZ\n" + "".join(
    f"{n},month_3,2024-04-01,{6.4 if n > 1 else 14.1},61,{n},0\n" for n in range(1, 13)
)
LAB = "PID,VISIT,TUBE,RUN,ZN\n" + "".join(f"{n},month_3,T{n},B1,{n}\n" for n in range(1, 13))
MAPPING = """\
milkqc: 1
study: t
tables: {p: {file: p.csv}, g: {file: g.csv}, lab: {file: lab.csv}}
participants:
  from: p
  key: {participant_id: PID}
  columns:
    infant_sex: {from: SEX, codes: {m: male}}
    infant_birth_date: {from: DOB, format: "%Y-%m-%d"}
    site: SITE
growth:
  from: g
  key: {participant_id: PID, visit: VISIT}
  columns:
    visit_date: {from: DATE, format: "%Y-%m-%d"}
    weight_kg: {from: W, unit: kg}
    length_cm: {from: L, unit: cm}
  compare: {waz: {from: WAZ, tolerance: 0.05}, laz: {from: LAZ, tolerance: 0.05}}
milk:
  from: lab
  key: {participant_id: PID, visit: VISIT, sample_id: TUBE}
  columns: {batch: RUN}
  analytes: {zinc: {from: ZN, unit: mg/L}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("broken")
    for name, text in (("p.csv", PEOPLE), ("g.csv", GROWTH), ("lab.csv", LAB), ("study.yaml", MAPPING)):
        (where / name).write_text(text, "utf-8")
    return where


@pytest.fixture(scope="module")
def sound(folder):
    return milkqc.run(folder / "study.yaml", data=folder)


def explode(*arguments, **more):
    raise ZeroDivisionError("nobody thought of this\nand a second line")


def told(result):
    """The findings without the ids of their causes: a cause that could not be looked for explains nothing."""
    return result.findings.drop("cause_id")


WHY = "ZeroDivisionError: nobody thought of this"


@pytest.mark.parametrize(
    ("place", "rules", "others"),
    [
        (
            "milkqc.derive.suspicion.study_of",
            {"growth.weight_kg.unit", "growth.weight_length.swapped", "growth.visit.fits_next"},
            {"growth.weight_kg.unit_batch"},
        ),
        ("milkqc.summarise.survey.run.survey_table", {"growth.digits.preference"}, set()),
        ("milkqc.summarise.survey.judge._found", {"growth.digits.preference"}, set()),
        ("milkqc.summarise.survey.judge.months_as_days", {"growth.age.months_as_days"}, set()),
        ("milkqc.checks.laboratory.run._of_kept_runs", {"milk.batch.blank", "milk.batch.unit"}, set()),
        ("milkqc.checks.compare._apart", {"growth.compare"}, set()),
        (
            "milkqc.checks.facts.followed._visit",
            {"growth.visit.after_death", "milk.sample.after_death"},
            set(),
        ),
        ("milkqc.checks.facts.people._ids", {"participants.birth_weight_kg.for_gestation"}, set()),
        ("milkqc.checks.facts.arms._differ", {"visits.arms.seen"}, set()),
        ("milkqc.checks.facts.forms._same", {"growth.form.same"}, set()),
        ("milkqc.checks.facts.samples.with_exchanged", {"milk.sample.mixed_up"}, set()),
        ("milkqc.checks.views.with_habits", {"growth.length_cm.same_day"}, set()),
        ("milkqc.derive.newborn_size.newborn_scores", {"participants.birth_weight_kg.for_gestation"}, set()),
    ],
)
def test_what_raises_is_broken_and_all_else_is_as_it_was(folder, sound, monkeypatch, place, rules, others):
    monkeypatch.setattr(place, explode)
    result = milkqc.run(folder / "study.yaml", data=folder)
    broken = result.checks.filter(pl.col("status") == "broken")
    assert rules | others <= set(broken["rule_id"])
    assert set(broken["why"]) == {WHY}
    assert broken.select(pl.col("looked_at", "failed", "findings").sum()).row(0) == (0, 0, 0)
    assert result.settings["exit_code"] == 3
    # Every check has its row still, and nothing that stands elsewhere has changed.
    keys = ["rule_id", "table", "variable"]
    assert result.checks.select(keys).rows() == sound.checks.select(keys).rows()
    stands = ~pl.col("rule_id").is_in(broken["rule_id"].unique().to_list())
    assert result.checks.filter(stands).equals(sound.checks.filter(stands))
    assert told(result).filter(stands).equals(told(sound).filter(stands))


def test_the_outputs_are_whole_and_the_exit_code_is_three(folder, tmp_path, monkeypatch):
    for place in ("milkqc.derive.suspicion.study_of", "milkqc.summarise.survey.run.survey_table"):
        monkeypatch.setattr(place, explode)
    result = milkqc.run(folder / "study.yaml", data=folder)
    deliver(result, tmp_path / "out")
    assert (tmp_path / "out" / "manifest.json").is_file()
    assert "nobody thought of this" in (tmp_path / "out" / "report.html").read_text("utf-8")
    assert result.settings["verdict"] == "incomplete"


def test_a_cause_that_cannot_be_told_leaves_the_findings(folder, sound, monkeypatch):
    monkeypatch.setattr("milkqc.checks.laboratory.run._explained", explode)
    result = milkqc.run(folder / "study.yaml", data=folder)
    assert result.findings.equals(sound.findings)
    broken = result.checks.filter(pl.col("status") == "broken")
    assert broken.select("rule_id", "why").rows() == [("milk.batch.unit", WHY)]


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("milkqc.summarise.laboratory.laboratory", "report.laboratory.figures"),
        ("milkqc.summarise.growth_curves.growth_curves", "report.growth.curves"),
        ("milkqc.figures.covered", "report.rules.cover"),
    ],
)
def test_a_figure_of_the_report_that_raises_is_named_and_all_else_stands(
    folder, sound, tmp_path, monkeypatch, place, name
):
    monkeypatch.setattr(place, explode)
    result = milkqc.run(folder / "study.yaml", data=folder)
    broken = pl.col("status") == "broken"
    assert result.checks.filter(broken).select("rule_id", "why").rows() == [(name, WHY)]
    assert result.checks.filter(~broken).equals(sound.checks)
    assert result.findings.equals(sound.findings)
    assert result.settings["exit_code"] == 3
    deliver(result, tmp_path / "out")
    assert (tmp_path / "out" / "manifest.json").is_file()
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert name in page
    assert "nobody thought of this" in page
