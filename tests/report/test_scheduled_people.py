"""Each count of completeness leads to people, or says how many it does not name and where they stand."""

from __future__ import annotations

import json
import re

import polars as pl
import pytest

from milkqc.report import render
from milkqc.report.limits import Limits
from milkqc.report.scheduled import STATES, behind, scheduled
from milkqc.summarise import completeness
from milkqc.summarise.completeness import SCHEMA
from milkqc.summarise.scheduled import PEOPLE

COUNTED = ("visit", "table", "variable", "site", "present", *STATES)


def counts(*rows):
    """Rows of completeness: visit, variable, site, present, then whoever is missing, outside, not due and left."""
    told = [
        dict(zip(COUNTED, (visit, "growth", *rest, *(0,) * (9 - 2 - len(rest))), strict=False))
        for visit, *rest in rows
    ]
    frame = pl.DataFrame(told, infer_schema_length=None)
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in SCHEMA.items()
    )


def people(visit, variable, many, *, state="missing", sites=("Hala",)):
    rows = [
        (visit, "growth", variable, state, f"P{n:05}", f"P{n:05}", sites[n * len(sites) // many], None, None, None,
         "no row")
        for n in range(many)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=PEOPLE, orient="row")


def test_the_report_knows_every_state_that_is_counted():
    assert set(STATES) == set(completeness.STATES)


def test_every_missing_measurement_of_the_study_is_somebody(rich):
    told = json.loads(render(rich)["report.json"])["statistics"]
    weight = next(
        row
        for row in told["completeness"]["rows"]
        if (row["visit"], row["variable"], row["site"]) == ("month_3", "weight_kg", None)
    )
    named = [row for row in told["scheduled_people"]["rows"] if row["visit"] == "month_3"]
    missing = [row for row in named if (row["variable"], row["state"]) == ("weight_kg", "missing")]
    assert weight["missing"] == 1
    assert [(row["participant_id"], row["infant_id"], row["site"], row["why"]) for row in missing] == [
        ("P003", "P003", "Hala", "refused")
    ]
    assert told["scheduled_people"]["total"] == sum(
        row[state] for row in told["completeness"]["rows"] if row["site"] is None for state in STATES
    )
    assert told["scheduled_people"]["left_off"] == told["scheduled_people"]["total"] - len(
        told["scheduled_people"]["rows"]
    )


def test_every_count_of_the_page_leads_to_a_list_that_is_there(rich):
    page = render(rich)["report.html"].decode()
    anchors = set(re.findall(r'href="#(who-[0-9]+)"', page))
    assert anchors
    assert anchors == set(re.findall(r'id="(who-[0-9]+)"', page))


def test_the_page_folds_them_by_visit_and_measure(rich):
    page = render(rich)["report.html"].decode()
    assert "the one missing<span" in page
    assert re.search(r"P003</th><td>Hala</td>(<td>.*?</td>)?<td class=\"text\">refused</td>", page)


def test_no_arm_is_told_of_anybody(rich):
    made = render(rich)
    assert all(b"PLACEBO" not in part and b"SUPPLEMENT" not in part for part in made.values())


@pytest.mark.parametrize("state", STATES)
def test_a_list_that_was_cut_says_of_how_many_at_each_site_and_where_all_are(changed, study, state):
    place = list(STATES).index(state)
    numbers = [0] * len(STATES)
    numbers[place] = 310
    half = [0] * len(STATES)
    half[place] = 155
    statistics = {
        **study.statistics,
        "completeness": counts(
            ("month_3", "weight_kg", None, 5, *numbers),
            ("month_3", "weight_kg", "Hala", 2, *half),
            ("month_3", "weight_kg", "Matiari", 3, *half),
        ),
        "scheduled_people": people("month_3", "weight_kg", 310, state=state, sites=("Hala", "Matiari")),
    }
    made = render(changed(statistics=statistics))
    said = "25 of 310, all in <code>completeness.csv</code>: Hala 13 of 155, Matiari 12 of 155."
    assert said in made["report.html"].decode()
    told = json.loads(made["report.json"])["statistics"]["scheduled_people"]
    assert (len(told["rows"]), told["total"], told["left_off"]) == (25, 310, 285)
    assert told["file"] == "completeness.csv"


def test_what_nobody_has_gives_way_and_the_others_take_turns(changed):
    statistics = {
        "completeness": counts(
            ("birth", "muac_cm", None, 0, 300),
            ("birth", "weight_kg", None, 9, 300),
            ("birth", "length_cm", None, 9, 2),
            ("birth", "length_cm", "Hala", 9, 2),
        ),
        "scheduled_people": pl.concat(
            [
                people("birth", "muac_cm", 300),
                people("birth", "weight_kg", 300),
                people("birth", "length_cm", 2),
            ]
        ),
    }
    told = scheduled(changed(statistics=statistics), Limits(people=12))
    shown = [row["variable"] for row in told["rows"]]
    assert {name: shown.count(name) for name in set(shown)} == {"weight_kg": 10, "length_cm": 2}
    assert (told["total"], told["left_off"]) == (602, 590)


def test_a_count_without_room_for_names_still_says_how_many():
    rows = counts(("birth", "weight_kg", None, 9, 300), ("birth", "muac_cm", None, 9, 0))
    told = behind(rows.iter_rows(named=True), [])["visits"]
    assert [(visit, [(row["n"], row["people"]) for row in own]) for visit, own in told] == [
        ("birth", [(300, [])])
    ]


def test_visits_keep_the_order_of_the_schedule_wherever_the_first_gap_is():
    rows = counts(
        ("birth", "length_cm", None, 9, 0),
        ("month_3", "length_cm", None, 8, 1),
        ("month_6", "length_cm", None, 9, 0),
        ("birth", "muac_cm", None, 8, 1),
    )
    assert [visit for visit, _ in behind(rows.iter_rows(named=True), [])["visits"]] == ["birth", "month_3"]


def test_many_visits_and_measures_make_a_small_report(changed, study):
    names = [(f"visit_{n}", measure) for n in range(300) for measure in ("weight_kg", "length_cm")]
    statistics = {
        **study.statistics,
        "completeness": counts(*((visit, name, None, 5, 90) for visit, name in names)),
        "scheduled_people": pl.concat([people(visit, name, 90) for visit, name in names]),
    }
    made = render(changed(statistics=statistics))
    assert all(len(part) < 2_000_000 for part in made.values())
    told = json.loads(made["report.json"])["statistics"]["scheduled_people"]
    assert (told["total"], len(told["rows"]) + told["left_off"]) == (54_000, 54_000)
