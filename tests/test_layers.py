"""Imports point down, siblings leave each other alone, and each foreign library has one home (DESIGN 6)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"

# From the top down. A room may import rooms of lower lines only, never one of its own line.
LAYERS = (
    {"__main__"},
    {"cli"},
    {"demo", "drafting"},
    {"pipeline", "deliver", "contracts", "inspection", "linting", "zscores", "explain", "pool"},
    {"conclude", "exports"},
    {"figures", "verdict"},
    {"study"},
    {"rulebook", "golden", "sight", "attempts"},
    {"uploads"},
    {
        "readers",
        "mapping",
        "normalise",
        "derive",
        "checks",
        "summarise",
        "report",
        "emit",
        "privacy",
        "decisions",
    },
    {"units", "cells", "yamlfile", "reference", "catalogue", "findings", "messages", "causes", "clock"},
    {"model", "errors"},
)
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}

# What one room of the lower line may ask of another, and never the other way round: findings are completed with the
# texts of messages; the reference figures of analytes come with the units and molar masses that units already reads.
NEIGHBOURS = {("findings", "messages"), ("reference", "units")}

HOMES = {
    "pint": ("units",),
    # demo writes the *uploads* of a simulated study, with user-missing codes, tagged missings and a workbook as
    # a laboratory sends it. emit writes our own tables and has no use for any of that.
    "pyreadstat": ("readers", "emit", "demo"),
    # A mapping as a workbook for people is written where the mapping is.
    "xlsxwriter": ("emit", "demo", "mapping.excel"),
    "great_expectations": ("checks.suites",),
    # The contract is pandera; a rule of a rule file is compiled to it as to Great Expectations, beside the others.
    "pandera": ("checks.contract", "checks.suites.schemas", "contracts"),
    "pydantic": ("mapping", "checks.suites", "yamlfile"),
    "ruamel": ("mapping", "checks.suites", "yamlfile"),
    "yaml": (),  # PyYAML turns NO into False and keeps the last of two keys; ruamel does not
    "matplotlib": ("report",),
    "rapidfuzz": ("drafting", "explain"),
    "jinja2": ("report",),
}

# Each costs between 0.1 and 3.5 s; `milkqc --help` answers in 0.3 s because functions import them, not modules.
SLOW = {
    "great_expectations", "pandera", "pint", "pyreadstat", "scipy", "pandas", "pyarrow", "python_calamine",
    "matplotlib", "xlsxwriter", "duckdb", "rapidfuzz",
}  # fmt: skip


def imports(module: str, source: str, *, package: bool) -> Iterator[tuple[int, str, bool]]:
    """Line, absolute dotted name and whether it runs when the module is loaded, for every import in `source`."""
    tree = ast.parse(source)
    late = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        or (isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"))
        for child in ast.walk(node)
    }
    parts = module.split(".")
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                # The package itself may be asked where and which it is, not for what its rooms do.
                for name in used(tree, alias) if alias.name == "milkqc" else [alias.name]:
                    yield node.lineno, name, node not in late
        elif isinstance(node, ast.ImportFrom):
            up = parts[: len(parts) - node.level + package] if node.level else []
            base = ".".join([*up, *([node.module] if node.module else [])])
            for alias in node.names:
                # `from milkqc import units` names a room; `from milkqc.units import factor` names its content.
                yield node.lineno, f"{base}.{alias.name}" if base == "milkqc" else base, node not in late


def used(tree: ast.Module, alias: ast.alias) -> list[str]:
    """`milkqc.attribute` for every attribute of the imported package that the module uses."""
    bound = alias.asname or alias.name
    return sorted(
        {
            f"milkqc.{node.attr}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == bound
        }
    )


def within(module: str, homes: tuple[str, ...]) -> bool:
    return any(f"{module}.".startswith(f"milkqc.{home}.") for home in homes)


def violations(module: str, source: str, *, package: bool = False) -> list[str]:
    """What `source`, as the text of `module`, breaks: a sentence for each import."""
    found = []
    room = module.split(".")[1] if "." in module else ""
    if room and room not in LEVEL:
        found.append(f"{module}: a new room needs a line in LAYERS")
    for line, name, early in imports(module, source, package=package):
        library, place = name.split(".")[0], f"{module}:{line}"
        if library in HOMES and not within(module, HOMES[library]):
            found.append(
                f"{place} imports {library}, which lives in {' and '.join(HOMES[library]) or 'no room'}"
            )
        if library in SLOW and early:
            found.append(f"{place} imports {library} on loading; import it inside the function that needs it")
        if library != "milkqc":
            continue
        target = name.split(".")[1] if "." in name else ""
        if not room:
            if early:
                found.append(
                    f"{place} imports {name} on loading; milkqc/__init__.py does so inside functions"
                )
        elif target in LEVEL and room in LEVEL:
            if target != room and LEVEL[target] <= LEVEL[room] and (room, target) not in NEIGHBOURS:
                way = "beside" if LEVEL[target] == LEVEL[room] else "above"
                found.append(f"{place} imports {target}, which stands {way} {room}")
        elif not (target.startswith("__") and target.endswith("__")):
            found.append(f"{place} imports {name}, which is no room")
    return found


def modules() -> list[tuple[str, Path]]:
    paths = sorted((SOURCE / "milkqc").rglob("*.py"))
    return [
        (".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"), path)
        for path in paths
    ]


def test_every_import_of_the_package_points_down():
    found = [
        sentence
        for module, path in modules()
        for sentence in violations(module, path.read_text("utf-8"), package=path.name == "__init__.py")
    ]
    assert found == []


def test_neighbours_stand_on_the_lower_line_and_never_import_each_other():
    assert {room for pair in NEIGHBOURS for room in pair} <= LAYERS[-2]
    assert not NEIGHBOURS & {(second, first) for first, second in NEIGHBOURS}


def test_the_whole_package_was_looked_at():
    names = [module for module, _ in modules()]
    assert "milkqc" in names
    assert {"milkqc.model", "milkqc.errors", "milkqc.findings", "milkqc.messages"} <= set(names)


def test_every_home_of_a_library_is_a_room_that_exists():
    names = {module.removeprefix("milkqc.") for module, _ in modules()}
    homes = {home for places in HOMES.values() for home in places}
    assert homes <= names


@pytest.mark.parametrize(
    ("module", "source", "sentence"),
    [
        ("milkqc.units", "from milkqc.mapping import lint", "milkqc.units:1 imports mapping, which stands above units"),
        ("milkqc.units", "from milkqc import pipeline", "milkqc.units:1 imports pipeline, which stands above units"),
        ("milkqc.derive.growth", "import milkqc.checks", "milkqc.derive.growth:1 imports checks, which stands beside derive"),
        ("milkqc.derive.growth", "from ..checks import rules", "milkqc.derive.growth:1 imports checks, which stands beside derive"),
        ("milkqc.model", "from milkqc.errors import Fault", "milkqc.model:1 imports errors, which stands beside model"),
        (
            "milkqc.model",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from milkqc.units import factor",
            "milkqc.model:3 imports units, which stands above model",
        ),
        ("milkqc.emit", "def write():\n    from milkqc.cli import main", "milkqc.emit:2 imports cli, which stands above emit"),
        ("milkqc.emit", "def write():\n    import pint", "milkqc.emit:2 imports pint, which lives in units"),
        ("milkqc.checks.rules.growth", "from pydantic import BaseModel", "milkqc.checks.rules.growth:1 imports pydantic, which lives in mapping and checks.suites and yamlfile"),
        ("milkqc.checks.suites", "import great_expectations", "milkqc.checks.suites:1 imports great_expectations on loading; import it inside the function that needs it"),
        ("milkqc.readers.excel", "import yaml", "milkqc.readers.excel:1 imports yaml, which lives in no room"),
        ("milkqc", "from milkqc import pipeline", "milkqc:1 imports milkqc.pipeline on loading; milkqc/__init__.py does so inside functions"),
        ("milkqc.utils", "import re", "milkqc.utils: a new room needs a line in LAYERS"),
        ("milkqc.readers", "import milkqc\nmilkqc.run(1)", "milkqc.readers:1 imports milkqc.run, which is no room"),
        ("milkqc.readers", "import milkqc as m\nm.checks.all()", "milkqc.readers:1 imports checks, which stands beside readers"),
        ("milkqc.derive", "from milkqc.utils import tidy", "milkqc.derive:1 imports milkqc.utils, which is no room"),
    ],
)  # fmt: skip
def test_a_violation_is_named_with_its_line(module, source, sentence):
    assert violations(module, source) == [sentence]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("milkqc.cli", "from milkqc import __version__\ndef main():\n    from milkqc.pipeline import run"),
        ("milkqc.units", "from functools import cache\n@cache\ndef registry():\n    import pint"),
        ("milkqc.checks.suites.compile", "def compile():\n    import great_expectations as gx"),
        ("milkqc.contracts", "from milkqc.checks.contract import schema"),
        (
            "milkqc.mapping",
            "import polars as pl\nfrom milkqc.mapping.lint import lint\nfrom milkqc.cells import read",
        ),
        ("milkqc.findings", "from milkqc.messages import message"),
        ("milkqc.readers", "import milkqc\nhome = milkqc.__file__"),
        ("milkqc", "def run():\n    from milkqc.pipeline import run"),
    ],
)
def test_what_the_design_allows_passes(module, source):
    assert violations(module, source) == []


def test_a_relative_import_in_a_package_counts_from_the_package():
    assert violations("milkqc.derive", "from . import growth\nfrom .growth import kernel", package=True) == []
