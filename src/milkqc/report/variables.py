"""Which variables the report speaks of, and the matrix of variables by kinds of checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from milkqc import reference
from milkqc.model import SEVERITIES, TABLES, Result
from milkqc.report.limits import Limits, plain
from milkqc.report.place import KINDS, place_of
from milkqc.report.status import state

WHOLE = "*"  # what concerns no single variable: keys, rows, the whole table
# the gravest thing to say of a cell comes first
STATES = (*SEVERITIES, "could_not_run", "decided", "passed", "nothing")
_RESULTS = ("milk", "biomarkers")
_NO_UNIT = {"", "1", "by analyte"}
_UNITS = {"a": "years", "d": "days", "{z}": "z"}  # the dictionary's codes that are no words

Key = tuple[str, str]


@dataclass
class Cell:
    """A variable under a kind of check: its states seen, and the findings open."""

    states: set[str] = field(default_factory=set)
    findings: int = 0

    @property
    def worst(self) -> str:
        """The gravest state: a severity, could_not_run, decided, passed or nothing."""
        return next(name for name in STATES if name in self.states)


def matrix(result: Result, findings: pl.DataFrame) -> dict[Key, dict[str, Cell]]:
    """Cells by variable (table, variable) and kind of check, in the order of tables and of their variables.

    Rows are the mapped variables, the analytes, and derived ones that a check looked at; what concerns no single
    variable stands in a row `*` of its table. `findings` are as `found.visible` gives them.
    """
    mapped = mapped_of(result)
    cells: dict[Key, dict[str, Cell]] = {key: {} for key in mapped}
    for check in result.checks.iter_rows(named=True):
        became = state(check)
        kind = place_of(check["rule_id"], check["table"] or "").kind
        key = row_of(check["table"], check["variable"], mapped)
        seen = became == "nothing" or (became == "passed" and not _derived(key))
        if key not in cells and key[1] != WHOLE and seen:
            continue  # a column of the dictionary that this study does not have
        # what failed is told by its findings, which know their variable and whether they are decided
        cells.setdefault(key, {}).setdefault(kind, Cell()).states.add(
            "passed" if became == "failed" else became
        )
    counted = findings.group_by("table", "variable", "rule_id", "severity", "open").agg(n=pl.len())
    for table, variable, rule_id, severity, opened, n in counted.iter_rows():
        key = row_of(table, variable, mapped)
        cell = cells.setdefault(key, {}).setdefault(place_of(rule_id, table or "").kind, Cell())
        cell.states.add(severity if opened else "decided")
        cell.findings += n if opened else 0
    order = {key: place for place, key in enumerate(mapped)}
    ranks = {table: place for place, table in enumerate(TABLES)}
    empty = {
        table
        for table, _ in cells
        if not any(key[0] == table and worst(row) != "nothing" for key, row in cells.items())
    }
    known = sorted(
        (key for key in cells if key[0] not in empty or key in mapped),
        key=lambda key: (ranks.get(key[0], len(ranks)), key[1] == WHOLE, order.get(key, len(order)), key),
    )
    return {key: cells[key] for key in known}


def row_of(table: str | None, variable: str | None, mapped: Mapping[Key, str]) -> Key:
    """The row of the matrix for a check's or a finding's variable."""
    table = table or ""
    if (
        variable
        and variable.startswith("participant_")
        and variable not in {"participant_id", "participant_found"}
    ):
        table, variable = "participants", variable.removeprefix("participant_")
    key = (table, variable or WHOLE)
    if key in mapped or _derived(key):
        return key
    return key if key in reference.dictionary() and not _structural(key) else (table, WHOLE)


def _derived(key: Key) -> bool:
    """A number that milkqc computes and a person looks at: ages, BMI, z-scores."""
    column = reference.dictionary().get(key)
    return (
        column is not None
        and key[0] == "growth"
        and (column.origin, column.type) == ("derived", "number")
        and not column.column.endswith("_centile")  # says the same as its z-score
    )


def _structural(key: Key) -> bool:
    """Keys, and the columns that every laboratory result has: no variables of their own."""
    column = reference.dictionary().get(key)
    return column is None or column.origin in {"key", "derived"} or key[0] in _RESULTS


def mapped_of(result: Result) -> dict[Key, str]:
    """The mapped variables and analytes with their labels, in the order of the overview."""
    missing = result.statistics.get("missing", pl.DataFrame())
    if missing.is_empty():
        return {}
    return {
        (row["table"], row["variable"]): row["label"] or row["variable"]
        for row in missing.iter_rows(named=True)
        if row["variable"]
    }


def worst(cells: Mapping[str, Cell]) -> str:
    """The gravest state in a row; `nothing` for a variable that no check looked at."""
    states = {name for cell in cells.values() for name in cell.states}
    return next((name for name in STATES if name in states), "nothing")


def kinds_of(cells: Mapping[Key, Mapping[str, Cell]]) -> list[str]:
    """The kinds of checks that any row has, in their order."""
    used = {kind for row in cells.values() for kind in row}
    return [kind for kind in KINDS if kind in used]


def label(key: Key, mapped: Mapping[Key, str]) -> str:
    """A variable's name for people; `mapped` are the labels of `mapped_of`."""
    table, variable = key
    if variable == WHOLE:
        return "Keys and whole table"
    own = mapped.get(key)
    if own and own != variable:
        return own
    column = reference.dictionary().get((table, variable))
    analyte = reference.analytes().get(variable) if table in _RESULTS else None
    if column is not None and column.unit == "{z}":
        return f"{variable.upper().replace('_', ' ')}, {column.label.split(',')[0]}"
    return column.label if column else analyte.name if analyte else variable.replace("_", " ")


