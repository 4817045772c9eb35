"""The same suite over the demo in three engines: the same findings.csv but for the engine's name."""

from __future__ import annotations

import dataclasses

import pytest

import milkqc
from milkqc import pipeline
from milkqc.checks import suites
from milkqc.checks.suites.run import choose
from milkqc.demo import write_uploads


class Seen(BaseException):
    """What the rule files are asked is known; what the run would make of their answers is another test's."""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """What the demo's run asks of its rule files, and what each engine says to it."""
    folder = tmp_path_factory.mktemp("demo")
    asked = {}

    def recorded(views, rules, **more):
        asked.update(views=views, rules=rules, more=more)
        raise Seen

    mapping = write_uploads(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suites, "check", recorded)
        with pytest.raises(Seen):
            milkqc.run(mapping, data=folder / "uploads", engine="expressions")
    assert asked["more"]["engine"] == "expressions"
    return {
        engine: suites.check(asked["views"], asked["rules"], **{**asked["more"], "engine": engine})
        for engine in suites.ENGINES
        if engine != "auto"
    } | {"auto": choose("auto", asked["views"])}


def test_every_engine_finds_the_same_in_the_demo(study):
    first = study["gx"]
    assert first.drafts.height > 10
    for engine in ("pandera", "gx", "expressions"):
        told = study[engine]
        assert told.drafts.drop("engine").equals(first.drafts.drop("engine")), engine
        assert [dataclasses.replace(row, engine="gx") for row in told.ledger] == list(first.ledger), engine
        assert not [row for row in told.ledger if row.status == "broken"]


def test_each_finding_names_its_engine(study):
    assert set(study["gx"].drafts["engine"]) == {"gx"}
    assert set(study["expressions"].drafts["engine"]) == {"expressions"}
    # Rules about groups run as expressions under pandera.
    assert set(study["pandera"].drafts["engine"]) == {"pandera", "expressions"}
    assert study["auto"] == "gx"


def test_a_misspelt_engine_is_said_before_anything_is_read(tmp_path):
    with pytest.raises(ValueError, match="engine is one of auto, pandera, gx, expressions, not 'great'"):
        pipeline.run(tmp_path / "no.yaml", data=tmp_path, engine="great")
