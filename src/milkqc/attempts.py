"""What a run can do without: where it raises it is broken in the ledger, by name, and all else goes on.

Data that cannot be made stop the run (exit code 2, OUT untouched). Checks, figures and what is said of the data do not:
OUT is whole without them, and the exit code is 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from milkqc.errors import reason
from milkqc.findings import drafts
from milkqc.model import Checked, LedgerRow

Made = TypeVar("Made")
REPORT = "report.page.drawn"
# The name in the ledger of each, and what it is. They have a row only where they broke.
FIGURES: Mapping[str, str] = {
    "report.figures.ages": "Ages at measurement, by visit.",
    "report.figures.censored": "How many results of each analyte lie beyond the assay.",
    "report.figures.codes": "How often each code of a variable occurs.",
    "report.figures.completeness": "How many measures of the schedule are there, by visit and site.",
    "report.figures.dates": "From when to when each date goes.",
    "report.figures.flagged_children": "The children with a score beyond WHO's limits of plausibility.",
    "report.figures.gaps": "The first rows of each variable without a value.",
    "report.figures.harmonisation": "How far each variable is the dictionary's (harmonisation.csv).",
    "report.figures.limits": "The limits that stand beside the values of each variable.",
    "report.figures.mae_sensitivity": "How far the shares below the MAE could move (mae_sensitivity.csv).",
    "report.figures.missing": "How many values of each variable are missing, and why.",
    "report.figures.rules": "What each rule says, and what to do about its findings.",
    "report.figures.scheduled_people": "Who is behind the counts of completeness (completeness.csv).",
    "report.figures.spread": "How the values of each variable are spread.",
    "report.figures.units": "The units in which numbers came.",
    "report.figures.watched": "Which rules look at which variable.",
    "report.figures.zscore_bins": "The distribution of the z-scores.",
    "report.figures.zscores": "Z-scores by visit.",
    "report.figures.zscores_by_site": "Z-scores by site.",
    "report.growth.curves": "The growth curves of children whose measurements raised a question.",
    "report.laboratory.figures": "The report's laboratory page: batches, controls, duplicates.",
    REPORT: "The report as a page, or the part of it that is named.",
    "report.rules.cover": "How many values of each variable a rule has judged.",
    "findings.cause.batches": "Which findings follow from a laboratory batch in another unit.",
    "findings.cause.rows": "Which findings follow from another one.",
    "findings.decisions.held": "The decisions about findings: every finding is open until they are read again.",
    "findings.participants.named": "Whose row each finding is about: participant, visit, site, source file.",
    "findings.severities.groups": "Which rows inform because of a finding about their group: all of them warn instead.",
    "findings.severities.changed": "The severities that the study gives to rules: their own hold instead.",
    "outputs.analysis.blanks": "What the analysis table had to leave blank.",
    "outputs.codebook.table": "The codebook, and with it labels and units of the data package and of .dta and .sav.",
    "outputs.explain.trace": "How the mapping made each column: without it `milkqc explain` has nothing to tell.",
    "outputs.formulas.found": "Whether a spreadsheet would run some text as a formula.",
    "outputs.mae_reference.table": "The reference table of milk against the MAE (mae_reference.csv).",
    "rules.ledger.whole": "The rules that nothing else in this ledger speaks of.",
}
WHOLE = "rules.{}.all"


@dataclass
class Attempts:
    """Makes what can be done without, one by one, and keeps a ledger row of each that raised.

    `unheard` are the homes of rules (rulebook.entry.HOMES) that raised as a whole, and single rules by their ids, and
    why: none of them ran.
    """

    ledger: list[LedgerRow] = field(default_factory=list)
    unheard: dict[str, str] = field(default_factory=dict)

    def __call__(
        self, name: str, make: Callable[[], Made], otherwise: Made, *, rules: tuple[str, ...] = ()
    ) -> Made:
        """What `make` gives; `otherwise` where it raises, and none of `rules` (homes or ids) is heard then."""
        try:
            return make()
        # Tables, findings and whatever else is figured stand without it; the ledger says what is lacking, and the
        # exit code becomes 3.
        except Exception as error:  # noqa: BLE001
            self.ledger.append(broke(name, error))
            self.unheard.update(dict.fromkeys(rules, reason(error)))
        return otherwise

    def figure(self, name: str, make: Callable[[], Made], otherwise: Made) -> Made:
        """A statistic of the report by its own name (`spread`)."""
        return self(f"report.figures.{name}", make, otherwise)

    def home(self, names: tuple[str, ...], check: Callable[[], Checked]) -> Checked:
        """What a home of rules says of the data; where it raises, nothing, and `unheard` says so of its `names`.

        Homes look after single rules themselves, so this is what they have in common.
        """
        try:
            return check()
        # As above: every rule of the home is broken, by its own id (rulebook.unsaid).
        except Exception as error:  # noqa: BLE001
            self.unheard.update(dict.fromkeys(names, reason(error)))
        return Checked(drafts(), ())

    def whole(self, make: Callable[[], list[LedgerRow]]) -> list[LedgerRow]:
        """The rows of rules that nobody spoke of; where they cannot be told, one row for each home that broke."""
        rows = self("rules.ledger.whole", make, None)
        if rows is not None:
            return rows
        return [
            _row(name if "." in name else WHOLE.format(name), why, f"Every rule of “{name}”.")
            for name, why in sorted(self.unheard.items())
        ]


def broke(name: str, error: BaseException | str, *, variable: str = "*") -> LedgerRow:
    """The ledger's row of something (FIGURES) that raised, or of one part of it."""
    return _row(name, reason(error), FIGURES[name], variable=variable)


def _row(name: str, why: str, says: str, *, variable: str = "*") -> LedgerRow:
    return LedgerRow(name, "rules", "*", variable, "info", "broken", why=why, says=says, source="milkqc")
