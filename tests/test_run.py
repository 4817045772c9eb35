"""The whole path by the command line: every output, its exit code, and OUT whole or as it was."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import milkqc

OUTPUTS = {
    "analysis.csv",
    "analysis.parquet",
    "mae_reference.csv",
    "mae_sensitivity.csv",
    "findings.csv",
    "rejected.csv",
    "checks.csv",
    "codebook.csv",
    "lineage/mapping.json",
    "harmonisation.csv",
    "survey_quality.csv",
    "survey_digits.csv",
    "survey_positions.csv",
    "completeness.csv",
    "datapackage.json",
    "report.html",
    "report.json",
    "manifest.json",
    *(
        f"harmonized/{name}.{kind}"
        for name in ("participants", "visits", "growth", "milk", "biomarkers")
        for kind in ("csv", "parquet")
    ),
    *(f"lineage/{name}.parquet" for name in ("participants", "visits", "growth", "milk", "biomarkers")),
}
# The laboratory's own rows, where the mapping reads any; they are not written for Stata or SPSS (docs/outputs.md).
CONTROLS = {"harmonized/controls.csv", "harmonized/controls.parquet", "lineage/controls.parquet"}


def command(*arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from milkqc.cli import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **env},
        check=False,
    )


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo written and run once, as a user would."""
    folder = tmp_path_factory.mktemp("demo")
    done = command(
        "demo", "--out", folder, "--format", "csv,parquet,dta,sav", "--timings", folder / "t.json",
        POLARS_MAX_THREADS="2",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.fixture(scope="module")
def result(demo):
    """The same in Python. Its findings are the same but for the engine, which is the quickest one."""
    folder, _ = demo
    return milkqc.run(folder / "mapping.yaml", data=folder / "uploads", engine="expressions")


def test_the_demo_writes_every_output(demo):
    folder, done = demo
    written = set(files(folder / "out"))
    by_site = {name for name in written if name.startswith("findings_by_site/")}
    assert written - by_site == OUTPUTS | CONTROLS | {
        f"{name.removesuffix('.csv')}.{kind}"
        for name in OUTPUTS
        if name == "analysis.csv" or (name.startswith("harmonized/") and name.endswith(".csv"))
        for kind in ("dta", "sav")
    }
    assert "SIMULATED" in done.stdout
    assert "fail" in done.stdout
    assert "Traceback" not in done.stderr


def test_progress_on_stderr_never_shows_a_value(demo):
    _, done = demo
    assert "SIM-0" not in done.stderr
    assert "read enrolment.sav: 190 rows" in done.stderr


def test_the_manifest_accounts_for_every_file_and_row(demo):
    folder, _ = demo
    manifest = json.loads((folder / "out" / "manifest.json").read_text())
    told = {entry["path"]: entry["sha256"] for entry in manifest["outputs"]}
    found = files(folder / "out")
    del found["manifest.json"]
    assert told == found
    uploaded = files(folder / "uploads")
    assert {entry["file"]: entry["sha256"] for entry in manifest["inputs"]} == uploaded
    # A data dictionary is also told with the export that it explains.
    explained = uploaded["redcap_dictionary.csv"]
    (export,) = (entry for entry in manifest["inputs"] if entry["file"] == "redcap.csv")
    assert f"data dictionary: redcap_dictionary.csv, sha256 {explained}" in export["notes"]
    for block in manifest["reconciliation"]:
        assert block["read"] == block["used"] + block["set_aside"] + block["rejected"], block
    assert manifest["verdict"] == "fail"


def test_the_ledger_agrees_with_the_findings(demo):
    folder, _ = demo
    checks = pl.read_csv(folder / "out" / "checks.csv")
    findings = pl.read_csv(folder / "out" / "findings.csv", infer_schema_length=None)
    assert set(checks["status"]) <= {"ran", "not_applicable", "skipped", "broken", "nothing_to_look_at"}
    assert checks.filter(pl.col("status") == "broken").is_empty()
    assert (checks["failed"] <= checks["looked_at"]).all()
    told = dict(checks.group_by("rule_id").agg(pl.col("findings").sum()).rows())
    found = dict(findings["rule_id"].value_counts().rows())
    assert {rule: told.get(rule) for rule in found} == found
    assert sum(told.values()) == findings.height
    assert findings["finding_id"].is_unique().all()


def test_every_finding_leads_back_to_a_source(demo):
    folder, _ = demo
    findings = pl.read_csv(folder / "out" / "findings.csv", infer_schema_length=None)
    rows = findings.filter(~pl.col("row_id").str.contains(r"^\*$|="))
    assert rows["source_file"].is_not_null().all()
    assert rows["source_row"].is_not_null().all()


def test_values_keep_their_raw_text_and_reason(demo):
    folder, _ = demo
    milk = pl.read_parquet(folder / "out" / "harmonized" / "milk.parquet")
    assert milk.filter(pl.col("value").is_not_null() & pl.col("censored").is_not_null()).is_empty()
    nothing = milk.filter(pl.col("value").is_null() & pl.col("censored").is_null())
    assert nothing["missing_reason"].is_not_null().all()
    assert milk.filter(pl.col("censored").is_not_null())["raw"].is_not_null().all()
    lineage = pl.read_parquet(folder / "out" / "lineage" / "growth.parquet")
    growth = pl.read_parquet(folder / "out" / "harmonized" / "growth.parquet")
    assert lineage["row_id"].to_list() == growth["row_id"].to_list()
    both = growth.join(lineage, on="row_id")
    assert both.filter(pl.col("weight_kg").is_null())["weight_kg__missing"].is_not_null().all()
    known = both.filter(pl.col("weight_kg").is_not_null())
    assert (known["weight_kg__raw"].cast(pl.Float64) * known["weight_kg__factor"] == known["weight_kg"]).all()


def test_the_same_input_gives_the_same_bytes(demo, tmp_path):
    """The demo ran on two threads. Its critical findings are exit code 1."""
    folder, _ = demo
    done = command(
        "run", folder / "mapping.yaml", "--data", folder / "uploads", "--out", tmp_path / "again",
        "--format", "csv,parquet,dta,sav", POLARS_MAX_THREADS="1",
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    first, second = files(folder / "out"), files(tmp_path / "again")
    del first["manifest.json"], second["manifest.json"]
    assert first == second
    one, other = (
        {**json.loads((place / "manifest.json").read_text()), "created": None}
        for place in (folder / "out", tmp_path / "again")
    )
    assert one == other


def test_rows_in_another_order_give_the_same_tables(demo, result, tmp_path):
    folder, _ = demo
    data = tmp_path / "uploads"
    data.mkdir()
    for path in (folder / "uploads").iterdir():
        (data / path.name).write_bytes(path.read_bytes())
    lines = (data / "milk_long.csv").read_text().splitlines()
    (data / "milk_long.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    one, other = result, milkqc.run(folder / "mapping.yaml", data=data, engine="expressions")
    assert one.milk.equals(other.milk)
    assert one.analysis.equals(other.analysis)
    assert one.mae_reference.equals(other.mae_reference)
    same = ["finding_id", "severity", "rule_id", "row_id", "variable", "value", "message"]
    assert one.findings.select(same).equals(other.findings.select(same))


def test_findings_that_need_not_fail_are_exit_code_0(demo, tmp_path):
    folder, _ = demo
    done = command(
        "run",
        folder / "mapping.yaml",
        "--data",
        folder / "uploads",
        "--out",
        tmp_path / "o",
        "--fail-on",
        "never",
        "--engine",
        "expressions",
    )
    assert done.returncode == 0, done.stderr


GOOD = "milkqc: 1\nstudy: t\ntables: {g: {file: g.csv}}\n" + (
    "growth:\n  from: g\n  key: {participant_id: ID, visit: V}\n  columns: {weight_kg: {from: W, unit: kg}}\n"
)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The OUT of a study of one row."""
    folder = tmp_path_factory.mktemp("ran")
    (folder / "g.csv").write_text("ID,V,W\n1,birth,3.1\n")
    (folder / "study.yaml").write_text(GOOD)
    done = command("run", folder / "study.yaml", "--data", folder, "--out", folder / "out")
    assert done.returncode == 0, done.stderr
    return folder / "out"


@pytest.fixture
def small(tmp_path, ran):
    """A study of one row, already run into OUT."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "g.csv").write_text("ID,V,W\n1,birth,3.1\n")
    (tmp_path / "study.yaml").write_text(GOOD)

    def run(*more: object) -> subprocess.CompletedProcess[str]:
        return command(
            "run", tmp_path / "study.yaml", "--data", tmp_path / "data", "--out", tmp_path / "out", *more
        )

    shutil.copytree(ran, tmp_path / "out")
    return tmp_path, run


@pytest.mark.parametrize(
    ("change", "data", "message"),
    [
        (("g.csv", "gone.csv"), None, "study.yaml:3 M301 tables.g.file: no file 'gone.csv' in the data folder. It holds: g.csv."),
        (("g.csv", "../g.csv"), None, "study.yaml:3 M130 tables.g.file: the path '../g.csv' leaves the data folder."),
        (("from: W", "from: WT"), None, "study.yaml:7 M303 growth.columns.weight_kg.from: g.csv has no column 'WT'. Did you mean W?"),
        (("unit: kg", "unit: stones"), None, "study.yaml:7 M201 growth.columns.weight_kg.unit:"),
        (("study: t", "study: t\nstudy: t"), None, "study.yaml:3 M103: the key 'study' is written twice (first in line 2)."),
        (("milkqc: 1", "milkqc: 9"), None, "study.yaml:1 M107 milkqc: format version '9' is not known."),
        (("g.csv", "g.dta"), b"this is no Stata file", "study.yaml:3 M302 tables.g.file: g.dta:"),
        (("g.csv", "g.sav"), b"$FL2" + b"\x00" * 50, "study.yaml:3 M302 tables.g.file: g.sav:"),
        (("g.csv", "g.xlsx"), b"PK\x03\x04 damaged", "study.yaml:3 M302 tables.g.file: g.xlsx:"),
        (("g.csv", "g2.csv"), b"ID,V,W\n1,birth\n", "study.yaml:3 M302 tables.g.file: g2.csv:"),
    ],
)  # fmt: skip
def test_bad_input_is_exit_2_with_a_message_and_out_as_it_was(small, change, data, message):
    folder, run = small
    before = files(folder / "out")
    name = change[1] if "." in change[1] and ":" not in change[1] else "g.csv"
    if data is not None:
        (folder / "data" / name).write_bytes(data)
    (folder / "study.yaml").write_text(GOOD.replace(*change))
    done = run()
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert files(folder / "out") == before
    assert sorted(path.name for path in folder.iterdir()) == ["data", "out", "study.yaml"]


def test_a_missing_mapping_and_a_missing_folder_say_so(small):
    folder, _ = small
    done = command("run", folder / "no.yaml", "--data", folder / "data", "--out", folder / "out")
    assert done.returncode == 2
    assert done.stderr.endswith(
        "no.yaml M101: the file cannot be opened: no such file or directory. Check the path and its rights.\n"
    )
    done = command("run", folder / "study.yaml", "--data", folder / "nowhere", "--out", folder / "out")
    assert done.returncode == 2
    assert "there is no such folder. Give the folder of uploads by --data." in done.stderr


def test_a_link_out_of_the_data_folder_is_not_followed(small, tmp_path_factory):
    folder, run = small
    outside = tmp_path_factory.mktemp("outside") / "secret.csv"
    outside.write_text("ID,V,W\n1,birth,3.1\n")
    (folder / "data" / "g.csv").unlink()
    (folder / "data" / "g.csv").symlink_to(outside)
    done = run()
    assert done.returncode == 2
    assert "M301" in done.stderr


def test_out_that_is_not_ours_is_left_alone(small):
    folder, _ = small
    (folder / "thesis").mkdir()
    (folder / "thesis" / "chapter.txt").write_text("mine")
    done = command("run", folder / "study.yaml", "--data", folder / "data", "--out", folder / "thesis")
    assert done.returncode == 2
    assert files(folder / "thesis") == files(folder / "thesis")
    assert [path.name for path in (folder / "thesis").iterdir()] == ["chapter.txt"]


def test_a_broken_rule_is_exit_3_and_out_is_whole(small):
    folder, _ = small
    program = (
        "import narwhals.stable.v2 as nw\n"
        "from milkqc.checks import declare\n"
        "from milkqc.cli import main\n"
        "@declare.rule('growth.test.broken', table='growth', columns=('weight_kg',), severity='info', source='test', passes={}, fails={})\n"
        "def broken():\n    '''Never to be seen.'''\n    return nw.col('weight_kg').str.to_lowercase() == 'a'\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "run", folder / "study.yaml", "--data", folder / "data", "--out", folder / "o3"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert "incomplete" in done.stdout
    checks = pl.read_csv(folder / "o3" / "checks.csv")
    assert checks.filter(pl.col("status") == "broken")["rule_id"].to_list() == ["growth.test.broken"]
    assert set(files(folder / "o3")) >= OUTPUTS


def test_the_python_api_gives_the_same_tables(demo, result):
    folder, _ = demo
    assert result.growth.equals(pl.read_parquet(folder / "out" / "harmonized" / "growth.parquet"))
    assert result.analysis.equals(pl.read_parquet(folder / "out" / "analysis.parquet"))
    assert milkqc.unit_factor("umol/L", "ug/L", substance="retinol") == 286.452
    scored = milkqc.growth_scores(result.growth.select("infant_sex", "age_days", "weight_kg").to_pandas())
    assert "waz" in scored.columns
    assert milkqc.read(folder / "uploads" / "anthro_a.dta").table.height == 123


def test_help_names_every_command_and_the_exit_codes():
    done = command("--help")
    assert done.returncode == 0
    for word in ("run", "demo", "Exit codes"):
        assert word in done.stdout
    done = command("run", "x.yaml", "--data", "d", "--out", "o", "--fail-on", "sometimes")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
