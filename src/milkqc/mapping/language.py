"""The words of a mapping file (MAPPING.md), as frozen models. Every scalar arrives as text and is typed here."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

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
)
from milkqc.mapping.language_expectations import Expectation, Expectations, Expected, Golden
from milkqc.mapping.language_results import (
    Analyte,
    Content,
    Controls,
    Defaults,
    LimitOf,
    Target,
    Zero,
)
from milkqc.mapping.language_tables import FORMATS, REDCAP_FORMATS, Plate, Table

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
    "Expectation",
    "Expected",
    "Extra",
    "Golden",
    "LimitOf",
    "Link",
    "Long",
    "Mapping",
    "Model",
    "Plate",
    "Repeats",
    "Table",
    "Target",
    "UnitOf",
    "Words",
    "Zero",
]

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
    expectations: Expectations = ()
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
