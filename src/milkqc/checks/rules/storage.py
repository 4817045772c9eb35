"""Storage: how samples were kept, for how long, how often thawed, and their aliquots against the whole."""

from __future__ import annotations

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Limits, rule
from milkqc.checks.phrases import SAMPLE, UNVERIFIED

for _table in ("milk", "biomarkers"):

    @rule(
        f"{_table}.storage.warm",
        table=_table,
        columns=("storage_temperature_c", "storage_days", *SAMPLE),
        needs=("storage_temperature_c",),
        per=SAMPLE,
        severity="warning",
        source=f"longer than {{days}} days, or nobody knows how long, above {{max}} degrees Celsius; {UNVERIFIED}",
        expected="{max} or colder",
        limits={"max": -18.0, "days": 7.0},
        passes={
            "storage_temperature_c": [-80.0, 4.0, -18.0],
            "storage_days": [300.0, 3.0, 300.0],
            "sample_id": ["a", "b", "c"],
        },
        fails={
            "storage_temperature_c": [4.0, -15.0, 4.0],
            "storage_days": [8.0, 90.0, None],
            "sample_id": ["a", "b", "c"],
        },
        site="Check the log of the freezer; a missing minus is the likeliest error.",
        analyst="Leave out what does not keep (vitamin C, folate, enzymes) if it is true.",
    )
    def stored_warm(limits: Limits) -> nw.Expr:
        """The sample was kept for more than {days} days, or nobody knows how long, warmer than a freezer."""
        long = nw.col("storage_days").is_null() | (nw.col("storage_days") > limits["days"])
        return (nw.col("storage_temperature_c") > limits["max"]) & long

    @rule(
        f"{_table}.freeze_thaws.many",
        table=_table,
        columns=("freeze_thaws", *SAMPLE),
        needs=("freeze_thaws",),
        per=SAMPLE,
        severity="info",
        source=f"more than {{max}} cycles; {UNVERIFIED}",
        expected="at most {max} cycles",
        limits={"max": 3.0},
        passes={"freeze_thaws": [0, 3], "sample_id": ["a", "b"]},
        fails={"freeze_thaws": [4], "sample_id": ["a"]},
        site="Say why the tube was thawed so often; make more aliquots.",
        analyst="Examine whether results of thawed tubes differ before pooling them.",
    )
    def thawed_often(limits: Limits) -> nw.Expr:
        """The sample was frozen and thawed more often than results stand."""
        return nw.col("freeze_thaws") > limits["max"]


@rule(
    "milk.storage_days.differs",
    table="milk",
    columns=("storage_days", "storage_days_dated", *SAMPLE),
    needs=("storage_days", "storage_days_dated"),
    per=SAMPLE,
    severity="info",
    source=f"more than {{max}} days apart; {UNVERIFIED}",
    limits={"max": 30.0},
    expected="{storage_days_dated} d, from collection to run",
    passes={"storage_days": [100.0, 100.0], "storage_days_dated": [120.0, None], "sample_id": ["a", "b"]},
    fails={"storage_days": [100.0], "storage_days_dated": [200.0], "sample_id": ["a"]},
    site="Check the dates of collection and run, and how days in storage were counted.",
    analyst="Prefer the dates, when both are confirmed.",
)
def storage_differs(limits: Limits) -> nw.Expr:
    """Days in storage do not agree with the dates of collection and run."""
    apart = nw.col("storage_days") - nw.col("storage_days_dated")
    return (apart > limits["max"]) | (apart < -limits["max"])


@rule(
    "milk.aliquots.above_volume",
    table="milk",
    columns=("volume_ml", "aliquots", "aliquot_volume_ml", *SAMPLE),
    needs=("volume_ml", "aliquots", "aliquot_volume_ml"),
    per=SAMPLE,
    severity="warning",
    source=f"definition, with a share of {{tolerance}} for pipetting; {UNVERIFIED}",
    limits={"tolerance": 0.1},
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
def aliquots_above_volume(limits: Limits) -> nw.Expr:
    """The aliquots hold more milk than was collected."""
    return nw.col("aliquots") * nw.col("aliquot_volume_ml") > nw.col("volume_ml") * (1 + limits["tolerance"])
