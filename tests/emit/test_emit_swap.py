"""OUT is whole or as it was, whatever happens."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from milkqc.emit import swap, turn
from milkqc.errors import OutputError


def leave(folder: Path, text: str, **manifest: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.csv").write_text(text)
    (folder / "manifest.json").write_text(json.dumps(manifest or {"milkqc": "1"}))


def run(out: Path, text: str) -> None:
    with swap.replacing(out) as folder:
        leave(folder, text)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(params=["exchange", "two renames"])
def way(request, monkeypatch):
    if request.param == "two renames":
        monkeypatch.setattr(swap, "_rename", lambda old, new, flag: False)
    elif not sys.platform.startswith("linux"):
        pytest.skip("renameat2 is Linux's")
    return request.param


def test_a_new_folder_and_its_parents_are_made(tmp_path, way):
    run(tmp_path / "deep" / "out", "new")
    assert names(tmp_path / "deep") == ["out"]
    assert (tmp_path / "deep" / "out" / "a.csv").read_text() == "new"


def test_an_earlier_run_is_replaced_whole(tmp_path, way):
    leave(tmp_path / "out", "old")
    (tmp_path / "out" / "only_in_the_old_run.csv").write_text("x")
    run(tmp_path / "out", "new")
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["a.csv", "manifest.json"]


def test_an_empty_folder_is_taken(tmp_path, way):
    (tmp_path / "out").mkdir(mode=0o750)
    run(tmp_path / "out", "new")
    assert (tmp_path / "out" / "a.csv").read_text() == "new"
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize("manifest", [None, '{"name": "npm"}', "not json", "[1]"])
def test_a_folder_that_milkqc_did_not_write_is_left_alone(tmp_path, manifest):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.docx").write_text("years of work")
    if manifest is not None:
        (out / "manifest.json").write_text(manifest)
    with pytest.raises(OutputError) as caught:
        run(out, "new")
    assert str(caught.value) == (
        f"{out}: holds files, but no milkqc manifest, so it is not replaced. "
        "Name a new or an empty folder with --out, or move what is there."
    )
    assert (out / "thesis.docx").read_text() == "years of work"
    assert names(tmp_path) == ["out"]


def test_a_file_is_not_replaced_by_a_folder(tmp_path):
    out = tmp_path / "out"
    out.write_text("a file")
    with pytest.raises(OutputError) as caught:
        run(out, "new")
    assert (
        str(caught.value)
        == f"{out}: is a file, and a folder is needed. Name another with --out, or move the file."
    )
    assert out.read_text() == "a file"


def test_the_root_is_refused():
    with pytest.raises(OutputError) as caught:
        run(Path("/"), "new")
    assert str(caught.value) == "/: the top of a file system cannot be replaced. Name a folder below it."


def test_a_parent_that_is_a_file_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError) as caught:
        run(tmp_path / "file" / "out", "new")
    assert str(caught.value) == (
        f"{tmp_path / 'file' / 'out'}: cannot be written (File exists). A part of its path is a file: name another "
        "folder with --out. What was there before is unchanged."
    )


def test_a_symbolic_link_stays_and_its_folder_is_replaced(tmp_path, way):
    leave(tmp_path / "disk" / "real", "old")
    (tmp_path / "out").symlink_to(tmp_path / "disk" / "real")
    run(tmp_path / "out", "new")
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "disk" / "real" / "a.csv").read_text() == "new"
    assert names(tmp_path / "disk") == ["real"]


def test_a_link_to_nowhere_gets_its_folder(tmp_path):
    (tmp_path / "out").symlink_to(tmp_path / "later")
    run(tmp_path / "out", "new")
    assert (tmp_path / "later" / "a.csv").read_text() == "new"


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), KeyboardInterrupt(), ValueError("x")]
)
def test_a_failure_while_writing_leaves_the_last_run(tmp_path, error):
    out = tmp_path / "out"
    leave(out, "old")

    def fail() -> None:
        with swap.replacing(out) as folder:
            leave(folder, "half")
            raise error

    with pytest.raises((OutputError, KeyboardInterrupt, ValueError)) as caught:
        fail()
    if isinstance(error, OSError):
        assert str(caught.value) == (
            f"{out}: cannot be written (No space left on device). Free some space, or name a folder on another disk "
            "with --out. What was there before is unchanged."
        )
    assert (out / "a.csv").read_text() == "old"
    assert names(tmp_path) == ["out"]


def test_a_run_that_died_between_the_two_renames_is_put_back(tmp_path, monkeypatch):
    monkeypatch.setattr(swap, "_rename", lambda old, new, flag: False)
    leave(tmp_path / ".out.milkqc-old", "old")
    swap.restore(tmp_path / "out")
    assert (tmp_path / "out" / "a.csv").read_text() == "old"
    assert names(tmp_path) == ["out"]
    leave(tmp_path / ".out.milkqc-old", "older")
    run(tmp_path / "out", "new")
    assert names(tmp_path) == ["out"]


def test_the_next_run_puts_an_interrupted_one_back_before_it_starts(tmp_path):
    leave(tmp_path / ".out.milkqc-old", "old")
    with swap.replacing(tmp_path / "out") as folder:
        seen = (tmp_path / "out" / "a.csv").read_text()
        leave(folder, "new")
    assert seen == "old"
    assert (tmp_path / "out" / "a.csv").read_text() == "new"
    assert names(tmp_path) == ["out"]


def test_what_a_finished_swap_left_aside_is_cleared(tmp_path):
    leave(tmp_path / ".out.milkqc-old", "older")
    leave(tmp_path / "out", "old")
    run(tmp_path / "out", "new")
    assert names(tmp_path) == ["out"]
    assert (tmp_path / "out" / "a.csv").read_text() == "new"


def test_files_that_appear_while_the_run_works_are_given_back(tmp_path, way):
    out = tmp_path / "out"

    def overtaken() -> None:
        with swap.replacing(out) as folder:
            leave(folder, "new")
            out.mkdir()
            (out / "mine.txt").write_text("mine")

    with pytest.raises(OutputError) as caught:
        overtaken()
    assert str(caught.value).startswith(f"{out}: holds files, but no milkqc manifest, so it is not replaced.")
    assert names(out) == ["mine.txt"]
    assert names(tmp_path) == ["out"]


def test_when_the_second_rename_fails_the_old_folder_goes_back(tmp_path, monkeypatch):
    out = tmp_path / "out"
    leave(out, "old")
    monkeypatch.setattr(swap, "_rename", lambda old, new, flag: False)
    rename = Path.rename

    def refuse(self, target):
        if target == out and self.name != ".out.milkqc-old":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OutputError) as caught:
        run(out, "new")
    assert str(caught.value) == (
        f"{out}: cannot be written (Permission denied). Close files that are open in other programs, or name a "
        "folder you may write to with --out. What was there before is unchanged."
    )
    assert (out / "a.csv").read_text() == "old"
    assert names(tmp_path) == ["out"]


def test_a_lock_that_a_dead_run_left_is_taken_away(tmp_path, way, monkeypatch):
    monkeypatch.setattr(turn, "PATIENCE_SECONDS", 0.1)
    (tmp_path / ".out.milkqc-lock").mkdir()
    run(tmp_path / "out", "new")
    assert names(tmp_path) == ["out"]


TWENTY_RUNS = """
import sys
from pathlib import Path
from milkqc.emit import swap
if sys.argv[3] == "two renames":
    swap._rename = lambda old, new, flag: False
for n in range(20):
    with swap.replacing(Path(sys.argv[1])) as folder:
        for name in ("a", "b", "c"):
            (folder / name).write_text(sys.argv[2])
        (folder / "manifest.json").write_text('{"milkqc": "1"}')
"""


def test_two_runs_at_once_leave_one_whole_run(tmp_path, way):
    out = tmp_path / "out"
    runs = [
        subprocess.Popen([sys.executable, "-c", TWENTY_RUNS, str(out), who, way])
        for who in ("first", "second")
    ]
    assert [process.wait(timeout=60) for process in runs] == [0, 0]
    assert len({(out / name).read_text() for name in ("a", "b", "c")}) == 1
    assert names(tmp_path) == ["out"]
