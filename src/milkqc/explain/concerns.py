"""Which findings concern a cell: those on the cells it is made of, and those about its group or table."""

from __future__ import annotations

from typing import Any

from milkqc.explain.model import Cell
from milkqc.explain.store import Row, Store

Place = tuple[str, str | None, str]
_FINDING = (
    "finding_id",
    "severity",
    "status",
    "rule_id",
    "table",
    "row_id",
    "variable",
    "value",
    "expected",
    "message",
)


def behind(cell: Cell) -> list[Place]:
    """The cells of the harmonised tables whose checks concern a cell of the analysis file."""
    if cell.table != "analysis":
        return [(cell.table, cell.row_id, cell.variable)]
    places: list[Place] = [("analysis", cell.row_id, cell.variable)]
    if cell.how in {"copied", "combined", "missing"}:
        places += [(one.table, one.row_id, one.variable) for one in cell.inputs if one.table != "analysis"]
    for one in cell.inputs:
        if one.table == "analysis":
            places += [place for place in behind(one) if place not in places]
    return places


def findings(store: Store, places: list[Place], called: list[tuple[str, ...]]) -> list[dict[str, Any]]:
    """The findings on these cells (each called by one of its words), those about a whole table, site or batch that
    name their variable too; what was decided about one is its `decision`.
    """
    wanted = [
        (table, row_id, word)
        for (table, row_id, _), words in zip(places, called, strict=True)
        for word in words
    ]
    found = []
    for one in store.findings.iter_rows(named=True):
        row_id = one["row_id"]
        whole = row_id == "*" or "=" in (row_id or "")
        for table, at, variable in wanted:
            if one["table"] == table and one["variable"] == variable and (row_id == at or whole):
                if row_id != at and not in_group(store, row_id, table, at):
                    continue
                told: dict[str, Any] = {name: one[name] for name in _FINDING if one[name] is not None}
                decided = store.trace.get("decisions", {}).get(one["finding_id"])
                found.append({**told, **({"decision": decided} if decided else {})})
                break
    return found


def in_group(store: Store, group: str | None, table: str, row_id: str | None) -> bool:
    """Whether a finding about a group (`site=A; team=2`, `*` for all) is about the group of a row."""
    if group == "*":
        return True
    row = store.by_id.get((table, row_id or ""))
    if row is None or not group or "=" not in group:
        return False
    people = store.families.get((row.get("participant_id"),), [])
    for part in group.split("; "):
        name, _, value = part.partition("=")
        own = row.get(name) if row.get(name) is not None else (people[0].get(name) if people else None)
        if str(own) != value:
            return False
    return True


def told_together(store: Store, rule_id: str, table: str, variable: str, row: Row) -> str | None:
    """The row at which a finding on this row's source cell stands, where several rows were made of that cell."""
    place = (
        row.get(f"{variable}__source_file") or row.get("source_file"),
        row.get(f"{variable}__source_row") or row.get("source_row"),
    )
    found = store.told_once.get((rule_id, table, variable, str(place[0]), str(place[1])))
    return found if found != row["row_id"] else None
