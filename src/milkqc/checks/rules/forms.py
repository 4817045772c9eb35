"""Forms: one form for two infants, and more of them in a day than one person fills in."""

from __future__ import annotations

import datetime as dt

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Judgement, rule
from milkqc.checks.facts.forms import LEAST_MEASURES
from milkqc.checks.phrases import UNVERIFIED

# So many infants measured by one person in a day, and so many times the middle of all such days.
MASS_ROWS, MASS_TIMES = 40, 3


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
    source=f"milkqc: {MASS_ROWS} infants or more, and {MASS_TIMES} times the usual day; {UNVERIFIED}",
    value="{observer_rows} infants",
    expected="about {observer_usual} a day",
    passes={
        "observer_rows": [39, 60],
        "observer_day": ["observer=1; day=2024-05-01", "observer=1; day=2024-05-02"],
        "observer_usual": [10.0, 30.0],
        "visit_date": [dt.date(2024, 5, 1), dt.date(2024, 5, 2)],
    },
    fails={
        "observer_rows": [45],
        "observer_day": ["observer=1; day=2024-05-01"],
        "observer_usual": [10.0],
        "visit_date": [dt.date(2024, 5, 1)],
    },
    site="Ask how so many were measured in a day; dates of entry are sometimes taken for dates of visits.",
    analyst="Look at the digits and spreads of that day before using it.",
)
def mass_entry() -> Judgement:
    """One observer has far more infants on one day than anybody measures."""
    many = nw.col("observer_rows")
    return Judgement((many >= MASS_ROWS) & (many >= nw.col("observer_usual") * MASS_TIMES))
