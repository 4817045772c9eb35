"""An independent implementation agrees: pygrowup2 (decimal arithmetic, one child at a time), where it follows WHO.

It does where a child is measured as its age asks, has whole days of age and lengths of whole millimetres.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from milkqc.derive.frames import growth_scores

pytest.importorskip("pygrowup", reason="pygrowup2 is not installed")
INDICES = ("laz", "waz", "wlz", "baz", "hcz", "acz", "tsz", "ssz")


@pytest.fixture(scope="module")
def bench():
    path = Path(__file__).parents[2] / "benchmarks" / "bench_growth.py"
    spec = importlib.util.spec_from_file_location("bench_growth", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_scores_agree_with_pygrowup2_to_a_hundredth(bench):
    frame = bench.children(600, seed=4)
    ours = growth_scores(frame).select(INDICES).rows()
    theirs = bench.peer_scorer(frame)()
    compared = 0
    for left, right in zip(ours, theirs, strict=True):
        for mine, other in zip(left, right, strict=True):
            if other is not None:
                assert abs(mine - float(other)) < 0.0101
                compared += 1
    assert compared > 0.95 * 8 * 600


def test_the_benchmark_says_how_many_times_faster_milkqc_is(bench):
    results = bench.run(rows=100_000, peer_rows=30)
    assert [result["name"] for result in results][-1] == "pygrowup2"
    assert results[-1]["times_pygrowup2"] == 1
    assert results[0]["times_pygrowup2"] > 100
    for result in results:
        assert result["rows_per_second"] == pytest.approx(result["rows"] / result["seconds"])
        assert 0 < result["cores"] < 8
    assert "within" not in results[-1]  # the peer has no limit to keep
