"""Dates that nobody meant, that lie in the future of the data, or that come in an order that cannot be."""

from __future__ import annotations

import datetime as dt

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Judgement, Limits, Settings, rule
from milkqc.checks.phrases import DEFINITION, SAMPLE, UNVERIFIED, midnight

MAY, JUNE, JULY = dt.date(2024, 5, 1), dt.date(2024, 6, 1), dt.date(2024, 7, 1)
RUN = (*SAMPLE, "run_date")
# The zero of Excel (two of them), SAS and Stata, Unix and old Macs, and what forms and databases put in for "unknown".
PLACEHOLDERS = (
    dt.date(1899, 12, 30), dt.date(1899, 12, 31), dt.date(1900, 1, 1), dt.date(1904, 1, 1), dt.date(1960, 1, 1),
    dt.date(1970, 1, 1), dt.date(1999, 9, 9), dt.date(2099, 12, 31), dt.date(9999, 12, 31),
)  # fmt: skip
# Women of today were born around 1970, and studies of 1960 and 1970 exist: of these only other dates are placeholders.
PEOPLE_LIVED = frozenset({dt.date(1960, 1, 1), dt.date(1970, 1, 1), dt.date(1999, 9, 9)})
_DATES = (
    ("participants", "infant_birth_date", ()),
    ("participants", "mother_birth_date", ()),
    ("participants", "randomisation_date", ()),
    ("participants", "consent_date", ()),
    ("participants", "exit_date", ()),
    ("participants", "weaning_date", ()),
    ("visits", "visit_date", ()),
    ("growth", "visit_date", ()),
    ("milk", "sample_date", SAMPLE),
    ("milk", "run_date", RUN),
    ("milk", "received_date", SAMPLE),
    ("biomarkers", "sample_date", SAMPLE),
    ("biomarkers", "run_date", RUN),
    ("biomarkers", "received_date", SAMPLE),
)
_CORRECT = "Look at the form and correct the date."
_NO_AGE = "Use no age or interval that hangs on this date."

for _table, _column, _per in _DATES:

    @rule(
        f"{_table}.{_column}.placeholder",
        table=_table,
        columns=(_column,),
        per=_per,
        severity="warning",
        source=f"the zeros of Excel, SAS, Stata and Unix, and dates put in for unknown; {UNVERIFIED}",
        expected="a real date, or missing",
        limits={
            "values": tuple(
                day for day in PLACEHOLDERS if _column != "mother_birth_date" or day not in PEOPLE_LIVED
            )
        },
        passes={_column: [MAY, dt.date(1970, 1, 2), None]},
        fails={_column: [dt.date(1900, 1, 1), dt.date(9999, 12, 31)]},
        says="The date is the zero of a program, or one put in for unknown.",
        site="Give the real date, or leave it empty with a reason.",
        analyst="Treat the date as missing.",
    )
    def placeholder(limits: Limits, column: str = _column) -> nw.Expr:
        """One of the dates that programs put in for nothing."""
        return nw.any_horizontal(
            *(nw.col(column) == midnight(day) for day in limits.dates("values")), ignore_nulls=True
        )


_BESIDE_VISITS = tuple(
    (table, column, per)
    for table, column, per in _DATES
    if column not in {"visit_date", "sample_date", "mother_birth_date"}
)
for _table, _column, _per in _BESIDE_VISITS:

    @rule(
        f"{_table}.{_column}.after_cutoff",
        table=_table,
        columns=(_column,),
        per=_per,
        severity="warning",
        source="the study's mapping: data_cutoff",
        requires="data_cutoff",
        expected="{limit} or before, when the data end",
        passes={_column: [dt.date(2024, 12, 31), MAY]},
        fails={_column: [dt.date(2025, 1, 1)]},
        says="The date lies after the end of the data: it was in the future when it was entered.",
        site=f"{_CORRECT} Often the year is wrong.",
        analyst=_NO_AGE,
    )
    def after_cutoff(settings: Settings, column: str = _column) -> Judgement:
        """In the future of the data."""
        cutoff = settings.data_cutoff or dt.date.max
        return Judgement(nw.col(column) > midnight(cutoff), shows={"limit": nw.lit(str(cutoff))})


for _column in ("randomisation_date", "consent_date"):

    @rule(
        f"participants.{_column}.before_study",
        table="participants",
        columns=(_column,),
        severity="warning",
        source="the study's mapping: study_start",
        requires="study_start",
        expected="{limit} or later, when the study began",
        passes={_column: [dt.date(2024, 1, 1), MAY]},
        fails={_column: [dt.date(2023, 12, 31)]},
        says="The date lies before the study began.",
        site=f"{_CORRECT} Often the year is wrong.",
        analyst=_NO_AGE,
    )
    def before_study(settings: Settings, column: str = _column) -> Judgement:
        """Nobody consents to, or is randomised in, a study that has not begun."""
        start = settings.study_start or dt.date.min
        return Judgement(nw.col(column) < midnight(start), shows={"limit": nw.lit(str(start))})


