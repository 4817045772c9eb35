"""The limits that the study's rules and the data dictionary set for each variable, for pictures and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from milkqc import reference
from milkqc.model import Rule

SCHEMA: dict[str, Any] = {
    "table": pl.String,
    "variable": pl.String,
    "stage": pl.String,
    "kind": pl.String,
    "low": pl.Float64,
    "high": pl.Float64,
    "unit": pl.String,
    "condition": pl.String,
    "rule_id": pl.String,
}
_RESULTS = ("milk", "biomarkers")
_NO_UNIT = {"", "1", "{z}", "by analyte"}


def limits(rules: Sequence[Rule], *, off: Mapping[str, str]) -> pl.DataFrame:
    """One row per limit (SCHEMA): of the analyte and stage in milk and biomarkers, of the column elsewhere.

    `kind` is `hard` (the dictionary's impossible values, and rules called `.hard` or critical), `soft` (other
    row rules: confirm) or `batch` (judges a batch's median, not a row). `low` or `high` may be null; `stage` is
    null where the limit holds at every stage; `condition` says in words what else must hold. Rules in `off` set
    none. Values are in canonical units.
    """
    rows = [*_promised(), *(row for rule in rules if rule.id not in off for row in _of(rule))]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").sort(
        "table", "variable", "stage", "kind", "rule_id", nulls_last=True
    )


def _promised() -> Iterator[dict[str, Any]]:
    for (table, name), column in reference.dictionary().items():
        if column.min is not None or column.max is not None:
            yield {
                "table": table,
                "variable": name,
                "kind": "hard",
                "low": column.min,
                "high": column.max,
                "unit": "" if column.unit in _NO_UNIT else column.unit,
                "condition": "",
                "rule_id": f"{table}.{name}.impossible",
            }


def _of(rule: Rule) -> Iterator[dict[str, Any]]:
    kinds = {"value_between": "soft", "median_between": "batch"}
    kind = kinds.get(rule.expect)
    if kind is None or len(rule.columns) != 1:
        return
    if kind == "soft" and (rule.id.endswith(".hard") or rule.severity == "critical"):
        kind = "hard"
    of_results = rule.table in _RESULTS and rule.columns == ("value",)
    apart = {"analyte", "stage"} if of_results else set()
    condition = "; ".join(
        f"{name.replace('_', ' ')} {' or '.join(_several(value)).replace('_', ' ')}"
        for name, value in rule.when.items()
        if name not in apart
    )
    unit = rule.arguments.get("unit") or ""
    for variable in _several(rule.when.get("analyte")) if of_results else rule.columns:
        for stage in (_several(rule.when.get("stage")) or (None,)) if of_results else (None,):
            yield {
                "table": rule.table,
                "variable": variable,
                "stage": stage,
                "kind": kind,
                "low": rule.arguments.get("min"),
                "high": rule.arguments.get("max"),
                "unit": "" if unit in _NO_UNIT else unit,
                "condition": condition,
                "rule_id": rule.id,
            }


def _several(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(map(str, value)) if isinstance(value, tuple | list) else (str(value),)
