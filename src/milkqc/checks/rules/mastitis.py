"""Signs of mastitis: sodium, and sodium against potassium, after the first week."""

from __future__ import annotations

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Judgement, Limits, rule

# mmol:mmol, after the first week; ratios of healthy milk are about 0.5, of mastitis above 0.6 to 1.
SODIUM_POTASSIUM = 0.8
FIRST_WEEK_DAYS = 7.0


@rule(
    "milk.sodium_potassium.mastitis",
    table="milk",
    columns=("sodium_potassium", "days_postpartum", "visit_mastitis", "sample_id"),
    needs=("sodium_potassium", "days_postpartum"),
    severity="info",
    source=(
        "a ratio of moles above {max} after day {after_day} (convention, unverified); "
        "Furukawa 2022 10.1177/08903344221075050 found 0.6 the best cut-off"
    ),
    value="{ratio}",
    expected="at most {max} (mmol:mmol) after day {after_day}",
    limits={"max": SODIUM_POTASSIUM, "after_day": FIRST_WEEK_DAYS},
    passes={
        "sodium_potassium": [0.5, 2.0, 0.8],
        "days_postpartum": [90.0, 3.0, 8.0],
        "sample_id": ["a", "b", "c"],
    },
    fails={"sodium_potassium": [1.2], "days_postpartum": [20.0], "sample_id": ["a"]},
    site="Ask the mother about her breasts, on the side that was sampled; she may need help.",
    analyst="Not an error. Examine concentrations without it: inflamed breasts leak sodium and proteins.",
)
def sodium_over_potassium(limits: Limits) -> Judgement:
    """Sodium is high against potassium: a sign of mastitis, or of milk that has not come in."""
    ratio = nw.col("sodium_potassium")
    among = nw.col("days_postpartum") > limits["after_day"]
    return Judgement(ratio > limits["max"], among=among, shows={"ratio": ratio.round(2)})


@rule(
    "milk.sodium.after_first_week",
    table="milk",
    columns=("value", "unit", "days_postpartum", "analyte", "stage"),
    needs=("value", "days_postpartum", "analyte"),
    severity="info",
    source="NRC (NAP 1349 p254), published range of mature milk to 437 mg/L; from day 16 milk.sodium.mature.mastitis judges",
    expected="at most {max} mg/L after day {after_day}",
    limits={"max": 437.0, "after_day": FIRST_WEEK_DAYS},
    passes={
        "value": [300.0, 900.0, 900.0, 900.0],
        "days_postpartum": [10.0, 4.0, 10.0, 40.0],
        "analyte": ["sodium", "sodium", "potassium", "sodium"],
    },
    fails={"value": [600.0], "days_postpartum": [10.0], "analyte": ["sodium"]},
    site="Ask the mother about her breasts; she may need help with feeding.",
    analyst="Not an error: report milk with and without it.",
)
def sodium_after_first_week(limits: Limits) -> Judgement:
    """Between the first week and day 15 sodium is higher than milk that has come in shows."""
    days = nw.col("days_postpartum")
    among = (nw.col("analyte") == "sodium") & (days > limits["after_day"]) & (days < 16)
    return Judgement(nw.col("value") > limits["max"], among=among)
