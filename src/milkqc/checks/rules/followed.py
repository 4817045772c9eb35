"""Visits: their order, windows and absence, what else is said of them, and feeding that contradicts itself."""

from __future__ import annotations

import datetime as dt

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Judgement, Settings, rule

UNVERIFIED = "convention, unverified"
DEFINITION = "definition"
# Dates of one visit in two tables may differ by a second day at the same visit; a week is another visit.
SAME_VISIT_DAYS = 7
JANUARY, APRIL = dt.date(2024, 1, 1), dt.date(2024, 4, 1)
EPOCH = dt.date(1970, 1, 1)
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


_HELD = ("visits_held", "birth_day", "exit_day", "participant_id")


def _not_held(settings: Settings) -> nw.Expr:
    """Some visit of the schedule is in no table although its window closed before the cutoff and the exit."""
    last_day = float(((settings.data_cutoff or EPOCH) - EPOCH).days)
    end = (
        nw.when(nw.col("exit_day").is_null())
        .then(nw.lit(last_day))
        .otherwise(nw.min_horizontal(nw.col("exit_day"), nw.lit(last_day)))
    )
    fails: nw.Expr = nw.lit(value=False)
    for name, (_, _, last) in sorted(settings.schedule.items()):
        held = nw.col("visits_held").str.contains(f"|{name}|", literal=True)
        fails = fails | (~held & (nw.col("birth_day") + last < end))
    return fails


@rule(
    "participants.visit.absent",
    table="participants",
    columns=_HELD,
    needs=("visits_held", "birth_day"),
    severity="info",
    source="the study's mapping: schedule, data_cutoff",
    requires="schedule_and_data_cutoff",
    value="{visits_held}",
    expected="a row for every visit whose window has closed, if only to say that it was missed",
    passes={
        "visits_held": ["|birth|month_3|", "|birth|", "|birth|"],
        "birth_day": [19700.0, 19700.0, 20080.0],
        "exit_day": [None, 19730.0, None],
    },
    fails={"visits_held": ["|birth|", "|"], "birth_day": [19700.0, 19700.0], "exit_day": [None, 19900.0]},
    site="Send the form of the visit, or record that it was missed and why.",
    analyst="Count the visit as missing; do not take it for a withdrawal.",
)
def visit_absent(settings: Settings) -> nw.Expr:
    """A visit of the schedule should have taken place by now, and no table has a row of it."""
    return _not_held(settings)


# A site is named from this share and number of its participants on.
ABSENT_SHARE, ABSENT_ROWS = 0.10, 5


@rule(
    "participants.visit.absent_often",
    table="participants",
    columns=("site", *_HELD),
    needs=("site", "visits_held", "birth_day"),
    level="group",
    per=("site",),
    severity="warning",
    source=f"milkqc: from 10 % and 5 of a site's participants on; {UNVERIFIED}",
    requires="schedule_and_data_cutoff",
    value="{n_rows} participants",
    expected="rows for all visits whose windows have closed",
    passes={"site": ["A"] * 4, "visits_held": ["|birth|"] * 4, "birth_day": [19700.0] * 4},
    fails={
        "site": ["A"] * 6,
        "visits_held": [*["|birth|"] * 5, "|birth|month_3|"],
        "birth_day": [19700.0] * 6,
        "!": [True, True, True, True, True, False],
    },
    site="Ask for the file that was not sent; many visits rarely go missing one by one.",
    analyst="Do not analyse the site until its visits are there, or say that they are missing.",
)
def visit_absent_often(settings: Settings) -> nw.Expr:
    """Of one site, many participants lack a visit; participants.visit.absent lists them."""
    fails = _not_held(settings)
    counted = fails.cast(nw.Int64).sum().over("site")
    rows = nw.col("birth_day").count().over("site")
    return fails & (counted >= ABSENT_ROWS) & (counted >= rows * ABSENT_SHARE)


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
        source=f"milkqc: more than {SAME_VISIT_DAYS} days apart is another visit; {UNVERIFIED}",
        expected="within a week of the visit's own date; {visit_days_apart} d after it",
        passes={_date: [JANUARY, JANUARY, JANUARY], "visit_days_apart": [0.0, -7.0, None]},
        fails={_date: [JANUARY, JANUARY], "visit_days_apart": [8.0, -366.0]},
        site="Compare both forms and correct the date that is wrong.",
        analyst="Use neither date for an age before one is corrected.",
    )
    def date_differs() -> nw.Expr:
        """The date differs by more than a week from that of the same visit in the visits table."""
        return (nw.col("visit_days_apart") > SAME_VISIT_DAYS) | (
            nw.col("visit_days_apart") < -SAME_VISIT_DAYS
        )

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


@rule(
    "visits.feeding.exclusive_with_formula",
    table="visits",
    columns=("feeding", "formula_given", "other_foods_given"),
    needs=("feeding",),
    severity="warning",
    source="WHO 2008, Indicators for assessing infant and young child feeding practices: breast milk and nothing else",
    expected="no formula, water or food beside it",
    passes={
        "feeding": ["exclusive", "partial", "exclusive"],
        "formula_given": [False, True, None],
        "other_foods_given": [False, True, None],
    },
    fails={
        "feeding": ["exclusive", "exclusive"],
        "formula_given": [True, None],
        "other_foods_given": [None, True],
    },
    site="Ask the mother again, by the recall period of each question.",
    analyst="Do not count the infant as exclusively breastfed before it is settled.",
)
def exclusive_with_formula() -> Judgement:
    """Exclusively breastfed, says the form, but formula or other food was given: one of the answers is wrong."""
    given = _is("formula_given") | _is("other_foods_given")
    return Judgement((nw.col("feeding") == "exclusive") & given)


