"""The same suite over the demo in three engines: the same findings.csv but for the engine's name."""

from __future__ import annotations

import dataclasses

import polars as pl
import pytest

import milkqc
from milkqc import pipeline
from milkqc.checks import suites
from milkqc.demo import write_uploads


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The run by expressions, and what its suites were given, so that the other engines judge the same."""
    folder = tmp_path_factory.mktemp("demo")
    asked = {}

    def recorded(views, rules, **more):
        asked.update(views=views, rules=rules, more=more)
        return suites_check(views, rules, **more)

    suites_check = suites.check
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suites, "check", recorded)
        result = milkqc.run(write_uploads(folder), data=folder / "uploads", engine="expressions")
    assert asked["more"]["engine"] == "expressions"
    checked = {
        engine: suites_check(asked["views"], asked["rules"], **{**asked["more"], "engine": engine})
        for engine in suites.ENGINES
    }
    return result, checked


def test_every_engine_finds_the_same_in_the_demo(study):
    _, checked = study
    first = checked["gx"]
    assert first.drafts.height > 10
    for engine, told in checked.items():
        assert told.drafts.drop("engine").equals(first.drafts.drop("engine")), engine
        assert [dataclasses.replace(row, engine="gx") for row in told.ledger] == list(first.ledger), engine
        assert not [row for row in told.ledger if row.status == "broken"]


def test_each_finding_names_its_engine(study):
    result, checked = study
    assert set(checked["gx"].drafts["engine"]) == {"gx"}
    assert set(checked["expressions"].drafts["engine"]) == {"expressions"}
    # Rules about groups run as expressions under pandera.
    assert set(checked["pandera"].drafts["engine"]) == {"pandera", "expressions"}
    assert set(checked["auto"].drafts["engine"]) == {"gx"}
    found = result.findings.filter(pl.col("engine") == "expressions")
    assert found.height == checked["expressions"].drafts.height


def test_a_misspelt_engine_is_said_before_anything_is_read(tmp_path):
    with pytest.raises(ValueError, match="engine is one of auto, pandera, gx, expressions, not 'great'"):
        pipeline.run(tmp_path / "no.yaml", data=tmp_path, engine="great")
