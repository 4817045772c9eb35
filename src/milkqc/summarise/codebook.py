"""The codebook: every column of every output, with its label, type, unit, codes and where it comes from."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

import polars as pl

from milkqc import reference
from milkqc.model import TABLES
from milkqc.reference.wide import columns_of, unit_of

SCHEMA: dict[str, Any] = {
    "file": pl.String,
    "column": pl.String,
    "label": pl.String,
    "type": pl.String,
    "unit": pl.String,
    "codes": pl.String,
    "origin": pl.String,
    "source": pl.String,
    "aliases": pl.String,
    "nullable": pl.Boolean,
}
# The names of WHO's macros for the same scores (WHO Anthro, igrowup).
_ALIASES = {
    "laz": "zlen",
    "waz": "zwei",
    "wlz": "zwfl",
    "baz": "zbmi",
    "hcz": "zhc",
    "acz": "zac",
    "tsz": "zts",
    "ssz": "zss",
}
_ASIDE = {
    "__raw": "text as the source wrote it",
    "__missing": "why it is missing",
    "__raw_unit": "unit of the raw number",
    "__number": "number in the raw unit",
    "__factor": "factor from the raw unit",
}
# Where analysis columns come from, in the order in which the analysis table prefers them.
_ORIGINS = ("growth", "participants", "visits")
_MILK_LABELS = {
    "value": ("{}, concentration in milk", "number"),
    "censored": ("{}: below (<) or above (>) what the assay could measure", "enum"),
    "limit": ("{}: limit of the assay", "number"),
    "below_mae": ("{} is below the mother's milk adequacy estimate", "boolean"),
}
_NOWHERE: Mapping[tuple[str, str], str] = MappingProxyType({})
_EMPTY: Mapping[str, pl.DataFrame] = MappingProxyType({})


def codebook(
    result_tables: Mapping[str, pl.DataFrame],
    *,
    sources: Mapping[tuple[str, str], str] = _NOWHERE,
    lineage: Mapping[str, pl.DataFrame] = _EMPTY,
) -> pl.DataFrame:
    """One row per column of every output, in the order of the files and their columns (columns: SCHEMA).

    `result_tables` by name: the harmonised tables, analysis, mae_reference, findings, completeness, harmonisation, checks, rejected,
    survey_*; those
    that are absent have no rows. `sources[table, column]` is the source file and column of a mapped column.
    `lineage` adds the lineage tables. `file` is the output's path without its ending. A column that nothing
    describes (an `x_` one, say) has its name for a label and the frame's own type.
    """
    milk = _milk_columns(result_tables.get("milk"))
    rows: list[dict[str, Any]] = []
    for table in TABLES:
        rows += _rows(f"harmonized/{table}", table, result_tables.get(table), sources, milk)
    rows += _rows("harmonized/controls", "controls", result_tables.get("controls"), sources, milk)
    for table, frame in lineage.items():
        rows += _rows(f"lineage/{table}", "lineage", frame, _NOWHERE, milk)
    survey = ("survey_quality", "survey_digits", "survey_positions")
    for table in (
        "analysis",
        "mae_reference",
        "findings",
        "completeness",
        "harmonisation",
        "rejected",
        "checks",
        *survey,
    ):
        rows += _rows(table, table, result_tables.get(table), sources, milk)
    rows += _rows("codebook", "codebook", pl.DataFrame(schema=SCHEMA), _NOWHERE, milk)
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _rows(
    file: str,
    table: str,
    frame: pl.DataFrame | None,
    sources: Mapping[tuple[str, str], str],
    milk: Mapping[str, Mapping[str, Any]],
) -> Iterator[dict[str, Any]]:
    if frame is None:
        return
    for column, kind in frame.schema.items():
        said = _said(table, column, milk)
        origin = said.get("table", table)
        yield {
            "file": file,
            "column": column,
            "label": said.get("label") or column,
            "type": said.get("type") or _type(kind),
            "unit": said.get("unit") or None,
            "codes": said.get("codes") or None,
            "origin": said.get("origin") or ("extra" if column.startswith("x_") else "derived"),
            "source": sources.get((origin, said.get("column", column))),
            "aliases": _ALIASES.get(column) if origin == "growth" else None,
            "nullable": said.get("nullable", True),
        }


def _said(table: str, column: str, milk: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """What is known of a column: by the dictionary, by the analytes, or by columns.csv; nothing, perhaps."""
    own = _own().get((table, column))
    if table in TABLES:
        return _from_dictionary(table, column)
    if table == "lineage":
        return _aside(column)
    if table == "analysis" and own is None:
        if column in milk:
            return milk[column]
        return next((found for found in _elsewhere(column) if found), _own().get(("*", column), {}))
    return own or _own().get(("*", column), {})


def _from_dictionary(table: str, column: str) -> Mapping[str, Any]:
    entry = reference.dictionary().get((table, column))
    if entry is None:
        return {"table": table, "column": column} if column.startswith("x_") else {}
    return {
        "table": table,
        "column": column,
        "label": entry.label,
        "type": entry.type,
        "unit": entry.unit,
        "codes": "|".join(entry.codes),
        "origin": entry.origin,
        "nullable": entry.nullable,
    }


def _elsewhere(column: str) -> Iterator[Mapping[str, Any]]:
    """The dictionary's words for an analysis column; `growth_team` is the growth table's own team.

    In the analysis table all but the keys may be empty: a visit need not have a growth row.
    """
    for table in _ORIGINS:
        if column.startswith(f"{table}_"):
            found = _from_dictionary(table, column.removeprefix(f"{table}_"))
            if found:
                yield {**found, "nullable": True}
    shared = {"team", "infant_sex", "infant_birth_date"}
    for table in _ORIGINS:
        # The participant's own where both tables have the column.
        if not (table == "growth" and column in shared):
            found = _from_dictionary(table, column) if not column.startswith("x_") else {}
            if found:
                yield {**found, "nullable": found["nullable"] or found["origin"] != "key"}


def _milk_columns(milk: pl.DataFrame | None) -> Mapping[str, Mapping[str, Any]]:
    """The analysis table's columns for each analyte of the milk table."""
    if milk is None or not {"analyte", "unit"} <= set(milk.columns):
        return {}
    found = {}
    for (analyte,), part in milk.select("analyte", "unit").unique().group_by("analyte"):
        key = str(analyte)
        unit = unit_of(key, part.get_column("unit"))
        known = reference.analytes().get(key)
        for holds, column in columns_of(key, unit).items():
            label, kind = _MILK_LABELS[holds]
            found[column] = {
                "label": label.format(known.name if known else key),
                "type": kind,
                "unit": unit if kind == "number" else "",
                "codes": "<|>" if kind == "enum" else "",
                "origin": "derived",
            }
    return found


