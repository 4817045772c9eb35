"""Notes as text for people, JSON for pipelines and SARIF 2.1.0 for code review."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import quote

from milkqc import __version__
from milkqc.linting import FAULT, Note
from milkqc.mapping.faults import CODES


def as_text(notes: Sequence[Note], name: str) -> str:
    """One line a note, with file, line and column, and a last line that counts."""
    lines = []
    for note in notes:
        fault = note.fault
        place = ":".join([fault.file, *(str(part) for part in (fault.line, fault.column) if part)])
        where = f" {fault.where}" if fault.where else ""
        lines.append(f"{place} {note.severity} {fault.code}{where}: {fault.what} {fault.todo}".rstrip())
    faults = sum(note.severity == FAULT for note in notes)
    lines.append(f"{name}: {_count(faults, 'fault')}, {_count(len(notes) - faults, 'warning')}.")
    return "\n".join(lines) + "\n"


def _count(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'' if number == 1 else 's'}"


def as_json(notes: Sequence[Note], name: str) -> str:
    """`{"mapping", "faults", "warnings", "notes": [...]}`, as lint.schema.json beside this module promises."""
    faults = sum(note.severity == FAULT for note in notes)
    rows = [
        {
            "file": note.fault.file,
            "line": note.fault.line or None,
            "column": note.fault.column or None,
            "code": note.fault.code,
            "severity": note.severity,
            "where": note.fault.where,
            "what": note.fault.what,
            "todo": note.fault.todo,
        }
        for note in notes
    ]
    whole = {"mapping": name, "faults": faults, "warnings": len(notes) - faults, "notes": rows}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def as_sarif(notes: Sequence[Note]) -> str:
    """A SARIF 2.1.0 log with one run; columns count characters, and file names are percent-encoded references."""
    codes = sorted({note.fault.code for note in notes})
    rules = [{"id": code, "shortDescription": {"text": CODES.get(code, code)}} for code in codes]
    results = []
    for note in notes:
        fault = note.fault
        place: dict[str, object] = {"artifactLocation": {"uri": quote(fault.file)}}
        if fault.line:
            region = {"startLine": fault.line, **({"startColumn": fault.column} if fault.column else {})}
            place["region"] = region
        where = f"{fault.where}: " if fault.where else ""
        results.append(
            {
                "ruleId": fault.code,
                "ruleIndex": codes.index(fault.code),
                "level": "error" if note.severity == FAULT else "warning",
                "message": {"text": f"{where}{fault.what} {fault.todo}".rstrip()},
                "locations": [{"physicalLocation": place}],
            }
        )
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "milkqc", "version": __version__, "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }
    return json.dumps(log, indent=1, ensure_ascii=False) + "\n"
