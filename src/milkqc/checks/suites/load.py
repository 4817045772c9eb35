"""Rule files read strictly: every fault of every file, with its line, before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from milkqc import yamlfile
from milkqc.checks.suites.entry import GUIDANCE, Reader
from milkqc.errors import Fault, Faults, SuiteFaults
from milkqc.model import TABLES, Rule

_TOP = {"table", "about", "defaults", "rules"}


def load(paths: Iterable[Path], *, analytes: Mapping[str, str] | None = None) -> tuple[Rule, ...]:
    """The rules of rule files, sorted by id. Raises SuiteFaults with all the faults of all files together.

    `analytes` gives each analyte's canonical unit: the project's own, unless a study brings others.
    Codes: R101-R106 the file cannot be read as strict YAML; R201 unknown key, R202 missing key, R203 unknown
    table, column or analyte, R204 unknown kind or severity, R205 a value of the wrong form, R206 unit,
    R207 id used twice or badly formed, R208 examples.
    """
    units = _project_units() if analytes is None else analytes
    faults: list[Fault] = []
    rules: dict[str, Rule] = {}
    for path in sorted(paths):
        name = f"{path.resolve().parent.name}/{path.name}"
        try:
            text = yamlfile.text_of(path, name=name, kind=SuiteFaults)
            written, wrong = _read(text, name, tuple(units.items()))
        except Faults as error:
            faults.extend(error.faults)
            continue
        faults.extend(wrong)
        for rule in written:
            if rule.id in rules:
                first = rules[rule.id]
                faults.append(
                    Fault(
                        name,
                        rule.line,
                        "R207",
                        rule.id,
                        f"the id is used twice (first in {first.file}:{first.line}).",
                        "Give one of them another id.",
                    )
                )
            rules.setdefault(rule.id, rule)
    if faults:
        raise SuiteFaults(faults)
    return tuple(rules[name] for name in sorted(rules))


# The shipped files are the same for every run of a process, and reading them takes longer than judging a small study.
@lru_cache(maxsize=64)
def _read(
    text: str, name: str, units: tuple[tuple[str, str], ...]
) -> tuple[tuple[Rule, ...], tuple[Fault, ...]]:
    faults: list[Fault] = []
    rules = _rules(yamlfile.parse(text, name=name, kind=SuiteFaults), dict(units), faults)
    return tuple(rules), tuple(faults)


def _rules(document: yamlfile.Document, units: Mapping[str, str], faults: list[Fault]) -> list[Rule]:
    data = document.data

    def fault(path: tuple[str | int, ...], code: str, what: str, todo: str) -> None:
        faults.append(Fault(document.name, document.line(path), code, "", what, todo))

    for key in data:
        if key not in _TOP:
            fault((key,), "R201", f"unknown key {key!r}.", f"Use one of {', '.join(sorted(_TOP))}.")
    table, entries = data.get("table"), data.get("rules")
    if table not in TABLES:
        what = "the key table is missing." if table is None else f"unknown table {table!r}."
        fault(("table",), "R203", what, f"Use one of {', '.join(TABLES)}.")
        return []
    if not isinstance(entries, list) or not entries:
        fault(("rules",), "R202", "the file has no list of rules.", "Write `rules:` and a list below it.")
        return []
    defaults = data.get("defaults")
    if defaults is not None and not isinstance(defaults, dict):
        fault(("defaults",), "R205", "defaults must be keys and values.", "Write `defaults: {site: ...}`.")
    defaults = defaults if isinstance(defaults, dict) else {}
    for key, text in defaults.items():
        if key not in GUIDANCE:
            fault(("defaults", key), "R201", f"unknown key {key!r}.", f"Use {' or '.join(GUIDANCE)}.")
        elif not isinstance(text, str):
            fault(
                ("defaults", key), "R205", f"{key} must be a sentence.", "Write what to do about a finding."
            )
    said = {key: text for key, text in defaults.items() if key in GUIDANCE and isinstance(text, str)}
    found = []
    for place, entry in enumerate(entries):
        if not isinstance(entry, dict):
            fault(("rules", place), "R205", "a rule must be keys and values.", "Begin it with `- id: ...`.")
            continue
        own = entry.get("table", table)
        if own not in TABLES:
            fault(
                ("rules", place, "table"),
                "R203",
                f"unknown table {own!r}.",
                f"Use one of {', '.join(TABLES)}.",
            )
            continue
        reader = Reader(document, ("rules", place), entry, str(own), units, said)
        rule = reader.rule()
        faults.extend(reader.faults)
        if rule is not None:
            found.append(rule)
    return found


def _project_units() -> dict[str, str]:
    from milkqc.reference import analytes

    return {key: analyte.unit for key, analyte in analytes().items()}


def read_text(
    text: str, *, name: str = "rules.yaml", analytes: Mapping[str, str] | None = None
) -> tuple[Rule, ...]:
    """As `load`, from the text of one file."""
    faults: list[Fault] = []
    document: Any = yamlfile.parse(text, name=name, kind=SuiteFaults)
    rules = _rules(document, _project_units() if analytes is None else analytes, faults)
    if faults:
        raise SuiteFaults(faults)
    return tuple(sorted(rules, key=lambda rule: rule.id))
