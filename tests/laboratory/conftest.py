"""A laboratory's small study run whole: its CSV files, its mapping, and the Result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

import milkqc
from milkqc.errors import MappingFaults

HEAD = """\
milkqc: 1
study: laboratory
tables: {lab: {file: lab.csv}}
"""
MILK = """\
milk:
  from: lab
  key: {participant_id: PID, visit: V, sample_id: S}
"""


@pytest.fixture
def laboratory(tmp_path: Path) -> Callable[..., milkqc.Result]:
    """`laboratory("analytes: ...", lab="PID,V,S,...")`: the block's own keys, run; other files by name.

    With `whole` the first argument is the mapping without its head; `head` replaces the head too.
    """

    def run(text: str, *, whole: bool = False, head: str = HEAD, **files: str) -> milkqc.Result:
        data = tmp_path / "data"
        data.mkdir(exist_ok=True)
        for name, content in files.items():
            (data / f"{name}.csv").write_text(dedent(content).strip() + "\n", "utf-8")
        block = dedent(text).strip() + "\n"
        body = block if whole else MILK + "".join(f"  {line}\n" for line in block.splitlines())
        (tmp_path / "study.yaml").write_text(head + body, "utf-8")
        return milkqc.run(tmp_path / "study.yaml", data=data, engine="expressions")

    return run


@pytest.fixture
def refused(laboratory: Callable[..., milkqc.Result]) -> Callable[..., list[str]]:
    """The faults that a mapping has, as a person is shown them."""

    def faults(*arguments: object, **files: object) -> list[str]:
        with pytest.raises(MappingFaults) as raised:
            laboratory(*arguments, **files)
        return [str(fault) for fault in raised.value.faults]

    return faults