for _table, _column, _id, _per in (
    ("growth", "visit_date", "growth.visit.before_consent", ()),
    ("visits", "visit_date", "visits.visit.before_consent", ()),
    ("milk", "sample_date", "milk.sample.before_consent", SAMPLE),
    ("biomarkers", "sample_date", "biomarkers.sample.before_consent", SAMPLE),
):

    @rule(
        _id,
        table=_table,
        columns=(_column, "participant_consent_date"),
        per=_per,
        severity="critical",
        source="ICH E6 (good clinical practice): consent is obtained before participation",
        expected="on or after the consent, {participant_consent_date}",
        passes={_column: [JUNE, JUNE], "participant_consent_date": [JUNE, None]},
        fails={_column: [MAY], "participant_consent_date": [JUNE]},
        says="The visit or sample is dated before the participant consented.",
        site="Check both dates; if they are right, report it to the ethics committee as the protocol says.",
        analyst="Do not use the data before it is known that consent was given.",
    )
    def before_consent(column: str = _column) -> nw.Expr:
        """Nothing may be taken before consent."""
        return nw.col(column) < nw.col("participant_consent_date")


@rule(
    "participants.randomisation.before_consent",
    table="participants",
    columns=("randomisation_date", "consent_date"),
    severity="critical",
    source="ICH E6 (good clinical practice): consent is obtained before participation",
    expected="on or after the consent, {consent_date}",
    passes={"randomisation_date": [JUNE, JUNE], "consent_date": [MAY, JUNE]},
    fails={"randomisation_date": [MAY], "consent_date": [JUNE]},
    site="Check both dates; if they are right, report it as the protocol says.",
    analyst="Keep the participant as randomised; report the deviation.",
)
def randomised_before_consent() -> nw.Expr:
    """Randomised before having consented."""
    return nw.col("randomisation_date") < nw.col("consent_date")


@rule(
    "participants.exit.before_consent",
    table="participants",
    columns=("exit_date", "consent_date"),
    severity="critical",
    source=DEFINITION,
    expected="on or after the consent, {consent_date}",
    passes={"exit_date": [JULY], "consent_date": [JUNE]},
    fails={"exit_date": [MAY], "consent_date": [JUNE]},
    site=_CORRECT,
    analyst="Use no time in the study of this participant.",
)
def left_before_consent() -> nw.Expr:
    """The participant left the study before joining it."""
    return nw.col("exit_date") < nw.col("consent_date")


@rule(
    "participants.weaning.before_birth",
    table="participants",
    columns=("weaning_date", "infant_birth_date"),
    severity="critical",
    source=DEFINITION,
    expected="on or after the birth, {infant_birth_date}",
    passes={"weaning_date": [JULY], "infant_birth_date": [JUNE]},
    fails={"weaning_date": [MAY], "infant_birth_date": [JUNE]},
    site=_CORRECT,
    analyst="Do not use the duration of breastfeeding.",
)
def weaned_before_birth() -> nw.Expr:
    """The last breastfeed is dated before the birth."""
    return nw.col("weaning_date") < nw.col("infant_birth_date")


for _table, _column, _id, _severity, _per in (
    ("growth", "visit_date", "growth.visit.after_death", "critical", ()),
    ("visits", "visit_date", "visits.visit.after_death", "warning", ()),
    ("milk", "sample_date", "milk.sample.after_death", "warning", SAMPLE),
):

    @rule(
        _id,
        table=_table,
        columns=(_column, "participant_died_date"),
        per=_per,
        severity=_severity,  # type: ignore[arg-type]
        source=DEFINITION,
        expected="not after the death, {participant_died_date}",
        passes={_column: [JUNE, JUNE], "participant_died_date": [JUNE, None]},
        fails={_column: [JULY], "participant_died_date": [JUNE]},
        says="The visit or sample is dated after the infant died, by the exit or by an earlier visit.",
        site="Find out, before anybody calls the family, whose form this is and which date is right.",
        analyst="Use nothing of the row before it is settled.",
    )
    def after_death(column: str = _column) -> nw.Expr:
        """Dated after a death that the exit's reason or a visit's outcome tells; not judged of twins."""
        return nw.col(column) > nw.col("participant_died_date")


for _table in ("milk", "biomarkers"):

    @rule(
        f"{_table}.received.before_sample",
        table=_table,
        columns=("received_date", "sample_date"),
        per=SAMPLE,
        severity="critical",
        source=DEFINITION,
        expected="on or after the collection, {sample_date}",
        passes={"received_date": [JUNE], "sample_date": [JUNE]},
        fails={"received_date": [MAY], "sample_date": [JUNE]},
        site="Check both dates, and that the laboratory's tube is the field's.",
        analyst="Use neither date; the tube may be another person's.",
    )
    def received_before_sample() -> nw.Expr:
        """The laboratory received the sample before it was taken."""
        return nw.col("received_date") < nw.col("sample_date")

    @rule(
        f"{_table}.run.before_received",
        table=_table,
        columns=("run_date", "received_date"),
        per=RUN,
        severity="critical",
        source=DEFINITION,
        expected="on or after the receipt, {received_date}",
        passes={"run_date": [JUNE], "received_date": [JUNE]},
        fails={"run_date": [MAY], "received_date": [JUNE]},
        site="Ask the laboratory which date is right, and whether it is this tube.",
        analyst="Use the result only when the laboratory has confirmed it.",
    )
    def run_before_received() -> nw.Expr:
        """The laboratory ran the sample before it had received it."""
        return nw.col("run_date") < nw.col("received_date")
