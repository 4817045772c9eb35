"""The wheel holds what milkqc needs at run time and nothing else, and works where there is no checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command: object, cwd: Path, expect: int = 0) -> str:
    """Standard output of `command`, in an environment that names neither the checkout nor this interpreter's paths."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "MILKQC", "VIRTUAL_ENV"))
    }
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=clean, capture_output=True, text=True, check=False
    )
    assert done.returncode == expect, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The `bin` folder of a fresh environment in which the wheel is the only milkqc.

    The dependencies (850 MB) are not installed again: a .pth file appends the folder they already stand in. Python
    does not process .pth files that lie in such a folder, so the editable install of the checkout stays out.
    """
    folder = tmp_path_factory.mktemp("env")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    own = Path(
        run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    )
    (own / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    run(
        sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "--ignore-installed",
        "--disable-pip-version-check", "--quiet", wheel, cwd=folder,
    )  # fmt: skip
    return folder / "bin"


def below(folder: str, pattern: str) -> set[str]:
    """Files of the checkout under `folder` that fit `pattern`, relative to it."""
    return {
        path.relative_to(ROOT / folder).as_posix()
        for path in (ROOT / folder).rglob(pattern)
        if path.is_file()
    }


def test_every_data_file_of_the_package_is_inside(names):
    for kind in (
        "messages/*.toml",
        "reference/data/*",
        "report/templates/*",
        "demo/mapping.yaml",
        "demo/*.csv",
    ):
        expected = {f"milkqc/{name}" for name in below("src/milkqc", kind)}
        assert expected, kind
        assert expected <= names
    assert {"milkqc/py.typed", "milkqc/reference/data/variables.csv"} <= names


def test_rules_and_mappings_of_the_checkout_are_shipped_and_nothing_beside_them(names):
    for folder in ("expectations", "mappings"):
        shipped = {
            name.removeprefix(f"milkqc/_shipped/{folder}/") for name in names if f"_shipped/{folder}/" in name
        }
        assert shipped == below(folder, "*.yaml")
        assert shipped


def test_no_tests_notes_or_leftovers_are_shipped(names):
    tops = {name.split("/")[0] for name in names}
    assert tops == {"milkqc", next(name for name in tops if name.endswith(".dist-info"))}
    assert not [name for name in names if "test" in Path(name).name or name.endswith((".pyc", ".tmp", ".md"))]


def test_the_installed_command_answers(installed, tmp_path):
    assert "run" in run(installed / "milkqc", "--help", cwd=tmp_path)


def test_the_installed_package_is_the_wheel_and_finds_its_rules(installed, tmp_path):
    code = (
        "import json, milkqc, milkqc.catalogue as c;"
        'print(json.dumps([milkqc.__file__, sorted(str(p) for p in c.files("expectations"))]))'
    )
    package, rules = json.loads(run(installed / "python", "-c", code, cwd=tmp_path))
    home = Path(package).parent
    assert home.is_relative_to(installed.parent)
    assert rules
    assert all(Path(rule).is_relative_to(home / "_shipped" / "expectations") for rule in rules)
    # Packs, in a folder of their own, hold only where a mapping names them.
    assert {Path(rule).name for rule in rules} == {
        path.name for path in (ROOT / "expectations").glob("*.yaml")
    }


def test_the_demo_runs_from_the_wheel(installed, tmp_path):
    """The command `demo` has done what it should; `run` over the same uploads says 1 for their critical findings."""
    run(installed / "milkqc", "demo", "--out", tmp_path / "demo", cwd=tmp_path)
    out = tmp_path / "demo" / "out"
    for name in ("report.html", "findings.csv", "checks.csv", "manifest.json", "harmonized/growth.parquet"):
        assert (out / name).stat().st_size > 0, name
    again = tmp_path / "again"
    run(
        installed / "milkqc", "run", tmp_path / "demo" / "mapping.yaml", "--data", tmp_path / "demo" / "uploads",
        "--out", again, cwd=tmp_path, expect=1,
    )  # fmt: skip
    assert (again / "findings.csv").read_bytes() == (out / "findings.csv").read_bytes()
