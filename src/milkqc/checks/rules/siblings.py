"""Siblings: infants of one pregnancy or of one mother, and what they must have in common."""

from __future__ import annotations

import datetime as dt

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Limits, rule
from milkqc.checks.phrases import DEFINITION, UNVERIFIED


@rule(
    "participants.siblings.differ",
    table="participants",
    columns=("siblings_differ", "participant_id"),
    needs=("siblings_differ", "participant_id"),
    per=("participant_id",),
    severity="critical",
    source="definition: infants of one pregnancy share their mother, gestation and enrolment",
    value="{siblings_differ}",
    expected="the same for all infants of {participant_id}",
    passes={"siblings_differ": [None, None], "participant_id": ["a", "a"]},
    fails={
        "siblings_differ": ["mother_height_cm", "mother_height_cm"],
        "participant_id": ["a", "a"],
    },
    site="Look at the mother's form: correct the infant whose fact is wrong.",
    analyst="Do not use the facts that differ.",
)
def siblings_differ() -> nw.Expr:
    """Infants of one participant have different mothers, gestations or enrolments."""
    return ~nw.col("siblings_differ").is_null()


@rule(
    "participants.plurality.infants",
    table="participants",
    columns=("plurality", "infants_here", "participant_id"),
    needs=("plurality", "infants_here"),
    per=("participant_id",),
    severity="critical",
    source=DEFINITION,
    value="{infants_here} infants",
    expected="at most {plurality}, the number born",
    passes={"plurality": [2, 2, 1], "infants_here": [2, 1, 1], "participant_id": ["a", "b", "c"]},
    fails={"plurality": [1, 1], "infants_here": [2, 2], "participant_id": ["a", "a"]},
    site="Correct plurality, or the infant that stands under the wrong mother.",
    analyst="Do not use the infants as twins, nor as singletons.",
)
def more_infants_than_born() -> nw.Expr:
    """More infants stand under a participant than were born of the pregnancy."""
    return nw.col("infants_here") > nw.col("plurality")


@rule(
    "participants.plurality.lacking",
    table="participants",
    columns=("plurality", "infants_here", "participant_id"),
    needs=("plurality", "infants_here"),
    per=("participant_id",),
    severity="info",
    source=DEFINITION,
    value="{infants_here} infant",
    expected="{plurality}, the number born",
    passes={"plurality": [2, 1], "infants_here": [2, 1], "participant_id": ["a", "c"]},
    fails={"plurality": [2], "infants_here": [1], "participant_id": ["a"]},
    site="Say what became of the other infant: not enrolled, died, or its form not sent.",
    analyst="Count the mother as one of twins.",
)
def fewer_infants_than_born() -> nw.Expr:
    """Of a multiple birth not every infant is there."""
    return nw.col("infants_here") < nw.col("plurality")


@rule(
    "participants.birth_order.repeated",
    table="participants",
    columns=("birth_order", "birth_order_again", "participant_id"),
    needs=("birth_order", "birth_order_again"),
    per=("participant_id",),
    severity="warning",
    source=DEFINITION,
    expected="one order for each infant of {participant_id}",
    passes={"birth_order": [1, 2], "birth_order_again": [False, False], "participant_id": ["a", "a"]},
    fails={"birth_order": [1, 1], "birth_order_again": [True, True], "participant_id": ["a", "a"]},
    site="Ask which twin was born first.",
    analyst="Do not tell the twins apart by their order.",
)
def birth_order_repeated() -> nw.Expr:
    """Two infants of one pregnancy have the same order of birth."""
    return nw.col("birth_order_again").cast(nw.Boolean)


@rule(
    "participants.birth_order.beyond_plurality",
    table="participants",
    columns=("birth_order", "plurality"),
    severity="critical",
    source=DEFINITION,
    expected="at most {plurality}, the number born",
    passes={"birth_order": [1, 2], "plurality": [1, 2]},
    fails={"birth_order": [2], "plurality": [1]},
    site="Check whether the order counts births before this pregnancy; correct it or plurality.",
    analyst="Use neither.",
)
def birth_order_beyond() -> nw.Expr:
    """The order of birth is above the number of infants born."""
    return nw.col("birth_order") > nw.col("plurality")


@rule(
    "participants.births.too_close",
    table="participants",
    columns=("infant_birth_date", "birth_gap_days", "mother_id"),
    severity="warning",
    source=f"no two births within {{min}} days but of twins, {{twins}} days apart at most; {UNVERIFIED}",
    expected="of one birth, or {min} d apart; {birth_gap_days} d after the mother's other birth",
    limits={"min": 168.0, "twins": 2.0},
    passes={
        "infant_birth_date": [dt.date(2024, 6, 1)] * 3,
        "birth_gap_days": [1.0, 400.0, None],
        "mother_id": ["m"] * 3,
    },
    fails={"infant_birth_date": [dt.date(2024, 6, 1)], "birth_gap_days": [30.0], "mother_id": ["m"]},
    site="Check the mother's id and both birth dates.",
    analyst="Do not take the infants for siblings.",
)
def births_too_close(limits: Limits) -> nw.Expr:
    """Two infants of one mother were born too far apart for twins and too close for two pregnancies."""
    gap = nw.col("birth_gap_days")
    return (gap > limits["twins"]) & (gap < limits["min"])
