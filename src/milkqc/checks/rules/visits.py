"""Visits: their order, their windows, and what else is said of when they were and whether they were held."""

from __future__ import annotations

import datetime as dt

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Judgement, Limits, Settings, rule
from milkqc.checks.phrases import DEFINITION, UNVERIFIED

# Dates of one visit in two tables may differ by a second day at the same visit; a week is another visit.
SAME_VISIT_DAYS = 7.0
JANUARY, APRIL = dt.date(2024, 1, 1), dt.date(2024, 4, 1)
_NOT_SEEN = ("missed", "withdrawn", "died", "moved")
_AGE_SITE = "Look at the visit's form and correct the date, or the name of the visit."
_AGE_ANALYST = "Do not use the visit's age until the date is settled; scores by age depend on it."


for _table, _person in (("growth", "infant_id"), ("visits", "participant_id")):

    @rule(
        f"{_table}.visit.order",
        table=_table,
        columns=("visit_date", _person, "visit", "visit_day"),
        needs=("visit_date", _person, "visit", "visit_day"),
        severity="warning",
        source="the study's mapping: schedule",
        requires="schedule",
        expected="before the visits that the schedule puts later",
        passes={
            "visit_date": [JANUARY, APRIL, JANUARY],
            _person: ["a", "a", "b"],
            "visit": ["birth", "month_3", "month_3"],
            "visit_day": [10.0, 101.0, 5.0],
        },
        fails={
            "visit_date": [APRIL, JANUARY],
            _person: ["a", "a"],
            "visit": ["birth", "month_3"],
            "visit_day": [101.0, 10.0],
            "!": [True, False],
        },
        site="Look at the forms of both visits: one has the other's date, or the other's name.",
        analyst=_AGE_ANALYST,
    )
    def out_of_order(settings: Settings, person: str = _person) -> Judgement:
        """A visit is dated after one that the schedule puts later."""
        visits = sorted(settings.schedule, key=lambda name: (settings.schedule[name][0], name))
        day, visit = nw.col("visit_day"), nw.col("visit")
        fails: nw.Expr = nw.lit(value=False)
        later: list[nw.Expr] = []
        for place in range(len(visits) - 1, -1, -1):
            name = visits[place]
            if later:
                fails = fails | ((visit == name) & (day > nw.min_horizontal(*later)).fill_null(value=False))
            if place and settings.schedule[name][0] > settings.schedule[visits[place - 1]][0]:
                later.append(nw.when(visit == name).then(day).otherwise(None).min().over(person))
        return Judgement(fails, among=visit.is_in(visits))


@rule(
    "visits.visit.outside_window",
    table="visits",
    columns=("visit_age_days", "visit", "in_growth"),
    severity="info",
    source="the study's mapping: schedule",
    requires="schedule",
    expected="inside the window of {visit}",
    passes={
        "visit_age_days": [61.0, 121.0, 200.0],
        "visit": ["month_3"] * 3,
        "in_growth": [False, False, True],
    },
    fails={"visit_age_days": [60.0, 122.0], "visit": ["month_3"] * 2, "in_growth": [False, False]},
    site=_AGE_SITE,
    analyst="Decide by the protocol whether the visit still counts.",
)
def visit_outside_window(settings: Settings) -> Judgement:
    """The visit lies outside its window; where growth was measured, growth.visit.outside_window says so."""
    days, visit = nw.col("visit_age_days"), nw.col("visit")
    fails: nw.Expr = nw.lit(value=False)
    for name, (_, first, last) in sorted(settings.schedule.items()):
        fails = fails | ((visit == name) & ((days < first) | (days > last)))
    among = visit.is_in(sorted(settings.schedule)) & ~nw.col("in_growth").cast(nw.Boolean)
    return Judgement(fails, among=among)


for _table, _date, _per in (
    ("growth", "visit_date", ()),
    ("milk", "sample_date", ("participant_id", "visit", "sample_id")),
    ("biomarkers", "sample_date", ("participant_id", "visit", "sample_id")),
):
    _what = "visit" if _table == "growth" else "sample"

    @rule(
        f"{_table}.{_what}.date_differs",
        table=_table,
        columns=(_date, "visit_days_apart"),
        per=_per,
        severity="warning",
        source=f"milkqc: more than {{max}} days apart is another visit; {UNVERIFIED}",
        expected="within {max} d of the visit's own date; {visit_days_apart} d after it",
        limits={"max": SAME_VISIT_DAYS},
        passes={_date: [JANUARY, JANUARY, JANUARY], "visit_days_apart": [0.0, -7.0, None]},
        fails={_date: [JANUARY, JANUARY], "visit_days_apart": [8.0, -366.0]},
        site="Compare both forms and correct the date that is wrong.",
        analyst="Use neither date for an age before one is corrected.",
    )
    def date_differs(limits: Limits) -> nw.Expr:
        """The date differs by more than {max} days from that of the same visit in the visits table."""
        return (nw.col("visit_days_apart") > limits["max"]) | (nw.col("visit_days_apart") < -limits["max"])

    _measure = "weight_kg" if _table == "growth" else "value"

    @rule(
        f"{_table}.{_what}.not_seen",
        table=_table,
        columns=("visit_outcome", _measure, *(() if _table == "growth" else ("sample_id",))),
        needs=("visit_outcome", _measure),
        per=_per,
        severity="warning",
        source=DEFINITION,
        value="{visit_outcome}",
        expected="seen",
        passes={"visit_outcome": ["seen", None, "missed"], _measure: [6.0, 6.0, None]},
        fails={"visit_outcome": ["missed", "died"], _measure: [6.0, 6.0]},
        site="Find out whether the visit took place; correct its outcome, or whose form or tube this is.",
        analyst="Leave the values out until it is known whose they are.",
    )
    def not_seen() -> nw.Expr:
        """There are values of a visit that did not take place, says the visits table."""
        return nw.col("visit_outcome").is_in(list(_NOT_SEEN))
