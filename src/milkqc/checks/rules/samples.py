"""Samples: whose they are, at which stage, how they were kept, parts against wholes, and signs of mastitis."""

from __future__ import annotations

import datetime as dt

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Judgement, rule

UNVERIFIED = "convention, unverified"
DEFINITION = "definition"
SAMPLE = ("participant_id", "visit", "sample_id")
JUNE, JULY = dt.date(2024, 6, 1), dt.date(2024, 7, 1)
# Odds (log10) of a hundred to one for the exchange; docs/packs.md has the rates of error.
SURE = 2.0
# mmol:mmol, after the first week; ratios of healthy milk are about 0.5, of mastitis above 0.6 to 1.
SODIUM_POTASSIUM = 0.8
FIRST_WEEK_DAYS = 7

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
        f"{_table}.storage.warm",
        table=_table,
        columns=("storage_temperature_c", "storage_days", *SAMPLE),
        needs=("storage_temperature_c", "storage_days"),
        per=SAMPLE,
        severity="warning",
        source=f"longer than a week above -18 degrees Celsius; {UNVERIFIED}",
        expected="-18 or colder, for {storage_days} d",
        passes={
            "storage_temperature_c": [-80.0, 4.0, -18.0],
            "storage_days": [300.0, 3.0, 300.0],
            "sample_id": ["a", "b", "c"],
        },
        fails={"storage_temperature_c": [4.0, -15.0], "storage_days": [8.0, 90.0], "sample_id": ["a", "b"]},
        site="Check the log of the freezer; a missing minus is the likeliest error.",
        analyst="Leave out what does not keep (vitamin C, folate, enzymes) if it is true.",
    )
    def stored_warm() -> nw.Expr:
        """The sample was kept for more than a week warmer than a freezer."""
        return (nw.col("storage_temperature_c") > -18) & (nw.col("storage_days") > 7)

    @rule(
        f"{_table}.freeze_thaws.many",
        table=_table,
        columns=("freeze_thaws", *SAMPLE),
        needs=("freeze_thaws",),
        per=SAMPLE,
        severity="info",
        source=f"more than 3 cycles; {UNVERIFIED}",
        expected="at most 3 cycles",
        passes={"freeze_thaws": [0, 3], "sample_id": ["a", "b"]},
        fails={"freeze_thaws": [4], "sample_id": ["a"]},
        site="Say why the tube was thawed so often; make more aliquots.",
        analyst="Examine whether results of thawed tubes differ before pooling them.",
    )
    def thawed_often() -> nw.Expr:
        """The sample was frozen and thawed more often than results stand."""
        return nw.col("freeze_thaws") > 3


@rule(
    "milk.storage_days.differs",
    table="milk",
    columns=("storage_days", "storage_days_dated", *SAMPLE),
    needs=("storage_days", "storage_days_dated"),
    per=SAMPLE,
    severity="info",
    source=f"more than 30 days apart; {UNVERIFIED}",
    expected="{storage_days_dated} d, from collection to run",
    passes={"storage_days": [100.0, 100.0], "storage_days_dated": [120.0, None], "sample_id": ["a", "b"]},
    fails={"storage_days": [100.0], "storage_days_dated": [200.0], "sample_id": ["a"]},
    site="Check the dates of collection and run, and how days in storage were counted.",
    analyst="Prefer the dates, when both are confirmed.",
)
def storage_differs() -> nw.Expr:
    """Days in storage do not agree with the dates of collection and run."""
    apart = nw.col("storage_days") - nw.col("storage_days_dated")
    return (apart > 30) | (apart < -30)


