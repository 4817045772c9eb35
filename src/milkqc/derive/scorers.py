"""The two scorers behind the public functions: WHO's child growth, and INTERGROWTH's newborn size."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from milkqc.derive.ages import days_from_months
from milkqc.derive.columns import Arrays, Floats, FrameError, Outcome, Scorer, Truths
from milkqc.derive.intergrowth import IntergrowthScore
from milkqc.derive.newborn import Measure, newborn_score
from milkqc.derive.who import UNKNOWN, Measurements, Scores, scorable, who_scores

MEASURES = (
    "weight_kg",
    "length_cm",
    "head_circumference_cm",
    "muac_cm",
    "triceps_skinfold_mm",
    "subscapular_skinfold_mm",
)
BIRTH_MEASURES: Mapping[str, tuple[str, Measure]] = {
    "ig_waz": ("birth_weight_kg", "weight"),
    "ig_laz": ("birth_length_cm", "length"),
    "ig_hcz": ("birth_head_circumference_cm", "head"),
}
_GROWTH, _NEWBORN = "growth_scores", "newborn_scores"


def measurements(arrays: Arrays) -> Measurements:
    """The kernel's input from columns as arrays; of two ages the one in days counts. Absent columns are null."""
    sex = arrays["infant_sex"]
    count = sex.size
    if "age_days" in arrays:
        age: Floats = arrays["age_days"]
    elif "age_months" in arrays:
        age = days_from_months(arrays["age_months"])
    else:
        age = np.full(count, np.nan)
    return Measurements(
        sex=sex,
        age_days=age,
        position=arrays.get("measured", np.full(count, UNKNOWN, dtype=np.int8)),
        oedema=arrays.get("oedema", np.zeros(count, dtype=np.bool_)),
        values={name: arrays[name] for name in MEASURES if name in arrays},
    )


def score_columns(scores: Scores) -> dict[str, Floats | Truths]:
    """What the kernel found as columns, in the order of the data dictionary."""
    columns: dict[str, Floats | Truths] = {}
    if scores.length_for_score_cm is not None and scores.measured_assumed is not None:
        columns["length_for_score_cm"] = scores.length_for_score_cm
        columns["measured_assumed"] = Truths(scores.measured_assumed, ~np.isnan(scores.length_for_score_cm))
    if scores.bmi is not None:
        columns["bmi"] = scores.bmi
    for name, z in scores.z.items():
        columns[name] = z
        columns[f"{name}_flag"] = Truths(scores.flags[name], ~np.isnan(z))
    return columns


def intergrowth_columns(name: str, score: IntergrowthScore) -> dict[str, Floats | Truths]:
    """One INTERGROWTH score as its three columns."""
    return {
        name: score.z,
        f"{name}_centile": score.centile,
        f"{name}_flag": Truths(score.flag, score.known),
    }


def _growth_outputs(columns: Collection[str]) -> dict[str, str]:
    aged = "age_days" in columns or "age_months" in columns
    indices = scorable(set(columns), age=aged)
    if not indices:
        raise FrameError(
            _GROWTH,
            "there is nothing to score.",
            f"Give age_days (or age_months) and at least one of {', '.join(MEASURES)}.",
        )
    outputs: dict[str, str] = {}
    if "length_cm" in columns:
        outputs |= {"length_for_score_cm": "number", "measured_assumed": "boolean"}
        if "weight_kg" in columns:
            outputs["bmi"] = "number"
    for index in indices:
        outputs |= {index.name: "number", f"{index.name}_flag": "boolean"}
    return outputs


def _score_growth(arrays: Mapping[str, npt.NDArray[Any]]) -> Outcome:
    aged = "age_days" in arrays or "age_months" in arrays
    return score_columns(who_scores(measurements(arrays), indices=scorable(set(arrays), age=aged)))


def _newborn_outputs(columns: Collection[str]) -> dict[str, str]:
    outputs: dict[str, str] = {}
    for name, (column, _) in BIRTH_MEASURES.items():
        if column in columns:
            outputs |= {name: "number", f"{name}_centile": "number", f"{name}_flag": "boolean"}
    if not outputs:
        wanted = ", ".join(column for column, _ in BIRTH_MEASURES.values())
        raise FrameError(_NEWBORN, "there is nothing to score.", f"Give at least one of {wanted}.")
    return outputs


def _score_newborn(arrays: Mapping[str, npt.NDArray[Any]]) -> Outcome:
    columns: dict[str, Floats | Truths] = {}
    for name, (column, what) in BIRTH_MEASURES.items():
        if column in arrays:
            score = newborn_score(
                arrays[column], arrays["gestational_age_days"], arrays["infant_sex"], what=what
            )
            columns |= intergrowth_columns(name, score)
    return columns


GROWTH = Scorer(
    name=_GROWTH,
    required=("infant_sex",),
    optional=("age_days", "age_months", *MEASURES, "measured", "oedema"),
    outputs=_growth_outputs,
    score=_score_growth,
)
NEWBORN = Scorer(
    name=_NEWBORN,
    required=("infant_sex", "gestational_age_days"),
    optional=tuple(column for column, _ in BIRTH_MEASURES.values()),
    outputs=_newborn_outputs,
    score=_score_newborn,
)
