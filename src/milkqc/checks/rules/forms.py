"""Forms: one form for two infants, and more of them in a day than one person fills in."""

from __future__ import annotations

import datetime as dt

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Limits, rule
from milkqc.checks.facts.forms import LEAST_MEASURES
from milkqc.checks.phrases import UNVERIFIED


@rule(
    "growth.form.same",
    table="growth",
    columns=("infant_id", "same_form_as", "same_form_pair"),
    per=("same_form_pair",),
    severity="warning",
    source=f"milkqc: {LEAST_MEASURES} or more measures of one day, all alike; {UNVERIFIED}",
    expected="other measures than {same_form_as} on the same day",
    passes={"infant_id": ["a"], "same_form_as": [None], "same_form_pair": [None]},
    fails={"infant_id": ["a", "b"], "same_form_as": ["b", "a"], "same_form_pair": ["a; b; 2024-05-01"] * 2},
    site="Look at both paper forms: one was probably entered under two ids, or never measured.",
    analyst="Use neither row until it is known whose form it is.",
)
def same_form() -> nw.Expr:
    """Two infants have exactly the same measures on one day: one form under two ids, or numbers made up."""
    return ~nw.col("same_form_as").is_null()


@rule(
    "growth.observer.mass_entry",
    table="growth",
    columns=("observer_rows", "observer_day", "observer_usual", "visit_date"),
    needs=("observer_rows", "observer_day", "observer_usual"),
    level="group",
    per=("observer_day",),
    severity="warning",
    source=f"milkqc: {{rows}} infants and {{times}} times the usual day, or {{few_rows}} and {{few_times}} times; {UNVERIFIED}",
    limits={"rows": 40.0, "times": 3.0, "few_rows": 20.0, "few_times": 10.0},
    value="{observer_rows} infants",
    expected="about {observer_usual} a day",
    passes={
        "observer_rows": [39, 60, 19],
        "observer_day": [f"observer=1; day=2024-05-0{day}" for day in (1, 2, 3)],
        "observer_usual": [10.0, 30.0, 1.0],
        "visit_date": [dt.date(2024, 5, day) for day in (1, 2, 3)],
    },
    fails={
        "observer_rows": [45, 20],
        "observer_day": ["observer=1; day=2024-05-01", "observer=1; day=2024-05-02"],
        "observer_usual": [10.0, 2.0],
        "visit_date": [dt.date(2024, 5, 1), dt.date(2024, 5, 2)],
    },
    site="Ask how so many were measured in a day; dates of entry are sometimes taken for dates of visits.",
    analyst="Look at the digits and spreads of that day before using it.",
)
def mass_entry(limits: Limits) -> nw.Expr:
    """One observer has far more infants on one day than anybody measures."""
    many, usual = nw.col("observer_rows"), nw.col("observer_usual")
    return ((many >= limits["rows"]) & (many >= usual * limits["times"])) | (
        (many >= limits["few_rows"]) & (many >= usual * limits["few_times"])
    )
