"""What the checks said of a cell: the findings on it, and each rule that looks at its variable."""

from __future__ import annotations

from typing import Any

from milkqc.explain.model import Cell
from milkqc.explain.store import Row, Store

Place = tuple[str, str | None, str]
# A column that only the checks themselves have.
_UNKNOWN = object()
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


def _named(store: Store, place: Place) -> tuple[Row | None, str]:
    """The row, and the variable as findings call it: in milk the analyte."""
    table, row_id, column = place
    row = store.by_id.get((table, row_id or ""))
    results = {"value", "censored", "limit", "raw", "unit", "factor", "mae", "below_mae", "mae_status"}
    if row is not None and table in {"milk", "biomarkers"} and column in results:
        return row, row["analyte"]
    return row, column


def findings(store: Store, places: list[Place]) -> list[dict[str, Any]]:
    """The findings on these cells, and those about a whole table, site or batch that name their variable."""
    wanted = {(table, row_id, _named(store, (table, row_id, column))[1]) for table, row_id, column in places}
    found = []
    for one in store.findings.iter_rows(named=True):
        row_id = one["row_id"]
        whole = row_id == "*" or "=" in (row_id or "")
        for table, at, variable in wanted:
            if one["table"] == table and one["variable"] == variable and (row_id == at or whole):
                if whole and not _of_group(store, row_id, table, at):
                    continue
                found.append({name: one[name] for name in _FINDING if one[name] is not None})
                break
    return found


def _of_group(store: Store, group: str, table: str, row_id: str | None) -> bool:
    """Whether a finding about a group (`site=A; team=2`) is about the group of a row."""
    if group == "*":
        return True
    row = store.by_id.get((table, row_id or ""))
    if row is None:
        return False
    people = store.families.get((row.get("participant_id"),), [])
    for part in group.split("; "):
        name, _, value = part.partition("=")
        own = row.get(name) if row.get(name) is not None else (people[0].get(name) if people else None)
        if str(own) != value:
            return False
    return True


def said(store: Store, places: list[Place]) -> list[dict[str, Any]]:
    """Each rule that looks at one of these cells: `failed`, `passed`, `could not judge` and why, `not asked`."""
    told, seen = [], set()
    for place in places:
        row, variable = _named(store, place)
        if row is None:
            continue
        for check in store.checks.iter_rows(named=True):
            if check["table"] != place[0]:
                continue
            rule = store.trace["rules"].get(check["rule_id"])
            reads = check["variable"] == variable or (rule is not None and variable in rule["columns"])
            key = (check["rule_id"], check["variable"], place[1])
            if not reads or key in seen:
                continue
            seen.add(key)
            verdict, why = _verdict(store, check, rule, row, place)
            told.append(
                {
                    "rule_id": check["rule_id"],
                    "engine": check["engine"],
                    "verdict": verdict,
                    **({"why": why} if why else {}),
                    "says": check["says"] or "",
                }
            )
    return told


def _verdict(
    store: Store, check: dict[str, Any], rule: dict[str, Any] | None, row: Row, place: Place
) -> tuple[str, str]:
    if check["status"] != "ran":
        return check["status"].replace("_", " "), check["why"] or ""
    table, row_id, column = place
    failed = {
        one["row_id"]
        for one in store.findings.iter_rows(named=True)
        if one["rule_id"] == check["rule_id"]
        and one["table"] == table
        and (one["variable"] or "") == (check["variable"] or "")
    }
    if row_id in failed:
        return "failed", ""
    groups = [
        one for one in failed if one and (one == "*" or "=" in one) and _of_group(store, one, table, row_id)
    ]
    if groups:
        return "finding", f"about {'the whole table' if groups[0] == '*' else groups[0]}, not this row alone"
    if "analyte" in row:
        known = row.get("value") is not None or row.get("censored") is not None
    else:
        known = row.get(column) is not None
    if not known and check["engine"] in {"reading", "pandera"}:
        return "could not judge", "there is no value"
    if rule is None:
        by_cell = check["engine"] in {"reading", "pandera"}
        return "passed", "" if by_cell else "judged by batch, group or table"
    if rule["level"] != "row":
        return "passed", "judged for the table or its groups"
    facts = store.views.get((table, row_id or ""), row)
    for name, wanted in rule.get("when", {}).items():
        own = facts.get(name, _UNKNOWN)
        if own is None:
            return "could not judge", f"{name} is unknown"
        if own is _UNKNOWN or isinstance(wanted, dict):
            return "passed", f"or not asked, by its {name}"
        if own not in (wanted if isinstance(wanted, list) else [wanted]):
            return "not asked", f"{name} is {own}"
    lacking = [name for name in rule.get("needs", rule["columns"]) if facts.get(name, _UNKNOWN) is None]
    if lacking and "null" not in check["rule_id"]:
        return "could not judge", f"{', '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} missing"
    return "passed", ""