def unit(key: Key) -> str:
    """Its canonical unit, empty where it has none."""
    table, variable = key
    column = reference.dictionary().get((table, variable))
    if column is not None:
        return "" if column.unit in _NO_UNIT else _UNITS.get(column.unit, column.unit)
    analyte = reference.analytes().get(variable) if table in _RESULTS else None
    return analyte.unit if analyte else ""


def blind(result: Result, cells: Mapping[Key, Mapping[str, Cell]]) -> list[dict[str, Any]]:
    """Mapped variables whose values no check has judged, and why: there is none, or it had nothing to look at.

    That a cell could be read, or is filled in, says nothing of whether its value can be believed.
    """
    watched = _watched(result)
    mapped = mapped_of(result)
    told = []
    for key in mapped:
        judging = {
            kind: cell for kind, cell in cells.get(key, {}).items() if kind not in {"form", "unit", "filled"}
        }
        if key in watched or any(
            cell.states & {*SEVERITIES, "decided", "passed"} for cell in judging.values()
        ):
            continue
        states = {name for cell in judging.values() for name in cell.states}
        why = (
            "its check could not run"
            if "could_not_run" in states
            else "its checks had nothing to look at"
            if states
            else "no rule is written for it"
        )
        told.append({"table": key[0], "variable": key[1], "label": label(key, mapped), "why": why})
    return told


def cover(result: Result, limits: Limits) -> dict[str, Any]:
    """How many values of mapped variables some rule has judged, and the variables with values that none has."""
    counted = result.statistics.get("cover", pl.DataFrame())
    if counted.is_empty():
        return {"cells": 0, "covered": 0, "percent": None, "variables": [], "left_off": 0}
    cells, seen = int(counted["cells"].sum()), int(counted["covered"].sum())
    short = counted.filter(pl.col("covered") < pl.col("cells")).sort(
        pl.col("covered") - pl.col("cells"), "table", "variable"
    )
    mapped = mapped_of(result)
    shown = [
        {**row, "label": label((row["table"], row["variable"]), mapped)}
        for row in short.head(limits.rows_per_rule).iter_rows(named=True)
    ]
    return {
        "cells": cells,
        "covered": seen,
        "percent": round(100 * seen / cells, 1) if cells else None,
        "variables": plain(shown, limits=limits),
        "left_off": short.height - len(shown),
    }


def _watched(result: Result) -> set[Key]:
    """Every column of the rules over several columns that ran and looked at something."""
    rules = result.statistics.get("watched", pl.DataFrame())
    if rules.is_empty() or result.checks.is_empty():
        return set()
    ran = result.checks.filter((pl.col("status") == "ran") & (pl.col("looked_at") > 0))
    told = rules.join(ran.select("rule_id").unique(), on="rule_id", how="semi")
    return set(told.select("table", "column").iter_rows())
