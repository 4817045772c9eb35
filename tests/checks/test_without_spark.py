"""Spark is for whoever hands over a Spark frame; a run that only checks neither loads it nor is ended by it."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

from milkqc.checks.spark import without_spark

# Great Expectations and pandera over one table, in a program that has no file, as `python -c` has none.
PROGRAM = """
import sys
import polars as pl
from milkqc.checks import contract
from milkqc.checks.suites import greatex, schemas
from milkqc.checks.suites.judged import Question
from milkqc.model import Rule
contract.check({"growth": pl.DataFrame({"row_id": ["a"]})})
rule = Rule("r", "growth", "value_between", ("weight_kg",), "warning", "says", "source", arguments={"min": 0, "max": 9})
question = Question(rule, {"value": "v"}, pl.DataFrame({"v": [5.0, 10.0]}))
print([verdict.to_list() for judge in (greatex.judge, schemas.judge) for verdict in judge([question])])
print(sorted(name for name in sys.modules if name.partition(".")[0] == "pyspark"))
"""


def test_the_checks_come_to_their_end_without_spark_in_a_program_without_a_file():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[[1], [1]]\n[]\n", "")


def test_inside_it_is_not_found_and_afterwards_it_is_as_before(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyspark"]:
        monkeypatch.delitem(sys.modules, name)
    with without_spark(), pytest.raises(ModuleNotFoundError):
        import pyspark  # noqa: F401
    assert "pyspark" not in sys.modules


def test_what_the_program_has_loaded_stays_loaded(monkeypatch):
    mine = ModuleType("pyspark")
    monkeypatch.setitem(sys.modules, "pyspark", mine)
    with without_spark():
        assert sys.modules["pyspark"] is mine
    assert sys.modules["pyspark"] is mine
