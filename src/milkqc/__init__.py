"""milkqc: data quality and harmonisation for studies of human milk and infant growth.

The same as the command line, without files:

    source = milkqc.read("anthro.dta")
    result = milkqc.run("study.yaml", data="uploads")
    scored = milkqc.growth_scores(frame)
    newborn = milkqc.newborn_scores(frame)
    quality = milkqc.survey_quality(scored, by=["team"])
    factor = milkqc.unit_factor("umol/L", "ug/L", substance="retinol")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from milkqc.derive.frames import growth_scores, newborn_scores
    from milkqc.model import Result, Source
    from milkqc.pipeline import run
    from milkqc.readers import read
    from milkqc.summarise.survey.frames import survey_quality
    from milkqc.units import unit_factor

__version__ = "0.1.0"
__all__ = [
    "Result",
    "Source",
    "growth_scores",
    "newborn_scores",
    "read",
    "run",
    "survey_quality",
    "unit_factor",
]

# Imported when first asked for: `milkqc --help` must not wait for polars.
_HOME = {
    "Result": "milkqc.model",
    "Source": "milkqc.model",
    "growth_scores": "milkqc.derive.frames",
    "newborn_scores": "milkqc.derive.frames",
    "read": "milkqc.readers",
    "run": "milkqc.pipeline",
    "survey_quality": "milkqc.summarise.survey.frames",
    "unit_factor": "milkqc.units",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'milkqc' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
