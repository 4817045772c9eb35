"""What randomisation should have made alike between arms, or blinding kept alike. Only in an unblinded study."""

from __future__ import annotations

import narwhals.stable.v2 as nw

from milkqc.checks.declare import rule
from milkqc.checks.facts.arms import LEAST, P_VALUE, POINTS

_SOURCE = (
    f"milkqc: {POINTS:.0%} or more, p below {P_VALUE:g} (normal approximation), arms of {LEAST} or more; "
    "convention, unverified"
)
_SITE = "Nothing by a single site: the trial's statistician looks at enrolment, follow-up and supply by arm."

for _id, _table, _fact, _says, _analyst in (
    (
        "participants.arms.preterm",
        "participants",
        "arms_preterm",
        "Arms differ in the share born before 37 weeks: eligibility was not the same in both.",
        "Check eligibility by arm; adjust for gestation and say so.",
    ),
    (
        "participants.arms.exit",
        "participants",
        "arms_exit",
        "Arms differ in the share that left the study: those who stayed may not be comparable.",
        "Report the exits by arm and reason; examine sensitivity to those who left.",
    ),
    (
        "visits.arms.adherence",
        "visits",
        "arms_adherence",
        "Arms differ in the share of visits with good adherence (75 % or more): blinding or supply may have failed.",
        "Report adherence by arm; keep to the analysis as randomised.",
    ),
    (
        "visits.arms.seen",
        "visits",
        "arms_seen",
        "Arms differ in the share of visits that took place: missingness may depend on the arm.",
        "Report visits by arm; examine sensitivity to the missing ones.",
    ),
):

    @rule(
        _id,
        table=_table,
        columns=(_fact,),
        needs=(),
        level="dataset",
        severity="warning",
        source=_SOURCE,
        requires="unblinded",
        expected="alike in all arms",
        passes={_fact: [None, None]},
        fails={_fact: ["60 % of 90 (1) against 80 % of 91 (2)"] * 2},
        says=_says,
        site=_SITE,
        analyst=_analyst,
    )
    def arms_differ(fact: str = _fact) -> nw.Expr:
        """The shares by arm differ by more than chance explains."""
        return ~nw.col(fact).is_null()
