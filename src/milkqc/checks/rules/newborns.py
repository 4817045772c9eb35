"""Newborns: size at birth against gestation, and head against length."""

from __future__ import annotations

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Judgement, Limits, rule

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
        expected="within {max} SD at {gestational_age_days} d of gestation, not {z}",
        limits={"max": 4.0},
        passes={_measure: [3.2, 4.4], _z: [0.1, -4.0], "gestational_age_days": [280.0, 230.0]},
        fails={_measure: [3.2, 1.2], _z: [4.5, -4.1], "gestational_age_days": [200.0, 280.0]},
        says="The size at birth is not believable for this gestational age and sex; often gestation is wrong.",
        site="Check gestation first (weeks against days, dating), then the measure and its unit.",
        analyst="Use neither term nor small-for-gestation status before it is settled.",
    )
    def size_for_gestation(limits: Limits, z: str = _z) -> Judgement:
        """Beyond 4 SD of INTERGROWTH's newborn standard."""
        score, most = nw.col(z), limits["max"]
        return Judgement((score > most) | (score < -most), shows={"z": score.round(2)})


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
