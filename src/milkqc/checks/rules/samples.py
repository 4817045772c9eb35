"""Samples: whose they are, at which stage of lactation, and whether they are the ones they are said to be."""

from __future__ import annotations

import datetime as dt
import math

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Judgement, Limits, rule
from milkqc.checks.phrases import DEFINITION, SAMPLE, UNVERIFIED

JUNE, JULY = dt.date(2024, 6, 1), dt.date(2024, 7, 1)
# Odds (log10) of a hundred to one for the exchange; docs/packs.md has the rates of error.
SURE = 2.0
_MOST_TOLD = 6.0


for _table in ("milk", "biomarkers"):

    @rule(
        f"{_table}.sample.two_places",
        table=_table,
        columns=("sample_id", "sample_elsewhere", "participant_id", "visit"),
        needs=("sample_id", "sample_elsewhere"),
        per=SAMPLE,
        severity="critical",
        source="definition; judged where sample ids are not numbered anew for each participant or visit",
        expected="one participant and visit; it is also at {sample_elsewhere}",
        passes={
            "sample_id": ["T1"],
            "sample_elsewhere": [None],
            "participant_id": ["a"],
            "visit": ["birth"],
        },
        fails={
            "sample_id": ["T1", "T1"],
            "sample_elsewhere": ["b, birth", "a, birth"],
            "participant_id": ["a", "b"],
            "visit": ["birth", "birth"],
        },
        site="Find the tube and read its label; correct the list of tubes.",
        analyst="Use the results for nobody before it is known whose tube it is.",
    )
    def two_places() -> nw.Expr:
        """One tube stands under two participants or visits."""
        return ~nw.col("sample_elsewhere").is_null()


@rule(
    "milk.stage.differs",
    table="milk",
    columns=("stage_reported", "stage", "days_postpartum", *SAMPLE),
    needs=("stage_reported", "stage"),
    per=SAMPLE,
    severity="warning",
    source="stages of milkqc: colostrum days 0 to 5, transitional 6 to 15, mature from 16; a day either way is no difference",
    expected="{stage}, at {days_postpartum} d after the birth",
    passes={
        "stage_reported": ["mature", None, "transitional", "colostrum"],
        "stage": ["mature", "mature", "mature", "transitional"],
        "days_postpartum": [40.0, 40.0, 16.0, 6.0],
        "sample_id": ["a", "b", "c", "d"],
    },
    fails={
        "stage_reported": ["colostrum", "mature"],
        "stage": ["mature", "transitional"],
        "days_postpartum": [90.0, 10.0],
        "sample_id": ["a", "b"],
    },
    site="Look at the tube and the form: either the date or the tube is another one.",
    analyst="Do not use the sample by stage, and compare it with no limit, before it is settled.",
)
def stage_differs() -> nw.Expr:
    """The stage that the source says is not that of the dates."""
    said, days = nw.col("stage_reported"), nw.col("days_postpartum")
    near = ((days >= 5) & (days <= 6)) | ((days >= 15) & (days <= 16))
    return (said != nw.col("stage")) & ~near.fill_null(value=False)


@rule(
    "milk.sample.weaned",
    table="milk",
    columns=("visit_feeding", "sample_id", "participant_id", "visit"),
    needs=("visit_feeding",),
    per=("participant_id", "visit"),
    severity="warning",
    source=DEFINITION,
    value="{visit_feeding}",
    expected="an infant that is breastfed",
    passes={
        "visit_feeding": ["exclusive", None],
        "sample_id": ["a", "b"],
        "participant_id": ["p", "p"],
        "visit": ["birth", "month_3"],
    },
    fails={"visit_feeding": ["none"], "sample_id": ["a"], "participant_id": ["p"], "visit": ["month_3"]},
    site="Ask whether the infant is breastfed, or whose tube this is; some mothers express milk after weaning.",
    analyst="Milk of a breast that is no longer emptied differs: leave it out of reference figures.",
)
def sampled_though_weaned() -> nw.Expr:
    """Milk was sampled at a visit at which the infant is said not to be breastfed."""
    return nw.col("visit_feeding") == "none"


@rule(
    "milk.sample.after_weaning",
    table="milk",
    columns=("sample_date", "participant_weaning_date", *SAMPLE),
    needs=("sample_date", "participant_weaning_date"),
    per=SAMPLE,
    severity="warning",
    source=f"definition, with {{days}} days for milk that still comes; {UNVERIFIED}",
    limits={"days": 7.0},
    expected="no later than {days} d after the last breastfeed, {participant_weaning_date}",
    passes={
        "sample_date": [JUNE, dt.date(2024, 6, 8)],
        "participant_weaning_date": [JUNE, JUNE],
        "sample_id": ["a", "b"],
    },
    fails={"sample_date": [JULY], "participant_weaning_date": [JUNE], "sample_id": ["a"]},
    site="Check the date of the last breastfeed and of the sample, and whose tube this is.",
    analyst="Leave the sample out of reference figures unless the dates are corrected.",
)
def sampled_after_weaning(limits: Limits) -> nw.Expr:
    """Milk is dated more than {days} days after the last breastfeed."""
    return nw.col("sample_date") > nw.col("participant_weaning_date").dt.offset_by(f"{limits['days']:.0f}d")


@rule(
    "milk.sample.mixed_up",
    table="milk",
    columns=(
        "sample_id",
        "exchanged_odds",
        "exchanged_with",
        "exchanged_analytes",
        "participant_id",
        "visit",
    ),
    needs=("sample_id", "exchanged_odds"),
    per=SAMPLE,
    severity="warning",
    source="milkqc: likelihood ratio over the study's own mothers; needs and error rates in docs/packs.md",
    expected="the profile of this visit; {exchanged_analytes} analytes fit {exchanged_with} better, at odds of {odds} to 1",
    limits={"min": SURE},
    passes={
        "sample_id": ["T1", "T2"],
        "exchanged_odds": [-3.0, 1.9],
        "exchanged_with": ["p|month_3|T2", "p|birth|T1"],
        "exchanged_analytes": [2, 2],
        "participant_id": ["p", "p"],
        "visit": ["birth", "month_3"],
    },
    fails={
        "sample_id": ["T1", "T2"],
        "exchanged_odds": [2.5, 2.5],
        "exchanged_with": ["p|month_3|T2", "p|birth|T1"],
        "exchanged_analytes": [2, 2],
        "participant_id": ["p", "p"],
        "visit": ["birth", "month_3"],
    },
    site="Read the labels of both tubes, and ask the laboratory to run one analyte of both again.",
    analyst="A suspicion, no proof: leave both as they are, and examine results without them.",
)
def mixed_up(limits: Limits) -> Judgement:
    """The mother's two samples fit her visits better when they are exchanged."""
    odds = nw.col("exchanged_odds")
    # Beyond a million to one, how much beyond says nothing more.
    told = nw.when(odds > _MOST_TOLD).then(_MOST_TOLD).otherwise(odds)
    return Judgement(odds >= limits["min"], shows={"odds": (told * math.log(10)).exp().round(0)})
