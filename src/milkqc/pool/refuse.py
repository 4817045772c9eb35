"""What makes runs impossible to stack: the same study, another schema, another unit, blinded beside unblinded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import polars as pl

from milkqc.pool.read import Run


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
