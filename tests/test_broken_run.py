"""Code of ours that raises in the middle of a run: its checks are broken in the ledger, the rest of the run stands."""

from __future__ import annotations

import json
from html import unescape

import polars as pl
import pytest

from milkqc.attempts import FIGURES, REPORT
from milkqc.cli import main
from milkqc.deliver import deliver
from milkqc.pipeline import Stopwatch, judge
from milkqc.study import open_study

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
def opened(folder):
    """Opened once: reading the rule files takes as long as judging the study, and nothing here raises in it."""
    return open_study(folder / "study.yaml", folder)


@pytest.fixture
def run(opened):
    return lambda: judge(opened, fail_on="critical", step=Stopwatch(), engine="expressions")


@pytest.fixture(scope="module")
def sound(opened):
    return judge(opened, fail_on="critical", step=Stopwatch(), engine="expressions")


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
def test_what_raises_is_broken_and_all_else_is_as_it_was(run, sound, monkeypatch, place, rules, others):
    monkeypatch.setattr(place, explode)
    result = run()
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


def test_the_outputs_are_whole_and_the_exit_code_is_three(run, tmp_path, monkeypatch):
    for place in ("milkqc.derive.suspicion.study_of", "milkqc.summarise.survey.run.survey_table"):
        monkeypatch.setattr(place, explode)
    result = run()
    deliver(result, tmp_path / "out")
    assert (tmp_path / "out" / "manifest.json").is_file()
    assert "nobody thought of this" in (tmp_path / "out" / "report.html").read_text("utf-8")
    assert result.settings["verdict"] == "incomplete"


def test_a_cause_that_cannot_be_told_leaves_the_findings(run, sound, monkeypatch):
    monkeypatch.setattr("milkqc.checks.laboratory.run._explained", explode)
    result = run()
    assert result.findings.equals(sound.findings)
    broken = result.checks.filter(pl.col("status") == "broken")
    assert broken.select("rule_id", "why").rows() == [("milk.batch.unit", WHY)]


# Each figure by what makes it; all of them raise in one run, and each is broken by its own name.
MAKERS = {
    "report.figures.missing": "milkqc.summarise.overview._missing",
    "report.figures.censored": "milkqc.summarise.overview._censored",
    "report.figures.zscores": "milkqc.summarise.overview._zscores",
    "report.figures.zscore_bins": "milkqc.summarise.overview._zscore_bins",
    "report.figures.ages": "milkqc.summarise.overview._ages",
    "report.figures.spread": "milkqc.summarise.evidence.spread",
    "report.figures.limits": "milkqc.summarise.evidence.limits",
    "report.figures.codes": "milkqc.summarise.evidence.codes",
    "report.figures.gaps": "milkqc.summarise.evidence.gaps",
    "report.figures.dates": "milkqc.summarise.evidence.dates",
    "report.figures.units": "milkqc.summarise.evidence.units",
    "report.figures.completeness": "milkqc.summarise.evidence.completeness",
    "report.figures.scheduled_people": "milkqc.summarise.evidence.scheduled_people",
    "report.figures.zscores_by_site": "milkqc.summarise.evidence.zscores_by_site",
    "report.figures.flagged_children": "milkqc.summarise.evidence.flagged_children",
    "report.figures.watched": "milkqc.summarise.evidence._watched",
    "report.figures.harmonisation": "milkqc.mapping.harmonisation.harmonisation",
    "report.figures.mae_sensitivity": "milkqc.summarise.sensitivity.sensitivity",
    "report.figures.rules": "milkqc.rulebook.told.told",
    "report.growth.curves": "milkqc.summarise.growth_curves.growth_curves",
    "report.laboratory.figures": "milkqc.summarise.laboratory.laboratory",
    "report.rules.cover": "milkqc.checks.cover.covered",
    "outputs.mae_reference.table": "milkqc.summarise.mae_reference.reference_table",
    "outputs.codebook.table": "milkqc.summarise.codebook.codebook",
    "outputs.explain.trace": "milkqc.mapping.trace.trace",
    "outputs.formulas.found": "milkqc.emit.tables.formulas",
    "outputs.analysis.blanks": "milkqc.pipeline.left_blank",
    "findings.cause.batches": "milkqc.checks.laboratory.run.explained",
    "findings.severities.groups": "milkqc.checks.behind.behind",
    "findings.cause.rows": "milkqc.causes.with_causes",
    "findings.participants.named": "milkqc.conclude._context",
    "findings.decisions.held": "milkqc.decisions.decided",
    "findings.severities.changed": "milkqc.checks.suites.changes.with_severities",
    "rules.ledger.whole": "milkqc.rulebook.unsaid.unsaid",
}


