"""A study's own adequacy estimates, from a csv file that a person wrote."""

from __future__ import annotations

import csv
import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from milkqc.errors import Fault, Faults, UnitError
from milkqc.reference.analytes import Analyte
from milkqc.reference.headers import header_faults
from milkqc.units import per_mass, unit_factor

# What the estimates of such a file are called where authority and basis are shown.
STUDY = "study"

_REQUIRED = ("analyte", "value", "unit")
_OPTIONAL = ("measurand", "age_from_days", "age_to_days", "source")
# The ages that Adequate Intakes for 0-6 months speak of, in mature milk.
_AGES = (14.0, 182.0)


# The columns of a table of estimates, here and in reference.mae.
SCHEMA: dict[str, Any] = {
    "authority": pl.String,
    "edition": pl.String,
    "kind": pl.String,
    "basis": pl.String,
    "analyte": pl.String,
    "measurand": pl.String,
    "age_from_days": pl.Float64,
    "age_to_days": pl.Float64,
    "value": pl.Float64,
    "unit": pl.String,
    "derivation": pl.String,
    "default": pl.Boolean,
    "status": pl.String,
    "source": pl.String,
    "doi_url": pl.String,
    "note": pl.String,
}


class MaeFaults(Faults):
    """The file of a study's own estimates cannot be used: its codes start with V."""

    prefix = "V"


@dataclass(frozen=True)
class _Row:
    line: int
    analyte: str
    measurand: str
    ages: tuple[float, float]
    value: float
    unit: str
    printed: str
    source: str


def read_values(
    path: Path, *, basis: str, among: Mapping[str, Analyte], measurands: Mapping[str, str]
) -> pl.DataFrame:
    """The file's estimates in canonical units, one row per line, with the columns of reference.mae.SCHEMA.

    Columns `analyte`, `value`, `unit`, and if wanted `measurand` (default: that of the published estimate, else
    the analyte), `age_from_days`, `age_to_days` (default 14 and 182; equal for a point) and `source`.
    Raises MaeFaults with every fault of the file: V101 unreadable, V102 columns, V103 analyte, V104 value,
    V105 unit, V106 ages, V107 two estimates for one age.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "cannot be read"
        raise MaeFaults(
            [Fault(path.name, 0, "V101", "", f"{why}.", "Check the path of `values:`.")]
        ) from error
    reader = csv.DictReader(StringIO(text))
    _check_columns(path.name, reader.fieldnames or ())
    faults: list[Fault] = []
    found: list[_Row] = []
    for cells in reader:
        row = _row(path.name, reader.line_num, cells, among=among, measurands=measurands, faults=faults)
        if row is not None:
            found.append(row)
    faults.extend(_overlaps(path.name, found))
    if faults:
        raise MaeFaults(faults)
    return pl.DataFrame(
        [_estimate(row, basis=basis, file=path.name) for row in found],
        infer_schema_length=None,
        schema=SCHEMA,
    )


def _check_columns(file: str, names: Sequence[str]) -> None:
    faults = header_faults(file, names, required=_REQUIRED, optional=_OPTIONAL, code="V102", what="estimates")
    if faults:
        raise MaeFaults(faults)


def _row(
    file: str,
    line: int,
    cells: Mapping[str, str | None],
    *,
    among: Mapping[str, Analyte],
    measurands: Mapping[str, str],
    faults: list[Fault],
) -> _Row | None:
    """One line read; what is wrong with it goes to `faults`, and the line is then None."""
    text = {name: (cells.get(name) or "").strip() for name in (*_REQUIRED, *_OPTIONAL)}
    before = len(faults)

    def fault(code: str, column: str, what: str, todo: str) -> None:
        faults.append(Fault(file, line, code, column, what, todo))

    analyte = among.get(text["analyte"])
    if analyte is None:
        near = difflib.get_close_matches(text["analyte"], among, n=3)
        todo = f"Did you mean {' or '.join(near)}?" if near else "Use a key of analytes.csv."
        fault("V103", "analyte", f"{text['analyte']!r} is not an analyte.", todo)
    value = _number(text["value"])
    if value is None or value <= 0:
        fault(
            "V104",
            "value",
            f"{text['value']!r} is not a number above 0.",
            "Write a decimal point, no separators.",
        )
    factor = 1.0
    try:
        if analyte is not None:
            factor = unit_factor(text["unit"], analyte.unit, substance=analyte)
    except UnitError as error:
        # `density` and `fat` are words of a mapping: an estimate has no sample to take them from.
        own = per_mass(text["unit"]) is not None
        todo = "Convert it to mass or amount per volume, and say in `source` how." if own else error.todo
        fault("V105", "unit", error.what, todo)
    ages = tuple(
        _number(text[name]) if text[name] else default
        for name, default in zip(("age_from_days", "age_to_days"), _AGES, strict=True)
    )
    if ages[0] is None or ages[1] is None or ages[0] > ages[1]:
        fault(
            "V106",
            "age_from_days",
            "the ages are not two numbers in order.",
            "Write days, the younger first.",
        )
    if len(faults) > before or analyte is None or value is None or ages[0] is None or ages[1] is None:
        return None
    return _Row(
        line=line,
        analyte=analyte.key,
        measurand=text["measurand"] or measurands.get(analyte.key, analyte.key),
        ages=(ages[0], ages[1]),
        value=value * factor,
        unit=analyte.unit,
        printed=f"{text['value']} {text['unit']}",
        source=text["source"],
    )


def _overlaps(file: str, found: list[_Row]) -> list[Fault]:
    """Two estimates of one analyte for one age; two measurands of one analyte."""
    faults = []
    ordered = sorted(found, key=lambda row: (row.analyte, row.ages, row.line))
    for one, other in pairwise(ordered):
        if one.analyte != other.analyte:
            continue
        what = ""
        if other.ages[0] <= one.ages[1]:
            what = f"{one.analyte} has another estimate for the same age in line {one.line}."
        elif one.measurand != other.measurand:
            what = f"{one.analyte} is {other.measurand} here and {one.measurand} in line {one.line}."
        if what:
            faults.append(Fault(file, other.line, "V107", "analyte", what, "Keep one of them."))
    return faults


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _estimate(row: _Row, *, basis: str, file: str) -> dict[str, object]:
    return {
        "authority": STUDY,
        "edition": None,
        "kind": "mae",
        "basis": basis,
        "analyte": row.analyte,
        "measurand": row.measurand,
        "age_from_days": row.ages[0],
        "age_to_days": row.ages[1],
        "value": row.value,
        "unit": row.unit,
        "derivation": f"{row.printed} as the study gives it",
        "default": False,
        "status": "given by the study",
        "source": row.source or file,
        "doi_url": None,
        "note": None,
    }
