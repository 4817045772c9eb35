"""What one judgement over batches gives back: what it found, and how much it looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

BATCH = ["analyte", "method", "measures", "batch"]


@dataclass(frozen=True)
class Found:
    """One finding about a group of results of one analyte; `n` results are concerned."""

    rule: str
    analyte: str
    by: str
    name: str
    n: int
    value: str
    expected: str
    message: str
    cause_id: str | None = None

    @property
    def row_id(self) -> str:
        """`batch=B4`."""
        return f"{self.by}={self.name}"


@dataclass
class Part:
    """Findings, by (rule, analyte) how many groups were judged and how many could not be, why a rule broke, how
    long each took."""

    found: list[Found] = field(default_factory=list)
    judged: Counter[tuple[str, str]] = field(default_factory=Counter)
    not_judged: Counter[tuple[str, str]] = field(default_factory=Counter)
    broken: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def look(self, rule: str, analyte: str, *, judged: bool) -> None:
        """Count one group."""
        (self.judged if judged else self.not_judged)[rule, analyte] += 1

    @classmethod
    def together(cls, parts: Iterable[Part]) -> Part:
        """All parts as one, their findings in a fixed order."""
        whole = cls()
        for part in parts:
            whole.found += part.found
            whole.judged += part.judged
            whole.not_judged += part.not_judged
            whole.broken |= part.broken
            whole.seconds |= part.seconds
        whole.found.sort(key=lambda one: (one.rule, one.analyte, one.row_id, one.value))
        return whole


def reported(milk: pl.DataFrame) -> pl.DataFrame:
    """The rows of milk that count (not superseded) and belong to a batch, with `y` the logarithm of the value."""
    there = milk.filter(pl.col("reported").fill_null(value=True), pl.col("batch").is_not_null())
    return there.with_columns(y=pl.when(pl.col("value") > 0).then(pl.col("value").log())).sort("row_id")
