"""What studies must agree in before their values mean the same: refused where they cannot, told where they may differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

import polars as pl

from milkqc.pool.read import Run

SCHEMA = {
    "severity": pl.String,
    "check": pl.String,
    "variable": pl.String,
    "study_a": pl.String,
    "study_b": pl.String,
    "a": pl.String,
    "b": pl.String,
    "message": pl.String,
}


def refused(runs: Sequence[Run]) -> list[str]:
    """Why the runs cannot be stacked at all; each line names the two."""
    faults = []
    for a, b in combinations(runs, 2):
        if a.study == b.study:
            faults.append(f"{a.folder} and {b.folder} are the same study, {a.study}. Name one of them.")
            continue
        both = f"{a.study} and {b.study}"
        versions = a.schema_version.partition(".")[0], b.schema_version.partition(".")[0]
        if versions[0] != versions[1]:
            faults.append(
                f"{both} have tables of schema {a.schema_version} and {b.schema_version}. Run both with one milkqc."
            )
        open_, closed = (a, b) if a.manifest.get("unblinded") else (b, a)
        if bool(a.manifest.get("unblinded")) != bool(b.manifest.get("unblinded")):
            faults.append(
                f"{open_.study} is unblinded and {closed.study} is blinded. Pool runs that are alike in this."
            )
        faults += [
            f"{both} have {name} in {one or 'no unit'} and {other or 'no unit'}. Run both with one milkqc."
            for name, one, other in _units(a, b)
        ]
    return faults


def _units(a: Run, b: Run) -> Iterator[tuple[str, str, str]]:
    """Variables and analytes that the two have in different canonical units."""
    mine, theirs = _unit_of(a), _unit_of(b)
    for name in sorted(mine.keys() & theirs.keys()):
        if mine[name] != theirs[name]:
            yield name, mine[name], theirs[name]


def _unit_of(run: Run) -> dict[str, str]:
    described = run.codebook.filter(
        pl.col("file").str.starts_with("harmonized/") & ~pl.col("column").str.starts_with("x_")
    )
    found = {
        f"{file.partition('/')[2]}.{column}": unit or ""
        for file, column, unit in described.select("file", "column", "unit").iter_rows()
    }
    for table in ("milk", "biomarkers"):
        pairs = run.tables[table].select("analyte", "unit").drop_nulls().unique().sort("analyte", "unit")
        for analyte, units in pairs.group_by("analyte", maintain_order=True).agg("unit").iter_rows():
            found[f"{table}.{analyte}"] = " and ".join(units)
    return found


def differences(runs: Sequence[Run]) -> pl.DataFrame:
    """Pairs of studies that differ in something which changes what their values mean (columns: SCHEMA)."""
    rows = [row for a, b in combinations(runs, 2) for row in _pair(a, b)]
    order = {"warning": 0, "info": 1}
    rows.sort(
        key=lambda row: (
            order[row["severity"]],
            row["check"],
            row["variable"],
            row["study_a"],
            row["study_b"],
        )
    )
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


# What is asked of a whole run: check, severity, how it is found, and what a difference means.
_OF_RUN: tuple[tuple[str, str, Callable[[Run], str], str], ...] = (
    ("milkqc.version", "info", lambda run: str(run.manifest["versions"]["milkqc"]), "Run both with one version."),
    ("mae.basis", "warning", lambda run: _mae(run), "Shares below are not of the same estimate: compare within a basis."),
    ("growth.standard", "warning", lambda run: _standards(run), "Scores of the two are not of the same standards: compare children alike."),
    ("growth.preterm_age", "warning", lambda run: str(run.manifest.get("preterm_age") or ""), "The routed scores of preterm children differ in age."),
    ("analysis.censored", "warning", lambda run: str(run.manifest.get("censored") or ""), "Results below the limit stand differently in the analysis tables."),
)  # fmt: skip


def _pair(a: Run, b: Run) -> Iterator[dict[str, Any]]:
    for check, severity, asked, todo in _OF_RUN:
        one, other = asked(a), asked(b)
        if one != other and (one and other):
            yield _row(severity, check, "", a, b, one, other, todo)
    for table in ("milk", "biomarkers"):
        for what in ("method", "measures"):
            mine, theirs = _said(a, table, what), _said(b, table, what)
            for analyte in sorted(mine.keys() & theirs.keys()):
                if mine[analyte] != theirs[analyte]:
                    todo = "Methods are never pooled without a look: see the distributions."
                    yield _row(
                        "warning", f"{table}.{what}", analyte, a, b, mine[analyte], theirs[analyte], todo
                    )
    for key, one, other in _statuses(a, b):
        if {one, other} & {"approximate", "undecided"} and not {one, other} & {"not_mapped", "not_collected"}:
            yield _row(
                "info",
                "match",
                key,
                a,
                b,
                one,
                other,
                "Read the notes in harmonisation.csv before pooling it.",
            )


def _row(
    severity: str, check: str, variable: str, a: Run, b: Run, one: str, other: str, todo: str
) -> dict[str, Any]:
    name = f" of {variable}" if variable else ""
    message = f"{check}{name} is {one} in {a.study} and {other} in {b.study}. {todo}"
    cells = (severity, check, variable, a.study, b.study, one, other, message)
    return dict(zip(SCHEMA, cells, strict=True))


def _mae(run: Run) -> str:
    declared = run.manifest.get("mae") or {}
    return " ".join(str(declared[key]) for key in ("authority", "basis") if declared.get(key))


def _standards(run: Run) -> str:
    growth = run.tables["growth"]
    return ", ".join(growth["growth_standard"].drop_nulls().unique().sort().to_list())


def _said(run: Run, table: str, what: str) -> dict[str, str]:
    said = run.tables[table].select("analyte", what).drop_nulls().unique().sort("analyte", what)
    return {
        analyte: "; ".join(texts)
        for analyte, texts in said.group_by("analyte", maintain_order=True).agg(what).iter_rows()
    }


def _statuses(a: Run, b: Run) -> Iterator[tuple[str, str, str]]:
    mine, theirs = (
        {
            (table or "", name): status
            for table, name, status in run.harmonisation.select("table", "variable", "status").iter_rows()
        }
        for run in (a, b)
    )
    for key in sorted(mine.keys() & theirs.keys()):
        yield ".".join(filter(None, key)), mine[key], theirs[key]