@rule(
    "visits.exclusive_days.beyond_breastfeeding",
    table="visits",
    columns=("exclusive_days", "breastfed_days"),
    severity="critical",
    source=DEFINITION,
    expected="at most {breastfed_days} d, as long as breastfed",
    passes={"exclusive_days": [90.0, 90.0], "breastfed_days": [90.0, None]},
    fails={"exclusive_days": [91.0], "breastfed_days": [90.0]},
    site="Ask the mother again; check days against weeks or months.",
    analyst="Use neither duration.",
)
def exclusive_beyond_breastfeeding() -> nw.Expr:
    """Exclusive breastfeeding lasted longer than breastfeeding, which cannot be."""
    return nw.col("exclusive_days") > nw.col("breastfed_days")


for _column in ("exclusive_days", "breastfed_days"):

    @rule(
        f"visits.{_column}.beyond_age",
        table="visits",
        columns=(_column, "visit_age_days"),
        severity="warning",
        source=f"definition, with 31 days for ages given in months; {UNVERIFIED}",
        expected="at most the age, {visit_age_days} d",
        passes={_column: [90.0, 120.0], "visit_age_days": [91.0, 90.0]},
        fails={_column: [130.0], "visit_age_days": [90.0]},
        site="Check the unit of the answer, and the date of the visit.",
        analyst="Do not use the duration.",
    )
    def beyond_age(column: str = _column) -> nw.Expr:
        """Breastfed for longer than the infant is old."""
        return nw.col(column) > nw.col("visit_age_days") + 31


@rule(
    "visits.feeding.after_weaning",
    table="visits",
    columns=("feeding", "visit_date", "participant_weaning_date"),
    severity="warning",
    source=DEFINITION,
    expected="none, after the last breastfeed on {participant_weaning_date}",
    passes={
        "feeding": ["none", "partial"],
        "visit_date": [APRIL, JANUARY],
        "participant_weaning_date": [JANUARY, JANUARY],
    },
    fails={"feeding": ["exclusive"], "visit_date": [APRIL], "participant_weaning_date": [JANUARY]},
    site="Ask when the infant was last breastfed and correct the date or the answer.",
    analyst="Treat the infant's feeding as unknown from the date on.",
)
def fed_after_weaning() -> nw.Expr:
    """The infant is breastfed at a visit after its last breastfeed."""
    after = nw.col("visit_date") > nw.col("participant_weaning_date")
    return after & ~nw.col("feeding").is_in(["none"])


@rule(
    "visits.mother_height_cm.changes",
    table="visits",
    columns=("mother_height_measured_cm", "height_change_cm"),
    severity="warning",
    source=f"more than 2 cm between two measurements of one adult is an error in one of them; {UNVERIFIED}",
    expected="within 2 cm of the height before, not {height_change_cm} cm from it",
    passes={"mother_height_measured_cm": [155.0, 157.0], "height_change_cm": [None, 2.0]},
    fails={"mother_height_measured_cm": [158.0, 150.0], "height_change_cm": [3.0, -2.1]},
    site="Measure again, without shoes; check that it is the same woman.",
    analyst="Use the height that two measurements confirm.",
)
def mother_height_changes() -> nw.Expr:
    """The mother's height differs by more than 2 cm from before; adults do not grow."""
    return (nw.col("height_change_cm") > 2.001) | (nw.col("height_change_cm") < -2.001)


@rule(
    "visits.mother_weight_kg.changes",
    table="visits",
    columns=("mother_weight_kg", "weight_change_kg", "visit_age_days"),
    needs=("mother_weight_kg", "weight_change_kg"),
    severity="warning",
    source=f"more than 10 kg between visits after the birth is unusual; {UNVERIFIED}",
    expected="within 10 kg of the weight before, not {weight_change_kg} kg from it",
    passes={
        "mother_weight_kg": [55.0, 60.0, 45.0],
        "weight_change_kg": [None, 10.0, -15.0],
        "visit_age_days": [0.0, 90.0, -5.0],
    },
    fails={"mother_weight_kg": [70.0], "weight_change_kg": [12.0], "visit_age_days": [90.0]},
    site="Weigh again, or check the form; check that it is the same woman.",
    analyst="Confirm before using the change of weight.",
)
def mother_weight_changes() -> Judgement:
    """The mother's weight differs by more than 10 kg from the visit before."""
    change = nw.col("weight_change_kg")
    # Pregnancy and birth change a weight as much.
    among = nw.col("visit_age_days").is_null() | (nw.col("visit_age_days") >= 0)
    return Judgement((change > 10.001) | (change < -10.001), among=among)


@rule(
    "visits.mother_bmi.range",
    table="visits",
    columns=("mother_weight_kg", "participant_mother_height_cm"),
    severity="warning",
    source=f"body mass index of 13 to 60 kg/m2; {UNVERIFIED}",
    value="{mother_weight_kg} kg at {participant_mother_height_cm} cm",
    expected="a body mass index of 13 to 60 kg/m2",
    passes={"mother_weight_kg": [50.0, 120.0], "participant_mother_height_cm": [154.0, 160.0]},
    fails={"mother_weight_kg": [30.0, 150.0], "participant_mother_height_cm": [160.0, 150.0]},
    site="Check both the weight and the height, and their units.",
    analyst="Do not use the index before it is confirmed.",
)
def mother_bmi() -> nw.Expr:
    """Weight and height of the mother do not go together."""
    height = nw.col("participant_mother_height_cm") / 100
    bmi = nw.col("mother_weight_kg") / (height * height)
    return (bmi < 13) | (bmi > 60)


def _is(column: str) -> nw.Expr:
    """A boolean of the view; null is false. Cast, because pandas keeps a column with nulls as objects."""
    return nw.col(column).cast(nw.Boolean).fill_null(value=False)
