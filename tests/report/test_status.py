"""Checks by dimension and table, the matrix of variables, and what no rule looks at."""

from __future__ import annotations

import dataclasses

import polars as pl
import pytest

from milkqc.checks.ledger import CHECKS_SCHEMA
from milkqc.model import LedgerRow
from milkqc.report import found, status, variables
from milkqc.report.limits import Limits


def ledger(*rows):
    return pl.DataFrame([dataclasses.asdict(row) for row in rows], schema=CHECKS_SCHEMA, orient="row")


def check(rule_id, variable="weight_kg", became="ran", *, table="growth", seen=10, failed=0, left=0, why=""):
    return LedgerRow(rule_id, "rules", table, variable, "warning", became, seen, failed, left, failed, why)


def told(*rows, anchors=None):
    return status.status(ledger(*rows), anchors or {}, Limits())


@pytest.mark.parametrize(
    ("became", "failed", "state"),
    [
        ("ran", 0, "passed"),
        ("ran", 3, "failed"),
        ("nothing_to_look_at", 0, "nothing"),
        ("not_applicable", 0, "nothing"),
        ("skipped", 0, "could_not_run"),
        ("broken", 0, "could_not_run"),
    ],
)
def test_what_did_not_run_or_saw_nothing_is_never_a_pass(became, failed, state):
    whole = told(check("growth.weight_kg.range", became=became, failed=failed))["whole"]
    assert whole == {**dict.fromkeys(status.STATES, 0), state: 1}


def test_a_cell_names_the_checks_behind_its_failures_and_where_their_rows_stand():
    made = told(
        check("growth.weight_kg.range", failed=2),
        check("growth.laz.flag", "laz", "broken", why="no column laz"),
        check("growth.waz.flag", "waz"),
        anchors={("growth.weight_kg.range", "growth"): "do-4"},
    )
    assert [row["dimension"] for row in made["rows"]] == ["plausibility"]
    cell = made["rows"][0]["cells"][0]
    assert (cell["passed"], cell["failed"], cell["could_not_run"]) == (1, 1, 1)
    assert [(each["rule_id"], each["state"], each["why"], each["link"]) for each in cell["behind"]] == [
        ("growth.laz.flag", "could_not_run", "no column laz", None),
        ("growth.weight_kg.range", "failed", "", "do-4"),
    ]


def with_checks(changed, findings_of, checks, rows=()):
    """The matrix of a study with these checks and findings."""
    result = changed(checks=ledger(*checks), findings=findings_of(list(rows)))
    return result, variables.matrix(result, found.visible(result))


def row(rule_id, severity, **more):
    return {"rule_id": rule_id, "severity": severity, "table": "growth", "variable": "weight_kg"} | more


def test_a_cell_shows_the_gravest_severity_and_counts_what_is_open(changed, findings_of):
    checks = [check("growth.weight_kg.range", failed=3), check("growth.weight_kg.impossible")]
    rows = [
        row("growth.weight_kg.range", "warning"),
        row("growth.weight_kg.range", "critical"),
        row("growth.weight_kg.range", "critical", status="confirmed"),
    ]
    _, cells = with_checks(changed, findings_of, checks, rows)
    weight = cells["growth", "weight_kg"]
    assert (weight["plausible"].worst, weight["plausible"].findings) == ("critical", 2)
    assert (weight["allowed"].worst, weight["allowed"].findings) == ("passed", 0)


def test_a_cell_whose_findings_are_all_decided_says_so(changed, findings_of):
    _, cells = with_checks(
        changed,
        findings_of,
        [check("growth.weight_kg.range", failed=1)],
        [row("growth.weight_kg.range", "critical", status="confirmed")],
    )
    assert cells["growth", "weight_kg"]["plausible"].worst == "decided"


def test_a_participants_column_seen_from_growth_is_the_participants(changed, findings_of):
    _, cells = with_checks(
        changed,
        findings_of,
        [],
        [row("growth.preterm.chronological", "info", variable="participant_gestational_age_days")],
    )
    assert cells["participants", "gestational_age_days"]["standard"].worst == "info"


def test_what_concerns_no_single_variable_stands_with_the_whole_table(changed, findings_of):
    checks = [check("growth.key.repeated", "visit"), check("growth.row_id.unique", "row_id")]
    _, cells = with_checks(
        changed, findings_of, checks, [row("growth.key.repeated", "critical", variable="visit")]
    )
    assert cells["growth", "*"]["linked"].worst == "critical"


def test_columns_that_the_study_does_not_have_are_not_in_the_matrix(changed, findings_of):
    _, cells = with_checks(
        changed, findings_of, [check("growth.muac_cm.range", "muac_cm", "nothing_to_look_at", seen=0)]
    )
    assert ("growth", "muac_cm") not in cells


def test_a_variable_that_only_was_readable_is_a_blind_spot(changed, findings_of):
    checks = [
        check("reading.number.unreadable", "weight_kg"),
        check("growth.weight_kg.share_missing", "weight_kg"),
        check("growth.head_circumference_cm.range", "head_circumference_cm", "nothing_to_look_at"),
        check("participants.infant_sex.code", "infant_sex", table="participants"),
    ]
    result, cells = with_checks(changed, findings_of, checks)
    blind = {each["variable"]: each["why"] for each in variables.blind(result, cells)}
    assert blind["weight_kg"] == "no rule is written for it"
    assert blind["head_circumference_cm"] == "its checks had nothing to look at"
    assert "infant_sex" not in blind


def test_a_column_that_a_rule_over_two_columns_looks_at_is_no_blind_spot(changed, findings_of, study):
    watched = pl.DataFrame(
        {"rule_id": ["growth.head.above_length"], "table": ["growth"], "column": ["head_circumference_cm"]}
    )
    checks = [check("growth.head.above_length", "length_cm")]
    for statistics, blind in ((study.statistics | {"watched": watched}, False), (study.statistics, True)):
        result = changed(checks=ledger(*checks), statistics=statistics, findings=findings_of([]))
        cells = variables.matrix(result, found.visible(result))
        names = {each["variable"] for each in variables.blind(result, cells)}
        assert ("head_circumference_cm" in names) is blind
