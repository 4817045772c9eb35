"""A file's columns found, read and brought to milkqc's names, units and words; all faults of a call together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from milkqc import cells
from milkqc.errors import MilkqcError, UnitError
from milkqc.model import Source
from milkqc.units import unit_factor
from milkqc.zscores import fields as known
from milkqc.zscores.fields import FIELDS, Field

# How many of the codes found, and of the rows concerned, a message names.
SHOWN = 6


class ZscoresError(MilkqcError):
    """Nothing can be scored as asked: columns, units or codes are missing. The message has a line for each."""

    def __init__(self, file: str, faults: Iterable[str]):
        self.file, self.faults = file, tuple(faults)
        super().__init__("\n".join(f"{file}: {fault}" for fault in self.faults))


@dataclass(frozen=True)
class Choices:
    """What the caller says of the file, by the names of fields.FIELDS.

    `columns`: the file's column; where none is said, a column with milkqc's own name is taken. `units`: the unit
    that the numbers are in; needed for every column that has not milkqc's name. `codes`: the file's code to a word
    (`{"1": "male"}`). `missing`: codes that mean missing. `date_format` (strptime) for dates that are text.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    date_format: str | None = None
    decimal: str | None = None


@dataclass(frozen=True)
class Unusable:
    """Cells of a field that are there and cannot be used: `what` each of them is, their 1-based rows, and what to do
    where that is known."""

    field: Field
    what: str
    rows: tuple[int, ...]
    todo: str = ""


@dataclass(frozen=True)
class Resolved:
    """`frame` has milkqc's columns, as long as the file; `unusable` what of it could not be read.

    `from_dates`: the age was computed from two dates.
    """

    frame: pl.DataFrame
    unusable: tuple[Unusable, ...]
    from_dates: bool


def resolve(source: Source, choices: Choices) -> Resolved:
    """The file's columns as `growth_scores` and `newborn_scores` take them. ZscoresError names all that is wrong."""
    faults: list[str] = []
    places = _places(source, choices, faults)
    _enough(places, source.table.columns, faults)
    columns: dict[str, pl.Series] = {}
    unusable: list[Unusable] = []
    for one in FIELDS:
        name = places.get(one.name)
        if name is None:
            continue
        if one.unit:
            found = _number(source, name, one, choices, faults)
        elif one.words:
            found = _words(source, name, one, choices, faults)
        else:
            found = _dates(source, name, one, choices, faults)
        if found is not None:
            columns[one.name], bad = found
            if bad is not None:
                unusable.append(bad)
    if faults:
        raise ZscoresError(source.origin.file, dict.fromkeys(faults))
    return _aged(columns, tuple(unusable))


def _places(source: Source, choices: Choices, faults: list[str]) -> dict[str, str]:
    """milkqc's name -> the file's column; the columns that are asked for and missing are one fault."""
    there = source.table.columns
    missing = [
        f"{column} (--{one.option})"
        for one in FIELDS
        if (column := choices.columns.get(one.name)) is not None and column not in there
    ]
    if missing:
        faults.append(f"there is no column {', '.join(missing)}. The file has {_shown(there)}.")
    return {
        one.name: choices.columns.get(one.name, one.name)
        for one in FIELDS
        if choices.columns.get(one.name, one.name) in there or one.name in choices.columns
    }


def _shown(columns: Sequence[str]) -> str:
    return ", ".join(columns[:30]) + (", ..." if len(columns) > 30 else "")


