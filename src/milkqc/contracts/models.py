"""pandera models made from the data dictionary and from what the analysis table always has."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import polars as pl

from milkqc.checks.contract import model_of
from milkqc.model import TABLES
from milkqc.reference import Column, analytes, columns, dictionary
from milkqc.reference.wide import columns_of

Backend = Literal["polars", "pandas"]
_KEY = ("participant_id", "infant_id", "visit")


def named(name: str, backend: Backend, module: str) -> Any:
    """The model called `name`. AttributeError, as for any module, where there is none."""
    if name not in {*(table.capitalize() for table in TABLES), "Analysis"}:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    return _model(name, backend)


@cache
def _model(name: str, backend: Backend) -> Any:
    table = name.lower()
    if table in TABLES:
        return model_of(name, columns(table), backend=backend)
    promised, optional = _analysis()
    return model_of(name, promised, optional=optional, backend=backend)


def _analysis() -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    """The columns that every analysis table has, and those of the shipped analytes, which are there with their milk."""
    from milkqc.derive.analysis import AnalysisChoice, analysis

    empty, _ = analysis({}, analyses=AnalysisChoice())
    promised = tuple(_promised(name, kind) for name, kind in empty.schema.items())
    kinds = {"value": "number", "censored": "enum", "limit": "number", "below_mae": "boolean"}
    optional = tuple(
        _column(name, kinds[holds], codes=("<", ">") if holds == "censored" else (), least=0.0)
        for key, analyte in sorted(analytes().items())
        for holds, name in columns_of(key, analyte.unit).items()
    )
    return promised, optional


def _promised(name: str, kind: pl.DataType) -> Column:
    for table in ("participants", "visits", "growth"):
        for own in (name, name.removeprefix(f"{table}_")):
            known = dictionary().get((table, own))
            if known is not None:
                return _column(name, known.type, known.codes, known.min, known.max)
    words = {pl.Boolean: "boolean", pl.Date: "date", pl.String: "text", pl.Float64: "number"}
    return _column(name, words.get(type(kind), "integer"), least=0.0)


def _column(
    name: str, kind: Any, codes: tuple[str, ...] = (), least: float | None = None, most: float | None = None
) -> Column:
    bound = least if kind in {"number", "integer"} else None
    return Column("analysis", name, kind, "", codes, name not in _KEY, bound, most, name, "derived")
