"""Canonical units: the value beside the number as read, with the one factor between them.

Nothing is edited, with one exception that the architecture provides for: where a number cannot become a value
(its unit cannot be converted, a count is not whole), `X__missing` or `missing_reason` says so from here on.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from milkqc import reference
from milkqc.findings import drafts
from milkqc.model import LedgerRow
from milkqc.normalise import columns, results
from milkqc.normalise.faults import SUBSTANCE, UNIT, WHOLE
from milkqc.reference import Analyte

__all__ = ["SUBSTANCE", "UNIT", "WHOLE", "ledger", "normalise"]

_RESULTS = ("milk", "biomarkers")


def normalise(
    table: str, frame: pl.DataFrame, *, analytes: Mapping[str, Analyte] | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`frame` with values in canonical units, rows in their order; and draft findings.

    Each `X__number` and `X__raw_unit` give `X` (Float64, or Int64 for a count of the dictionary) and
    `X__factor`: X = number * factor, null where the number is. A column of the mapping's own (`x_...`) keeps
    its unit, with factor 1. In milk and biomarkers `number`, `limit_raw`, `raw_unit`, `analyte` and `substance`
    give `factor`, `value` (null where `censored` is set), `limit` and `unit` (of the analyte, on every row). Where
    the raw unit is per mass of milk or of fat, `factor` is the whole one: with the row's own `density_kg_l` or
    `fat_g_l`; without it there is none, and the reason is `no_density` or `no_fat`.
    `dilution` is what the laboratory recorded and has applied already; nothing is multiplied by it.

    A unit that cannot be converted, in the row it stands in, is a critical finding: the value is null, the
    reason `unit_unreadable`. A count that is not whole is one too: null, `unreadable`.
    `analytes` replaces the shipped ones (a study's own and the shipped). Raises MilkqcError for an analyte
    that is not among them.
    """
    found: list[pl.DataFrame] = [drafts()]
    for name in columns.numbers(frame):
        frame, part = columns.convert(table, frame, name)
        found.append(part)
    if table in _RESULTS:
        frame, part = results.convert(table, frame, reference.analytes() if analytes is None else analytes)
        found.append(part)
    return frame, pl.concat(found)


def ledger(table: str, frame: pl.DataFrame, found: pl.DataFrame) -> list[LedgerRow]:
    """What was looked at: a row for each rule and column (or analyte) of `frame`, as it was before normalise."""
    looked: list[tuple[str, str, int]] = []
    for name in columns.numbers(frame):
        there = frame[f"{name}__number"].count()
        looked.append((UNIT.format(table), name, there))
        if columns.is_count(table, name):
            looked.append((WHOLE.format(table), name, there))
    if table in _RESULTS:
        stated = frame.filter(pl.col("substance").is_not_null() & results.there())
        for analyte, n in stated.group_by("analyte").len().sort("analyte").iter_rows():
            looked.append((SUBSTANCE.format(table), analyte, n))
        counts = frame.group_by("analyte").agg(there=results.there().sum()).sort("analyte").iter_rows()
        looked += [(UNIT.format(table), analyte, there) for analyte, there in counts]
    failed = {
        (rule, variable): n for rule, variable, n in found.group_by("rule_id", "variable").len().iter_rows()
    }
    return [
        LedgerRow(
            rule_id=rule,
            engine="reading",
            table=table,
            variable=variable,
            severity="critical",
            status="ran" if there else "nothing_to_look_at",
            looked_at=there,
            failed=failed.get((rule, variable), 0),
            findings=failed.get((rule, variable), 0),
            source="definition",
        )
        for rule, variable, there in looked
    ]
