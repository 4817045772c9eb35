"""Two sources for one fact about an infant, and the standard that fits how the infant was born."""

from __future__ import annotations

import datetime as dt

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Judgement, Limits, rule
from milkqc.checks.phrases import DEFINITION, UNVERIFIED

# WHO: born before 37 completed weeks (259 d) is preterm.
TERM_DAYS = 259
_SCORES = ("laz", "waz", "wlz", "baz", "hcz")


@rule(
    "growth.sex.differs",
    table="growth",
    columns=("infant_sex", "participant_infant_sex", "infant_id"),
    per=("infant_id",),
    severity="critical",
    source="definition",
    expected="{participant_infant_sex}, as in participants",
    passes={
        "infant_sex": ["male", None],
        "participant_infant_sex": ["male", "male"],
        "infant_id": ["a", "b"],
    },
    fails={"infant_sex": ["female"], "participant_infant_sex": ["male"], "infant_id": ["a"]},
)
def sex_differs() -> nw.Expr:
    """The growth table and the participants table give this infant different sexes; every score depends on it."""
    return nw.col("infant_sex") != nw.col("participant_infant_sex")


@rule(
    "growth.birth_date.differs",
    table="growth",
    columns=("infant_birth_date", "participant_infant_birth_date", "infant_id"),
    per=("infant_id",),
    severity="critical",
    source="definition",
    expected="{participant_infant_birth_date}, as in participants",
    passes={
        "infant_birth_date": [dt.date(2024, 5, 1), None],
        "participant_infant_birth_date": [dt.date(2024, 5, 1), dt.date(2024, 5, 1)],
        "infant_id": ["a", "b"],
    },
    fails={
        "infant_birth_date": [dt.date(2024, 5, 1)],
        "participant_infant_birth_date": [dt.date(2024, 1, 5)],
        "infant_id": ["a"],
    },
)
def birth_date_differs() -> nw.Expr:
    """The growth table and the participants table give this infant different birth dates; every age depends on it."""
    return nw.col("infant_birth_date") != nw.col("participant_infant_birth_date")


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
        else f"more than {{max}} days apart is no rounding; {UNVERIFIED}",
        expected=f"{{{_ours}}}, as in participants",
        limits={} if _severity == "critical" else {"max": 7.0},
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
    def fact_differs(limits: Limits, theirs: str = _theirs, ours: str = _ours) -> Judgement:
        """Not judged of twins, who may differ and share their mother's form."""
        single = nw.col("participant_plurality").is_null() | (nw.col("participant_plurality") == 1)
        if theirs == "gestational_age_reported_days":
            apart = nw.col(theirs) - nw.col(ours)
            return Judgement((apart > limits["max"]) | (apart < -limits["max"]), among=single)
        return Judgement(nw.col(theirs) != nw.col(ours), among=single)


@rule(
    "growth.preterm.chronological",
    table="growth",
    columns=("participant_gestational_age_days", *_SCORES),
    needs=("participant_gestational_age_days",),
    level="dataset",
    severity="info",
    source="WHO 2006 describes term infants; preterm: before 259 d of gestation (WHO)",
    value="{n_rows} rows",
    expected="see growth_standard and the routed scores",
    passes={
        "participant_gestational_age_days": [259.0, 230.0, None],
        "laz": [0.1, None, 0.2],
    },
    fails={"participant_gestational_age_days": [258.0], "waz": [-2.0]},
)
def preterm_at_chronological_age() -> Judgement:
    """Infants born before 37 weeks have WHO scores at their chronological age, which makes them look small."""
    scored = nw.any_horizontal(*(~nw.col(name).is_null() for name in _SCORES), ignore_nulls=True)
    return Judgement(nw.col("participant_gestational_age_days") < TERM_DAYS, among=scored)
