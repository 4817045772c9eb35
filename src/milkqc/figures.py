"""Figures that a report shows and no rule stands behind: one that cannot be made is broken in the ledger, by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import polars as pl

from milkqc.checks.cover import SCHEMA, covered
from milkqc.checks.declare import Settings
from milkqc.errors import reason
from milkqc.model import LedgerRow
from milkqc.rulebook.own import StudyRules

Made = TypeVar("Made")
# The name in the ledger of each figure, and what it is. They have a row only where they broke.
FIGURES: Mapping[str, str] = {
    "report.growth.curves": "The growth curves of children whose measurements raised a question.",
    "report.laboratory.figures": "The report's laboratory page: batches, controls, duplicates.",
    "report.rules.cover": "How many values of each variable a rule has judged.",
}


@dataclass
class Attempts:
    """Makes figures one by one, and keeps a ledger row of each that raised."""

    ledger: list[LedgerRow] = field(default_factory=list)

    def __call__(self, name: str, make: Callable[[], Made], otherwise: Made) -> Made:
        """What `make` gives; `otherwise` where it raises."""
        try:
            return make()
        # Tables, findings and the other pages stand without it; the ledger says what is lacking, and the exit
        # code becomes 3.
        except Exception as error:  # noqa: BLE001
            why = reason(error)
        self.ledger.append(
            LedgerRow(name, "rules", "*", "*", "info", "broken", why=why, says=FIGURES[name], source="milkqc")
        )
        return otherwise


def cover(
    views: Mapping[str, pl.DataFrame],
    missing: pl.DataFrame,
    *,
    rules: StudyRules,
    ran: Collection[str],
    settings: Settings,
    attempt: Attempts,
) -> pl.DataFrame:
    """How many values of each mapped variable some rule has judged (`checks.cover`); `missing` names the variables."""

    def made() -> pl.DataFrame:
        mapped = missing.filter(pl.col("variable").is_not_null())
        return covered(
            views,
            variables=list(mapped.select("table", "variable").unique(maintain_order=True).iter_rows()),
            suites=rules.suites,
            coded=rules.coded,
            ran=ran,
            settings=settings,
        )

    return attempt("report.rules.cover", made, pl.DataFrame(schema=SCHEMA))
