"""A rule as people are told of it, the same for every home."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from milkqc.model import Severity

Home = Literal[
    "suite", "coded", "plugin", "contract", "laboratory", "survey", "reading", "analysis", "compare", "redcap"
]
# Each home in a few words: what kind of rule lives there, and how a study changes one.
HOMES: Mapping[str, tuple[str, str]] = {
    "suite": (
        "a rule file, judged by Great Expectations, pandera or plain expressions",
        "In the mapping, `expectations: [{{rule: {id}, {limit}, reason: ...}}]` changes it for one study, "
        "`{{rule: {id}, off: REASON}}` switches it off. For all studies, edit {file}.",
    ),
    "coded": (
        "a decorated function, a narwhals expression of what fails",
        "In the mapping, `expectations: [{{rule: {id}, {limit}, reason: ...}}]` changes it for one study, "
        "`{{rule: {id}, off: REASON}}` switches it off. For all studies, edit {file}.",
    ),
    "plugin": (
        "a decorated function of an installed package",
        "In the mapping, `expectations: [{{rule: {id}, {limit}, reason: ...}}]` changes it for one study, "
        "`{{rule: {id}, off: REASON}}` switches it off. It stands in the package, in {file}.",
    ),
    "contract": (
        "the promise of the data dictionary, judged by pandera",
        "No study can change it: it says what the tables are. Correct the data or the mapping.",
    ),
    "laboratory": (
        "a statistic of whole batches of results",
        "In the mapping, `expectations: [{{rule: {id}, severity: info, reason: ...}}]` changes its severity for one "
        "study, `{{rule: {id}, off: REASON}}` switches it off.",
    ),
    "survey": (
        "a statistic of sites, teams and observers",
        "In the mapping, `expectations: [{{rule: {id}, severity: info, reason: ...}}]` changes its severity for one "
        "study, `{{rule: {id}, off: REASON}}` switches it off.",
    ),
    "reading": (
        "what reading a cell, a row or a unit found",
        "No study can change it: nothing else would say that something was not read. Correct the data or the mapping.",
    ),
    "analysis": (
        "what making the outputs had to leave blank or to warn of",
        "No study can change it. Say in the mapping, under `analysis:` or `repeats:`, what was meant.",
    ),
    "compare": (
        "the study's own computed values against milkqc's",
        "Its tolerance stands in the mapping, under `compare:`. `expectations: [{{rule: {id}, severity: info, "
        "reason: ...}}]` changes its severity.",
    ),
    "redcap": (
        "what a REDCap data dictionary asks for",
        "In the mapping, `expectations: [{{rule: {id}, severity: info, reason: ...}}]` changes its severity for one "
        "study, `{{rule: {id}, off: REASON}}` switches it off. Its limits stand in the project's dictionary.",
    ),
}
# Limits that are written beside `rule:` in the mapping; all others stand under `limits:`.
BESIDE = ("min", "max", "above", "below", "share", "tolerance", "pattern", "values")
# Homes whose rules no study changes, and those of which it changes the severity but switches none off.
FIXED = frozenset({"contract", "reading", "analysis"})
KEPT = frozenset({"compare"})


@dataclass(frozen=True)
class Described:
    """One rule. `says` is its plain sentence, without fields; `message` the sentence of its findings, with them.

    `pack` is the file or module it stands in (`milk`, `dates`) or its home. `judges` says in words what is judged
    and `expected` what is right. `examples` holds `pass` and `fail`: values of a rule file, or small frames of a
    function, whose failing rows are marked under `!`. `arguments` are the limits that a study may change.
    `changed` is what the study changed and why, `off` why it switched the rule off; empty where it did not.
    """

    id: str
    home: Home
    table: str
    pack: str
    columns: tuple[str, ...]
    severity: Severity
    title: str
    says: str
    message: str
    source: str
    site: str = ""
    analyst: str = ""
    judges: str = ""
    expected: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    examples: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    line: int = 0
    owner: str = ""
    dimension: str = ""
    changed: str = ""
    off: str = ""
    own: bool = False

    @property
    def change(self) -> str:
        """How to change it, in one or two sentences."""
        if self.home == "suite" and self.own:
            return f"It is the study's own: edit {self.file}."
        limit = next(
            (f"{name}: ..." if name in BESIDE else f"limits: {{{name}: ...}}" for name in self.arguments),
            "severity: info",
        )
        return HOMES[self.home][1].format(id=self.id, file=self.file or "its file", limit=limit)

    @property
    def where(self) -> str:
        """`expectations/milk.yaml:12`, or the home where there is no file."""
        return f"{self.file}:{self.line}" if self.line else self.file


_FIELD = re.compile(r"\{(\w+)\}")
_SHOWN = re.compile(r"\{value\}( \{unit\}| %)?")


def plain(sentence: str, expected: str) -> str:
    """A finding's sentence without its fields: `{expected}` filled in, `{value} {unit}` left out or an ellipsis."""
    said = sentence.replace("{expected}", expected or "…")
    said = re.sub(r", (?:\{value\}(?: \{unit\}| %)?),", "", said)
    said = re.sub(r"(?<=[a-z)]) " + _SHOWN.pattern + r"(?= is | are )", "", said)
    said = _SHOWN.sub("…", said)
    return " ".join(_FIELD.sub("…", said).replace("{{", "{").replace("}}", "}").split())
