"""What concentrations are believable in milk, and what assays can measure: plausible.csv and lod.csv."""

from __future__ import annotations

from functools import cache

import polars as pl

from milkqc.reference.analytes import shipped
from milkqc.reference.tables import table

_NUMBERS = ("hard_low", "soft_low", "soft_high", "hard_high", "observed_low", "observed_high")


@cache
def limits() -> pl.DataFrame:
    """Proposed limits by analyte and stage (`any` for all stages), in the analyte's canonical unit.

    `soft_low` and `soft_high` are twice beyond what was observed, `hard_high` five times `soft_high`.
    `soft_low_kind` and `soft_high_kind` say what stands behind them: `individual` values (a row may be judged),
    study `means` (only a batch's median may), or a published `range` that does not say.
    """
    return table("plausible.csv", numbers=_NUMBERS)


@cache
def without_limits() -> tuple[str, ...]:
    """Analytes for which no limits are proposed, in the order of analytes.csv."""
    judged = set(limits()["analyte"])
    return tuple(key for key in shipped() if key not in judged)


@cache
def assays() -> pl.DataFrame:
    """Published limits of assays: `kind` is `lod`, `loq` or `linear`, `low` to `high` in the row's own `unit`.

    `analyte` is null where the source speaks of a group of them; `low` or `high` is null where it gives none.
    """
    return table("lod.csv", numbers=("low", "high"))