def _enough(places: Mapping[str, str], there: Sequence[str], faults: list[str]) -> None:
    lacking = []
    if known.SEX.name not in places:
        lacking.append("the sex (--sex)")
    measured = [one for one in known.MEASURES if one.name in places]
    born = [one for one in known.BIRTH_MEASURES if one.name in places]
    dated = {known.BIRTH_DATE.name, known.VISIT_DATE.name} <= places.keys()
    aged = known.AGE_DAYS.name in places or known.AGE_MONTHS.name in places or dated
    by_length = {"weight_kg", "length_cm"} <= places.keys()  # the one index that needs no age
    if not measured and not born:
        lacking.append("a measure (--weight, --length, --head, --muac ... or --birth-weight ...)")
    if (measured or not born) and not aged and not by_length:
        lacking.append("an age (--age-days, --age-months, or --birth-date and --visit-date)")
    if born and not measured and known.GESTATION.name not in places:
        lacking.append("the gestational age (--gestation)")
    if lacking:
        told = any("The file has" in fault for fault in faults)
        faults.append(
            f"needed, and not there: {'; '.join(lacking)}."
            + ("" if told else f" The file has {_shown(there)}.")
        )
    if known.AGE_DAYS.name in places and known.AGE_MONTHS.name in places:
        faults.append("there are an age in days and one in months. Name one of them, and rename the other.")


def _number(
    source: Source, name: str, one: Field, choices: Choices, faults: list[str]
) -> tuple[pl.Series, Unusable | None] | None:
    factor = _factor(name, one, choices, faults)
    if name not in source.table.columns:
        return None
    column = source.table[name]
    if not (column.dtype.is_numeric() or column.dtype in {pl.String, pl.Null}):
        faults.append(f"column {name} (--{one.option}) holds no numbers but {column.dtype}.")
        return None
    text = cells.source_text(source, name)
    gone = cells.canonical(text).is_in(_canonical(choices.missing)).fill_null(value=False)
    # Stata's float holds 9.6 as 9.60000038; its shortest text is what was typed.
    if column.dtype.is_numeric() and source.variable(name).source_type != "float":
        values, wrong = column.cast(pl.Float64), pl.repeat(value=False, n=column.len(), eager=True)
    else:
        read = cells.numbers(text, decimal=choices.decimal if column.dtype == pl.String else None)
        values, wrong = read["number"], read["status"].is_in(["unreadable", "censored"])
    # A cell missing by the file's own code has that code as its text, and is no number on purpose.
    there = column.is_not_null()
    faults_here = [fault.row - 1 for fault in source.faults if fault.column == name]
    there = there.scatter(faults_here, values=True) if faults_here else there
    values = pl.select(pl.when(there & ~gone).then(values * (1.0 if factor is None else factor))).to_series()
    bad = wrong & there & ~gone
    return values, _unusable(one, "no number", bad, todo=_decimals(text.filter(bad), choices))


def _decimals(texts: pl.Series, choices: Choices) -> str:
    """What to do about cells that are no numbers, where most of them would be with the other decimal mark."""
    if choices.decimal is not None or not texts.len():
        return ""
    with_comma = cells.numbers(texts, decimal=",")["number"].count()
    return "If the comma is the decimal mark, add --decimal ','." if with_comma > texts.len() / 2 else ""


def _factor(name: str, one: Field, choices: Choices, faults: list[str]) -> float | None:
    if one in {known.AGE_DAYS, known.AGE_MONTHS}:
        return 1.0
    unit = choices.units.get(one.name)
    if unit is None:
        if name == one.name:
            return 1.0
        faults.append(
            f"the unit of column {name} is not declared. Add --{one.option}-unit {one.unit}, or what it is."
        )
        return None
    try:
        factor = unit_factor(unit, one.unit)
    except UnitError as error:
        faults.append(f"--{one.option}-unit {unit}: {error}")
        return None
    if name == one.name and one.name not in choices.columns and factor != 1:
        faults.append(
            f"column {name} is in {one.unit} by its name, and in {unit} by --{one.option}-unit. "
            f"If the name misleads, say --{one.option} {name} too."
        )
    return factor


