"""The promised tables as pandera models, for analysts' own code, on polars frames (`contracts.pandas` on pandas frames).

    import pandera.polars as pa
    from pandera.typing.polars import DataFrame
    from milkqc.contracts import Analysis, Growth

    @pa.check_types
    def stunting(growth: DataFrame[Growth]) -> float: ...

Participants, Visits, Growth, Milk, Biomarkers (the harmonised tables) and Analysis (one row per infant and visit) are
built from the data dictionary when first asked for, so that importing this module stays fast. `Growth.validate(frame)`
gives the frame back or raises pandera's SchemaError.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Analysis", "Biomarkers", "Growth", "Milk", "Participants", "Visits"]


def __getattr__(name: str) -> Any:
    from milkqc.contracts.models import named

    return named(name, "polars", __name__)


def __dir__() -> list[str]:
    return sorted((*globals(), *__all__))
