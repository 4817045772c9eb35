"""Feeding: answers that contradict each other, the age, or the date of the last breastfeed."""

from __future__ import annotations

import datetime as dt

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Judgement, Limits, rule
from milkqc.checks.phrases import DEFINITION, UNVERIFIED, holds

JANUARY, APRIL = dt.date(2024, 1, 1), dt.date(2024, 4, 1)


@rule(
    "visits.feeding.exclusive_with_formula",
    table="visits",
    columns=("feeding", "formula_given", "other_foods_given"),
    needs=("feeding",),
    severity="warning",
    source="WHO 2008, Indicators for assessing infant and young child feeding practices: breast milk and nothing else",
    expected="no formula, water or food beside it",
    passes={
        "feeding": ["exclusive", "partial", "exclusive"],
        "formula_given": [False, True, None],
        "other_foods_given": [False, True, None],
    },
    fails={
        "feeding": ["exclusive", "exclusive"],
        "formula_given": [True, None],
        "other_foods_given": [None, True],
    },
    site="Ask the mother again, by the recall period of each question.",
    analyst="Do not count the infant as exclusively breastfed before it is settled.",
)
def exclusive_with_formula() -> Judgement:
    """Exclusively breastfed, says the form, but formula or other food was given: one of the answers is wrong."""
    given = holds("formula_given") | holds("other_foods_given")
    return Judgement((nw.col("feeding") == "exclusive") & given)


@rule(
    "visits.exclusive_days.beyond_breastfeeding",
    table="visits",
    columns=("exclusive_days", "breastfed_days"),
    severity="critical",
    source=DEFINITION,
    expected="at most {breastfed_days} d, as long as breastfed",
    passes={"exclusive_days": [90.0, 90.0], "breastfed_days": [90.0, None]},
    fails={"exclusive_days": [91.0], "breastfed_days": [90.0]},
    site="Ask the mother again; check days against weeks or months.",
    analyst="Use neither duration.",
)
def exclusive_beyond_breastfeeding() -> nw.Expr:
    """Exclusive breastfeeding lasted longer than breastfeeding, which cannot be."""
    return nw.col("exclusive_days") > nw.col("breastfed_days")


for _column in ("exclusive_days", "breastfed_days"):

    @rule(
        f"visits.{_column}.beyond_age",
        table="visits",
        columns=(_column, "visit_age_days"),
        severity="warning",
        source=f"definition, with {{tolerance}} days for ages given in months; {UNVERIFIED}",
        limits={"tolerance": 31.0},
        expected="at most the age, {visit_age_days} d",
        passes={_column: [90.0, 120.0], "visit_age_days": [91.0, 90.0]},
        fails={_column: [130.0], "visit_age_days": [90.0]},
        site="Check the unit of the answer, and the date of the visit.",
        analyst="Do not use the duration.",
    )
    def beyond_age(limits: Limits, column: str = _column) -> nw.Expr:
        """Breastfed for longer than the infant is old."""
        return nw.col(column) > nw.col("visit_age_days") + limits["tolerance"]


@rule(
    "visits.feeding.after_weaning",
    table="visits",
    columns=("feeding", "visit_date", "participant_weaning_date"),
    severity="warning",
    source=DEFINITION,
    expected="none, after the last breastfeed on {participant_weaning_date}",
    passes={
        "feeding": ["none", "partial"],
        "visit_date": [APRIL, JANUARY],
        "participant_weaning_date": [JANUARY, JANUARY],
    },
    fails={"feeding": ["exclusive"], "visit_date": [APRIL], "participant_weaning_date": [JANUARY]},
    site="Ask when the infant was last breastfed and correct the date or the answer.",
    analyst="Treat the infant's feeding as unknown from the date on.",
)
def fed_after_weaning() -> nw.Expr:
    """The infant is breastfed at a visit after its last breastfeed."""
    after = nw.col("visit_date") > nw.col("participant_weaning_date")
    return after & ~nw.col("feeding").is_in(["none"])
