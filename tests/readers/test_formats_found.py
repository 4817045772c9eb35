"""A format is one file in readers/, found by itself; a package of somebody else's brings one by an entry point."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import milkqc
from milkqc.errors import MappingFaults
from milkqc.readers import known, supported

READER = """
import polars as pl

from milkqc.model import Origin, Source, Variable
from milkqc.readers.registry import Format


def read(file, options):
    table = pl.DataFrame({"line": file.content.decode().splitlines()})
    nothing = pl.DataFrame(height=table.height)
    origin = Origin(file.name, file.sha256, "lines", "utf-8", "assumed", *table.shape, "ours", "1")
    return Source(table, (Variable("line"),), nothing, nothing, origin)


FORMAT = Format("lines", (".lines",), read)
"""


def run_in(folder, code, *, paths=()):
    """What a fresh Python prints that finds `paths` before everything else."""
    home = str(Path(milkqc.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, paths), home])},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


ASKED = """
    from milkqc.readers import known, read, supported
    print("lines" in supported(), known("lines"), known(".lines"), read("x.lines").table["line"].to_list())
    """
FOUND = "True True True ['a', 'b']"


@pytest.fixture
def lines(tmp_path):
    (tmp_path / "x.lines").write_text("a\nb\n")
    return tmp_path


def test_a_package_from_outside_brings_a_format_by_entry_point(lines):
    (lines / "theirs").mkdir()
    (lines / "theirs" / "linereader.py").write_text(READER)
    information = lines / "theirs" / "linereader-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: linereader\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[milkqc.readers]\nlines = linereader:FORMAT\n")
    assert run_in(lines, ASKED, paths=[lines / "theirs"]) == FOUND


def test_a_module_in_the_folder_is_a_format(lines):
    folder = lines / "more"
    folder.mkdir()
    (folder / "lines.py").write_text(READER)
    found = f"import milkqc.readers\nmilkqc.readers.__path__.append({str(folder)!r})\n"
    assert run_in(lines, found + textwrap.dedent(ASKED)) == FOUND


def test_a_format_that_nobody_brings_is_a_fault_of_the_mapping(tmp_path):
    from milkqc.study import open_study

    assert not known("lines")
    (tmp_path / "study.yaml").write_text(
        "milkqc: 1\nstudy: t\ntables: {g: {file: g.csv, format: lines}}\ngrowth:\n  from: g\n"
        "  key: {participant_id: A, visit: B}\n  columns: {weight_kg: {from: W, unit: kg}}\n"
    )
    (tmp_path / "g.csv").write_text("A,B,W\n1,2,3\n")
    with pytest.raises(MappingFaults) as raised:
        open_study(tmp_path / "study.yaml", tmp_path)
    assert [str(fault) for fault in raised.value.faults] == [
        "study.yaml:3 M112 tables.g.format: 'lines' is no format that milkqc reads. "
        f"Use one of: {', '.join(supported())}."
    ]
