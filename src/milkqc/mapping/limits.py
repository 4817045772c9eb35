"""The assay's limit of each row, in the raw unit: a number, the header's, a column, or a number by batch."""

from __future__ import annotations

import re

import polars as pl

from milkqc import cells as text_cells
from milkqc.errors import UnitError
from milkqc.mapping import values
from milkqc.mapping.actions import Place, action_of
from milkqc.mapping.language import Analyte
from milkqc.mapping.replicates import REPLICATES
from milkqc.mapping.values import Mapped
from milkqc.model import Variable

DISAGREE = "reading.limit.disagrees"
_NAMED = (
    r"(?:l?lod|l?loq|mdl|mql|(?:detection|quantification) limit|limit(?: of (?:detection|quantification))?)"
)
_NUMBER = r"([0-9]+(?:\.[0-9]+)?)"
# `LOD 0.7`, `LOQ=0.05 umol/L`, `(<0.7)`: a limit named, or a `<` that opens a bracket's part.
_HEADER = re.compile(
    rf"\b{_NAMED}\s*(?:is|of|[=:<])?\s*{_NUMBER}(?![0-9.,])|[(\[,;]\s*<\s*{_NUMBER}(?![0-9.,])", re.IGNORECASE
)


def limits(spec: Analyte, place: Place) -> Mapped:
    """Each row's limit (Float64), null where none is declared; one that cannot be read is a problem, its text kept."""
    height, limit = place.rows.height, spec.limit
    none = pl.repeat(None, height, dtype=pl.String, eager=True)
    if limit is None or limit.value is not None or limit.header:
        number = None if limit is None else _of_header(spec, place) if limit.header else limit.value
        value = pl.repeat(number, height, dtype=pl.Float64, eager=True)
        return Mapped(value, none, none)
    column = place.named(limit.from_ or limit.by or "")
    cells = place.rows.cells(column)
    reason = values.reasons(cells, place.missing, blanks=True)
    if limit.by is not None:
        words = {key: repr(value) for key, value in (limit.values or {}).items()}
        value = values.recode(cells.text, words).cast(pl.Float64)
        rule, expected = "reading.code.unknown", "a batch whose limit the mapping gives"
    else:
        value = _numbers(column, place)
        rule, expected = "reading.number.unreadable", "the assay's limit as a number"
    bad = value.is_null() & reason.is_null()
    return Mapped(
        pl.select(pl.when(reason.is_null()).then(value)).to_series(),
        cells.text,
        pl.select(pl.when(bad).then(pl.lit("unreadable")).otherwise(reason)).to_series(),
        (cells.column,),
        problems=values.problems(bad, rule, cells.text, expected),
        judged={rule: int(reason.is_null().sum())},
    )


def header_limit(variable: Variable) -> float | None:
    """The limit that a column's header or label names: `Iodine (ug/L, LOD 0.7)`, `Zn [mg/L] (<0.05)`; else null.

    Raises UnitError for a header with two limits.
    """
    for text in (variable.name, variable.label):
        found = {float(match[1] or match[2]) for match in _HEADER.finditer(text)}
        if len(found) > 1:
            listed = " and ".join(f"{number:g}" for number in sorted(found))
            raise UnitError(
                f"the header {text!r} has two limits: {listed}.", "Write the limit in the mapping."
            )
        if found:
            return found.pop()
    return None


def disagreements(mapped: Mapped, assay: Mapped, spec: Analyte, dilution: pl.Series | None) -> pl.DataFrame:
    """Problems where a cell gives one limit (`<1.5`) and the declared one is another, also times the dilution."""
    if mapped.censored is None or mapped.limit is None or action_of(spec, "number") in REPLICATES:
        return values.problems(pl.Series([], dtype=pl.Boolean), DISAGREE, mapped.raw.clear(), "")
    factor = pl.lit(spec.dilution if spec.dilution is not None else 1.0) if dilution is None else dilution
    frame = pl.select(
        cell=pl.when(mapped.censored == "<").then(mapped.limit),
        declared=assay.value,
        diluted=assay.value * factor,
    )
    # Equal but for the last bits of a decimal.
    near = [
        (pl.col("cell") - pl.col(name)).abs() <= pl.col(name).abs() * 1e-9 for name in ("declared", "diluted")
    ]
    apart = frame.select(~pl.any_horizontal([one.fill_null(False) for one in near])).to_series()
    both = frame["cell"].is_not_null() & frame["declared"].is_not_null()
    found = values.problems(apart & both, DISAGREE, mapped.raw, "")
    said = text_cells.number_text(frame["declared"]).gather(found["row"])
    return found.with_columns(expected=pl.lit("a limit of ") + said)


def _of_header(spec: Analyte, place: Place) -> float | None:
    """The one limit of the headers of an analyte's columns; null where they name none."""
    names = [place.named(name) for name in spec.from_ or () if name not in place.lets]
    found = {header_limit(place.rows.cells(name).variable) for name in names if place.rows.has(name)}
    return found.pop() if len(found) == 1 else None


def _numbers(column: str, place: Place) -> pl.Series:
    cells = place.rows.cells(column)
    if cells.kind == "number" and cells.native is not None:
        return cells.native
    decimal, thousands = place.rows.separators(column)
    parsed = text_cells.numbers(cells.text, decimal=decimal, thousands=thousands)
    # A limit column may itself say `<0.5`.
    return pl.select(pl.coalesce(parsed["number"], parsed["limit"])).to_series()
