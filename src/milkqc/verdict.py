"""What became of a run, in a word and a sentence, and the settings and files that its outputs repeat."""

from __future__ import annotations

from typing import Any

import polars as pl

from milkqc import findings as found
from milkqc.model import SEVERITIES, Origin
from milkqc.study import Study


def verdict(findings: pl.DataFrame, checks: pl.DataFrame, fail_on: str) -> tuple[str, str, int]:
    """`pass`, `fail` or `incomplete`, the sentence that says which rule decided it, and the exit code."""
    broken = checks.filter(pl.col("status") == "broken")
    if broken.height:
        ids = broken["rule_id"].unique().sort().to_list()
        named = ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
        many = "check" if len(ids) == 1 else "checks"
        return "incomplete", f"{len(ids)} {many} could not run to the end ({named}): see checks.csv.", 3
    if fail_on == "never":
        return "pass", "Findings do not decide the verdict (--fail-on never).", 0
    counted = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    failing = findings.filter(pl.col("severity").is_in(counted) & found.is_open())
    if failing.is_empty():
        return "pass", f"No open finding is {' or '.join(counted)}.", 0
    worst = failing["rule_id"].value_counts().sort(["count", "rule_id"], descending=[True, False])
    n, rule, most = failing.height, worst["rule_id"][0], worst["count"][0]
    many = "finding is" if n == 1 else "findings are"
    decided = f"{rule}" if worst.height == 1 else f"{rule} ({most}) and {worst.height - 1} more rule(s)"
    return "fail", f"{n} open {many} {' or '.join(counted)}, decided by {decided}.", 1


def origins(study: Study) -> tuple[Origin, ...]:
    """Every file that was read, once, by its name."""
    by_file = {
        (source.origin.file, source.origin.sha256, source.origin.columns): source.origin
        for table in study.tables.values()
        for source in table.sources
    }
    files = [by_file[key] for key in sorted(by_file)]
    return tuple(sorted((*files, *study.dictionaries), key=lambda origin: origin.file))


def settings(study: Study, fail_on: str, verdict: str, reason: str, code: int) -> dict[str, Any]:
    """What decided how the data were read and judged, and what came of it, JSON-safe."""
    from milkqc import __version__
    from milkqc.derive.adequacy import STAGE_TEXT

    mapping = study.loaded.mapping
    mae = mapping.mae
    return {
        "study": mapping.study,
        "title": mapping.title or mapping.study,
        "simulated": mapping.simulated,
        "milkqc_version": __version__,
        "mapping_file": study.loaded.document.name,
        "mapping_sha256": study.digests[study.loaded.document.name],
        "rule_files": [
            {"file": name, "sha256": digest}
            for name, digest in study.digests.items()
            if name != study.loaded.document.name
        ],
        "fail_on": fail_on,
        "verdict": verdict,
        "verdict_reason": reason,
        "exit_code": code,
        "mae": None
        if mae is None
        else {"authority": mae.authority, "basis": mae.basis, "set": list(mae.set), "values": mae.values},
        "schedule": {name: visit.model_dump(mode="json") for name, visit in mapping.schedule.items()},
        "stage_cutoffs": STAGE_TEXT,
        "not_collected": dict(mapping.not_collected),
        "unblinded": mapping.unblinded,
        "preterm_age": mapping.preterm_age,
        "study_start": mapping.study_start,
        "data_cutoff": mapping.data_cutoff,
        "censored": mapping.analysis.censored,
        "rules_off": dict(study.rules.off),
        "rules_changed": [dict(change) for change in study.rules.changes],
    }
