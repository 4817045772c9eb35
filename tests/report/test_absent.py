"""Each count of missing measurements leads to people, or says how many it does not name."""

from __future__ import annotations

import json

import polars as pl
import pytest

from milkqc.report import render
from milkqc.report.absent import absent, behind
from milkqc.report.limits import Limits
from milkqc.summarise.absent import ABSENT
from milkqc.summarise.completeness import SCHEMA


def counts(*rows):
    told = [
        dict(zip(("visit", "table", "variable", "site", "present", "missing"), row, strict=True))
        for row in rows
    ]
    frame = pl.DataFrame(told)
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in SCHEMA.items()
    )


def people(visit, variable, many):
    rows = [(visit, "growth", variable, f"P{n:05}", f"P{n:05}", "Hala", "no row") for n in range(many)]
    return pl.DataFrame(rows, schema=ABSENT, orient="row")


def test_every_missing_measurement_of_the_study_is_somebody(rich):
    told = json.loads(render(rich)["report.json"])["statistics"]
    weight = next(
        row
        for row in told["completeness"]["rows"]
        if (row["visit"], row["variable"], row["site"]) == ("month_3", "weight_kg", None)
    )
    named = [row for row in told["absent"]["rows"] if row["visit"] == "month_3"]
    assert weight["missing"] == 1
    assert [row for row in named if row["variable"] == "weight_kg"] == [
        {
            "visit": "month_3",
            "table": "growth",
            "variable": "weight_kg",
            "participant_id": "P003",
            "infant_id": "P003",
            "site": "Hala",
            "why": "refused",
        }
    ]
    assert told["absent"]["total"] == sum(
        row["missing"] for row in told["completeness"]["rows"] if row["site"] is None
    )
    assert told["absent"]["left_off"] == told["absent"]["total"] - len(told["absent"]["rows"])


def test_the_page_folds_them_by_visit_and_measure(rich):
    page = render(rich)["report.html"].decode()
    assert "the one missing<span" in page
    assert "P003</th><td>Hala</td><td>refused</td>" in page


def test_no_arm_is_told_of_anybody(rich):
    made = render(rich)
    assert all(b"PLACEBO" not in part and b"SUPPLEMENT" not in part for part in made.values())


def test_a_list_that_was_cut_says_of_how_many(changed, study):
    statistics = {
        **study.statistics,
        "completeness": counts(("month_3", "growth", "weight_kg", None, 5, 310)),
        "absent": people("month_3", "weight_kg", 25),
    }
    made = render(changed(statistics=statistics))
    assert '<p class="soft small">25 of 310; the others:' in made["report.html"].decode()
    told = json.loads(made["report.json"])["statistics"]["absent"]
    assert (len(told["rows"]), told["total"], told["left_off"]) == (25, 310, 285)


def test_what_nobody_has_gives_way_and_the_others_take_turns(changed, study):
    statistics = {
        "completeness": counts(
            ("birth", "growth", "muac_cm", None, 0, 300),
            ("birth", "growth", "weight_kg", None, 9, 300),
            ("birth", "growth", "length_cm", None, 9, 2),
            ("birth", "growth", "length_cm", "Hala", 9, 2),
        ),
        "absent": pl.concat(
            [
                people("birth", "muac_cm", 25),
                people("birth", "weight_kg", 25),
                people("birth", "length_cm", 2),
            ]
        ),
    }
    told = absent(changed(statistics=statistics), Limits(people=12))
    shown = [row["variable"] for row in told["rows"]]
    assert {name: shown.count(name) for name in set(shown)} == {"weight_kg": 10, "length_cm": 2}
    assert (told["total"], told["left_off"]) == (602, 590)


def test_a_count_without_room_for_names_still_says_how_many():
    rows = counts(("birth", "growth", "weight_kg", None, 9, 300), ("birth", "growth", "muac_cm", None, 9, 0))
    told = behind(rows.iter_rows(named=True), [])
    assert [(visit, [(row["missing"], row["people"]) for row in own]) for visit, own in told] == [
        ("birth", [(300, [])])
    ]


def test_visits_keep_the_order_of_the_schedule_wherever_the_first_gap_is():
    rows = counts(
        ("birth", "visits", "visit", None, 9, 0),
        ("month_3", "visits", "visit", None, 8, 1),
        ("month_6", "visits", "visit", None, 9, 0),
        ("birth", "growth", "muac_cm", None, 8, 1),
    )
    assert [visit for visit, _ in behind(rows.iter_rows(named=True), [])] == ["birth", "month_3"]


@pytest.mark.parametrize("visits", [300])
def test_many_visits_and_measures_make_a_small_report(changed, study, visits):
    names = [(f"visit_{n}", measure) for n in range(visits) for measure in ("weight_kg", "length_cm")]
    statistics = {
        **study.statistics,
        "completeness": counts(*((visit, "growth", name, None, 5, 30_000) for visit, name in names)),
        "absent": pl.concat([people(visit, name, 25) for visit, name in names]),
    }
    made = render(changed(statistics=statistics))
    assert all(len(part) < 2_000_000 for part in made.values())
    told = json.loads(made["report.json"])["statistics"]["absent"]
    assert (told["total"], len(told["rows"]) + told["left_off"]) == (18_000_000, 18_000_000)
