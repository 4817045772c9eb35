"""The ledger's rows of rules that no home had reason to mention, so that every rule is accounted for in every run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from milkqc.model import Engine, LedgerRow, Status
from milkqc.rulebook.book import book
from milkqc.rulebook.entry import Described
from milkqc.rulebook.own import StudyRules

_ENGINES: Mapping[str, Engine] = {
    "contract": "pandera",
    "suite": "gx",
    "reading": "reading",
    "analysis": "reading",
}
_NONE: Mapping[str, str] = MappingProxyType({})
_WHY: Mapping[str, tuple[Status, str]] = {
    "compare": ("not_applicable", "The mapping compares no value of this table."),
    "redcap": ("not_applicable", "No data dictionary of a REDCap table asks for it."),
    "suite": ("not_applicable", "No result is without limits."),
    "reading": ("nothing_to_look_at", "Nothing of this kind was read."),
}


def unsaid(
    rules: StudyRules, said: Collection[str], rows: Mapping[str, int], *, broken: Mapping[str, str] = _NONE
) -> Iterator[LedgerRow]:
    """A row for each rule whose id is not in `said`.

    `rows` counts the rows of each table, and of `analysis`: what is said of the outputs only where something was
    left blank has looked at all of them. `broken` are homes and single rules that raised before they could speak, and why.
    """
    for each in book(rules):
        if each.id not in said:
            yield _row(each, rows, broken.get(each.id) or broken.get(each.home, ""))


def _row(each: Described, rows: Mapping[str, int], broken: str) -> LedgerRow:
    looked = 0
    if each.off:
        status: Status = "skipped"
        why = f"Switched off by the study: {each.off}"
    elif broken:
        status, why = "broken", broken
    elif each.home == "analysis" and each.id.partition(".")[0] in {"analysis", "data"}:
        looked = rows.get(each.table, 0) if each.table != "*" else sum(rows.values())
        status, why = ("ran", "") if looked else ("nothing_to_look_at", "There are no rows.")
    else:
        status, why = _WHY.get(each.home, ("nothing_to_look_at", f"There are no {each.table} rows."))
    if each.id.startswith("decisions.") and not broken:
        status, why, looked = "not_applicable", "The mapping names no decisions.", 0
    return LedgerRow(
        rule_id=each.id,
        engine=_ENGINES.get(each.home, "rules"),
        table=each.table,
        variable="*",
        severity=each.severity,
        status=status,
        looked_at=looked,
        why=why,
        says=each.says,
        source=each.source,
    )
