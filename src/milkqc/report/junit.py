"""The ledger as JUnit XML, so that a pipeline shows each check as a test. Counts only: no value, no participant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree as ET

import polars as pl

from milkqc.model import SEVERITIES, Result
from milkqc.report.found import title_of, visible
from milkqc.report.limits import clip
from milkqc.report.place import place_of
from milkqc.report.words import count

_LONGEST = 300
Key = tuple[str, str, str]


def junit(result: Result) -> bytes:
    """One suite per table, one test case per check of the ledger.

    A check fails when a finding of it is open at or above `settings["fail_on"]`; a broken one is an error, one
    that did not run or saw nothing is skipped, with the reason. What else it found stands in `system-out`. The
    same result gives the same bytes: no time, host or path is in them.
    """
    failing, other = _open_findings(result)
    suites: dict[str, list[ET.Element]] = defaultdict(list)
    told: set[Key] = set()
    for check in result.checks.iter_rows(named=True):
        key = _key(check)
        suites[check["table"] or "run"].append(_case(check, failing.get(key, {}), other.get(key, 0)))
        told.add(key)
    # a finding whose check has no line in the ledger must not be lost
    for key in sorted({*failing, *other} - told):
        check = {"rule_id": key[0], "table": key[1], "variable": key[2], "status": "ran"}
        suites[key[1] or "run"].append(_case(check, failing.get(key, {}), other.get(key, 0)))
    root = ET.Element("testsuites", _named(_text(result.study), _all(suites.values())))
    for table, cases in suites.items():
        suite = ET.SubElement(root, "testsuite", _named(f"milkqc.{table}", cases))
        suite.extend(cases)
    ET.indent(root, " ")
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _open_findings(result: Result) -> tuple[dict[Key, dict[str, int]], dict[Key, int]]:
    """The open findings of each check: by severity those that fail the run, and the number of the others.

    A finding belongs to the check of its rule, table and variable, else to the rule's first in that table.
    """
    fail_on = result.settings.get("fail_on") or "critical"
    counted = () if fail_on == "never" else SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    known = {_key(check) for check in result.checks.iter_rows(named=True)}
    first: dict[tuple[str, str], Key] = {}
    for check in result.checks.iter_rows(named=True):
        first.setdefault((check["rule_id"], check["table"]), _key(check))
    found = (
        visible(result).filter("open").group_by("rule_id", "table", "variable", "severity").agg(n=pl.len())
    )
    failing: dict[Key, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    other: dict[Key, int] = defaultdict(int)
    for rule_id, table, variable, severity, n in found.sort(pl.all()).iter_rows():
        own = (rule_id, table or "", variable or "")
        key = own if own in known else first.get((rule_id, table), own)
        if severity in counted:
            failing[key][severity] += n
        else:
            other[key] += n
    return failing, other


def _key(check: Mapping[str, Any]) -> Key:
    return check["rule_id"], check["table"] or "", check["variable"] or ""


def _case(check: Mapping[str, Any], failing: Mapping[str, int], other: int) -> ET.Element:
    rule_id, variable = check["rule_id"], check["variable"]
    name = f"{rule_id} [{variable}]" if variable and variable != "*" else rule_id
    where = f"milkqc.{check['table'] or 'run'}.{place_of(rule_id, check['table'] or '').dimension}"
    case = ET.Element("testcase", name=_text(name), classname=where)
    words = title_of(rule_id, {rule_id: check.get("says") or ""})
    if check["status"] == "broken":
        ET.SubElement(case, "error", type="broken", message=_text(check.get("why") or "no reason given"))
    elif failing:
        said = ", ".join(f"{failing[name]:,} {name}" for name in SEVERITIES if failing.get(name))
        message = f"{words}: {said} open. See report.html and findings.csv."
        ET.SubElement(case, "failure", type=next(iter(failing)), message=_text(message))
    elif check["status"] != "ran" and not other:
        why = check.get("why") or check["status"].replace("_", " ")
        ET.SubElement(case, "skipped", message=_text(f"{check['status'].replace('_', ' ')}: {why}"))
    if other:
        out = ET.SubElement(case, "system-out")
        out.text = _text(f"{words}: {count(other, 'finding')} open below the severity that fails the run.")
    return case


def _all(suites: Iterable[list[ET.Element]]) -> list[ET.Element]:
    return [case for cases in suites for case in cases]


def _named(name: str, cases: list[ET.Element]) -> dict[str, str]:
    """The attributes of a suite: its name and how many cases came out how."""
    kinds = {"tests": "", "failures": "failure", "errors": "error", "skipped": "skipped"}
    return {"name": name} | {
        kind_of: str(sum(kind == "" or case.find(kind) is not None for case in cases))
        for kind_of, kind in kinds.items()
    }


def _text(words: str) -> str:
    """Words that XML can hold: no control characters, not too long."""
    return clip(" ".join(str(words).split()), _LONGEST)
