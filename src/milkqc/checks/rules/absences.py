"""What should be there and is in no table: visits that are due, participants without a row."""

from __future__ import annotations

import datetime as dt

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Judgement, Limits, Settings, rule
from milkqc.checks.phrases import DEFINITION, UNVERIFIED

EPOCH = dt.date(1970, 1, 1)


_HELD = ("visits_held", "birth_day", "exit_day", "participant_id")


def _due(settings: Settings) -> dict[str, nw.Expr]:
    """By visit in the order of the schedule: it is in no table although its window closed before cutoff and exit."""
    visits = sorted(settings.schedule, key=lambda name: (settings.schedule[name][0], name))
    last_day = float(((settings.data_cutoff or EPOCH) - EPOCH).days)
    end = (
        nw.when(nw.col("exit_day").is_null())
        .then(nw.lit(last_day))
        .otherwise(nw.min_horizontal(nw.col("exit_day"), nw.lit(last_day)))
    )
    return {
        name: ~nw.col("visits_held").str.contains(f"|{name}|", literal=True)
        & (nw.col("birth_day") + settings.schedule[name][2] < end)
        for name in visits
    }


def _not_held(settings: Settings) -> nw.Expr:
    return nw.any_horizontal(*_due(settings).values(), ignore_nulls=True)


def _lacking(settings: Settings) -> nw.Expr:
    """Their names: `month_1, month_3`."""
    named = [
        nw.when(lacking).then(nw.lit(f"{name}, ")).otherwise(nw.lit(""))
        for name, lacking in _due(settings).items()
    ]
    return nw.concat_str(*named).str.strip_chars(", ")


@rule(
    "participants.visit.absent",
    table="participants",
    columns=_HELD,
    needs=("visits_held", "birth_day"),
    severity="info",
    source="the study's mapping: schedule, data_cutoff",
    requires="schedule_and_data_cutoff",
    value="{absent}",
    expected="a row for every visit whose window has closed",
    passes={
        "visits_held": ["|birth|month_3|", "|birth|", "|birth|"],
        "birth_day": [19700.0, 19700.0, 20080.0],
        "exit_day": [None, 19730.0, None],
    },
    fails={"visits_held": ["|birth|", "|"], "birth_day": [19700.0, 19700.0], "exit_day": [None, 19900.0]},
    site="Send the form of the visit, or record that it was missed and why.",
    analyst="Count the visit as missing; do not take it for a withdrawal.",
)
def visit_absent(settings: Settings) -> Judgement:
    """A visit of the schedule should have taken place by now, and no table has a row of it."""
    return Judgement(_not_held(settings), shows={"absent": _lacking(settings)})


@rule(
    "participants.visit.absent_often",
    table="participants",
    columns=("site", "in_site", *_HELD),
    needs=("site", "visits_held", "birth_day"),
    level="group",
    per=("in_site",),
    severity="warning",
    source=f"milkqc: from a share of {{share}} and {{rows}} of a site's participants on; {UNVERIFIED}",
    limits={"share": 0.10, "rows": 5.0},
    requires="schedule_and_data_cutoff",
    value="{n_rows} participants",
    expected="rows for all visits whose windows have closed",
    passes={
        "site": ["A"] * 4,
        "in_site": ["site=A"] * 4,
        "visits_held": ["|birth|"] * 4,
        "birth_day": [19700.0] * 4,
    },
    fails={
        "site": ["A"] * 6,
        "in_site": ["site=A"] * 6,
        "visits_held": [*["|birth|"] * 5, "|birth|month_3|"],
        "birth_day": [19700.0] * 6,
        "!": [True, True, True, True, True, False],
    },
    site="Ask for the file that was not sent; many visits rarely go missing one by one.",
    analyst="Do not analyse the site until its visits are there, or say that they are missing.",
)
def visit_absent_often(settings: Settings, limits: Limits) -> nw.Expr:
    """Of one site, many participants lack a visit; participants.visit.absent lists them."""
    fails = _not_held(settings)
    counted = fails.cast(nw.Int64).sum().over("site")
    rows = nw.col("birth_day").count().over("site")
    return fails & (counted >= limits["rows"]) & (counted >= rows * limits["share"])


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
