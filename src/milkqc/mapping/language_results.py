"""The words of a mapping about laboratory results: analytes, limits, contents, zeros, controls."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from milkqc.mapping.language_columns import Column, Model, UnitOf, Words


class LimitOf(Model):
    """The assay's limit in the raw unit: a number, the column's header, a column, or a number by batch or plate."""

    value: float | None = None
    header: bool = False
    from_: str | None = Field(default=None, alias="from")
    by: str | None = None
    values: dict[str, float] | None = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if value == "header":
            return {"header": True}
        return {"value": value} if isinstance(value, str) else value


class Content(Model):
    """How much a litre holds (milk by weight, or fat): a number, or a column of the samples' own with its unit."""

    value: float | None = None
    from_: str | None = Field(default=None, alias="from")
    unit: UnitOf | None = None
    missing: dict[str, str] | None = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        return {"value": value} if isinstance(value, str) else value


class Zero(Model):
    """What a result of exactly 0 is: a value, below the limit, or as a comment beside it says."""

    is_: Literal["value", "below_limit"] | None = Field(default=None, alias="is")
    from_: str | None = Field(default=None, alias="from")

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        return {"is": value} if isinstance(value, str) else value


class Analyte(Column):
    """One analyte: of a wide file (with `from`), or what a long file's rows of it need besides."""

    substance: str | None = None
    method: str | None = None
    measures: str | None = None
    limit: LimitOf | None = None
    dilution: float | None = None
    density: Content | None = None
    fat: Content | None = None
    zero: Zero | None = None


class Defaults(Model):
    """What `every` analyte of a block has unless it says otherwise."""

    unit: UnitOf | None = None
    substance: str | None = None
    method: str | None = None
    measures: str | None = None
    limit: LimitOf | None = None
    dilution: float | None = None
    density: Content | None = None
    fat: Content | None = None
    zero: Zero | None = None
    missing: dict[str, str] | None = None


class Target(Model):
    """What a control material should read, by its certificate: mean and standard deviation in `unit`."""

    mean: float = Field(gt=0)
    sd: float = Field(gt=0)
    unit: str


class Controls(Model):
    """The laboratory's own rows (blanks, control levels, duplicates): set aside and counted, never samples.

    `from` is the column that tells them; `level` the one that names the material where `from` only says that it
    is one; `of` the one that names the sample a duplicate repeats (default: the key's sample_id); `order` the
    position in the run, of controls and samples alike.
    """

    from_: str = Field(alias="from")
    blank: Words = ()
    control: Words = ()
    duplicate: Words = ()
    level: str | None = None
    of: str | None = None
    order: str | None = None
    targets: dict[str, dict[str, Target]] = Field(default_factory=dict)