def _aside(column: str) -> Mapping[str, Any]:
    for ending, words in _ASIDE.items():
        if column.endswith(ending):
            return {"label": f"{column.removesuffix(ending)}: {words}", "origin": "lineage"}
    if column.startswith("link_") and column.endswith("_raw"):
        name = column.removeprefix("link_").removesuffix("_raw")
        return {"label": f"key looked up in {name}, as the source wrote it", "origin": "lineage"}
    if column.startswith("link_") and column.endswith("__key"):
        name = column.removeprefix("link_").removesuffix("__key")
        return {"label": f"the same key as {name} writes it, where that differs", "origin": "lineage"}
    return {**_own().get(("lineage", column), _own().get(("*", column), {})), "origin": "lineage"}


def _type(kind: pl.DataType) -> str:
    if kind.is_integer():
        return "integer"
    if kind.is_numeric():
        return "number"
    return {pl.Boolean: "boolean", pl.Date: "date"}.get(kind.base_type(), "text")


@cache
def _own() -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """columns.csv: what the data dictionary does not say, by (file, column); file `*` holds for all."""
    text = resources.files("milkqc.summarise").joinpath("columns.csv").read_text(encoding="utf-8")
    return MappingProxyType(
        {
            (row["file"], row["column"]): {**row, "nullable": row["nullable"] == "true", "origin": "derived"}
            for row in csv.DictReader(text.splitlines())
        }
    )
