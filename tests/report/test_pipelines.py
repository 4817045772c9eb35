"""What a pipeline reads: JUnit XML of the ledger, and a summary in Markdown. Counts, never values."""

from __future__ import annotations

from xml.etree import ElementTree

import polars as pl
import pytest

from milkqc.report.junit import junit
from milkqc.report.markdown import markdown


def cases(result):
    root = ElementTree.fromstring(junit(result))
    return root, {case.get("name"): case for case in root.iter("testcase")}


def test_each_check_is_a_case_and_open_findings_that_fail_the_run_are_failures(study):
    root, told = cases(study)
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("skipped")) == (
        "6",
        "1",
        "0",
        "2",
    )
    failed = told["growth.visit.before_birth [visit_date]"].find("failure")
    assert failed.get("type") == "critical"
    assert failed.get("message") == "Visit before birth: 6 critical open. See report.html and findings.csv."
    assert (
        told["growth.oedema.weight [oedema]"].find("skipped").get("message")
        == "skipped: oedema is not mapped"
    )
    assert told["growth.laz.flag [laz]"].find("failure") is None
    assert "30 findings open" in told["growth.laz.flag [laz]"].find("system-out").text


@pytest.mark.parametrize(
    ("fail_on", "failures"), [("critical", 1), ("warning", 3), ("info", 4), ("never", 0)]
)
def test_fail_on_decides_what_fails(changed, fail_on, failures):
    root, _ = cases(changed(settings={"fail_on": fail_on}))
    assert root.get("failures") == str(failures)


def test_a_broken_check_is_an_error(changed, study):
    broken = study.checks.with_columns(status=pl.lit("broken"), why=pl.lit("no column laz"))
    root, told = cases(changed(checks=broken))
    assert root.get("errors") == "6"
    assert told["growth.laz.flag [laz]"].find("error").get("message") == "no column laz"


def test_a_decided_finding_fails_nothing(changed, study):
    root, _ = cases(changed(findings=study.findings.with_columns(status=pl.lit("confirmed"))))
    assert root.get("failures") == "0"


def test_a_finding_without_a_line_in_the_ledger_is_not_lost(changed, study):
    root, _ = cases(changed(checks=study.checks.clear()))
    assert (root.get("tests"), root.get("failures")) == ("4", "1")


def test_neither_holds_a_value_or_a_participant(study):
    for made in (junit(study).decode(), markdown(study).decode()):
        assert "P000" not in made
        assert "2021-03-01" not in made


def test_the_summary_tells_the_verdict_and_what_to_do_by_owner(study):
    text = markdown(study).decode()
    assert text.startswith("## RETURN: Milk micronutrients and growth at three months\n")
    assert "| Open findings | 6 critical, 31 warning, 1 info |" in text
    assert "| Checks | 0 passed, 4 failed, 1 nothing to look at, 1 could not run |" in text
    assert (
        "### Site\n\n- **Blocker** Visit before birth: 6 findings in 6 rows of growth, 6 participants\n"
        in text
    )
    assert "### Data manager" not in text  # nothing for them to do


def test_the_summary_is_not_moved_by_markup_in_a_title(changed):
    text = markdown(changed(title="a|b\n# <img src=x> [c](d)")).decode()
    assert text.splitlines()[0] == r"## RETURN: a\|b \# \<img src=x\> \[c\]\(d\)"


def test_control_characters_leave_the_xml_whole(changed, study):
    evil = '\x00\x1b"><script>\u202e]]>'
    checks = study.checks.with_columns(why=pl.lit(evil), status=pl.lit("broken"), variable=pl.lit(evil))
    root, _ = cases(changed(checks=checks, study=evil))
    assert root.get("errors") == "6"


def test_the_same_result_gives_the_same_bytes(study):
    assert (junit(study), markdown(study)) == (junit(study), markdown(study))
