"""Small studies written as a person would: CSV files and a mapping, mapped and given back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from milkqc.errors import MappingFaults
from milkqc.mapping.against import against
from milkqc.mapping.apply import Applied, apply
from milkqc.mapping.lint import lint
from milkqc.mapping.load import loads
from milkqc.mapping.sources import SourceTable
from milkqc.readers import read
from milkqc.uploads import read_options

Mapped = Callable[..., Applied]
Faulted = Callable[..., list[str]]


def _study(folder: Path, mapping: str, files: dict[str, str]):
    for name, text in files.items():
        (folder / name).write_text(dedent(text).strip() + "\n", encoding="utf-8")
    loaded = loads(dedent(mapping).strip() + "\n", name="study.yaml", folder=folder)
    lint(loaded).check()
    tables = {}
    for name, table in loaded.mapping.tables.items():
        options = read_options(table)
        found = sorted(folder.glob(table.file))
        tables[name] = SourceTable(
            name, tuple(read(path, options, name=path.name) for path in found), table.decimal, table.thousands
        )
    against(loaded, tables).check()
    return loaded, tables


@pytest.fixture
def mapped(tmp_path: Path) -> Mapped:
    """`mapped(mapping_text, **{"file.csv": text})` -> Applied."""

    def make(mapping: str, **files: str) -> Applied:
        loaded, tables = _study(tmp_path, mapping, {f"{name}.csv": text for name, text in files.items()})
        return apply(loaded.mapping, tables)

    return make


@pytest.fixture
def faults_of(tmp_path: Path) -> Faulted:
    """The messages of every fault that a mapping (with its data) has."""

    def make(mapping: str, **files: str) -> list[str]:
        with pytest.raises(MappingFaults) as raised:
            _study(tmp_path, mapping, {f"{name}.csv": text for name, text in files.items()})
        return [str(fault) for fault in raised.value.faults]

    return make
