"""What should be there and is in no table: visits that are due, participants without a row."""

from __future__ import annotations

import datetime as dt

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Settings, rule
from milkqc.checks.phrases import DEFINITION, UNVERIFIED

EPOCH = dt.date(1970, 1, 1)


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


for _table, _count in (("growth", "growth_rows"), ("milk", "milk_rows")):

    @rule(
        f"participants.{_table}.none",
        table="participants",
        columns=("participant_id", _count),
        level="dataset",
        severity="info",
        source=DEFINITION,
        requires=_table,
        value="{n_rows} participants",
        expected="at least one row of each",
        passes={"participant_id": ["a"], _count: [2]},
        fails={"participant_id": ["a", "b"], _count: [0, 3], "!": [True, False]},
        says=f"Participants without any row in the {_table} table: never seen, not yet sent, or under another id.",
        site="Compare the list of participants with what was sent.",
        analyst="They are missing from every figure of this table: say how many.",
    )
    def without_rows(count: str = _count) -> nw.Expr:
        """One finding for the table, with the number."""
        return nw.col(count) == 0