def _words(
    source: Source, name: str, one: Field, choices: Choices, faults: list[str]
) -> tuple[pl.Series, Unusable | None] | None:
    """Codes to words. Undeclared ones are a fault, with the codes found; a code outside of a declared list is data."""
    if name not in source.table.columns:
        return None
    text = cells.canonical(cells.source_text(source, name))
    here = source.table[name].is_not_null() & ~text.is_in(_canonical(choices.missing)).fill_null(value=False)
    text = pl.select(pl.when(here).then(text)).to_series()
    declared = choices.codes.get(one.name)
    if declared is None:
        declared = {"true": "true", "false": "false", "1": "true", "0": "false", "yes": "true", "no": "false"}
        declared = declared if one is known.OEDEMA else {word: word for word in one.words}
        written, text = text, text.str.to_lowercase()
        other = written.filter(text.is_not_null() & ~text.is_in(list(declared))).unique().sort()
        if other.len():
            faults.append(_undeclared(source, name, one, other))
            return None
    else:
        wrong = sorted(set(declared.values()) - set(one.words))
        if wrong:
            faults.append(
                f"--{one.option}-codes: {', '.join(wrong)} is not known. Codes stand for {' and '.join(one.words)}."
            )
            return None
        declared = dict(zip(_canonical(declared), declared.values(), strict=True))
    words = text.replace_strict(declared, default=None, return_dtype=pl.String)
    bad = text.is_not_null() & words.is_null()
    values = words == "true" if one is known.OEDEMA else words
    return values, _unusable(one, f"a code that --{one.option}-codes does not list", bad)


def _undeclared(source: Source, name: str, one: Field, other: pl.Series) -> str:
    found = other.to_list()
    shown = ", ".join(found[:SHOWN]) + (", ..." if len(found) > SHOWN else "")
    labels = source.variable(name).value_labels
    said = "; ".join(f"{code} is {labels[code]!r}" for code in found[:SHOWN] if labels.get(code))
    form = ",".join(f"{code}=..." for code in found[:SHOWN])
    return (
        f"column {name} (--{one.option}) holds {shown}, which mean different things in different studies"
        + (f" (the file's own labels: {said})" if said else "")
        + f". Say which is {' and which '.join(one.words)}: --{one.option}-codes {form}"
    )


def _dates(
    source: Source, name: str, one: Field, choices: Choices, faults: list[str]
) -> tuple[pl.Series, Unusable | None] | None:
    if name not in source.table.columns:
        return None
    column = source.table[name]
    if column.dtype == pl.Date or column.dtype == pl.Datetime:
        return column.cast(pl.Date), None
    if column.dtype not in {pl.String, pl.Null}:
        faults.append(f"column {name} (--{one.option}) holds no dates but {column.dtype}.")
        return None
    if choices.date_format is None:
        faults.append(
            f"column {name} (--{one.option}) is text. Say how dates are written, such as --date-format %d/%m/%Y."
        )
        return None
    try:
        cells.check_date_format(choices.date_format)
    except ValueError as error:
        faults.append(f"--date-format: {error}")
        return None
    read = cells.dates(cells.source_text(source, name), choices.date_format)
    return read["date"], _unusable(one, "no date in the format given", read["status"] == "unreadable")


def _aged(columns: dict[str, pl.Series], unusable: tuple[Unusable, ...]) -> Resolved:
    """An age from dates where no age is there; months stay months, for they are not rounded."""
    frame = pl.DataFrame({name: column.rename(name) for name, column in columns.items()})
    birth, visit = known.BIRTH_DATE.name, known.VISIT_DATE.name
    dated = {birth, visit} <= set(columns) and not {"age_days", "age_months"} & set(columns)
    if dated:
        days = (pl.col(visit) - pl.col(birth)).dt.total_days().cast(pl.Float64)
        frame = frame.with_columns(days.alias("age_days"))
    return Resolved(frame.drop(birth, visit, strict=False), unusable, dated)


def _unusable(one: Field, what: str, bad: pl.Series, *, todo: str = "") -> Unusable | None:
    rows = bad.fill_null(value=False).arg_true()
    return Unusable(one, what, tuple((rows + 1).to_list()), todo) if rows.len() else None


def _canonical(codes: Iterable[Any]) -> list[str]:
    """Codes as they are compared: `1.0` is `1`."""
    texts = [str(code) for code in codes]
    return [code or "" for code in cells.canonical(pl.Series(texts, dtype=pl.String)).to_list()]
