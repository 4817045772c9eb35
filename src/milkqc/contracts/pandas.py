"""The promised tables as pandera models for pandas frames: `from milkqc.contracts.pandas import Growth`.

pandas reads whole numbers with gaps as floats, dates as text or datetime64 and truth as objects; the models convert
what converts without loss and hand the converted frame on.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Analysis", "Biomarkers", "Growth", "Milk", "Participants", "Visits"]  # noqa: F822  (made by __getattr__)


def __getattr__(name: str) -> Any:
    from milkqc.contracts.models import named

    return named(name, "pandas", __name__)


def __dir__() -> list[str]:
    return sorted((*globals(), *__all__))
