"""The report in a screenful of Markdown, for the summary of a pipeline. Counts only: no value, no participant."""

from __future__ import annotations

import re
from typing import Any

from milkqc.model import Result
from milkqc.report.content import content
from milkqc.report.limits import Limits
from milkqc.report.words import count

MOST = 8  # actions named per owner
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|<>~&])")


def markdown(result: Result) -> bytes:
    """Verdict, facts, counts, what to do by owner, and whether the rows add up. Same result, same bytes."""
    told = content(result, Limits(rows_per_rule=0, rows=0, checks=0, table=8, variables=0))
    verdict = told["verdict"]
    opened = ", ".join(f"{counts['open']:,} {name}" for name, counts in told["findings"].items())
    lines = [
        f"## {verdict['decision']}: {_words(told['title'])}",
        "",
        *(["**Simulated data.** Nothing here describes real people.", ""] if told["simulated"] else []),
        f"{_words(verdict['reason'])} {_words(verdict['rule'])}".strip(),
        "",
        "| | |",
        "|---|---|",
        f"| Study | {_words(told['study'])} |",
        f"| Date of data | {_words(told['date_of_data']['date'] or 'no date in the data')} |",
        f"| Files | {len(told['inputs']['files']) + told['inputs']['left_off']} |",
        f"| milkqc | {_words(told['settings']['milkqc_version'] or '–')} |",
        f"| Open findings | {opened} |",
        f"| Checks | {_checks(told['status']['whole'])} |",
        f"| Rows | {'add up' if told['reconciliation']['balanced'] else '**do not add up**'}, "
        f"{told['reconciliation']['rejected_rows']:,} rejected |",
        "",
        *_todo(told["todo"]),
        "Rows by participant and visit: `report.html`, `findings.csv`.",
        "",
    ]
    return "\n".join(lines).encode("utf-8")


def _checks(whole: dict[str, int]) -> str:
    words = ("passed", "failed", "nothing to look at", "could not run")
    return ", ".join(f"{n:,} {word}" for n, word in zip(whole.values(), words, strict=True))


def _todo(todo: dict[str, Any]) -> list[str]:
    lines = []
    for part in todo["owners"]:
        mine = [each for each in todo["actions"] if each["owner"] == part["owner"]]
        pressing = [each for each in mine if each["blocker"] or each["severity"] != "info"]
        if not pressing:
            continue
        lines += [f"### {part['owner'].capitalize()}", ""]
        for each in pressing[:MOST]:
            kind = "Blocker" if each["blocker"] else "Query"
            lines.append(f"- **{kind}** {_words(each['title'])}: {_words(each['said']).rstrip('.')}")
        if len(pressing) > MOST:
            lines.append(f"- … and {count(len(pressing) - MOST, 'more action')} in `report.html`")
        lines.append("")
    return lines


def _words(text: str) -> str:
    """Text from the data as text: on one line, nothing in it is markup."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))
