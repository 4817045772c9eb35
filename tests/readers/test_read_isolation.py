"""A binary file can crash, stall or swell its reader; the run goes on with the next file."""

import subprocess
import sys

import pandas as pd
import pyreadstat
import pytest

from milkqc.errors import SourceError
from milkqc.readers import ReadOptions, read
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


def test_the_limits_are_options_of_reading(tmp_path):
    path = tmp_path / "x.zsav"
    pyreadstat.write_sav(
        pd.DataFrame({f"v{i}": [0.0] * 100_000 for i in range(40)}), str(path), compress=True
    )
    with pytest.raises(SourceError) as error:
        read(path, ReadOptions(reader_memory=40 * 1024**2, max_cells=10**9))
    assert "memory allowed" in str(error.value) or "stopped the reader" in str(error.value)
    with pytest.raises(SourceError, match=r"x.zsav: took longer than 0.01 s to read\."):
        read(path, ReadOptions(reader_seconds=0.01))
    assert read(path).table.shape == (100_000, 40)


@pytest.mark.parametrize(("name", "how"), [("x.sav", {}), ("x.zsav", {"compress": True})])
def test_a_table_too_large_is_refused_by_what_its_header_says_before_any_row_is_read(
    tmp_path, child, name, how
):
    path = tmp_path / name
    pyreadstat.write_sav(pd.DataFrame({"a": [0.0] * 1000, "b": 1.0}), str(path), **how)
    with pytest.raises(SourceError) as error:
        read(path, ReadOptions(max_cells=1999))
    assert str(error.value) == (
        f"{name}: holds 1,000 rows x 2 columns, more than the 1,999 cells allowed. "
        "Check that it is the right file, or raise `max_cells`."
    )


def test_what_a_library_prints_is_not_taken_for_an_answer(child, tmp_path, monkeypatch):
    (tmp_path / "talkative.py").write_text(
        "import os, polars as pl\n"
        "def pull(path, out, *, word):\n"
        "    os.write(1, b'not an answer\\n')\n"
        "    print('neither')\n"
        "    out.put('values', pl.DataFrame({'n': [1]}))\n"
        "    out.put('values', pl.DataFrame({'n': [2]}))\n"
        "    return {'word': word}\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    answer = child.call(
        File.of(tmp_path / "talkative.py"), "talkative:pull", {"word": "ä"}, limits=Limits(30, 2 * 1024**3)
    )
    assert answer.meta == {"word": "ä"}
    assert answer.frames["values"]["n"].to_list() == [1, 2]


def test_a_run_that_names_a_stata_file_starts_the_reader_at_once_and_once(monkeypatch):
    from milkqc.readers import isolation, prepare

    child = Child()
    monkeypatch.setattr(isolation, "CHILD", child)
    prepare(["a.csv", "b.txt"])
    assert child._process is None
    prepare(["a.csv", "visits/*.DTA"])
    first = child._process.pid
    prepare(["c.sav"])
    assert child._process.pid == first
    child.close()


def test_a_run_has_what_its_files_need_imported_before_the_first_is_opened(child, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "loaded.py").write_text(
        "import sys, polars as pl\n"
        "def pull(path, out):\n"
        "    out.put('values', pl.DataFrame({'n': [1]}))\n"
        "    return {'loaded': 'milkqc.readers.stata_pull' in sys.modules}\n"
    )
    file = File.of(tmp_path / "loaded.py")
    child.start(["milkqc.readers.stata_pull", "no_such_module"])
    assert child.call(file, "loaded:pull", {}, limits=Limits(60, 2 * 1024**3)).meta == {"loaded": True}


def test_every_format_opened_in_the_child_names_what_it_needs_there():
    from importlib import import_module

    from milkqc.readers.registry import formats

    named = {name: one.isolated for name, one in formats().items() if one.isolated}
    assert named.keys() == {"excel", "parquet", "sas", "spss", "stata"}
    for modules in named.values():
        for module in modules:
            import_module(module)
