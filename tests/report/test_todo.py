"""What the report makes of findings: who must do what, each cause once, and what stays hidden in a blinded trial."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc import findings
from milkqc.report import found, render, rows, todo
from milkqc.report.limits import Limits

NO_CHECKS = pl.DataFrame(schema={"rule_id": pl.String, "says": pl.String})


def actions(result, limits=None, fail_on="critical"):
    told = todo.actions(found.visible(result), NO_CHECKS, fail_on=fail_on, limits=limits or Limits())
    return told["actions"]


def row(rule_id, severity="warning", **more):
    return {
        "rule_id": rule_id,
        "severity": severity,
        "table": "growth",
        "message": f"{rule_id} says so.",
    } | more


def test_actions_go_by_severity_then_rows_touched(study):
    assert [
        (each["severity"], each["rule_id"], each["findings"], each["rows"]) for each in actions(study)
    ] == [
        ("critical", "growth.visit.before_birth", 6, 6),
        ("warning", "milk.vitamin_b12.mature.batch_median", 1, 44),
        ("warning", "growth.laz.flag", 30, 30),
        ("info", "growth.position.not_believed", 1, 93),
    ]


def test_each_action_has_its_owner_and_only_what_fails_the_run_is_a_blocker(study):
    told = actions(study)
    assert [(each["owner"], each["blocker"]) for each in told] == [
        ("site", True),
        ("laboratory", False),
        ("site", False),
        ("site", False),
    ]
    assert todo.by_owner(told) == [
        {"owner": "site", "blockers": 1, "queries": 1, "notes": 1},
        {"owner": "laboratory", "blockers": 0, "queries": 1, "notes": 0},
        {"owner": "data manager", "blockers": 0, "queries": 0, "notes": 0},
    ]


@pytest.mark.parametrize(
    ("fail_on", "blockers"), [("critical", 1), ("warning", 3), ("info", 4), ("never", 1)]
)
def test_the_severity_that_fails_the_run_makes_the_blockers(study, fail_on, blockers):
    assert sum(each["blocker"] for each in actions(study, fail_on=fail_on)) == blockers


def test_a_row_with_two_findings_of_a_rule_is_touched_once(changed, findings_of):
    twice = [row("a", row_id="P1|birth", variable="laz"), row("a", row_id="P1|birth", variable="waz")]
    action = actions(changed(findings=findings_of(twice)))[0]
    assert (action["findings"], action["rows"]) == (2, 1)


def test_a_list_stops_at_25_and_says_how_many_it_leaves_off(study):
    flags = actions(study)[2]
    assert (len(flags["list"]), flags["left_off"]) == (25, 5)
    assert {each["status"] for each in flags["list"]} == {"open"}


@pytest.mark.parametrize(
    ("rows", "shown"),
    [(0, [0, 0, 0, 0]), (4, [1, 1, 1, 1]), (6, [2, 1, 2, 1]), (8, [3, 1, 3, 1]), (12, [6, 1, 4, 1])],
)
def test_a_small_budget_gives_each_action_a_few_rows_before_the_gravest_gets_more(study, rows, shown):
    told = actions(study, Limits(rows=rows))
    assert [len(each["list"]) for each in told] == shown
    assert [each["left_off"] for each in told] == [
        all_ - few for all_, few in zip((6, 1, 30, 1), shown, strict=True)
    ]


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=30),
    st.integers(0, 120),
    st.integers(1, 30),
    st.integers(1, 25),
)
def test_no_shown_action_goes_without_rows_while_another_has_more_than_three(sizes, budget, rules, per_rule):
    told = pl.concat(
        [
            pl.DataFrame({"row_id": [f"{rule}-{n}" for n in range(size)]}).with_columns(
                rule_id=pl.lit(f"rule.{rule:02}")
            )
            for rule, size in enumerate(sizes)
        ]
    ).with_columns(severity=pl.lit("warning"), open=pl.lit(value=True), table=pl.lit("growth"))
    told = told.with_columns(
        (pl.lit(1) if kind == pl.Int64 else pl.lit(None)).cast(kind).alias(name)
        for name, kind in findings.FINDINGS_SCHEMA.items()
        if name not in told.columns
    )
    listed = todo.actions(
        told, NO_CHECKS, fail_on="critical", limits=Limits(rows=budget, rules=rules, rows_per_rule=per_rule)
    )
    counts = [(len(each["list"]), each["findings"]) for each in listed["actions"]]
    assert sum(shown for shown, _ in counts) == min(budget, sum(min(n, per_rule) for _, n in counts))
    if any(shown > rows.LEAST for shown, _ in counts):
        assert all(shown >= min(rows.LEAST, per_rule, n) for shown, n in counts)
    assert len(listed["actions"]) + len(listed["others"]) == len(sizes)


def test_beyond_the_limit_things_to_do_are_named_with_their_rule_and_counted_for_their_owner(
    changed, findings_of
):
    wrong = [row(f"rule.{n:03}", row_id=f"P{n}|birth", participant_id=f"P{n}") for n in range(12)]
    told = json.loads(render(changed(findings=findings_of(wrong)))["report.json"])["todo"]
    few = todo.actions(
        found.visible(changed(findings=findings_of(wrong))),
        NO_CHECKS,
        fail_on="critical",
        limits=Limits(rules=9),
    )
    assert told["others"] == []
    assert [each["rule_id"] for each in few["others"]] == ["rule.009", "rule.010", "rule.011"]
    assert [each["anchor"] for each in few["others"]] == ["do-10", "do-11", "do-12"]
    assert few["others"][0]["said"] == "1 finding in 1 row of growth, 1 participant"
    assert todo.by_owner([*few["actions"], *few["others"]])[0]["queries"] == 12


def test_a_finding_leads_to_participant_visit_file_and_column_and_never_to_a_row_number(study):
    first = actions(study)[0]["list"][0]
    assert (first["who"], first["visit"], first["source"]) == ("P000", "birth", "anthro_1.dta, VDATE")
    assert "source_row" not in first


def test_the_site_and_the_participants_are_counted(study):
    first = actions(study)[0]
    assert first["said"] == "6 findings in 6 rows of growth, 6 participants"
    assert first["sites"] == [{"site": "Matiari", "findings": 6}]


def test_what_is_decided_is_nothing_to_do(changed, study):
    decided = study.findings.with_columns(status=pl.lit("confirmed"))
    assert actions(changed(findings=decided)) == []
    assert found.summary(found.visible(changed(findings=decided)))["critical"] == {
        "findings": 6,
        "open": 0,
        "decided": 6,
        "rows": 6,
    }


def test_findings_of_one_cause_are_one_thing_to_do_under_the_gravest_rule(changed, findings_of):
    rows = [
        row("milk.batch", cause_id="P3", row_id="*", n_rows=44),
        row("milk.value", "critical", cause_id="P3", row_id="a", message="Impossible."),
        row("growth.other", row_id="b"),
    ]
    told = actions(changed(findings=findings_of(rows)))
    assert [(each["severity"], each["rule_id"], each["findings"]) for each in told] == [
        ("critical", "milk.value", 1),
        ("warning", "growth.other", 1),
    ]
    assert told[0]["follow"] == [{"title": "milk.batch", "findings": 1}]


def test_every_open_finding_is_in_one_action(study, changed, findings_of):
    rows = [row(f"r{n % 4}", cause_id=f"c{n % 3}" if n % 2 else None, row_id=str(n)) for n in range(40)]
    told = actions(changed(findings=findings_of(rows)))
    assert sum(each["findings"] + sum(other["findings"] for other in each["follow"]) for each in told) == 40


def test_the_findings_that_follow_are_found_where_their_cause_stands(changed, findings_of):
    rows = [
        row("growth.weight_kg.impossible", "critical", finding_id="f1", cause_id="f1"),
        row("growth.waz.flag", cause_id="f1"),
    ]
    findings = found.visible(changed(findings=findings_of(rows)))
    told = todo.actions(findings, NO_CHECKS, fail_on="critical", limits=Limits())["actions"]
    assert todo.anchors(findings, told) == {
        ("growth.weight_kg.impossible", "growth"): "do-1",
        ("growth.waz.flag", "growth"): "do-1",
    }


def test_an_arm_is_hidden_unless_the_mapping_unblinds(changed, findings_of):
    telling = [
        row(
            "participants.arm.code",
            variable="arm",
            value="SUPPLEMENT",
            expected="A or B",
            message="Arm SUPPLEMENT?",
        ),
        row(
            "growth.laz.by_group",
            row_id="arm=SUPPLEMENT",
            value="0.4",
            message="Arm SUPPLEMENT has mean 0.4.",
        ),
    ]
    blinded = changed(findings=findings_of(telling))
    assert "SUPPLEMENT" not in str(actions(blinded))
    opened = changed(findings=findings_of(telling), settings={"unblinded": "analysis has begun"})
    assert "SUPPLEMENT" in str(actions(opened))
