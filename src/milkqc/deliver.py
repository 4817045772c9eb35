"""A result delivered: rendered, described by its manifest, and written whole or not at all."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from milkqc import reference
from milkqc.attempts import REPORT, broke
from milkqc.errors import OutputError, reason
from milkqc.model import TABLES, Result
from milkqc.verdict import verdict

# The libraries whose version may change a number or a finding.
LIBRARIES = (
    "great-expectations",
    "narwhals",
    "numpy",
    "pandas",
    "pandera",
    "pint",
    "polars",
    "pyarrow",
    "pyreadstat",
    "python-calamine",
    "scipy",
)


def deliver(result: Result, out: Path, *, formats: tuple[str, ...] = ("csv", "parquet")) -> Result:
    """Write all outputs of `result` to the folder `out`, and give back what was written.

    A report that cannot be drawn makes the run incomplete: the result given back has it broken in its ledger.
    Raises OutputError; `out` is then as it was.
    """
    from milkqc.emit.write import write

    with reference.using(result.analytes):
        result, rendered = drawn(result)
        write(result, out, formats=formats, rendered=rendered, manifest=manifest(result))
    return result


def drawn(result: Result) -> tuple[Result, dict[str, bytes]]:
    """The report's files; where it raises those of its parts that do not, and `result` with the others broken."""
    from milkqc.report import render
    from milkqc.report.partly import plainly, sound

    try:
        return result, render(result)
    # The tables and findings are whole whatever a picture raises: checks.csv, the verdict and the page say what is
    # lacking, and the exit code becomes 3.
    except Exception as error:  # noqa: BLE001
        why = reason(error)
    shown, lost = sound(result)
    result = _incomplete(result, lost or {"report": why})
    try:
        if "report" not in lost:
            return result, render(replace(shown, checks=result.checks, settings=result.settings))
    # As above: the plain page asks nothing of what raised.
    except Exception as error:  # noqa: BLE001
        result = _incomplete(result, {"report": reason(error)})
    return result, plainly(result)


def _incomplete(result: Result, lost: Mapping[str, str]) -> Result:
    """`result` with the parts of its report that broke in the ledger, and so in the verdict."""
    from milkqc.checks import ledger

    rows = [broke(REPORT, why, variable=part) for part, why in lost.items()]
    checks = ledger.more(result.checks, rows)
    word, why, code = verdict(result.findings, checks, result.settings["fail_on"])
    settings = {**result.settings, "verdict": word, "verdict_reason": why, "exit_code": code}
    return replace(result, checks=checks, settings=settings)


def deliver_public(result: Result, out: Path) -> Result:
    """Write the public part of `result` to `out` (docs/privacy.md) and give it back.

    Raises OutputError; `out` is then as it was.
    """
    from milkqc import privacy
    from milkqc.emit.public import write_public
    from milkqc.report.partly import plainly

    with reference.using(result.analytes):
        published = privacy.publish(result)
        try:
            rendered = privacy.render(published)
        # As in `drawn`; the reason may hold a value, so only its kind is told.
        except Exception as error:  # noqa: BLE001
            published = privacy.publish(_incomplete(result, {"report": type(error).__name__}))
            rendered = plainly(published, counted=False)
    settings = published.settings
    told = ("simulated", "fail_on", "verdict", "verdict_reason", "exit_code", "privacy")
    write_public(
        privacy.tables(published),
        out,
        study=published.study,
        title=published.title,
        rendered=rendered,
        manifest={
            "study": published.study,
            "title": published.title,
            "versions": _versions(settings),
            **{name: settings[name] for name in told if name in settings},
        },
    )
    return published


def manifest(result: Result) -> dict[str, Any]:
    """Versions, inputs, mapping, rule files, the account of rows and the verdict; `created` is the only clock."""
    settings = result.settings
    return {
        "study": result.study,
        "title": result.title,
        "simulated": bool(settings["simulated"]),
        "created": _now(),
        "versions": _versions(settings),
        "mapping": {"file": settings["mapping_file"], "sha256": settings["mapping_sha256"]},
        "rule_files": settings["rule_files"],
        "inputs": [asdict(origin) for origin in result.origins],
        "reconciliation": [asdict(row) for row in result.reconciliation],
        "fail_on": settings["fail_on"],
        "verdict": settings["verdict"],
        "verdict_reason": settings["verdict_reason"],
        "exit_code": settings["exit_code"],
        "unblinded": settings["unblinded"],
        "mae": settings["mae"],
        "preterm_age": settings["preterm_age"],
        "censored": settings["censored"],
        "rules_off": settings["rules_off"],
        **({"privacy": settings["privacy"]} if "privacy" in settings else {}),
    }


