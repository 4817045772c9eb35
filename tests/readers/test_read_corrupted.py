"""Damage of any kind gives a whole table or a reason, never a crash, a hang, or fewer rows without a word.

Hundreds of cases here, thousands by `python -m benchmarks corruption`.
"""

import importlib.util
from pathlib import Path

import pytest

SPEC = importlib.util.spec_from_file_location(
    "bench_corruption", Path(__file__).parents[2] / "benchmarks" / "bench_corruption.py"
)
corruption = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(corruption)

NAMES = (
    "packed.sav", "packed.zsav", "plain.sav", "stata114.dta", "stata114big.dta", "stata117big.dta",
    "stata118.dta", "stata119.dta", "v5.xpt", "v8.xpt", "x.por",
)  # fmt: skip
# `stopped`: the child died of it, which costs this file only; ReadStat does on some .sav headers.
ALLOWED = {"refused", "stopped", "read", "read, with a word", "read, as documented"}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return corruption.samples(tmp_path_factory.mktemp("sound"))


def test_every_sample_is_sound_before_it_is_damaged(files, tmp_path):
    assert tuple(files) == NAMES
    for name, content in files.items():
        path = tmp_path / name
        path.write_bytes(content)
        assert corruption.outcome(path, "nothing", rows=corruption.ROWS) == "read", name


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_whole_or_refused(files, tmp_path, name):
    seen = {
        seed: corruption.trial(name, files[name], seed=seed, folder=tmp_path) for seed in range(5_000, 5_030)
    }
    assert {seed: what for seed, what in seen.items() if what[1] not in ALLOWED} == {}
    # Only ReadStat may fall over its own feet: our own parsers give a reason.
    if name.endswith((".dta", ".por")):
        assert {seed: what for seed, what in seen.items() if what[1] == "stopped"} == {}
    assert {what for how, what in seen.values() if how == "cut"} <= {
        "refused",
        "stopped",
        "read, as documented",
    }


@pytest.mark.parametrize("pattern", ["*tagged-na.sas7bdat", "*charset_hebr.sas7bdat"])
def test_a_damaged_sas_data_set_is_whole_or_refused(shared, tmp_path, pattern):
    (path,) = (shared / "fixtures" / "sas").glob(pattern)
    rows = 8 if "tagged" in pattern else 150
    seen = {
        seed: corruption.trial("x.sas7bdat", path.read_bytes(), seed=seed, folder=tmp_path, rows=rows)
        for seed in range(30)
    }
    assert {seed: what for seed, what in seen.items() if what[1] not in ALLOWED} == {}
