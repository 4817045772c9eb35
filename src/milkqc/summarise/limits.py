"""The limits that the study's rules and the data dictionary set for each variable, for pictures and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from milkqc import reference
from milkqc.messages.conditions import condition_text
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
    # A comparison ({not: colostrum}) names no stage to show a limit at: it is said among the conditions.
    apart = {name for name in ("analyte", "stage") if of_results and _plain(rule, name) is not None}
    condition = "; ".join(_condition(name, value) for name, value in rule.when.items() if name not in apart)
    unit = rule.arguments.get("unit") or ""
    for variable in _several(_plain(rule, "analyte")) if of_results else rule.columns:
        for stage in (_several(_plain(rule, "stage")) or (None,)) if of_results else (None,):
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


def _plain(rule: Rule, name: str) -> Any:
    wanted = rule.when.get(name)
    return None if isinstance(wanted, Mapping) else wanted


def _condition(name: str, wanted: Any) -> str:
    if isinstance(wanted, Mapping) or name in {"any", "all"}:
        return condition_text({name: wanted}).replace("_", " ")
    return f"{name.replace('_', ' ')} {' or '.join(_several(wanted)).replace('_', ' ')}"


def _several(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(map(str, value)) if isinstance(value, tuple | list) else (str(value),)
