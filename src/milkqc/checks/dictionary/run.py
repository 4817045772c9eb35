"""The dictionaries of a study's REDCap tables, run as checks on the tables that they explain."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import polars as pl

from milkqc.checks.dictionary.cell_checks import cell_checks
from milkqc.checks.dictionary.fields import Field
from milkqc.checks.dictionary.found import Mapped, drafts_of
from milkqc.checks.dictionary.ledger import Account
from milkqc.checks.dictionary.logic_checks import Logic
from milkqc.checks.dictionary.refer import References
from milkqc.checks.dictionary.row_checks import key_check, place_checks
from milkqc.checks.dictionary.sheet import Export, Sheet
from milkqc.checks.dictionary.verdict import SEVERITY, NotJudged, Verdict
from milkqc.checks.ledger import reason
from milkqc.clock import Clock
from milkqc.findings import drafts
from milkqc.model import Checked, LedgerRow

_NONE: Mapping[str, str] = MappingProxyType({})
_NOWHERE = Mapped()
Said = Iterable[Verdict | NotJudged]


def check(exports: Iterable[Export], *, mapped: Mapped = _NOWHERE, off: Mapping[str, str] = _NONE) -> Checked:
    """Every check that the dictionaries give: drafts, and ledger rows by rule and form.

    Exports without a dictionary are passed over. A field that several tables of one file hold is judged once, in
    the one with most rows. `mapped` says where source rows went; `off` maps switched-off rules to reasons.
    """
    sheets = [Sheet(export) for export in sorted(exports, key=lambda each: each.name) if export.explained]
    off = {rule_id: why for rule_id, why in off.items() if rule_id in SEVERITY}
    found: list[pl.DataFrame] = []
    ledger: list[LedgerRow] = []
    clock = Clock()
    for project in _projects(sheets):
        taken: set[str] = set()
        for place, sheet in enumerate(project):
            account = Account(sheet.export.name)
            if place == 0:
                account.off(off)
            fields = [each for name, each in sheet.fields.items() if name not in taken]
            taken.update(sheet.fields)
            others = [other for other in project if other is not sheet]
            keyed = place == 0 or not project[0].whole
            for rule_id, variable, said in _checks(sheet, others, fields, keyed=keyed):
                began = time.perf_counter()
                try:
                    for one in said():
                        if one.rule_id in off:
                            continue
                        mine = drafts_of(one, sheet, mapped) if isinstance(one, Verdict) else drafts()
                        found.append(mine)
                        account.add(one, mine.height)
                # As in checks.evaluate: one check that fails in whatever way must neither stop the others nor
                # look like a pass, so its error becomes the ledger's reason and the exit code 3.
                except Exception as error:  # noqa: BLE001
                    account.broke(rule_id, variable, reason(error))
                clock.share((rule_id,), time.perf_counter() - began)
            ledger += account.rows()
    return Checked(pl.concat([drafts(), *found]), tuple(ledger), clock.seconds)


def _projects(sheets: Sequence[Sheet]) -> Iterator[list[Sheet]]:
    """The tables that were read from the same files, the one with every row and most columns first."""
    projects: dict[frozenset[tuple[str, str]], list[Sheet]] = {}
    for sheet in sheets:
        projects.setdefault(sheet.files, []).append(sheet)
    for project in projects.values():
        yield sorted(project, key=lambda one: (not one.whole, -one.height, -len(one.fields), one.export.name))


def _checks(
    sheet: Sheet, others: Sequence[Sheet], fields: Sequence[Field], *, keyed: bool
) -> Iterator[tuple[str, str, Callable[[], Said]]]:
    """The checks one by one, each with the rule and variable by which the ledger knows it should it break."""
    logic = Logic(sheet, References(sheet, others))
    if keyed:
        yield "redcap.key.unique", sheet.record or "record", lambda: (key_check(sheet),)
    forms: dict[str, list[Field]] = {}
    for each in fields:
        forms.setdefault(each.form, []).append(each)
        yield "redcap.type", each.name, lambda each=each: cell_checks(sheet, each)  # type: ignore[misc]
        yield "redcap.branching", each.name, lambda each=each: logic.checks(each)  # type: ignore[misc]
    for form, own in forms.items():
        yield "redcap.outside_event", form, lambda form=form, own=own: place_checks(sheet, form, own)  # type: ignore[misc]