@rule(
    "milk.aliquots.above_volume",
    table="milk",
    columns=("volume_ml", "aliquots", "aliquot_volume_ml", *SAMPLE),
    needs=("volume_ml", "aliquots", "aliquot_volume_ml"),
    per=SAMPLE,
    severity="warning",
    source=f"definition, with 10 % for pipetting; {UNVERIFIED}",
    value="{volume_ml} mL",
    expected="at least {aliquots} x {aliquot_volume_ml} mL",
    passes={
        "volume_ml": [10.0, 10.0],
        "aliquots": [5, 11],
        "aliquot_volume_ml": [2.0, 1.0],
        "sample_id": ["a", "b"],
    },
    fails={"volume_ml": [10.0], "aliquots": [6], "aliquot_volume_ml": [2.0], "sample_id": ["a"]},
    site="Check the number of aliquots and both volumes; a tube may be another woman's.",
    analyst="Do not use volumes of this sample.",
)
def aliquots_above_volume() -> nw.Expr:
    """The aliquots hold more milk than was collected."""
    return nw.col("aliquots") * nw.col("aliquot_volume_ml") > nw.col("volume_ml") * 1.1


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
    source=f"definition, with a week for milk that still comes; {UNVERIFIED}",
    expected="no later than a week after the last breastfeed, {participant_weaning_date}",
    passes={
        "sample_date": [JUNE, dt.date(2024, 6, 8)],
        "participant_weaning_date": [JUNE, JUNE],
        "sample_id": ["a", "b"],
    },
    fails={"sample_date": [JULY], "participant_weaning_date": [JUNE], "sample_id": ["a"]},
    site="Check the date of the last breastfeed and of the sample, and whose tube this is.",
    analyst="Leave the sample out of reference figures unless the dates are corrected.",
)
def sampled_after_weaning() -> nw.Expr:
    """Milk is dated more than a week after the last breastfeed."""
    return nw.col("sample_date") > nw.col("participant_weaning_date").dt.offset_by("7d")


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
    expected="the profile of this visit; {exchanged_analytes} analytes fit {exchanged_with} better, at odds of 10^{exchanged_odds}",
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
def mixed_up() -> nw.Expr:
    """The mother's two samples fit her visits better when they are exchanged."""
    return nw.col("exchanged_odds") >= SURE


@rule(
    "milk.sodium_potassium.mastitis",
    table="milk",
    columns=("sodium_potassium", "days_postpartum", "visit_mastitis", "sample_id"),
    needs=("sodium_potassium", "days_postpartum"),
    severity="info",
    source=(
        "a ratio of moles above 0.8 after day 7, as milkqc's issue has it (convention, unverified); "
        "Furukawa 2022 10.1177/08903344221075050 found 0.6 the best cut-off"
    ),
    expected="at most 0.8 (mmol:mmol) after the first week",
    passes={
        "sodium_potassium": [0.5, 2.0, 0.8],
        "days_postpartum": [90.0, 3.0, 8.0],
        "sample_id": ["a", "b", "c"],
    },
    fails={"sodium_potassium": [1.2], "days_postpartum": [20.0], "sample_id": ["a"]},
    site="Ask the mother about her breasts, on the side that was sampled; she may need help.",
    analyst="Not an error. Examine concentrations without it: inflamed breasts leak sodium and proteins.",
)
def sodium_over_potassium() -> Judgement:
    """Sodium is high against potassium: a sign of mastitis, or of milk that has not come in."""
    return Judgement(
        nw.col("sodium_potassium") > SODIUM_POTASSIUM, among=nw.col("days_postpartum") > FIRST_WEEK_DAYS
    )


@rule(
    "milk.sodium.after_first_week",
    table="milk",
    columns=("value", "unit", "days_postpartum", "analyte", "stage"),
    needs=("value", "days_postpartum", "analyte"),
    severity="info",
    source="NRC (NAP 1349 p254), published range of mature milk to 437 mg/L; from day 16 milk.sodium.mature.mastitis judges",
    expected="at most 437 mg/L after the first week",
    passes={
        "value": [300.0, 900.0, 900.0, 900.0],
        "days_postpartum": [10.0, 4.0, 10.0, 40.0],
        "analyte": ["sodium", "sodium", "potassium", "sodium"],
    },
    fails={"value": [600.0], "days_postpartum": [10.0], "analyte": ["sodium"]},
    site="Ask the mother about her breasts; she may need help with feeding.",
    analyst="Not an error: report milk with and without it.",
)
def sodium_after_first_week() -> Judgement:
    """Between the first week and day 15 sodium is higher than milk that has come in shows."""
    days = nw.col("days_postpartum")
    among = (nw.col("analyte") == "sodium") & (days > FIRST_WEEK_DAYS) & (days < 16)
    return Judgement(nw.col("value") > 437, among=among)
