"""What a check says of a field: which rows fail, how many were looked at, or why nothing was judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from milkqc.checks.dictionary.fields import Field
from milkqc.model import Severity

# The rules, permanent. Critical only for what cannot be: two rows of one key. The dictionary's own limits are soft.
SEVERITY: dict[str, Severity] = {
    "redcap.branching": "warning",
    "redcap.calculation": "warning",
    "redcap.choice": "warning",
    "redcap.key.unique": "critical",
    "redcap.outside_event": "warning",
    "redcap.range": "warning",
    "redcap.required": "warning",
    "redcap.type": "warning",
}


@dataclass(frozen=True)
class Verdict:
    """One rule on one field. `failing` are positions of rows; `values`, `expected` and `columns` as long as it.

    `n_rows` counts the rows that each failing position stands for.
    """

    rule_id: str
    field: Field
    failing: pl.Series
    looked_at: int
    not_judged: int
    values: pl.Series
    expected: pl.Series
    columns: pl.Series
    n_rows: pl.Series


@dataclass(frozen=True)
class NotJudged:
    """A field that a rule could not judge at all, and the reason."""

    rule_id: str
    field: Field
    why: str


def verdict(
    rule_id: str,
    field: Field,
    *,
    fails: pl.Series,
    among: pl.Series,
    not_judged: pl.Series | None = None,
    values: pl.Series | None = None,
    expected: str | Callable[[pl.Series], pl.Series] | None = None,
    column: str | None = None,
) -> Verdict:
    """The verdict of row masks: `fails` counts only in `among`, the rows that were judged.

    `expected` is the same for all rows, or a function from the failing positions to their texts.
    """
    rows = (fails & among).fill_null(value=False).arg_true().cast(pl.UInt32)
    nothing = pl.repeat(None, rows.len(), dtype=pl.String, eager=True)
    return Verdict(
        rule_id,
        field,
        rows,
        int(among.sum()),
        0 if not_judged is None else int(not_judged.sum()),
        nothing if values is None else values.gather(rows),
        expected(rows)
        if callable(expected)
        else pl.repeat(expected, rows.len(), dtype=pl.String, eager=True),
        pl.repeat(column or field.column, rows.len(), dtype=pl.String, eager=True),
        pl.repeat(1, rows.len(), dtype=pl.Int64, eager=True),
    )
