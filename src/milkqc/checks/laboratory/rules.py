"""The rules of this folder: permanent ids, severities, what they say of themselves, and their sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from milkqc.model import LedgerRow, Severity, Status


@dataclass(frozen=True)
class LaboratoryRule:
    """One rule over whole batches; findings are of the table milk, their variable the analyte."""

    id: str
    severity: Severity
    says: str
    source: str

    def row(
        self,
        analyte: str,
        *,
        looked_at: int,
        failed: int,
        findings: int,
        not_judged: int = 0,
        why: str = "",
        status: Status | None = None,
    ) -> LedgerRow:
        """Its row of the ledger for one analyte; nothing looked at is no pass."""
        return LedgerRow(
            self.id,
            "rules",
            "milk",
            analyte,
            self.severity,
            status or ("ran" if looked_at else "nothing_to_look_at"),
            looked_at,
            failed,
            not_judged,
            findings,
            why,
            self.says,
            self.source,
        )


RULES: Mapping[str, LaboratoryRule] = MappingProxyType(
    {
        rule.id: rule
        for rule in (
            LaboratoryRule(
                "milk.batch.unit",
                "warning",
                "The results of a batch are better explained by another unit than by the one declared.",
                "likelihood model of docs/laboratory.md",
            ),
            LaboratoryRule(
                "milk.batch.shifted",
                "warning",
                "The results of a batch lie apart from the others', and no unit explains it.",
                "likelihood model of docs/laboratory.md",
            ),
        )
    }
)
