"""A binary file can crash, stall or swell its reader; the run goes on with the next file."""

import subprocess
import sys

import pandas as pd
import pyreadstat
import pytest

from milkqc.errors import SourceError
from milkqc.readers.files import File
from milkqc.readers.isolation import Child, Limits


@pytest.fixture
def child():
    child = Child()
    yield child
    child.close()


@pytest.fixture
def stata(tmp_path):
    path = tmp_path / "x.dta"
    pyreadstat.write_dta(pd.DataFrame({"n": [1, 2]}), str(path))
    return File.of(path)


PULL = "milkqc.readers.stata_pull:pull"


def pull(child, file, *, seconds=60, memory=2 * 1024**3):
    how = {"encodings": ["utf-8"], "max_cells": 1000}
    answer = child.call(file, PULL, how, limits=Limits(seconds, memory))
    return answer.frames["values"]["0"].to_list()


def imposter(code):
    """A process in the child's place that runs `code` on the first request."""
    return subprocess.Popen(
        [sys.executable, "-c", f"import sys, os, signal, time; sys.stdin.readline(); {code}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_crash_costs_one_file_and_not_the_run(child, stata):
    child._process = imposter("os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(SourceError) as error:
        pull(child, stata)
    assert str(error.value) == (
        "x.dta: is damaged: reading it stopped the reader (SIGSEGV). Export or copy it again."
    )
    assert pull(child, stata) == [1, 2]


def test_an_endless_file_is_stopped(child, stata):
    child._process = imposter("time.sleep(60)")
    with pytest.raises(SourceError) as error:
        pull(child, stata, seconds=0.3)
    assert str(error.value) == (
        "x.dta: took longer than 0.3 s to read. "
        "Check that it is the right file, or allow more by --reader-seconds."
    )


def test_code_among_the_uploads_is_not_run(child, stata, tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("import pathlib; pathlib.Path('ran').touch(); raise SystemExit\n")
    monkeypatch.chdir(tmp_path)
    assert pull(child, stata) == [1, 2]
    assert not (tmp_path / "ran").exists()


def test_one_process_serves_all_files_until_it_dies(child, stata):
    assert pull(child, stata) == [1, 2]
    first = child._process.pid
    assert pull(child, stata) == [1, 2]
    assert child._process.pid == first
    child._process.kill()
    child._process.wait()
    assert pull(child, stata) == [1, 2]
    assert child._process.pid != first


@pytest.mark.skipif(sys.platform != "linux", reason="the memory limit of a process is Linux's")
def test_a_file_that_swells_beyond_the_memory_allowed_is_refused(tmp_path, child):
    path = tmp_path / "x.zsav"
    pyreadstat.write_sav(
        pd.DataFrame({f"v{i}": [0.0] * 200_000 for i in range(40)}), str(path), compress=True
    )
    assert path.stat().st_size < 2_000_000
    how = {"kind": "sav", "encodings": [], "max_cells": 10**9}
    with pytest.raises(SourceError, match=r"memory allowed|stopped the reader"):
        child.call(File.of(path), "milkqc.readers.pull:pull", how, limits=Limits(60, 100 * 1024**2))
