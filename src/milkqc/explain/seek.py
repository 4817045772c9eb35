"""Which row and column a person means; what is not there is answered with the nearest that is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from milkqc.explain.model import ExplainError
from milkqc.explain.store import Row, Store
from milkqc.model import TABLES

if TYPE_CHECKING:
    from milkqc.explain.analysis import Analysis

RESULTS = ("milk", "biomarkers")
_SHOWN = 8


def nearest(word: str, known: Iterable[str]) -> str:
    """`Did you mean ...?` with the nearest of the known words, or the first of them."""
    from rapidfuzz import fuzz, process

    listed = sorted(set(known))
    close = process.extract(
        word.lower(), listed, scorer=fuzz.WRatio, processor=str.lower, limit=3, score_cutoff=60
    )
    if close:
        return f"Did you mean {' or '.join(one[0] for one in close)}?"
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return f"There are {', '.join(listed[:_SHOWN])}{more}." if listed else "There are none."


def column(store: Store, analysis: Analysis, table: str, variable: str) -> str:
    """The column of the table that `variable` names (in milk: the analyte, and perhaps a column of it)."""
    if table == "analysis":
        names = list(store.analysis[0]) if store.analysis else []
        if variable in names:
            return variable
        values = {analyte: name for name, (analyte, part) in analysis.milk.columns.items() if part == "value"}
        if variable in values:
            return values[variable]
        known: Iterable[str] = [*names, *values]
    elif table in RESULTS:
        analytes = {row["analyte"] for row in store.tables[table]}
        analyte, _, rest = variable.partition(".")
        if analyte in analytes and (not rest or rest in store.columns[table]):
            return variable
        known = (
            analytes if analyte not in analytes else [f"{analyte}.{name}" for name in store.columns[table]]
        )
    elif table in TABLES:
        if variable in store.columns[table]:
            return variable
        known = store.columns[table]
    else:
        raise ExplainError(f"there is no table {table!r}. {nearest(table, ('analysis', *TABLES))}")
    raise ExplainError(f"{table} has no variable {variable!r}. {nearest(variable, known)}")


def rows(
    store: Store,
    table: str,
    participant: str,
    visit: str,
    column: str,
    *,
    infant: str | None,
    sample: str | None,
) -> list[Row]:
    """The rows that are meant: one of the analysis file; of a harmonised table all that share the key."""
    every = store.analysis if table == "analysis" else store.tables[table]
    mine = [row for row in every if participant in (row["participant_id"], row.get("infant_id"))]
    if not mine:
        ids = {row["participant_id"] for row in every}
        raise ExplainError(f"{table} has no participant {participant!r}. {nearest(participant, ids)}")
    if table != "participants":
        there = {row["visit"] for row in mine}
        mine = [row for row in mine if row["visit"] == visit]
        if not mine:
            raise ExplainError(f"{participant} has no visit {visit!r} in {table}. {nearest(visit, there)}")
    if table in RESULTS:
        analyte = column.partition(".")[0]
        there = {row["analyte"] for row in mine}
        mine = [row for row in mine if row["analyte"] == analyte]
        if not mine:
            raise ExplainError(f"{participant} has no {analyte} at {visit}. {nearest(analyte, there)}")
        if sample is not None:
            there = {str(row["sample_id"]) for row in mine}
            mine = [row for row in mine if row["sample_id"] == sample]
            if not mine:
                raise ExplainError(
                    f"{participant} has no sample {sample!r} at {visit}. {nearest(sample, there)}"
                )
    elif sample is not None:
        raise ExplainError(f"{table} has no samples. Take --sample out, or add --table milk.")
    if infant is not None and table != "visits":
        there = {str(row["infant_id"]) for row in mine}
        mine = [row for row in mine if row["infant_id"] == infant]
        if not mine:
            raise ExplainError(f"{participant} has no infant {infant!r}. {nearest(infant, there)}")
    infants = sorted({str(row["infant_id"]) for row in mine if row.get("infant_id") is not None})
    if table in {"analysis", "participants", "growth"} and len(infants) > 1:
        raise ExplainError(f"{participant} has several infants: {', '.join(infants)}. Say which by --infant.")
    return mine
