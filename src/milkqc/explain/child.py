"""What the computed growth columns share: their cells, and the facts of the child that they rest on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from milkqc.explain.mapped import unit_of
from milkqc.explain.model import Cell, How
from milkqc.explain.store import Row, Store

Find = Callable[[str, Row, str], Cell]


def cell(row: Row, column: str, says: str, inputs: tuple[Cell, ...] = (), **numbers: Any) -> Cell:
    """The cell of a computed column: `says` is how it was made or, where it has no value, why it is missing."""
    value = row[column]
    how: How = "computed" if value is not None else "missing"
    told = {name: one for name, one in numbers.items() if one is not None}
    said, because = (says, "") if value is not None else ("", says)
    return Cell(
        "growth",
        row["row_id"],
        column,
        value,
        unit_of("growth", column),
        how,
        said,
        because,
        numbers=told,
        inputs=inputs,
    )


def fact(store: Store, row: Row, column: str, find: Find) -> Cell | None:
    """Sex, birth date or gestation of the child: the row's own, else the participant's where all agree."""
    if column != "gestational_age_days" and row.get(column) is not None:
        return find("growth", row, column)
    people = store.people.get((row["infant_id"],), [])
    known = [one for one in people if one[column] is not None]
    if not known or len({one[column] for one in known}) > 1:
        return find("participants", people[0], column) if len(people) == 1 else None
    return find("participants", known[0], column)


def value_of(cell: Cell | None) -> Any:
    """The value of a cell that may not be there."""
    return None if cell is None else cell.value


def there(*cells: Cell | None) -> tuple[Cell, ...]:
    """Those of the cells that are there."""
    return tuple(cell for cell in cells if cell is not None)
