"""The words of a mapping file (MAPPING.md), as frozen models. Every scalar arrives as text and is typed here."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from milkqc.mapping.language_columns import (
    ACTIONS,
    Action,
    Amount,
    Column,
    Comparison,
    Extra,
    Model,
    UnitOf,
    Words,
    keyed,
    listed,
)
from milkqc.mapping.language_results import (
    Analyte,
    Content,
    Controls,
    Defaults,
    LimitOf,
    Target,
    Zero,
)

__all__ = [
    "ACTIONS",
    "CLEANS",
    "FORMATS",
    "REDCAP_FORMATS",
    "REPEATS",
    "Action",
    "Amount",
    "Analyte",
    "Block",
    "Column",
    "Comparison",
    "Content",
    "Controls",
    "Defaults",
    "End",
    "Expected",
    "Extra",
    "Golden",
    "LimitOf",
    "Link",
    "Long",
    "Mapping",
    "Model",
    "Repeats",
    "Table",
    "Target",
    "UnitOf",
    "Words",
    "Zero",
]

REDCAP_FORMATS = ("redcap", "redcap_labels", "redcap_odm", "redcap_syntax", "redcap_api")
FORMATS = (
    *("dta", "sav", "por", "xpt", "sas7bdat"),
    *("csv", "xlsx", "xls", "xlsb", "ods"),
    *REDCAP_FORMATS,
)
REPEATS = ("finding", "same", "keep", "replicate")


class Long(Model):
    """A file with one measurement a row: which column names it, which holds it."""

    variable: str | None = None
    analyte: str | None = None
    value: str
    unit: str | None = None
    limit: str | None = None
    codes: dict[str, str] = Field(default_factory=dict)
    missing: dict[str, str] | None = None


Clean = Literal["trim", "upper", "lower", "digits", "no_spaces", "no_punctuation", "no_leading_zeros"]
CLEANS: tuple[str, ...] = get_args(Clean)


class End(Model):
    """The other table's column of a link, and how both sides are written alike before they are compared."""

    to: str = Field(description="The column of the linked table.")
    clean: tuple[Clean, ...] = Field(
        default=(),
        description="Steps, in this order, on the keys of both sides before they are compared; the cells stay as read.",
    )


class Link(Model):
    """A lookup in another table: `on` maps this table's column, or one of a link above, to the other's."""

    on: dict[str, Annotated[End, keyed("to")]] = Field(
        description="One pair: `TUBE: BARCODE`, or `TUBE: {to: BARCODE, clean: [trim, upper]}`; `tubes.SAMPLE: ID` chains."
    )
    both: bool = Field(
        default=False, description="Whether a row of the other table that no row here asks for is a finding."
    )


class Repeats(Model):
    """How several rows under one key are read."""

    policy: Literal["finding", "same", "keep", "replicate", "latest", "agree"]
    latest: str | None = None
    agree: Amount | None = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"policy": value}
        if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in {"latest", "agree"}:
            return {"policy": next(iter(value)), **value}
        return value


class Block(Model):
    """One source table read into one target table."""

    from_: str = Field(alias="from")
    with_: dict[str, Link] = Field(default_factory=dict, alias="with")
    where: dict[str, Words] = Field(default_factory=dict)
    visits: dict[str, str] | None = None
    long: Long | None = None
    key: dict[str, Annotated[Column, keyed("from")]]
    let: dict[str, Annotated[Column, keyed("from")]] = Field(default_factory=dict)
    columns: dict[str, Annotated[Column, keyed("from")]] = Field(default_factory=dict)
    extra: dict[str, Annotated[Extra, keyed("from")]] = Field(default_factory=dict)
    every: Defaults = Field(default_factory=Defaults)
    analytes: dict[str, Annotated[Analyte, keyed("from")]] = Field(default_factory=dict)
    repeats: Repeats | None = None
    controls: Controls | None = None
    specimen: Literal["milk", "serum", "plasma", "urine", "whole_blood", "dried_blood_spot"] = "milk"
    compare: dict[str, Comparison] = Field(default_factory=dict)


Row = Annotated[int, Field(ge=1)]


def _header(value: Any) -> Any:
    """`3` and `[3, 4]` are rows from 1; `none` is a file without names."""
    if value == "none":
        return value
    rows = value if isinstance(value, list | tuple) else [value]
    if not rows or not all(re.fullmatch("[1-9][0-9]{0,6}", str(row)) for row in rows):
        raise ValueError("a row from 1, several such as [3, 4], or none")
    return tuple(int(row) for row in rows)


HeaderRow = Annotated[
    tuple[int, ...] | Literal["none"], PlainValidator(_header, json_schema_input_type=int | list[int] | str)
]


class Plate(Model):
    """Plate grids read as a list of wells: where the first wells stand, or what the grids' corners read."""

    rows: Annotated[int, Field(ge=1, le=64)] = 8
    columns: Annotated[int, Field(ge=1, le=64)] = 12
    start: Words = ()
    corner: str | None = None
    beside: dict[str, str] = Field(default_factory=dict)


