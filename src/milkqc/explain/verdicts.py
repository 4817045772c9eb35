"""What the checks said of a cell: each that looks at its variable, with the verdict that the run gave this row."""

from __future__ import annotations

from typing import Any

from milkqc.explain import reading
from milkqc.explain.again import Again
from milkqc.explain.concerns import Place, in_group, told_together
from milkqc.explain.model import shown
from milkqc.explain.store import Row, Store

RESULTS = ("milk", "biomarkers")
# Columns of a result that findings call by its analyte.
_OF_RESULT = {"value", "censored", "limit", "raw", "unit", "factor", "mae", "below_mae", "mae_status"}
BATCHES = "judged by batch, group or table: none of its findings is about this row's"
Verdict = tuple[str, str]


def names(store: Store, place: Place) -> tuple[Row | None, tuple[str, ...]]:
    """The row, and the words by which checks and findings call the cell: of a result its analyte, then the column."""
    table, row_id, column = place
    row = store.by_id.get((table, row_id or ""))
    if row is not None and table in RESULTS and column in _OF_RESULT:
        return row, (row["analyte"], column)
    return row, (column,)


def said(store: Store, again: Again, places: list[Place]) -> list[dict[str, Any]]:
    """Each check that looks at one of these cells, with what it said of the row (docs/explain.md lists the words)."""
    told, seen = [], set()
    for place in places:
        row, called = names(store, place)
        if row is None:
            continue
        for check in store.checks_of.get(place[0], ()):
            key = (check["rule_id"], check["variable"], place[1])
            if key in seen or not _reads(store, check, called, row):
                continue
            seen.add(key)
            verdict, why = _verdict(store, again, check, row, place)
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


def _reads(store: Store, check: dict[str, Any], called: tuple[str, ...], row: Row) -> bool:
    """Whether a check looks at the cell; one about another analyte does not."""
    if check["variable"] in called:
        return True
    rule = store.trace["rules"].get(check["rule_id"])
    if rule is None:
        return bool(check["rule_id"].endswith(".numbers.finite") and isinstance(row.get(called[-1]), float))
    analyte = rule.get("when", {}).get("analyte")
    others = (analyte,) if isinstance(analyte, str) else analyte
    if "analyte" in row and isinstance(others, list | tuple) and row["analyte"] not in others:
        return False
    return called[-1] in rule["columns"]


def _verdict(store: Store, again: Again, check: dict[str, Any], row: Row, place: Place) -> Verdict:
    if check["status"] != "ran":
        return check["status"].replace("_", " "), check["why"] or ""
    if check["rule_id"] in store.trace["rules"]:
        return _rule(store, again, check, place)
    found = store.found(check["rule_id"], place[0], check["variable"] or "")
    if place[1] in found:
        return "failed", ""
    if check["engine"] == "pandera":
        return _promise(check, row, place)
    if check["engine"] == "reading" and (told := _reading(store, check, row, place)) is not None:
        return told
    groups = [one for one in found if in_group(store, one, place[0], place[1])]
    if groups:
        return "finding", f"about {'the whole table' if groups[0] == '*' else groups[0]}, not this row alone"
    if check["rule_id"].endswith(".compare"):
        return _comparison(check, row)
    return "no finding", BATCHES


def _rule(store: Store, again: Again, check: dict[str, Any], place: Place) -> Verdict:
    """A rule of a file or of code, asked again of the run's own rows."""
    kept = store.trace["rules"][check["rule_id"]]
    told = again.state(check, place[1] or "")
    if isinstance(told, str):
        return "cannot be told", told
    state, why = told["state"], told["why"] or ""
    if state != "failed":
        return state, why
    if kept["level"] != "row":
        where = "the whole table" if told["told_at"] == "*" else told["told_at"]
        return "finding", f"about {where}, not this row alone"
    return "failed", "" if told["told_at"] == place[1] else f"its finding stands at {told['told_at']}"


def _promise(check: dict[str, Any], row: Row, place: Place) -> Verdict:
    """A check of the contract: of a cell that is there, or of every row where it asks whether one is."""
    rule_id = check["rule_id"]
    if rule_id.endswith((".missing", ".unique")):
        return "passed", ""
    column = place[2] if check["variable"] == "*" else check["variable"]
    if row.get(column) is not None:
        return "passed", ""
    if column == "value" and row.get("censored") is not None:
        return "could not judge", "censored: only a limit is known"
    return "could not judge", f"{column} is missing"


def _reading(store: Store, check: dict[str, Any], row: Row, place: Place) -> Verdict | None:
    """What was judged while the cell was read; None of a check of a whole column, key or file."""
    rule_id, variable = check["rule_id"], check["variable"] or ""
    together = told_together(store, rule_id, place[0], variable, row)
    if together is not None:
        return "failed", f"its finding stands at {together}"
    return reading.of_cell(rule_id, variable, row)


def _comparison(check: dict[str, Any], row: Row) -> Verdict:
    """The study's own value against ours: judged where both are there."""
    name = check["variable"]
    theirs = row.get(f"let_compare_{name}__number")
    formula = f"let_formula_{name}__number"
    ours = row[formula] if formula in row else row.get(name)
    if theirs is None or ours is None:
        return (
            "could not judge",
            f"{'the study`s own value' if theirs is None else 'ours'} is missing".replace("`", "'"),
        )
    return "passed", f"the study says {shown(theirs)}, milkqc {shown(ours)}"
