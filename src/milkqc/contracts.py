"""The promised tables as pandera schemas, for analysts: `contracts.Growth.validate(frame)` on a polars frame.

Participants, Visits, Growth, Milk and Biomarkers are `pandera.polars.DataFrameSchema` objects built from the data
dictionary; they are made when first asked for, so that importing this module stays fast.
"""

from __future__ import annotations

from typing import Any

from milkqc.checks.contract import schema

__all__ = ["Biomarkers", "Growth", "Milk", "Participants", "Visits"]  # noqa: F822  (made by __getattr__)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return schema(name.lower())


def __dir__() -> list[str]:
    return sorted((*globals(), *__all__))
