"""Every rule that ships has a dimension, somebody who acts on it, and a column of the matrix."""

from __future__ import annotations

import csv
import tomllib
from importlib import resources

import pytest

from milkqc.checks import ids
from milkqc.report.place import DIMENSIONS, KINDS, OWNERS, Place, listed, place_of


def shipped():
    told = {name for name, current in ids.listed().items() if current}
    for file in ("reading", "units", "analysis", "survey"):
        text = (resources.files("milkqc.messages") / f"{file}.toml").read_text(encoding="utf-8")
        told |= set(tomllib.loads(text))
    return sorted(told)


@pytest.mark.parametrize("rule_id", shipped())
def test_every_shipped_rule_has_its_place(rule_id):
    place = listed(rule_id)
    assert place is not None, f"{rule_id}: add a line to report/rules.csv"
    assert place.dimension in DIMENSIONS
    assert place.owner in {*OWNERS, "source"}
    assert place.kind in KINDS


def test_no_pattern_is_written_twice():
    text = (resources.files("milkqc.report") / "rules.csv").read_text(encoding="utf-8")
    patterns = [row["pattern"] for row in csv.DictReader(text.splitlines())]
    assert len(patterns) == len(set(patterns))


def test_a_number_is_corrected_by_whoever_wrote_it():
    assert place_of("reading.number.unreadable", "milk").owner == "laboratory"
    assert place_of("reading.number.unreadable", "growth").owner == "site"


def test_a_rule_of_the_studys_own_goes_to_its_source():
    assert place_of("zinc.our_limit", "milk") == Place("plausibility", "laboratory", "plausible")
    assert place_of("weight.our_limit", "growth") == Place("plausibility", "site", "plausible")
