"""The words of an explanation: cells of the outputs, the source cells behind them, and what cannot be found."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Literal

from milkqc.errors import MilkqcError

How = Literal["copied", "recoded", "converted", "combined", "computed", "key", "declared", "missing"]


class ExplainError(MilkqcError, ValueError):
    """A question that this OUT cannot answer, with what it could."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One link crossed: the column `asked` held `text`, compared as `cleaned` after the steps `clean`.

    It was found as `found` in the column `to` of `file`, row `row`; both null where no row, or more than one, was.
    """

    link: str
    asked: str
    text: str | None
    clean: tuple[str, ...]
    cleaned: str | None
    to: str
    found: str | None
    file: str | None
    row: int | None
    mapping: str


@dataclass(frozen=True, slots=True)
class SourceCell:
    """One cell of an upload: where it stands, its text as written, and how it was read.

    `number` is what it was read as, in the unit of the column; `missing` why it holds nothing. `via` are the links
    crossed from the row of the cell to its file. `upload` says whether the file at hand is the one of the run: `same`,
    `changed`, `absent`; null where nobody gave the folder.
    """

    file: str | None
    sha256: str | None
    sheet: str | None
    row: int | None
    column: str
    text: str | None
    number: float | None = None
    missing: str | None = None
    via: tuple[Hop, ...] = ()
    upload: str | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell explained. `numbers` are the figures with which a person can work it out again.

    `says` is the sentence of how it was made (with its numbers), `because` why it is missing. `inputs` are the
    cells that it was made of, each explained in the same way.
    """

    table: str
    row_id: str | None
    variable: str
    value: Any
    unit: str | None
    how: How
    says: str = ""
    because: str = ""
    sources: tuple[SourceCell, ...] = ()
    mapping: str | None = None
    numbers: dict[str, Any] = field(default_factory=dict)
    inputs: tuple[Cell, ...] = ()


def as_json(cell: Cell) -> dict[str, Any]:
    """The cell as plain data; absent parts are left out."""
    plain: dict[str, Any] = {
        "table": cell.table,
        "row_id": cell.row_id,
        "variable": cell.variable,
        "value": plain_value(cell.value),
        "unit": cell.unit,
        "how": cell.how,
    }
    rest = {
        "says": cell.says,
        "because": cell.because,
        "mapping": cell.mapping,
        "sources": [_source(one) for one in cell.sources],
        "numbers": {name: plain_value(value) for name, value in cell.numbers.items()},
        "inputs": [as_json(one) for one in cell.inputs],
    }
    return plain | {name: value for name, value in rest.items() if value}


def _source(one: SourceCell) -> dict[str, Any]:
    told = {name: getattr(one, name) for name in SourceCell.__slots__ if name != "via"}
    if one.via:
        told["via"] = [_given({name: getattr(hop, name) for name in Hop.__slots__}) for hop in one.via]
    return _given(told)


def _given(told: dict[str, Any]) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in told.items()
        if value not in (None, ())
    }


def plain_value(value: Any) -> Any:
    """A value as JSON has it: dates in ISO form."""
    if isinstance(value, dt.date | dt.datetime | dt.time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [plain_value(one) for one in value]
    if isinstance(value, dict):
        return {key: plain_value(one) for key, one in value.items()}
    return value


def shown(value: Any) -> str:
    """A value for people: shortest numbers, true and false, nothing for null."""
    if value is None:
        return "(nothing)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(plain_value(value))
