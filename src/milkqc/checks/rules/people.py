"""Participants: who may be whom, arms as the list says, siblings, mothers, and size at birth against gestation."""

from __future__ import annotations

import datetime as dt

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Judgement, rule
from milkqc.checks.facts.people import LEAST_FACTS, USUAL_LEAST

UNVERIFIED = "convention, unverified"
DEFINITION = "definition"
# Beyond four SD of INTERGROWTH's newborns gestation, sex or the measure is likelier wrong than the infant so small.
_SIZE = "Villar et al. 2014, 2016 (INTERGROWTH-21st); beyond 4 SD one in 30,000 newborns"

for _measure, _z, _what, _unit in (
    ("birth_weight_kg", "birth_weight_z", "weight", "kg"),
    ("birth_length_cm", "birth_length_z", "length", "cm"),
    ("birth_head_circumference_cm", "birth_head_z", "head", "cm"),
):

    @rule(
        f"participants.{_measure}.for_gestation",
        table="participants",
        columns=(_measure, _z, "gestational_age_days"),
        needs=(_measure, _z),
        severity="warning",
        source=_SIZE,
        expected=f"within 4 SD at {{gestational_age_days}} d of gestation, not {{{_z}}}",
        passes={_measure: [3.2, 4.4], _z: [0.1, -4.0], "gestational_age_days": [280.0, 230.0]},
        fails={_measure: [3.2, 1.2], _z: [4.5, -4.1], "gestational_age_days": [200.0, 280.0]},
        says="The size at birth is not believable for this gestational age and sex; often gestation is wrong.",
        site="Check gestation first (weeks against days, dating), then the measure and its unit.",
        analyst="Use neither term nor small-for-gestation status before it is settled.",
    )
    def size_for_gestation(z: str = _z) -> nw.Expr:
        """Beyond 4 SD of INTERGROWTH's newborn standard."""
        return (nw.col(z) > 4) | (nw.col(z) < -4)


@rule(
    "participants.birth_head.above_length",
    table="participants",
    columns=("birth_head_circumference_cm", "birth_length_cm"),
    severity="critical",
    source="definition: at birth the head is about 70 % of the length",
    expected="below the length, {birth_length_cm} cm",
    passes={"birth_head_circumference_cm": [35.0, 35.0], "birth_length_cm": [50.0, None]},
    fails={"birth_head_circumference_cm": [50.0], "birth_length_cm": [35.0]},
    site="Look at the birth record: the two were probably written into each other's place.",
    analyst="Use neither before it is corrected.",
)
def birth_head_above_length() -> nw.Expr:
    """The head at birth is above the length: the two were probably swapped."""
    return nw.col("birth_head_circumference_cm") > nw.col("birth_length_cm")


@rule(
    "participants.parity.for_age",
    table="participants",
    columns=("parity", "mother_age_years"),
    severity="warning",
    source=f"a birth a year from 13 on is the most; {UNVERIFIED}",
    expected="at most a birth a year from the age of 13; the mother is {mother_age_years}",
    passes={"parity": [0, 2, 5], "mother_age_years": [15.0, 18.0, 19.0]},
    fails={"parity": [4, 12], "mother_age_years": [16.0, 22.0]},
    site="Ask for the age and for the number of births again; check codes for missing.",
    analyst="Use neither before one is corrected.",
)
def parity_for_age() -> nw.Expr:
    """More births before this one than the mother's age leaves room for."""
    return (nw.col("parity") > 0) & (nw.col("parity") > nw.col("mother_age_years") - 13)


@rule(
    "participants.mother_age_years.differs",
    table="participants",
    columns=("mother_age_years", "mother_birth_date", "infant_birth_date"),
    severity="warning",
    source=f"age at enrolment and at the birth lie within two years; {UNVERIFIED}",
    expected="within two years of that at the birth, by {mother_birth_date}",
    passes={
        "mother_age_years": [20.0, 22.0],
        "mother_birth_date": [dt.date(2004, 5, 1), None],
        "infant_birth_date": [dt.date(2024, 6, 1), dt.date(2024, 6, 1)],
    },
    fails={
        "mother_age_years": [25.0, 17.0],
        "mother_birth_date": [dt.date(2004, 5, 1)] * 2,
        "infant_birth_date": [dt.date(2024, 6, 1)] * 2,
    },
    site="Look at an identity card; correct the age or the birth date.",
    analyst="Prefer the birth date only where it is documented.",
)
def mother_age_differs() -> nw.Expr:
    """The mother's age and her birth date do not agree."""
    born = nw.col("infant_birth_date").dt.year() - nw.col("mother_birth_date").dt.year()
    apart = nw.col("mother_age_years") - born
    return (apart > 2) | (apart < -2.5)


