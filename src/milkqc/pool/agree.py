"""What studies must agree in before their values mean the same, told where they may differ: one row for each cause."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from milkqc.pool import answers
from milkqc.pool.answers import Answers
from milkqc.pool.read import Run
from milkqc.pool.same import shared

SCHEMA = {
    "severity": pl.String,
    "check": pl.String,
    "variable": pl.String,
    "studies": pl.String,
    "answers": pl.String,
    "message": pl.String,
}
_ORDER = {"warning": 0, "info": 1}

# Each check: severity, what it is about, what every run answers (by variable), and what a difference means.
_CHECKS: Mapping[str, tuple[str, str, Callable[[Run], Answers], str]] = {
    "simulated": ("warning", "People", answers.simulated, "Figures of both together are of nobody."),
    "run.verdict": ("info", "Checks", answers.verdict, "Where one broke, silence about a value means nothing: read checks.csv."),
    "milkqc.version": ("info", "The version of milkqc", answers.version, "Run all with one version."),
    "rules": ("info", "The rules", answers.rules, "Do not compare the numbers of findings."),
    "schedule": ("warning", "The day of the visit {}", answers.schedule, "Distributions at this visit differ by age."),
    "mae.basis": ("warning", "The estimates of adequacy", answers.basis, "Shares below are not of the same estimate: compare within a basis."),
    "mae.estimate": ("warning", "The estimate of {}", answers.estimates, "Shares below are not of the same number: compare the concentrations."),
    "growth.standard": (
        "warning",
        "The standards of routed scores (laz_routed ...)",
        answers.standards,
        "laz to acz are WHO's in all: pool those.",
    ),
    "growth.preterm_age": ("warning", "The age of preterm children in routed scores", answers.preterm_age, "Pool laz to acz instead."),
    "analysis.choice": ("warning", "The milk sample in the analysis table", answers.choice, "Choose from harmonized/milk.csv alike for all."),
    "analysis.censored": ("warning", "Results below the limit in the analysis table", answers.censored, "Run all with one `censored`."),
    "milk.method": ("warning", "The method of {} in milk", answers.said("milk", "method"), "Methods are never pooled without a look: see the distributions."),
    "milk.measures": ("warning", "What was measured of {} in milk", answers.said("milk", "measures"), "Do not pool what is not the same."),
    "biomarkers.specimen": ("warning", "The specimen of {}", answers.said("biomarkers", "specimen"), "Levels differ between specimens: do not pool them."),
    "biomarkers.method": ("warning", "The method of {} in biomarkers", answers.said("biomarkers", "method"), "Methods are never pooled without a look: see the distributions."),
    "biomarkers.measures": ("warning", "What was measured of {} in biomarkers", answers.said("biomarkers", "measures"), "Do not pool what is not the same."),
    "extra.type": ("warning", "The type of {}", answers.extra_types, "Read it as one type before use."),
    "extra.unit": ("warning", "The unit of {}", answers.extra_units, "milkqc converts no column of a study's own: convert it before use."),
    "match": ("info", "How far {} is the dictionary's", answers.matches, "Read the notes in harmonisation.csv before pooling it."),
}  # fmt: skip


def differences(runs: Sequence[Run]) -> pl.DataFrame:
    """What the studies differ in and what may stand in them twice (columns: SCHEMA), the graver first.

    Where some studies only do not say (no method written, no estimates declared) it is an info: nothing is known
    to differ.
    """
    rows = [row for check in _CHECKS for row in _asked(check, runs)]
    rows += [_row(*one) for one in shared(runs)]
    rows.sort(key=lambda row: (_ORDER[row["severity"]], row["check"], row["variable"], row["studies"]))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _asked(check: str, runs: Sequence[Run]) -> list[dict[str, Any]]:
    severity, subject, ask, todo = _CHECKS[check]
    given: dict[str, dict[str, list[str]]] = {}
    for run in runs:
        for variable, answer in ask(run).items():
            given.setdefault(variable, {}).setdefault(answer, []).append(run.study)
    rows = []
    for variable, found in given.items():
        if len(found) < 2:
            continue
        known = [answer for answer in found if answer != answers.UNSAID]
        grade = severity if len(known) > 1 else "info"
        if check == "match" and not {"approximate", "undecided"} & set(found):
            continue
        said = [(answer, studies) for answer, studies in sorted(found.items())]
        parts = [f"{answer} in {_and(studies)}" for answer, studies in said]
        rows.append(
            _row(
                grade,
                check,
                variable,
                [study for _, studies in said for study in studies],
                "; ".join(f"{answer}: {', '.join(studies)}" for answer, studies in said),
                f"{subject.format(variable)}: {'; '.join(parts)}. {todo}",
            )
        )
    return rows


def _row(
    severity: str, check: str, variable: str, studies: Sequence[str], told: str, message: str
) -> dict[str, Any]:
    cells = (severity, check, variable, "; ".join(sorted(studies)), told, message)
    return dict(zip(SCHEMA, cells, strict=True))


def _and(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
