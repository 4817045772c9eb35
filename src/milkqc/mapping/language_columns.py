"""The words of a mapping that every column has; every scalar arrives as text and is typed here."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Action = Literal[
    "copy",
    "recode",
    "date",
    "convert",
    "constant",
    "join",
    "row_number",
    "first_of",
    "mean_of",
    "median_of",
    "mean_of_closest_two",
    "from_schedule",
    "formula",
]
ACTIONS: tuple[str, ...] = get_args(Action)
# How far a study's variable is ours, best first; the last three need a note.
Match = Literal["exact", "converted", "approximate", "not_collected", "undecided"]
MATCHES: tuple[str, ...] = get_args(Match)
NOTED = MATCHES[2:]


class Model(BaseModel):
    """Frozen, and a key that is not in the language is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def listed(value: Any) -> Any:
    """One item stands for a list of one."""
    return value if isinstance(value, list) or value is None else [value]


def keyed(key: str) -> BeforeValidator:
    """A bare word stands for a mapping with one key: `PID` for `{from: PID}`."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str | list) else value)


Words = Annotated[tuple[str, ...], BeforeValidator(listed)]


class Amount(Model):
    """A tolerance: absolute in the column's own unit, or relative (`5%`)."""

    value: float = Field(ge=0)
    relative: bool = False

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, str) and value.endswith("%"):
            return {"value": value[:-1].strip(), "relative": True}
        return {"value": value} if isinstance(value, str) else value


class UnitOf(Model):
    """Where a unit stands: fixed text, the column's header, another column of the row, or a text by batch."""

    text: str | None = None
    header: bool = False
    from_: str | None = Field(default=None, alias="from")
    by: str | None = None
    values: dict[str, str] | None = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"header": True} if value == "header" else {"text": value}
        return value


class Column(Model):
    """How one target column is made from source cells."""

    from_: Words | None = Field(default=None, alias="from")
    do: Action | None = None
    unit: UnitOf | None = None
    codes: dict[str, str] | None = None
    otherwise: Literal["query", "fault"] = "query"
    format: str | None = None
    missing: dict[str, str] | None = None
    value: str | None = None
    separator: str = ""
    formula: str | None = None
    max_difference: Amount | None = None
    optional: bool = False
    match: Match | None = Field(
        default=None,
        description=(
            "How far this is the variable of the dictionary: exact, converted (another unit or code), approximate, "
            "not_collected or undecided. Left out, exact and converted are derived; the last three need a note."
        ),
    )
    note: str | None = Field(
        default=None,
        description="What a reader who pools studies must know of the match; compulsory for the last three grades.",
    )
    identifier: Literal["keep"] | None = None


class Extra(Column):
    """A column of the study's own, kept as x_<name>."""

    type: Literal["text", "number", "integer", "boolean", "date"] = "text"


class Comparison(Column):
    """A value that the study computed itself, and how far from ours it may be; with `formula`, from that."""

    tolerance: Amount