def broken(result):
    return result.checks.filter(pl.col("status") == "broken")


def test_nothing_that_is_said_of_the_data_can_stop_the_run(run, sound, tmp_path, monkeypatch):
    assert {*MAKERS, REPORT} == {*FIGURES}
    for place in MAKERS.values():
        monkeypatch.setattr(place, explode)
    result = run()
    # The rules that nothing speaks of cannot be told either, so what they belong to is.
    unheard = {"data.text.formula", "decisions.finding.gone", "rules.analysis.all"}
    assert {*MAKERS, *unheard} == {*broken(result)["rule_id"]}
    assert set(broken(result)["why"]) == {WHY}
    assert result.settings["exit_code"] == 3
    # The data, and what the rules found in them, are as they were.
    for name in ("participants", "growth", "milk", "analysis"):
        assert getattr(result, name).equals(getattr(sound, name))
    assert set(result.findings["finding_id"]) == set(sound.findings["finding_id"])
    assert deliver(result, tmp_path / "out").settings["verdict"] == "incomplete"
    files = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*")}
    assert {"analysis.csv", "mae_reference.csv", "completeness.csv", "codebook.csv", "manifest.json"} <= files
    page = unescape((tmp_path / "out" / "report.html").read_text("utf-8"))
    assert "INCOMPLETE" in page
    assert all(FIGURES[name].split(":")[0][:40] in page for name in MAKERS if name != "rules.ledger.whole")
    assert "No mapped variable lacks a value" not in page


@pytest.mark.parametrize("place", ["milkqc.summarise.overview._missing", "milkqc.summarise.evidence.spread"])
def test_one_figure_that_raises_leaves_all_others_as_they_were(run, sound, monkeypatch, place):
    monkeypatch.setattr(place, explode)
    result = run()
    assert broken(result).height == 1
    assert result.checks.filter(pl.col("status") != "broken").equals(sound.checks)
    assert result.findings.equals(sound.findings)
    lost = {"missing", "cover"} if "missing" in place else {"spread", "bins"}
    kept = [name for name in sound.statistics if name not in lost]
    assert all(result.statistics[name].equals(sound.statistics[name]) for name in kept)


def test_homes_of_rules_that_raise_as_a_whole_have_every_rule_broken(run, sound, monkeypatch):
    for place in (
        "milkqc.checks.contract.check",
        "milkqc.checks.suites.check",
        "milkqc.checks.rules.check",
        "milkqc.checks.laboratory.run.check",
        "milkqc.checks.compare.check",
        "milkqc.checks.dictionary.check",
    ):
        monkeypatch.setattr(place, explode)
    result = run()
    assert set(result.checks["rule_id"]) == set(sound.checks["rule_id"])
    # What was judged is no longer judged, and nothing says that it passed.
    gone = set(sound.checks.filter(pl.col("engine").is_in(["pandera", "expressions"]))["rule_id"])
    assert len(gone) > 100
    assert gone | {"milk.batch.unit", "growth.compare", "growth.head.above_length"} <= set(
        broken(result)["rule_id"]
    )
    assert result.settings["exit_code"] == 3


def test_views_that_cannot_be_made_leave_the_contract_and_break_every_rule_that_looks_at_one(
    run, sound, tmp_path, monkeypatch
):
    monkeypatch.setattr("milkqc.checks.views._with_participant", explode)
    result = run()
    contract = pl.col("engine") == "pandera"
    assert result.checks.filter(contract).equals(sound.checks.filter(contract))
    looking = set(sound.checks.filter(pl.col("engine") == "expressions")["rule_id"])
    assert looking | {"growth.head.above_length", "milk.batch.unit", "report.rules.cover"} <= set(
        broken(result)["rule_id"]
    )
    deliver(result, tmp_path / "out")
    assert (tmp_path / "out" / "harmonized" / "growth.csv").is_file()


