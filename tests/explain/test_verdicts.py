"""What the rules said of a row: the verdict of the run itself, asked again of its own rows."""

from __future__ import annotations

import shutil
from collections import Counter

import polars as pl
import pytest

from milkqc.explain import Explainer
from milkqc.explain.again import Again
from milkqc.explain.reading import of_cell


@pytest.fixture(scope="module")
def again(explainer) -> Again:
    return Again(explainer.store)


def test_every_rule_asked_again_says_of_the_rows_what_the_run_counted(explainer, again):
    """And its findings stand where the failing rows say."""
    store, asked = explainer.store, 0
    for check in store.checks.filter(pl.col("status") == "ran").iter_rows(named=True):
        if check["rule_id"] not in store.trace["rules"]:
            continue
        rows = again.told(check)
        assert not isinstance(rows, str), (check["rule_id"], rows)
        told = {one["told_at"] for one in rows.values() if one["state"] == "failed"}
        here = store.findings.filter(pl.col("rule_id") == check["rule_id"])["row_id"]
        assert told == set(here), check["rule_id"]
        for one in rows.values():
            assert one["why"] or one["state"] in {"passed", "failed"}, (check["rule_id"], one)
        asked += 1
    assert asked > 150


def test_the_checks_of_reading_say_of_the_rows_what_the_run_counted(explainer):
    store, seen = explainer.store, Counter()
    for check in store.checks.filter(pl.col("status") == "ran", pl.col("engine") == "reading").iter_rows(
        named=True
    ):
        table, variable = check["table"], check["variable"] or ""
        # Site C's lengths are read three times; what several rows share is judged once, and who was merged by cell.
        if table not in {"growth", "visits"} or variable == "length_cm":
            continue
        told = [of_cell(check["rule_id"], variable, row) for row in store.tables[table]]
        if None in told:
            continue
        words = Counter(one[0] for one in told if one is not None)
        assert words["passed"] + words["failed"] == int(check["looked_at"]), check
        assert words["failed"] == int(check["failed"]), check
        seen.update(words)
    assert seen["passed"] > 3000


def verdicts(explainer, *words, **options) -> dict[str, tuple[str, str]]:
    (told,) = explainer.explain(*words, **options)
    return {rule["rule_id"]: (rule["verdict"], rule.get("why", "")) for rule in told.rules}


def test_a_censored_result_is_not_judged_by_what_needs_a_number(explainer):
    told = verdicts(explainer, "SIM-015", "month_3", "retinol")
    assert told["milk.retinol.mature.hard"] == ("could not judge", "censored: only a limit is known")
    assert told["milk.retinol.colostrum.hard"] == ("not asked", "stage is mature")
    assert told["milk.value.impossible"] == ("could not judge", "censored: only a limit is known")
    assert told["milk.value.under_limit"] == ("could not judge", "missing: value (censored)")
    assert told["milk.retinol.mature.batch_median"][1].startswith("judged for batch=P6: ")
    assert told["reading.number.unreadable"] == ("passed", "")
    assert told["milk.batch.blank"][0] == "no finding"


def test_a_failing_row_says_so_and_where_its_finding_stands(explainer):
    store = explainer.store
    wanted = Counter()
    for one in store.findings.iter_rows(named=True):
        if (
            one["table"] != "growth"
            or one["variable"] not in store.columns["growth"]
            or "|" not in one["row_id"]
        ):
            continue
        where = {"infant": one["infant_id"], "table": "growth"}
        rows = explainer.explain(one["participant_id"], one["visit"], one["variable"], **where)
        (mine,) = (row for row in rows if row.cell.row_id == one["row_id"])
        told = {rule["rule_id"]: rule["verdict"] for rule in mine.rules}
        assert told[one["rule_id"]] == "failed", one
        wanted[one["rule_id"]] += 1
    assert len(wanted) > 10


def test_a_run_whose_rules_answer_otherwise_is_not_told(demo, tmp_path):
    shutil.copytree(demo / "out", tmp_path / "out")
    checks = pl.read_csv(tmp_path / "out" / "checks.csv", infer_schema=False)
    other = checks.with_columns(
        looked_at=pl.when(pl.col("rule_id") == "growth.head.above_length")
        .then(pl.lit("5"))
        .otherwise("looked_at")
    )
    other.write_csv(tmp_path / "out" / "checks.csv")
    told = verdicts(Explainer(tmp_path / "out"), "SIM-001", "month_3", "head_circumference_cm")
    verdict, why = told["growth.head.above_length"]
    assert verdict == "cannot be told"
    assert why.startswith("asked again it counts ")
    assert why.endswith("the run 5 and 2: explain with the milkqc of the run (0.1.0)")
