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
                "milk.batch.blank",
                "warning",
                "A blank, which holds nothing, reads at or above the limit of the assay.",
                "definition of a blank",
            ),
            LaboratoryRule(
                "milk.batch.westgard",
                "warning",
                "The control materials of a batch break a rule that rejects a run (1-3s, 2-2s, R-4s).",
                "Westgard et al. 1981, Clin Chem 27:493-501",
            ),
            LaboratoryRule(
                "milk.batch.duplicates",
                "warning",
                "Repeated readings of the same samples differ by a CV of more than 20 %.",
                "FDA, Bioanalytical Method Validation, 2018; 20 % as for ligand binding assays",
            ),
            LaboratoryRule(
                "milk.batch.half_limit",
                "warning",
                "Several results are exactly half the limit, or the limit over the root of 2: put in for results below it.",
                "Helsel 2012: substituted values are no measurements",
            ),
            LaboratoryRule(
                "milk.batch.repeated",
                "warning",
                "One value stands for many samples of a batch.",
                "convention, unverified",
            ),
            LaboratoryRule(
                "milk.batch.censored",
                "warning",
                "Many more results of a batch lie below the limit than of the other batches.",
                "Fisher's exact test, p below 0.001 and 20 points; thresholds are a convention, unverified",
            ),
            LaboratoryRule(
                "milk.batch.drift",
                "warning",
                "Results change along the run order of a batch.",
                "Kendall's test, p below 0.001 and 20 %; thresholds are a convention, unverified",
            ),
            LaboratoryRule(
                "milk.batch.within_person",
                "warning",
                "A batch's results differ from the same mothers' results in other batches.",
                "four robust standard errors and a factor of 1.2; thresholds are a convention, unverified",
            ),
            LaboratoryRule(
                "milk.batch.shifted",
                "warning",
                "The results of a batch lie apart from the others', and no unit surely explains it.",
                "likelihood model of docs/laboratory.md",
            ),
        )
    }
)
