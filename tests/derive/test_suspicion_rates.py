"""How often suspicion is wrong and what it finds, on fewer children than the benchmark that makes the page's figures."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path

import polars as pl
import pytest

from milkqc.checks import rules

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "growth_suspicion.md").read_text("utf-8")
NAMED = r"\.(unit|unit_batch|swapped|velocity)$"


sys.path.append(str(ROOT))  # benchmarks is no package of the tests
BENCH = import_module("benchmarks.bench_suspicion")


@pytest.mark.parametrize("population", BENCH.HEALTHY, ids=lambda population: population.name)
def test_of_healthy_children_fewer_than_one_row_in_200_is_asked_about(population):
    table = BENCH.simulated(population, 300, seed=11)
    _, drafts, _ = BENCH.judged(table)
    warned = drafts.filter((pl.col("severity") == "warning") & pl.col("rule_id").str.contains(NAMED))
    assert warned["row_id"].n_unique() < 0.005 * table.height


@pytest.mark.parametrize("oedema", [False, True], ids=["", "oedema"])
@pytest.mark.parametrize("error", BENCH.ERRORS)
def test_nineteen_of_twenty_planted_errors_are_named(error, oedema):
    population = BENCH.Population("planted", BENCH.DENSE, oedema=oedema)
    table, rows = BENCH.planted(BENCH.simulated(population, 150, seed=12), error, share=0.05, seed=13)
    _, drafts, _ = BENCH.judged(table)
    assert len(rows) > 50
    assert BENCH.found(drafts, BENCH.ERRORS[error][1], rows) > 0.95
    assert BENCH.rightly(drafts, error, rows) > 0.99


def test_four_of_five_visits_with_the_measures_of_the_next_are_named_and_no_healthy_one():
    healthy = BENCH.simulated(BENCH.HEALTHY[0], 200, seed=4)
    table, rows = BENCH.moved(healthy, share=0.05, seed=5)
    _, drafts, _ = BENCH.judged(table)
    told = set(drafts.filter(pl.col("rule_id") == "growth.visit.fits_next")["row_id"])
    assert len(told & rows) > 0.75 * len(rows)
    assert not told - rows


def test_the_page_lists_each_rule_with_its_severity():
    known = {rule.id: rule.severity for rule in rules.all_rules()}
    told = {
        rule: severity
        for cells, severity in re.findall(r"^\| (`growth\.[^|]+) \| (\w+) \|", PAGE, re.MULTILINE)
        for rule in re.findall(r"`([^`]+)`", cells)
    }
    assert {rule: known.get(rule) for rule in told} == told
    ours = {
        rule.id for rule in rules.all_rules() if rule.function.__module__.endswith((".suspicion", ".repeats"))
    }
    assert ours <= set(told)


def test_the_page_has_a_line_for_each_error_and_each_healthy_population():
    first = {line.split("|")[1].strip() for line in PAGE.splitlines() if line.startswith("| ")}
    assert set(BENCH.ERRORS) | set(BENCH.COURSES) <= first
    assert set(BENCH.READS) == set(BENCH.ERRORS)
    assert {population.name for population in BENCH.HEALTHY} <= first
