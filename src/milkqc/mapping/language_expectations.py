"""The words of a mapping about what a study expects: rule files, changes to rules, golden rows."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from milkqc.mapping.language_columns import Model, listed


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


Expectations = Annotated[tuple[Expectation, ...], BeforeValidator(_changes)]
