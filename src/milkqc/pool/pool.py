"""Runs of several studies made one: stacked with a study column, checked against each other, compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from milkqc.mapping.harmonisation import GIVEN
from milkqc.mapping.rowids import escape
from milkqc.model import TABLES
from milkqc.pool.agree import differences
from milkqc.pool.compare import compared
from milkqc.pool.read import LISTS, PoolError, Run
from milkqc.pool.refuse import refused


@dataclass(frozen=True)
class Pooled:
    """`tables`, `analysis` and `lists` (findings, checks, rejected, completeness, mae_reference) have `study` first,
    and row ids `study|row_id`; `harmonisation` has a status and a note for each study."""

    runs: tuple[Run, ...]
    tables: Mapping[str, pl.DataFrame]
    analysis: pl.DataFrame
    lists: Mapping[str, pl.DataFrame]
    harmonisation: pl.DataFrame
    agreement: pl.DataFrame
    distributions: pl.DataFrame
    comparisons: pl.DataFrame


def pool(runs: Sequence[Run]) -> Pooled:
    """The runs as one, in the order of their study names whatever the order given.

    Raises PoolError, with all reasons, where fewer than two are given, a study is given twice, schemas or units
    differ, or blinded and unblinded studies would be mixed.
    """
    if len(runs) < 2:
        raise PoolError(["Pooling takes two runs or more. Name the --out folders of several studies."])
    runs = tuple(sorted(runs, key=lambda run: (run.study, run.folder)))
    faults = refused(runs)
    if faults:
        raise PoolError(faults)
    distributions, comparisons = compared(runs)
    return Pooled(
        runs=runs,
        tables={name: _stacked({run.study: run.tables[name] for run in runs}) for name in TABLES},
        analysis=_stacked({run.study: run.analysis for run in runs}),
        lists={name: _stacked({run.study: run.lists[name] for run in runs}) for name in LISTS},
        harmonisation=_harmonisation(runs),
        agreement=differences(runs),
        distributions=distributions,
        comparisons=comparisons,
    )


def _stacked(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One under the other; a column that a study has not is null there. An infant is `study` and `infant_id`.

    Row ids become `study|row_id` in findings too, so that these still find their rows (`study|*`: the table).
    """
    parts = []
    for study, frame in frames.items():
        own = frame.with_columns(study=pl.lit(study))
        if "row_id" in frame.columns:
            own = own.with_columns(row_id=pl.concat_str(pl.lit(f"{escape(study)}|"), "row_id"))
        parts.append(own.select("study", *frame.columns))
    return pl.concat(parts, how="diagonal_relaxed")


def _harmonisation(runs: Sequence[Run]) -> pl.DataFrame:
    """Variable x study: each study's status and note, and in how many it can be pooled (exact or converted).

    A study's own column (`x_`) has no `poolable`: two of one name need not be the same question.
    """
    every = pl.concat([run.harmonisation.select("table", "variable", "label", "unit") for run in runs])
    table = every.unique(["table", "variable"], keep="first", maintain_order=True)
    names = [f"status_{run.study}" for run in runs]
    for run in runs:
        own = run.harmonisation.select(
            "table",
            "variable",
            pl.col("status").alias(f"status_{run.study}"),
            pl.col("note").alias(f"note_{run.study}"),
        )
        table = table.join(own, on=["table", "variable"], how="left", nulls_equal=True, maintain_order="left")
    table = table.with_columns(pl.col(name).fill_null("not_mapped") for name in names)
    order = {name: place for place, name in enumerate(TABLES)}
    counted = pl.sum_horizontal(pl.col(name).is_in(GIVEN[:2]).cast(pl.Int64) for name in names)
    counted = pl.when(~pl.col("variable").str.starts_with("x_")).then(counted)
    return (
        table.with_columns(poolable=counted)
        .sort(
            pl.col("table").replace_strict(order, default=len(order), return_dtype=pl.Int64),
            "variable",
            nulls_last=True,
        )
        .select(
            "table", "variable", "label", "unit", "poolable", *names, *(f"note_{run.study}" for run in runs)
        )
    )