class Table(Model):
    """A source table: its file under the data folder, and what its format needs told.

    `format` is one of FORMATS, or of a package that brings a reader of its own.
    """

    file: str | None = None
    url: str | None = None
    project: str | None = None
    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    decimal: Literal[".", ","] | None = None
    thousands: Literal[".", ",", " ", "'"] | None = None
    header_row: HeaderRow | None = None
    separator: str | None = None
    unit_row: Row | None = None
    first_row: Row | None = None
    last_row: Row | None = None
    until: str | None = None
    section: str | None = None
    plate: Plate | None = None
    names: tuple[str, ...] | None = None
    sheet: str | None = None
    dictionary: str | None = None
    catalog: str | None = None
    event_forms: str | None = None
    form: str | None = None
    mixed: Literal["allow"] | None = None
    missing_codes: dict[str, str] | None = None
    syntax: str | None = None


class Visit(Model):
    """A planned visit: its day of life and the window of days in which it counts."""

    day: float
    window: tuple[float, float] | None = None


class Mae(Model):
    """Which adequacy estimates the study compares with."""

    authority: str | None = None
    basis: str | None = None
    set: tuple[str, ...] = ()
    values: str | None = None


class AnalysisMilk(Model):
    """Which of several samples of one visit stands in the analysis table."""

    expression: Words = ()
    replicates: Literal["mean"] | None = None


class Analysis(Model):
    """Choices for the analysis table."""

    milk: AnalysisMilk = Field(default_factory=AnalysisMilk)
    censored: Literal["none", "limit/2", "limit/sqrt2"] = "none"


def _blocks(value: Any) -> Any:
    return value if isinstance(value, list) or value is None else [value]


Blocks = Annotated[tuple[Block, ...], BeforeValidator(_blocks)]


def _changes(value: Any) -> Any:
    return [{"file": item} if isinstance(item, str) else item for item in listed(value) or []]


# A limit as it is written; whether it is a number, a date or a word is the rule's to say.
Given = str | float
Givens = Annotated[tuple[Given, ...], BeforeValidator(listed)]


class Expectation(Model):
    """One entry of `expectations`: a rule file of the study, or a change to a rule."""

    file: str | None = None
    rule: str | None = None
    off: str | None = None
    visits: dict[str, str] = Field(
        default_factory=dict,
        description="What this study calls the visits that a rule file names: `month_3: three_months`.",
    )
    min: Given | None = Field(default=None, description="The least that is right; a number or a date.")
    max: Given | None = Field(default=None, description="The most that is right; a number or a date.")
    above: Given | None = Field(default=None, description="What is right lies above it; a number or a date.")
    below: Given | None = Field(default=None, description="What is right lies below it; a number or a date.")
    share: Given | None = Field(default=None, description="A share between 0 and 1.")
    tolerance: Given | None = Field(default=None, description="What is allowed in favour of a row.")
    pattern: str | None = Field(default=None, description="What the whole text must match.")
    values: Givens = Field(default=(), description="The set of values; it takes the place of the rule's own.")
    limits: dict[str, Givens] = Field(
        default_factory=dict,
        description="Any limit by the name that `milkqc rules show` gives it: `{after_day: 10}`.",
    )
    severity: Literal["critical", "warning", "info"] | None = None
    reason: str | None = None


class Expected(Model):
    """What a golden row gives: a value in the dictionary's unit and code, or the reason why there is none."""

    value: str | None = Field(
        default=None,
        description="The value; a number counts as many digits as are written. Nothing means no value at all.",
    )
    missing: str | None = Field(default=None, description="The reason for which the value must be missing.")

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        return {"value": value} if isinstance(value, str) or value is None else value


class Golden(Model):
    """An example row of a source and what it must become."""

    table: Literal["participants", "visits", "growth", "milk", "biomarkers"] = Field(
        description="The target table."
    )
    from_: str = Field(alias="from", description="The source table.")
    cells: dict[str, str | None] | None = Field(
        default=None,
        description="The row, typed by hand: source column to cell; `tubes.PID` for one of a linked table. Others are blank.",
    )
    find: dict[str, str] | None = Field(
        default=None, description="A row of the uploads: the one that has these cells."
    )
    gives: dict[str, Expected] = Field(
        min_length=1, description="Variables, key parts or analytes, and what each must be."
    )


class Mapping(Model):
    """A whole study."""

    milkqc: Literal["1"]
    study: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\z")]
    title: str = ""
    simulated: bool = False
    missing: dict[str, str] = Field(default_factory=dict)
    mae: Mae | None = None
    schedule: dict[str, Visit] = Field(default_factory=dict)
    tables: dict[str, Table]
    participants: Blocks = ()
    visits: Blocks = ()
    growth: Blocks = ()
    milk: Blocks = ()
    biomarkers: Blocks = ()
    analysis: Analysis = Field(default_factory=Analysis)
    expectations: Annotated[tuple[Expectation, ...], BeforeValidator(_changes)] = ()
    unmapped: dict[str, Words] = Field(default_factory=dict)
    not_collected: dict[str, str] = Field(default_factory=dict)
    unblinded: str | None = None
    preterm_age: Literal["corrected", "chronological"] = "corrected"
    study_start: str | None = None
    data_cutoff: str | None = None
    analytes_file: str | None = None
    decisions: str | None = Field(
        default=None,
        description="CSV file beside the mapping with what people decided about findings (docs/decisions.md).",
    )
    golden: tuple[Golden, ...] = Field(
        default=(), description="Example source rows with the results they must give, tried on every run."
    )

    def blocks(self) -> list[tuple[str, int, Block]]:
        """Every block with its target table and its place in that section."""
        return [
            (table, place, block)
            for table in ("participants", "visits", "growth", "milk", "biomarkers")
            for place, block in enumerate(getattr(self, table))
        ]
