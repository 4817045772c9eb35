"""Dates in an order that can be true. Visits before a birth are allowed in `visits`: enrolment may be antenatal."""

from __future__ import annotations

import datetime as dt

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Judgement, Settings, rule
from milkqc.checks.phrases import SAMPLE, midnight

MAY, JUNE, JULY = dt.date(2024, 5, 1), dt.date(2024, 6, 1), dt.date(2024, 7, 1)


def born() -> nw.Expr:
    """The birth date that scoring uses: the row's own, else the participant's."""
    return nw.coalesce(nw.col("infant_birth_date"), nw.col("participant_infant_birth_date"))


@rule(
    "growth.visit.before_birth",
    table="growth",
    columns=("visit_date", "infant_birth_date", "participant_infant_birth_date"),
    needs=("visit_date",),
    severity="critical",
    source="definition",
    expected="on or after {born}",
    passes={
        "visit_date": [JUNE, JUNE, None],
        "infant_birth_date": [MAY, JUNE, JUNE],
        "participant_infant_birth_date": [JULY, None, JUNE],
    },
    fails={
        "visit_date": [MAY, MAY],
        "infant_birth_date": [JUNE, None],
        "participant_infant_birth_date": [None, JUNE],
    },
)
def visited_before_birth() -> Judgement:
    """The visit is dated before the birth; z-scores of this row mean nothing."""
    return Judgement(nw.col("visit_date") < born(), among=~born().is_null(), shows={"born": born()})


@rule(
    "milk.sample.before_birth",
    table="milk",
    columns=("sample_date", "participant_infant_birth_date"),
    per=SAMPLE,
    severity="critical",
    source="definition",
    expected="on or after {participant_infant_birth_date}",
    passes={"sample_date": [JUNE, JUNE], "participant_infant_birth_date": [JUNE, None]},
    fails={"sample_date": [MAY], "participant_infant_birth_date": [JUNE]},
)
def sampled_before_birth() -> nw.Expr:
    """The milk sample is dated before the birth; its stage and days postpartum mean nothing."""
    return nw.col("sample_date") < nw.col("participant_infant_birth_date")


@rule(
    "participants.exit.before_birth",
    table="participants",
    columns=("exit_date", "infant_birth_date"),
    severity="critical",
    source="definition",
    expected="on or after {infant_birth_date}",
    passes={"exit_date": [JUNE], "infant_birth_date": [JUNE]},
    fails={"exit_date": [MAY], "infant_birth_date": [JUNE]},
)
def left_before_birth() -> nw.Expr:
    """The infant left the study before being born."""
    return nw.col("exit_date") < nw.col("infant_birth_date")


@rule(
    "participants.exit.before_randomisation",
    table="participants",
    columns=("exit_date", "randomisation_date"),
    severity="critical",
    source="definition",
    expected="on or after {randomisation_date}",
    passes={"exit_date": [JUNE], "randomisation_date": [JUNE]},
    fails={"exit_date": [MAY], "randomisation_date": [JUNE]},
)
def left_before_randomisation() -> nw.Expr:
    """The participant left the study before being randomised."""
    return nw.col("exit_date") < nw.col("randomisation_date")


@rule(
    "participants.mother.not_older",
    table="participants",
    columns=("mother_birth_date", "infant_birth_date"),
    severity="critical",
    source="definition",
    expected="before {infant_birth_date}",
    passes={"mother_birth_date": [MAY], "infant_birth_date": [JUNE]},
    fails={"mother_birth_date": [JUNE, JULY], "infant_birth_date": [JUNE, JUNE]},
)
def mother_not_older() -> nw.Expr:
    """The mother's birth date is not before the infant's: often the same date entered twice."""
    return nw.col("mother_birth_date") >= nw.col("infant_birth_date")


for _table, _column, _id, _per in (
    ("growth", "visit_date", "growth.visit.after_exit", ()),
    ("visits", "visit_date", "visits.visit.after_exit", ()),
    ("milk", "sample_date", "milk.sample.after_exit", SAMPLE),
    ("biomarkers", "sample_date", "biomarkers.sample.after_exit", SAMPLE),
):

    @rule(
        _id,
        table=_table,
        columns=(_column, "participant_exit_date"),
        per=_per,
        severity="warning",
        source="definition",
        expected="on or before {participant_exit_date}",
        passes={_column: [JUNE, JUNE], "participant_exit_date": [JUNE, None]},
        fails={_column: [JULY], "participant_exit_date": [JUNE]},
    )
    def after_exit(column: str = _column) -> nw.Expr:
        """The visit or sample is dated after the participant left the study."""
        return nw.col(column) > nw.col("participant_exit_date")


for _table in ("milk", "biomarkers"):

    @rule(
        f"{_table}.run.before_sample",
        table=_table,
        columns=("run_date", "sample_date"),
        per=(*SAMPLE, "run_date"),
        severity="critical",
        source="definition",
        expected="on or after {sample_date}",
        passes={"run_date": [JUNE], "sample_date": [JUNE]},
        fails={"run_date": [MAY], "sample_date": [JUNE]},
    )
    def run_before_sample() -> nw.Expr:
        """The laboratory ran the sample before it was taken."""
        return nw.col("run_date") < nw.col("sample_date")


for _table, _column, _id, _per in (
    ("growth", "visit_date", "growth.visit.outside_study", ()),
    ("visits", "visit_date", "visits.visit.outside_study", ()),
    ("milk", "sample_date", "milk.sample.outside_study", SAMPLE),
    ("biomarkers", "sample_date", "biomarkers.sample.outside_study", SAMPLE),
):

    @rule(
        _id,
        table=_table,
        columns=(_column,),
        per=_per,
        severity="warning",
        source="the study's mapping: study_start, data_cutoff",
        requires="study_dates",
        expected="{limits}",
        passes={_column: [dt.date(2024, 1, 1), dt.date(2024, 12, 31)]},
        fails={_column: [dt.date(2023, 12, 31), dt.date(2025, 1, 1)]},
    )
    def outside_study(settings: Settings, column: str = _column) -> Judgement:
        """The date lies before the study's start or after its data cut-off."""
        tests, limits = [], []
        if settings.study_start:
            tests.append(nw.col(column) < midnight(settings.study_start))
            limits.append(f"from {settings.study_start}")
        if settings.data_cutoff:
            tests.append(nw.col(column) > midnight(settings.data_cutoff))
            limits.append(f"to {settings.data_cutoff}")
        fails = nw.any_horizontal(*tests, ignore_nulls=True)
        return Judgement(fails, shows={"limits": nw.lit(" ".join(limits))})