@pytest.mark.parametrize(
    ("place", "rules"),
    [
        ("milkqc.checks.suites.told._failing_rows", {"growth.wlz.flag"}),
        ("milkqc.checks.suites.run._absent_analyte", {"milk.iodine.any.hard"}),
        ("milkqc.checks.suites.unlimited._unjudged", {"milk.limits.none", "biomarkers.limits.none"}),
    ],
)
def test_a_rule_file_whose_rules_raise_beside_their_engine_breaks_those_rules(
    run, sound, monkeypatch, place, rules
):
    monkeypatch.setattr(place, explode)
    result = run()
    assert rules <= set(broken(result)["rule_id"])
    assert broken(result)["rule_id"].n_unique() < sound.checks["rule_id"].n_unique() / 2


@pytest.mark.parametrize(
    ("place", "part"),
    [
        ("milkqc.report.content.survey.survey", "survey_bins"),
        ("milkqc.report.page.growth_curve", "growth_curves"),
        ("milkqc.report.page.spread_chart", "spread"),
    ],
)
def test_a_part_of_the_report_that_cannot_be_drawn_is_left_out_and_named(
    sound, tmp_path, monkeypatch, place, part
):
    monkeypatch.setattr(place, explode)
    result = deliver(sound, tmp_path / "out")
    told = broken(result).select("rule_id", "variable", "why").rows()
    if part == "survey_bins":  # what is asked for with or without figures: only the plain page can do without
        assert told == [(REPORT, "report", WHY)]
    else:
        assert told == [(REPORT, part, WHY)]
    assert result.settings["exit_code"] == 3
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert WHY in page
    assert "INCOMPLETE" in page
    assert ("could not be drawn" in page) is (part == "survey_bins")
    written = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    assert (written["verdict"], written["exit_code"]) == ("incomplete", 3)
    assert "report.page.drawn" in (tmp_path / "out" / "checks.csv").read_text("utf-8")


def test_a_report_that_cannot_be_drawn_at_all_is_a_plain_page(sound, tmp_path, monkeypatch):
    monkeypatch.setattr("milkqc.report.whole.content", explode)
    result = deliver(sound, tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "This report could not be drawn" in page
    assert WHY in page
    told = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert (told["plain"], told["verdict"]["decision"]) == (True, "INCOMPLETE")
    assert told["findings"]["critical"]["open"] == result.findings.filter(severity="critical").height


@pytest.mark.parametrize(
    ("place", "step"),
    [
        ("milkqc.derive.growth.score", "scoring growth and milk"),
        ("milkqc.deliver.manifest", "writing"),
    ],
)
def test_data_that_cannot_be_made_stop_the_run_and_leave_out_as_it_was(
    folder, tmp_path, monkeypatch, capsys, place, step
):
    monkeypatch.setattr(place, explode)
    out = tmp_path / "out"
    asked = ["milkqc", "run", str(folder / "study.yaml"), "--data", str(folder), "--out", str(out)]
    monkeypatch.setattr("sys.argv", [*asked, "--quiet", "--engine", "expressions"])
    with pytest.raises(SystemExit) as stopped:
        main()
    told = capsys.readouterr().err
    assert stopped.value.code == 2
    assert (
        f"milkqc stopped while {step} at a fault of its own (ZeroDivisionError in test_broken_run.py" in told
    )
    assert "nobody thought of this" not in told  # a message may hold a value
    assert "Traceback" not in told
    assert not out.exists()


def test_a_file_beside_out_that_cannot_be_made_does_not_say_that_nothing_was_written(
    folder, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("milkqc.report.junit.junit", explode)
    asked = [
        "milkqc",
        "run",
        str(folder / "study.yaml"),
        "--data",
        str(folder),
        "--out",
        str(tmp_path / "out"),
    ]
    monkeypatch.setattr(
        "sys.argv", [*asked, "--quiet", "--engine", "expressions", "--junit", str(tmp_path / "j")]
    )
    with pytest.raises(SystemExit):
        main()
    assert "OUT is written" in capsys.readouterr().err
    assert (tmp_path / "out" / "manifest.json").is_file()
