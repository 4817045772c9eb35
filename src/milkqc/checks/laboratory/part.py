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


def with_methods(controls: pl.DataFrame, milk: pl.DataFrame) -> pl.DataFrame:
    """The laboratory's own rows with the `method` and `measures` of their batch where they declare none.

    A batch whose samples of an analyte were measured in one way had its controls measured in that way too; in a batch
    of two ways a control that says nothing stays without one, and is compared with others that say nothing.
    """
    names = ("method", "measures")
    controls = controls.with_columns(
        (pl.col(name) if name in controls.columns else pl.lit(None)).cast(pl.String).alias(name)
        for name in names
    )
    ways = (
        milk.filter(pl.col("batch").is_not_null())
        .group_by("analyte", "batch")
        .agg(
            pl.when(pl.col(name).n_unique() == 1).then(pl.col(name).first().cast(pl.String)).alias(f"_{name}")
            for name in names
        )
    )
    joined = controls.join(ways, on=["analyte", "batch"], how="left", maintain_order="left")
    filled = joined.with_columns(pl.coalesce(name, f"_{name}").alias(name) for name in names)
    return filled.drop(f"_{name}" for name in names)


def reported(milk: pl.DataFrame) -> pl.DataFrame:
    """The rows of milk that count (not superseded) and belong to a batch, with `y` the logarithm of the value."""
    there = milk.filter(pl.col("reported").fill_null(value=True), pl.col("batch").is_not_null())
    return there.with_columns(y=pl.when(pl.col("value") > 0).then(pl.col("value").log())).sort("row_id")
