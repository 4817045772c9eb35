"""The decision on an upload, and the rule that made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from milkqc.report.words import count, listed

ACCEPT, QUERIES, RETURN, INCOMPLETE, NONE = (
    "ACCEPT",
    "ACCEPT WITH QUERIES",
    "RETURN",
    "INCOMPLETE",
    "NO VERDICT",
)
LOOKS = {ACCEPT: "good", QUERIES: "warning", RETURN: "critical", INCOMPLETE: "warning"}


def decision(settings: Mapping[str, Any], summary: Mapping[str, Mapping[str, int]]) -> tuple[str, str]:
    """The decision in capitals and the sentence with the rule behind it.

    `settings["verdict"]` is the run's own word (the exit code's): `incomplete` is INCOMPLETE, `fail` is RETURN,
    `pass` is ACCEPT WITH QUERIES while a critical or warning finding is open, else ACCEPT.
    """
    verdict, fail_on = settings.get("verdict"), settings.get("fail_on") or "critical"
    pressing = [
        count(summary[severity]["open"], f"{severity} finding")
        for severity in ("critical", "warning")
        if summary[severity]["open"]
    ]
    if verdict == "incomplete":
        return INCOMPLETE, "Rule: a check that broke has judged nothing, so nothing is accepted or returned."
    if verdict == "fail":
        return RETURN, f"Rule: any open finding of severity {fail_on} or graver returns the upload."
    if verdict != "pass":
        return NONE, "The run gave no verdict."
    if pressing:
        why = (
            "findings do not decide this run (--fail-on never)"
            if fail_on == "never"
            else f"no open finding is of severity {fail_on} or graver"
        )
        return QUERIES, f"Rule: {why}; {listed(pressing)} open to be answered."
    return ACCEPT, "Rule: no open finding is critical or a warning."
