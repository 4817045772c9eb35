"""Rows under one key, rows that say the same, and rows whose participant nobody enrolled."""

from __future__ import annotations

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Judgement, rule

# What names one row of each table (DESIGN 2), and what else such a row says.
KEYS = {
    "participants": ("infant_id",),
    "visits": ("participant_id", "visit"),
    "growth": ("infant_id", "visit"),
    "milk": ("participant_id", "visit", "sample_id", "analyte"),
    "biomarkers": ("participant_id", "visit", "sample_id", "analyte"),
}
_RESULT = ("value", "censored", "limit", "method", "batch", "run", "run_date", "replicate", "sample_date")
FACTS = {
    "participants": (
        "participant_id", "mother_id", "site", "arm", "randomisation_date", "mother_birth_date", "infant_sex",
        "infant_birth_date", "gestational_age_days", "birth_weight_kg", "birth_length_cm",
        "birth_head_circumference_cm", "exit_date", "exit_reason",
    ),
    "visits": (
        "visit_date", "outcome", "mother_weight_kg", "mother_muac_cm", "mother_haemoglobin_g_dl", "feeding",
        "feeding_recall", "adherence_percent", "mastitis", "infant_ill", "mother_ill",
    ),
    "growth": (
        "visit_date", "age_reported_days", "infant_sex", "infant_birth_date", "weight_kg", "length_cm",
        "measured", "head_circumference_cm", "muac_cm", "triceps_skinfold_mm", "subscapular_skinfold_mm",
        "oedema",
    ),
    "milk": _RESULT,
    "biomarkers": _RESULT,
}  # fmt: skip
_EXAMPLE = {
    "participants": ("birth_weight_kg", {"participant_id": ["p", "p"], "infant_id": ["p", "p"]}),
    "visits": ("mother_weight_kg", {"participant_id": ["p", "p"], "visit": ["birth", "birth"]}),
    "growth": ("weight_kg", {"infant_id": ["p", "p"], "visit": ["birth", "birth"]}),
    "milk": ("value", {"participant_id": ["p", "p"], "visit": ["v", "v"], "analyte": ["zinc", "zinc"]}),
    "biomarkers": ("value", {"participant_id": ["p", "p"], "visit": ["v", "v"], "analyte": ["zinc", "zinc"]}),
}


def _key_needs(table: str) -> tuple[str, ...]:
    return tuple(column for column in KEYS[table] if column != "sample_id")


for _table in KEYS:
    _measure, _same_key = _EXAMPLE[_table]

    @rule(
        f"{_table}.key.repeated",
        table=_table,
        columns=(KEYS[_table][-1], *KEYS[_table][:-1], *FACTS[_table], "repeat_allowed"),
        needs=_key_needs(_table),
        per=KEYS[_table],
        severity="critical",
        source="definition",
        value="{rows} rows",
        expected="one row",
        passes={**_same_key, _measure: [3.0, 3.0]},
        fails={**_same_key, _measure: [3.0, 4.0]},
    )
    def key_repeated(table: str = _table) -> Judgement:
        """Several rows that differ stand under one key; nobody can say which is meant."""
        rows = nw.len().over(*KEYS[table])
        # Copies that agree in everything are one cause with a finding of their own (rows.identical).
        copies = nw.len().over(*KEYS[table], *FACTS[table])
        return Judgement((rows > 1) & (copies < rows), among=~nw.col("repeat_allowed"), shows={"rows": rows})

    @rule(
        f"{_table}.rows.identical",
        table=_table,
        columns=(KEYS[_table][-1], *KEYS[_table][:-1], *FACTS[_table], "repeat_allowed"),
        needs=_key_needs(_table),
        per=KEYS[_table],
        severity="warning",
        source="definition",
        value="{rows} rows",
        expected="one row",
        passes={**_same_key, _measure: [3.0, 4.0]},
        fails={**_same_key, _measure: [3.0, 3.0]},
    )
    def rows_identical(table: str = _table) -> Judgement:
        """The same row stands several times under one key, in every value alike: probably exported twice."""
        rows = nw.len().over(*KEYS[table])
        copies = nw.len().over(*KEYS[table], *FACTS[table])
        return Judgement((rows > 1) & (copies == rows), among=~nw.col("repeat_allowed"), shows={"rows": rows})


for _table, _person in (
    ("growth", ("infant_id", "participant_id")),
    ("visits", ("participant_id",)),
    ("milk", ("participant_id",)),
    ("biomarkers", ("participant_id",)),
):

    @rule(
        f"{_table}.participant.unknown",
        table=_table,
        columns=(*reversed(_person), "participant_found"),
        needs=("participant_found",),
        per=_person,
        severity="warning",
        source="definition",
        requires="participants",
        expected="enrolled",
        passes={"participant_id": ["p"], "participant_found": [True]},
        fails={"participant_id": ["p"], "participant_found": [False]},
    )
    def participant_unknown() -> nw.Expr:
        """The row's participant or infant is not in the participants table; sex, birth and site are unknown."""
        return ~nw.col("participant_found")
