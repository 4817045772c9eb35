"""The codebook of a pool: what the runs' own codebooks say of each column, and what is a pool's alone."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import polars as pl

from milkqc.pool.read import Run
from milkqc.summarise.codebook import SCHEMA

_OWN = ("agreement", "distributions", "comparisons", "harmonisation")
_TYPES = {pl.Boolean: "boolean", pl.Date: "date"}


def described(tables: Mapping[str, pl.DataFrame], runs: Sequence[Run]) -> pl.DataFrame:
    """One row for each column of each table (by its path without ending), in order (summarise.codebook.SCHEMA).

    A stacked column is what the first study that has it says; it may be empty where one study lacks it or lets it
    be, and `source` names each study's own file and column.
    """
    said: dict[tuple[str, str], list[tuple[str, Mapping[str, Any]]]] = {}
    for run in runs:
        for row in run.codebook.iter_rows(named=True):
            said.setdefault((row["file"], row["column"]), []).append((run.study, row))
    rows = [
        _row(file, column, kind, said.get((file, column), []), len(runs))
        for file, frame in tables.items()
        for column, kind in frame.schema.items()
    ]
    about = [row for row in runs[0].codebook.iter_rows(named=True) if row["file"] == "codebook"]
    rows += [{**row, "nullable": row["nullable"] != "false"} for row in about]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _row(
    file: str,
    column: str,
    kind: pl.DataType,
    said: Sequence[tuple[str, Mapping[str, Any]]],
    studies: int,
) -> dict[str, Any]:
    if not said or file in _OWN:
        return _ours(file, column, kind)
    first = said[0][1]
    everywhere = len(said) == studies and all(row["nullable"] == "false" for _, row in said)
    types = {row["type"] for _, row in said}
    codes = dict.fromkeys(code for _, row in said for code in (row["codes"] or "").split("|") if code)
    return {
        **{key: first[key] for key in ("label", "unit", "origin", "aliases")},
        "file": file,
        "column": column,
        "type": first["type"] if len(types) == 1 else "text",
        "codes": "|".join(codes) or None,
        "source": "; ".join(f"{study}: {row['source']}" for study, row in said if row["source"]) or None,
        "nullable": not everywhere,
    }


def _ours(file: str, column: str, kind: pl.DataType) -> dict[str, Any]:
    """A column that a pool adds: columns.csv has its words; the study's name stands behind those of some."""
    stem = next((name for name in ("status_", "note_") if column.startswith(name)), None)
    ours, key = _columns(), f"{stem}STUDY" if stem and file == "harmonisation" else column
    known = ours.get((file, key)) or ours.get(("*", key)) or {}
    label = str(known.get("label") or column).replace("STUDY", column.removeprefix(stem or ""))
    numeric = "integer" if kind.is_integer() else "number" if kind.is_numeric() else None
    return {
        "file": file,
        "column": column,
        "label": label,
        "type": known.get("type") or numeric or _TYPES.get(type(kind), "text"),
        "unit": None,
        "codes": known.get("codes") or None,
        "origin": "pool",
        "source": None,
        "aliases": None,
        "nullable": known.get("nullable") != "false",
    }


@cache
def _columns() -> Mapping[tuple[str, str], Mapping[str, str]]:
    """columns.csv: the words for what only a pool has, by (file, column); file `*` holds for all."""
    text = resources.files("milkqc.pool").joinpath("columns.csv").read_text(encoding="utf-8")
    return {(row["file"], row["column"]): row for row in csv.DictReader(text.splitlines())}
