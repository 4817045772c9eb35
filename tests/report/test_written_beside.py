"""`--junit` and `--summary-md`: written beside OUT after it; a place that cannot be written stops the run before it."""

from __future__ import annotations

import subprocess
import sys
from xml.etree import ElementTree

import polars as pl
import pytest

from milkqc import deliver
from milkqc.demo import write_uploads
from milkqc.errors import OutputError


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-c", "from milkqc.cli import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return folder, write_uploads(folder)


def test_a_run_leaves_both_beside_its_outputs(demo):
    folder, mapping = demo
    ran = command(
        "run", mapping, "--data", folder / "uploads", "--out", folder / "out", "--quiet",
        "--junit", folder / "checks.xml", "--summary-md", folder / "summary.md",
    )  # fmt: skip
    assert ran.returncode == 1, ran.stderr
    root = ElementTree.parse(folder / "checks.xml").getroot()
    ledger = (folder / "out" / "checks.csv").read_text(encoding="utf-8").count("\n") - 1
    assert int(root.get("tests")) >= ledger > 300
    found = pl.read_csv(folder / "out" / "findings.csv", infer_schema=False).filter(severity="critical")
    failed = {
        case.get("name").split(" ")[0] for case in root.iter("testcase") if case.find("failure") is not None
    }
    assert failed == set(found["rule_id"])
    assert len(failed) > 3
    assert (folder / "summary.md").read_text(encoding="utf-8").startswith("## RETURN: SIMULATED")
    assert "RETURN: SIMULATED" in (folder / "out" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("option", ["--junit", "--summary-md"])
def test_a_place_that_is_not_there_is_said_before_anything_is_written(demo, option):
    folder, mapping = demo
    nowhere = folder / "absent" / "file"
    ran = command("run", mapping, "--data", folder / "uploads", "--out", folder / "other", option, nowhere)
    assert ran.returncode == 2
    assert (
        f"{nowhere}: there is no folder to write this file in. Make it, or choose another file." in ran.stderr
    )
    assert not (folder / "other").exists()


def test_a_folder_cannot_be_the_file(tmp_path):
    with pytest.raises(OutputError, match="choose another file"):
        deliver.require_folder(tmp_path)


@pytest.mark.parametrize("option", ["--junit", "--summary-md"])
def test_neither_is_written_for_the_public_because_both_tell_small_counts(demo, option):
    folder, mapping = demo
    ran = command(
        "run", mapping, "--data", folder / "uploads", "--out", folder / "public", "--privacy", "public",
        option, folder / "beside",
    )  # fmt: skip
    assert ran.returncode == 2
    assert "leave them out of --privacy public" in ran.stderr
    assert not (folder / "beside").exists()
    assert not (folder / "public").exists()
