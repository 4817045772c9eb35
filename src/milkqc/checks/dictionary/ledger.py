"""The ledger's part of a dictionary: a row for each rule and form, and for each reason why fields were not judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from milkqc.checks.dictionary.verdict import SEVERITY, NotJudged, Verdict
from milkqc.messages import title
from milkqc.model import LedgerRow, Status

_SOURCE = "the project's data dictionary"
_NAMED = 8


@dataclass
class Account:
    """What became of one table's checks; local to one run."""

    table: str
    ran: dict[tuple[str, str], LedgerRow] = field(default_factory=dict)
    unjudged: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    other: list[LedgerRow] = field(default_factory=list)

    def add(self, said: Verdict | NotJudged, findings: int) -> None:
        """Count one verdict, or note why there is none."""
        key = (said.rule_id, said.field.form)
        if isinstance(said, NotJudged):
            self.unjudged.setdefault((said.rule_id, said.why), []).append(said.field.name)
            return
        row = self.ran.get(key) or self._row(said.rule_id, said.field.form, "nothing_to_look_at")
        self.ran[key] = replace(
            row,
            looked_at=row.looked_at + said.looked_at,
            failed=row.failed + said.failing.len(),
            not_judged=row.not_judged + said.not_judged,
            findings=row.findings + findings,
        )

    def broke(self, rule_id: str, variable: str, why: str) -> None:
        """A check that raised: never a pass."""
        self.other.append(self._row(rule_id, variable, "broken", why=why))

    def off(self, reasons: Mapping[str, str]) -> None:
        """The rules that the study switched off."""
        for rule_id, why in reasons.items():
            self.other.append(self._row(rule_id, "", "skipped", why=f"Switched off by the study: {why}"))

    def rows(self) -> Iterable[LedgerRow]:
        """All rows. A form is named as variable; a reason is listed under its first field, with the others."""
        for row in self.ran.values():
            nothing = "" if row.looked_at else "No row has such a value."
            yield replace(row, status="ran" if row.looked_at else "nothing_to_look_at", why=nothing)
        for (rule_id, why), names in self.unjudged.items():
            distinct = list(dict.fromkeys(names))
            few = ", ".join(distinct[:_NAMED])
            more = f" and {len(distinct) - _NAMED} more" if len(distinct) > _NAMED else ""
            yield self._row(
                rule_id, distinct[0], "not_applicable", why=f"Not evaluated for {few}{more}: {why}."
            )
        yield from self.other

    def _row(self, rule_id: str, variable: str, status: Status, *, why: str = "") -> LedgerRow:
        return LedgerRow(
            rule_id,
            "rules",
            self.table,
            variable,
            SEVERITY[rule_id],
            status,
            why=why,
            says=title(rule_id),
            source=_SOURCE,
        )