@rule(
    "participants.mother_age_years.at_birth",
    table="participants",
    columns=("mother_birth_date", "infant_birth_date"),
    severity="warning",
    source=f"10 to 60 years at a birth; {UNVERIFIED}",
    expected="10 to 60 years before the infant's, {infant_birth_date}",
    passes={"mother_birth_date": [dt.date(2004, 5, 1)], "infant_birth_date": [dt.date(2024, 6, 1)]},
    fails={
        "mother_birth_date": [dt.date(2019, 5, 1), dt.date(1954, 5, 1)],
        "infant_birth_date": [dt.date(2024, 6, 1)] * 2,
    },
    site="Check the year of both birth dates.",
    analyst="Do not use the mother's age.",
)
def mother_age_at_birth() -> Judgement:
    """By her birth date the mother was a child, or too old, at this birth."""
    years = nw.col("infant_birth_date").dt.year() - nw.col("mother_birth_date").dt.year()
    # Not older than the infant is participants.mother.not_older.
    older = nw.col("mother_birth_date") < nw.col("infant_birth_date")
    return Judgement((years < 10) | (years > 60), among=older)


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
    source=f"milkqc: other than 95 % of at least {USUAL_LEAST} ids; {UNVERIFIED}",
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
    source=f"no two pregnancies within 24 weeks; {UNVERIFIED}",
    expected="of one birth, or half a year apart; {birth_gap_days} d after the mother's other birth",
    passes={
        "infant_birth_date": [dt.date(2024, 6, 1)] * 3,
        "birth_gap_days": [1.0, 400.0, None],
        "mother_id": ["m"] * 3,
    },
    fails={"infant_birth_date": [dt.date(2024, 6, 1)], "birth_gap_days": [30.0], "mother_id": ["m"]},
    site="Check the mother's id and both birth dates.",
    analyst="Do not take the infants for siblings.",
)
def births_too_close() -> nw.Expr:
    """Two infants of one mother were born too far apart for twins and too close for two pregnancies."""
    gap = nw.col("birth_gap_days")
    return (gap > 2) & (gap < 168)


@rule(
    "participants.arm.listed",
    table="participants",
    columns=("arm", "arm_listed", "participant_id"),
    needs=("arm", "arm_listed"),
    severity="critical",
    source=DEFINITION,
    value="not as listed",
    expected="the arm of the randomisation list",
    passes={"arm": ["1", "1"], "arm_listed": ["1", None], "participant_id": ["a", "b"]},
    fails={"arm": ["1"], "arm_listed": ["2"], "participant_id": ["a"]},
    site="Tell the trial's statistician at once, and find out what the participant was given.",
    analyst="Analyse as randomised, by the list; report the deviation.",
)
def arm_not_as_listed() -> nw.Expr:
    """The arm is not that of the randomisation list. Neither is shown, so that nobody is unblinded by this."""
    return nw.col("arm") != nw.col("arm_listed")


@rule(
    "participants.arm.cluster",
    table="participants",
    columns=("cluster_id", "cluster_arms", "clusters_of_one_arm"),
    needs=("cluster_id", "cluster_arms"),
    per=("cluster_id",),
    severity="critical",
    source="definition of a cluster-randomised trial; judged where 80 % of the clusters have one arm",
    value="{cluster_arms} arms in {cluster_id}",
    expected="one arm in a cluster",
    passes={
        "cluster_id": ["k", "k"],
        "cluster_arms": [1, 2],
        "clusters_of_one_arm": [True, False],
    },
    fails={"cluster_id": ["k", "k"], "cluster_arms": [2, 2], "clusters_of_one_arm": [True, True]},
    site="Check which participants of the cluster have another cluster's arm, or another cluster's id.",
    analyst="Analyse by the cluster's randomised arm once it is known.",
)
def cluster_of_several_arms() -> Judgement:
    """Participants of one cluster are in different arms, in a trial that randomised clusters."""
    return Judgement(nw.col("cluster_arms") > 1, among=nw.col("clusters_of_one_arm").cast(nw.Boolean))


