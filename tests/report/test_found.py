"""What the report makes of findings: groups, causes, and what stays hidden in a blinded trial."""

from __future__ import annotations

import polars as pl

from milkqc.report import found
from milkqc.report.limits import Limits

NO_CHECKS = pl.DataFrame(schema={"rule_id": pl.String, "says": pl.String})


def grouped(result, limits=None):
    return found.groups(found.visible(result), NO_CHECKS, limits or Limits())


def causes(result):
    findings = found.visible(result)
    return found.causes(findings, grouped(result)["rules"], Limits())


def row(rule_id, severity="warning", **more):
    return {
        "rule_id": rule_id,
        "severity": severity,
        "table": "growth",
        "message": f"{rule_id} says so.",
    } | more


def test_rules_go_by_severity_then_rows_touched(study):
    assert [
        (rule["severity"], rule["rule_id"], rule["findings"], rule["rows"])
        for rule in grouped(study)["rules"]
    ] == [
        ("critical", "growth.visit.before_birth", 6, 6),
        ("warning", "milk.vitamin_b12.batch_median", 1, 44),
        ("warning", "growth.laz.flag", 31, 31),
        ("info", "growth.team.digit_preference", 1, 93),
    ]


def test_a_row_with_two_findings_of_a_rule_is_touched_once(changed, findings_of):
    twice = [row("a", row_id="P1|birth", variable="laz"), row("a", row_id="P1|birth", variable="waz")]
    group = grouped(changed(findings=findings_of(twice)))["rules"][0]
    assert (group["findings"], group["rows"]) == (2, 1)


def test_a_listing_says_how_many_it_leaves_off_and_shows_open_ones_first(study):
    flags = grouped(study)["rules"][2]
    assert (len(flags["examples"]), flags["left_off"], flags["open"]) == (15, 16, 30)
    assert {example["status"] for example in flags["examples"]} == {"open"}


def test_the_whole_report_lists_no_more_than_its_budget(study):
    rules = grouped(study, Limits(rows=8))["rules"]
    assert [len(rule["examples"]) for rule in rules] == [6, 1, 1, 0]
    assert [rule["left_off"] for rule in rules] == [0, 0, 30, 1]


def test_a_finding_leads_back_to_file_row_and_column(study):
    first = grouped(study)["rules"][0]["examples"][0]
    assert first["source"] == "anthro_1.dta:14 VDATE"


def test_a_finding_without_a_known_row_names_the_file_alone(study):
    assert grouped(study)["rules"][1]["examples"][0]["source"] == "milk_results.xlsx"


def test_the_first_thing_to_do_is_the_critical_cause_with_its_site(study):
    first = causes(study)[0]
    assert first["said"] == "6 findings in 6 rows of growth, all at site Matiari."
    assert (first["severity"], first["link"], first["example"]) == ("critical", "rule-1", True)


def test_what_is_decided_is_nothing_to_do(changed, study):
    decided = study.findings.with_columns(status=pl.lit("confirmed"))
    assert causes(changed(findings=decided)) == []
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
    told = causes(changed(findings=findings_of(rows)))
    assert [(cause["severity"], cause["rule_id"], cause["findings"], cause["rows"]) for cause in told] == [
        ("critical", "milk.value", 2, 45),
        ("warning", "growth.other", 1, 1),
    ]


def test_infos_are_things_to_do_only_when_nothing_graver_is_open(changed, findings_of):
    info = row("growth.digits", "info")
    assert [cause["rule_id"] for cause in causes(changed(findings=findings_of([info, row("b")])))] == ["b"]
    assert [cause["rule_id"] for cause in causes(changed(findings=findings_of([info])))] == ["growth.digits"]


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
    assert "SUPPLEMENT" not in str(grouped(blinded)) + str(causes(blinded))
    opened = changed(findings=findings_of(telling), settings={"unblinded": "analysis has begun"})
    assert "SUPPLEMENT" in str(grouped(opened))
