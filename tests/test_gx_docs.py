"""`milkqc run --gx-docs DIR`: Great Expectations' own pages of the rule files, beside OUT."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from milkqc import deliver, pipeline
from milkqc.checks.suites import datadocs
from milkqc.cli import commands
from milkqc.errors import OutputError

MAPPING = """\
milkqc: 1
study: ours
tables: {people: {file: people.csv}, visits: {file: visits.csv}}
participants:
  from: people
  key: {participant_id: PID}
  columns: {infant_sex: {from: SEX, codes: {m: male, f: female}}, arm: {from: ARM}}
growth:
  from: visits
  key: {participant_id: PID, visit: VISIT}
  columns: {weight_kg: {from: KG, unit: kg}, length_cm: {from: CM, unit: cm}}
expectations:
  - ours.yaml
  - {rule: growth.length_cm.range, off: measured elsewhere}
"""
OURS = """\
table: growth
rules:
  - {id: growth.weight_kg.ours, expect: value_between, column: weight_kg, max: 20, severity: warning, says: "Weight {value} {unit} is too much.", source: our scale, examples: {pass: [5], fail: [25]}}
  - {id: growth.weight_kg.secret, expect: value_between, column: weight_kg, max: 20, when: {participant_arm: A}, severity: warning, says: Look., source: a test, examples: {pass: [5], fail: [25]}}
  - {id: growth.weight_kg.back, expect: monotone, column: weight_kg, order: visit, direction: rising, severity: info, says: Look., source: a test, examples: {pass: [{weight_kg: 1}], fail: [{infant_id: [a, a], visit: [a, b], weight_kg: [3, 2]}]}}
"""
FILES = {
    "study.yaml": MAPPING,
    "ours.yaml": OURS.replace("order: visit", "order: age_reported_days").replace("visit: [a, b]", "age_reported_days: [1, 2]"),
    "people.csv": "PID,SEX,ARM\n1,m,A\n2,f,B\n",
    "visits.csv": "PID,VISIT,KG,CM\n1,a,3,50\n1,b,25.25,80\n2,a,4.5,55\n",
}  # fmt: skip


def study(folder):
    for name, text in FILES.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def run(folder, *more):
    arguments = ["run", folder / "study.yaml", "--data", folder, "--out", folder / "out", *more]
    return CliRunner().invoke(commands, [str(one) for one in arguments])


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The study run once, its rules by expressions, with pages in `docs`; the clock stands still."""
    folder = study(tmp_path_factory.mktemp("gx"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1700000000")
        done = run(folder, "--engine", "expressions", "--gx-docs", folder / "docs", "--quiet")
        assert done.exit_code in {0, 1}, done.output
        yield folder, done


@pytest.fixture(scope="module")
def manifest(ran):
    return json.loads((ran[0] / "docs" / "manifest.json").read_text("utf-8"))


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}  # fmt: skip


def test_the_pages_say_what_great_expectations_found_and_the_engine_of_the_run_is_another(ran):
    docs = ran[0] / "docs"
    assert (docs / "index.html").is_file()
    assert (docs / "expectations" / "milkqc_growth.html").is_file()
    (page,) = (docs / "validations" / "milkqc_growth").rglob("*.html")
    text = page.read_text("utf-8")
    assert "weight_kg" in text
    assert "25.25" in text
    assert "1 unexpected values found." in text
    assert ",expressions," in (ran[0] / "out" / "checks.csv").read_text("utf-8")


def test_the_warning_is_on_stderr_and_true(ran):
    _, done = ran
    assert "load scripts, styles and a logo from the network" in done.stderr
    assert "hold values of the study" in done.stderr
    page = (ran[0] / "docs" / "index.html").read_text("utf-8")
    assert re.search(r'src="https://[^"]*jquery[^"]*"', page)
    assert re.search(r'src="https://[^"]*logo[^"]*"', page)


def test_what_did_not_run_is_not_shown_green_but_named_with_its_reason(ran, manifest):
    left_out = manifest["left_out"]
    assert left_out["growth.length_cm.range"] == "skipped: Switched off by the study: measured elsewhere"
    assert "It tells trial arms apart" in left_out["growth.weight_kg.secret"]
    assert left_out["growth.head_circumference_cm.range"].startswith("nothing_to_look_at")
    assert "growth.weight_kg.ours" not in left_out
    assert manifest["broken"] == {}
    (page,) = (ran[0] / "docs" / "validations" / "milkqc_growth").rglob("*.html")
    assert "head_circumference_cm" not in page.read_text("utf-8")
    assert f"{len(left_out)} rules are not in them" in ran[1].stderr


def test_the_same_moment_gives_the_same_bytes(ran, manifest):
    folder, _ = ran
    result = pipeline.run(folder / "study.yaml", data=folder, engine="pandera")
    assert deliver.write_gx_docs(result, folder / "again") == (len(manifest["left_out"]), 0)
    assert contents(folder / "again") == contents(folder / "docs")


def test_a_failure_leaves_the_pages_as_they_were(ran, monkeypatch):
    folder, _ = ran
    before = contents(folder / "docs")
    result = pipeline.run(folder / "study.yaml", data=folder, engine="expressions")
    # A page whose name is that of a folder: the second cannot be written after the first was.
    broken = datadocs.Documents({"a": b"a", "a/b": b"b"}, {}, {})
    monkeypatch.setattr(datadocs, "documents", lambda *_, **__: broken)
    with pytest.raises(OutputError, match=r"unchanged.* OUT is written\."):
        deliver.write_gx_docs(result, folder / "docs")
    assert contents(folder / "docs") == before
    assert [path.name for path in folder.iterdir() if path.name.startswith(".docs")] == []


@pytest.mark.parametrize("where", ["out", "out/docs", "."])
def test_a_folder_in_out_or_around_it_is_refused_before_anything_is_run(tmp_path, where):
    done = run(study(tmp_path), "--gx-docs", tmp_path / where)
    assert isinstance(done.exception, OutputError)  # which main() turns into exit code 2
    assert "Name a folder beside OUT with --gx-docs." in str(done.exception)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_somebody_else_and_an_out_of_another_run_are_not_replaced(ran, tmp_path):
    folder = study(tmp_path)
    (folder / "mine").mkdir()
    (folder / "mine" / "thesis.txt").write_text("mine")
    for where in (folder / "mine", ran[0] / "out"):
        with pytest.raises(OutputError, match="is not replaced"):
            deliver.require_docs(where, folder / "out")


def test_pages_are_refused_where_the_outputs_are_public(tmp_path):
    done = run(study(tmp_path), "--privacy", "public", "--gx-docs", tmp_path / "docs")
    assert done.exit_code == 2
    assert "values and small counts" in done.output
    assert not (tmp_path / "docs").exists()