@rule(
    "participants.arm.missing",
    table="participants",
    columns=("randomisation_date", "arm", "arms_known"),
    needs=("randomisation_date",),
    severity="warning",
    source=DEFINITION,
    expected="an arm, as for everybody randomised",
    passes={
        "randomisation_date": [dt.date(2024, 6, 1), None, dt.date(2024, 6, 1)],
        "arm": ["1", None, None],
        "arms_known": [True, True, False],
    },
    fails={"randomisation_date": [dt.date(2024, 6, 1)], "arm": [None], "arms_known": [True]},
    site="Send the allocation; check that the participant was really randomised.",
    analyst="The participant belongs to the analysis as randomised: do not drop it.",
)
def arm_missing() -> Judgement:
    """Randomised on a date, but in no arm, where others are in one."""
    return Judgement(nw.col("arm").is_null(), among=nw.col("arms_known").cast(nw.Boolean))


for _table, _theirs, _ours, _id, _per, _severity in (
    ("visits", "sex_reported", "participant_infant_sex", "visits.sex.differs", "participant_id", "critical"),
    ("visits", "birth_date_reported", "participant_infant_birth_date", "visits.birth_date.differs", "participant_id", "critical"),
    ("visits", "gestational_age_reported_days", "participant_gestational_age_days", "visits.gestation.differs", "participant_id", "warning"),
):  # fmt: skip
    _same: object = {
        "sex_reported": "male",
        "birth_date_reported": dt.date(2024, 5, 1),
        "gestational_age_reported_days": 280.0,
    }[_theirs]
    _other: object = {
        "sex_reported": "female",
        "birth_date_reported": dt.date(2024, 1, 5),
        "gestational_age_reported_days": 252.0,
    }[_theirs]

    @rule(
        _id,
        table=_table,
        columns=(_theirs, _ours, _per, "participant_plurality"),
        needs=(_theirs, _ours),
        per=(_per,),
        severity=_severity,  # type: ignore[arg-type]
        source=DEFINITION
        if _severity == "critical"
        else f"more than a week apart is no rounding; {UNVERIFIED}",
        expected=f"{{{_ours}}}, as in participants",
        passes={
            _theirs: [_same, None, _other],
            _ours: [_same, _same, _same],
            _per: ["a", "b", "c"],
            "participant_plurality": [1, 1, 2],
        },
        fails={_theirs: [_other], _ours: [_same], _per: ["a"], "participant_plurality": [None]},
        says="The visit's form and the participants table do not agree about this infant; scores depend on it.",
        site="Ask the mother, look at the birth record, and correct the source that is wrong.",
        analyst="Leave the infant's scores out until it is settled.",
    )
    def fact_differs(theirs: str = _theirs, ours: str = _ours) -> Judgement:
        """Not judged of twins, who may differ and share their mother's form."""
        single = nw.col("participant_plurality").is_null() | (nw.col("participant_plurality") == 1)
        if theirs == "gestational_age_reported_days":
            apart = nw.col(theirs) - nw.col(ours)
            return Judgement((apart > 7) | (apart < -7), among=single)
        return Judgement(nw.col(theirs) != nw.col(ours), among=single)


for _table, _count in (("growth", "growth_rows"), ("milk", "milk_rows")):

    @rule(
        f"participants.{_table}.none",
        table="participants",
        columns=("participant_id", _count),
        level="dataset",
        severity="info",
        source=DEFINITION,
        requires=_table,
        value="{n_rows} participants",
        expected="at least one row of each",
        passes={"participant_id": ["a"], _count: [2]},
        fails={"participant_id": ["a", "b"], _count: [0, 3], "!": [True, False]},
        says=f"Participants without any row in the {_table} table: never seen, not yet sent, or under another id.",
        site="Compare the list of participants with what was sent.",
        analyst="They are missing from every figure of this table: say how many.",
    )
    def without_rows(count: str = _count) -> nw.Expr:
        """One finding for the table, with the number."""
        return nw.col(count) == 0
