"""Who is enrolled: ids that look alike or like no other, and one record under two ids."""

from __future__ import annotations

import narwhals.stable.v2 as nw

from milkqc.checks.declare import rule
from milkqc.checks.facts.people import LEAST_FACTS, USUAL_LEAST
from milkqc.checks.phrases import UNVERIFIED


@rule(
    "participants.id.near_duplicate",
    table="participants",
    columns=("participant_id", "id_like", "id_pair"),
    per=("id_pair",),
    severity="warning",
    source=f"milkqc: alike but for O and 0, I, l and 1, case, separators or leading zeros; {UNVERIFIED}",
    expected="unlike {id_like}",
    passes={"participant_id": ["SIM-001"], "id_like": [None], "id_pair": [None]},
    fails={
        "participant_id": ["SIM-O01", "SIM-001"],
        "id_like": ["SIM-001", "SIM-O01"],
        "id_pair": ["SIM-001 and SIM-O01"] * 2,
    },
    site="Find out whether both are one person; correct the id that was mistyped.",
    analyst="Do not merge them by yourself: ask.",
)
def near_duplicate() -> nw.Expr:
    """Two participants' ids look alike: probably one person under two ids."""
    return ~nw.col("id_like").is_null()


@rule(
    "participants.id.pattern",
    table="participants",
    columns=("participant_id", "id_shape", "id_shape_usual"),
    severity="warning",
    source=f"milkqc: other than 95 % of at least {USUAL_LEAST} ids, or than all the others; {UNVERIFIED}",
    expected="like the others, {id_shape_usual} (A a letter, 9 a digit)",
    passes={"participant_id": ["SIM-001"], "id_shape": ["AAA-999"], "id_shape_usual": ["AAA-999"]},
    fails={"participant_id": ["SIM-01"], "id_shape": ["AAA-99"], "id_shape_usual": ["AAA-999"]},
    site="Compare with the list of ids that were given out; a digit was probably lost or added.",
    analyst="Look for the same person under the right id.",
)
def id_pattern() -> nw.Expr:
    """The id is not formed like nearly all others of the study."""
    return nw.col("id_shape") != nw.col("id_shape_usual")


@rule(
    "participants.facts.same",
    table="participants",
    columns=("participant_id", "same_facts_as", "same_facts_pair"),
    per=("same_facts_pair",),
    severity="warning",
    source=f"milkqc: at least {LEAST_FACTS} facts, all alike; {UNVERIFIED}",
    expected="other facts than {same_facts_as}",
    passes={"participant_id": ["a"], "same_facts_as": [None], "same_facts_pair": [None]},
    fails={"participant_id": ["a", "b"], "same_facts_as": ["b", "a"], "same_facts_pair": ["a and b"] * 2},
    site="Find out whether one woman was enrolled twice, or one form entered under two ids.",
    analyst="Keep both out of counts of persons until it is settled.",
)
def same_facts() -> nw.Expr:
    """Two participants agree in birth, size and mother: enrolled twice, or one form under two ids."""
    return ~nw.col("same_facts_as").is_null()