def write_junit(result: Result, path: Path) -> None:
    """The ledger as JUnit XML (docs/report.md). Raises OutputError."""
    from milkqc.report.junit import junit

    with reference.using(result.analytes):
        _write_beside(junit(result), path, "the JUnit file")


def write_summary(result: Result, path: Path) -> None:
    """The report in a screenful of Markdown (docs/report.md). Raises OutputError."""
    from milkqc.report.markdown import markdown

    with reference.using(result.analytes):
        _write_beside(markdown(result), path, "the summary")


def _write_beside(content: bytes, path: Path, what: str) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot write {what}: {error.strerror}. OUT is written; choose another file."
        ) from None


def require_docs(folder: Path, out: Path) -> None:
    """Raise OutputError, before anything is run, when Data Docs cannot stand in `folder` beside OUT."""
    from milkqc.emit.swap import MANIFEST

    docs, whole = Path(os.path.realpath(folder)), Path(os.path.realpath(out))
    if docs == whole or whole in docs.parents or docs in whole.parents:
        raise OutputError(
            f"{folder}: Data Docs and OUT cannot lie in each other, since both are replaced whole. "
            "Name a folder beside OUT with --gx-docs."
        )
    if docs.is_dir() and any(docs.iterdir()):
        try:
            ours = "gx_docs" in json.loads((docs / MANIFEST).read_text("utf-8"))
        except (OSError, ValueError):
            ours = False
        if not ours:
            raise OutputError(
                f"{folder}: holds files, but no Data Docs of milkqc, so it is not replaced. "
                "Name a new or an empty folder with --gx-docs."
            )


def write_gx_docs(result: Result, folder: Path) -> tuple[int, int]:
    """Great Expectations' Data Docs of the rule files on the harmonised tables, whole or not at all.

    Shown is what ran in this run: a rule without anything to look at would be green there. manifest.json names
    every other rule under `left_out`, and under `broken` those that GX could not run; how many both are is
    given back. Imports GX (3.5 s). Raises OutputError; `folder` is then as it was.
    """
    from milkqc.checks.suites.datadocs import documents
    from milkqc.emit.swap import MANIFEST, replacing

    told = {
        rule: (status, why)
        for rule, status, why in result.checks.select("rule_id", "status", "why").iter_rows()
    }
    ran = [rule for rule in result.suites if told.get(rule.id, ("", None))[0] == "ran"]
    shown = {rule.id for rule in ran}
    moment = _now()
    with reference.using(result.analytes):
        made = documents(
            {name: result.table(name) for name in TABLES},
            ran,
            study=result.study,
            moment=dt.datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC),
        )
    silent = {
        rule.id: ": ".join(part for part in told.get(rule.id, ("not asked", None)) if part)
        for rule in result.suites
        if rule.id not in shown
    }
    left_out = {**made.left_out, **silent}
    manifest = {
        "milkqc": result.settings["milkqc_version"],
        "gx_docs": version("great-expectations"),
        "study": result.study,
        "created": moment,
        "warning": "These pages load scripts, styles and a logo from the network, and hold values of the study.",
        "left_out": dict(sorted(left_out.items())),
        "broken": dict(sorted(made.broken.items())),
    }
    try:
        with replacing(folder) as place:
            for name, content in made.files.items():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).write_bytes(content)
            (place / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", "utf-8")
    except OutputError as error:
        raise OutputError(f"{str(error).replace('--out', '--gx-docs')} OUT is written.") from error
    return len(left_out), len(made.broken)


def require_folder(path: Path) -> None:
    """Raise OutputError, before anything is run, when a file cannot be put at `path`."""
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK) or path.is_dir():
        raise OutputError(
            f"{path}: there is no folder to write this file in. Make it, or choose another file."
        )


def _versions(settings: Mapping[str, Any]) -> dict[str, str]:
    return {"milkqc": settings["milkqc_version"], **{name: version(name) for name in LIBRARIES}}


def _now() -> str:
    """UTC, to the second; SOURCE_DATE_EPOCH (reproducible-builds.org) fixes it where runs are to be compared."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    moment = dt.datetime.fromtimestamp(int(fixed), dt.UTC) if fixed else dt.datetime.now(dt.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def write_timings(seconds: Mapping[str, float], rules: Mapping[str, float], path: Path) -> None:
    """The seconds of each step as JSON and, under `rules`, those of each rule, the slowest first."""
    slowest = sorted(rules.items(), key=lambda each: (-each[1], each[0]))
    told: dict[str, Any] = {step: round(took, 4) for step, took in seconds.items()}
    told["rules"] = {rule: round(took, 6) for rule, took in slowest}
    try:
        path.write_text(json.dumps(told, indent=2) + "\n")
    except OSError as error:
        raise OutputError(
            f"{path}: cannot write the timings: {error.strerror}. Choose another file."
        ) from None
