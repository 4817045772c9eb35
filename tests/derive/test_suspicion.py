"""Suspicion for each measurement: what a value would be, and whom it leaves alone."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from milkqc.checks import rules
from milkqc.checks.views import SUSPICION, views
from milkqc.derive import growth as scoring
from milkqc.derive.restated import JUDGED, alternatives, plain_scores
from milkqc.derive.suspicion import suspicions
from milkqc.reference.growth import who_lms

POUND = 0.45359237
MONTHS = (0, 3, 6, 12)
DAYS = tuple(round(month * 30.4375) for month in MONTHS)
TABLES = {"weight_kg": "wfa", "length_cm": "lhfa", "head_circumference_cm": "hcfa"}
UNMAPPED = {
    "visit_date": pl.Date, "infant_birth_date": pl.Date, "measured": pl.String, "muac_cm": pl.Float64,
    "triceps_skinfold_mm": pl.Float64, "subscapular_skinfold_mm": pl.Float64,
}  # fmt: skip


def sized(measure: str, day: float, z: float) -> float:
    """The measure of a boy of this age at a z-score."""
    row = who_lms().filter(indicator=TABLES[measure], sex="male", x=float(day)).row(0, named=True)
    return round(
        row["m"] * (1 + row["l"] * row["s"] * z) ** (1 / row["l"]), 2 if measure == "weight_kg" else 1
    )


def child(name: str, z: float = 0.0, days: tuple[int, ...] = DAYS) -> list[dict[str, object]]:
    """A boy who stays at his z-score in weight, length and head at every visit."""
    return [
        {
            "row_id": f"{name}|{day}",
            "participant_id": name,
            "infant_id": name,
            "visit": f"d{day}",
            "infant_sex": "male",
            "age_reported_days": float(day),
            "oedema": False,
            **{measure: sized(measure, day, z) for measure in TABLES},
        }
        for day in days
    ]


def study(rows: list[dict[str, object]], **people: object) -> tuple[pl.DataFrame, pl.DataFrame]:
    table = pl.DataFrame(rows).with_columns(
        pl.lit(None, dtype=kind).alias(name) for name, kind in UNMAPPED.items() if name not in rows[0]
    )
    who = table.select("participant_id", "infant_id").unique(maintain_order=True)
    who = who.with_columns(
        row_id="infant_id",
        **{name: value if isinstance(value, pl.Expr) else pl.lit(value) for name, value in people.items()},
    )
    return scoring.score(table, who, schedule={}), who


def drafts(rows: list[dict[str, object]], **people: object) -> pl.DataFrame:
    """What the rules of this issue say of a study."""
    growth, who = study(rows, **people)
    seen = views({"growth": growth, "participants": who}, suspected=suspicions(growth, who))
    mine = [
        rule
        for rule in rules.all_rules()
        if rule.id.endswith((".unit", ".swapped", ".velocity", ".fits_next", ".unit_batch", ".unit_in_batch"))
    ]
    checked = rules.check(seen, rules=mine)
    assert {row.status for row in checked.ledger} <= {"ran", "nothing_to_look_at"}
    return checked.drafts


def said(rows: list[dict[str, object]], **people: object) -> list[tuple[str, str, str, str]]:
    return (
        drafts(rows, **people)
        .select("rule_id", "row_id", "value", "expected")
        .sort("rule_id", "row_id")
        .rows()
    )


def test_a_weight_in_pounds_says_what_it_would_be():
    rows = child("a", z=-0.9)
    rows[2]["weight_kg"] = 15.4
    assert said(rows) == [("growth.weight_kg.unit", "a|183", "15.4", "6.99 kg (z -1.2) if written in pounds")]


@pytest.mark.parametrize(
    ("measure", "recorded", "reading"),
    [
        ("weight_kg", lambda x: x * 1000, "written in grams"),
        ("weight_kg", lambda x: x / 0.028349523125, "written in ounces"),
        ("weight_kg", lambda x: x * 10, "ten times too high"),
        ("weight_kg", lambda x: x / 10, "ten times too low"),
        ("length_cm", lambda x: x * 10, "written in millimetres"),
        ("length_cm", lambda x: x / 2.54, "written in inches"),
        ("length_cm", lambda x: x / 100, "written in metres"),
        ("head_circumference_cm", lambda x: x / 2.54, "written in inches"),
    ],
)
def test_every_reading_of_the_closed_set_is_recognised(measure, recorded, reading):
    rows = child("a", z=0.5)
    rows[1][measure] = recorded(rows[1][measure])
    ((rule, row, _, expected),) = said(rows)
    assert (rule, row) == (f"growth.{measure}.unit", "a|91")
    assert expected.endswith(f"if {reading}")


def test_kilograms_where_the_study_declares_grams_are_recognised():
    rows = child("a")
    for row in rows:
        row |= {"weight_kg__raw_unit": "g", "weight_kg__factor": 0.001}
    rows[1]["weight_kg"] = 0.0064
    assert said(rows)[0][3] == "6.4 kg (z 0) if written in kilograms"


@pytest.mark.parametrize("z", [-5.0, -3.5, 0.0, 3.0, 4.0])
def test_a_child_who_is_as_small_or_big_at_every_visit_is_no_error(z):
    assert said(child("a", z=z)) == []
    assert said([*child("a", z=z), *child("b", z=0.0)]) == []


@pytest.mark.parametrize("day", [0, 365])
def test_a_small_child_seen_once_is_no_error(day):
    assert said(child("a", z=-4.0, days=(day,))) == []


def test_a_unit_error_hidden_behind_oedema_is_found():
    """WHO gives no weight score with oedema, so no flag says anything of these pounds."""
    rows = child("a")
    rows[2] |= {"weight_kg": round(rows[2]["weight_kg"] / POUND, 1), "oedema": True}
    growth, _ = study(rows)
    assert growth["waz"][2] is None
    assert growth["wlz"][2] is None
    assert [row[:2] for row in said(rows)] == [("growth.weight_kg.unit", "a|183")]


def test_pounds_that_who_does_not_flag_are_found_by_the_other_visits():
    """The weight of a thin child in pounds is that of a big child; the child itself says that it is not."""
    rows = child("a", z=-2.5)
    rows[1]["weight_kg"] = round(rows[1]["weight_kg"] / POUND, 1)
    growth, _ = study(rows)
    assert growth["waz"][1] < 5
    assert growth["waz_flag"][1] is False
    assert ("growth.weight_kg.unit", "a|91") in [row[:2] for row in said(rows)]


def test_weight_and_length_in_each_others_place_are_one_finding():
    rows = child("a")
    rows[1] |= {"weight_kg": rows[1]["length_cm"], "length_cm": rows[1]["weight_kg"]}
    assert said(rows) == [
        ("growth.weight_length.swapped", "a|91", "61.4 and 6.37", "6.37 kg and 61.4 cm, the two exchanged")
    ]


def test_a_swap_is_seen_in_the_numbers_as_they_were_written():
    """In a form that asks for grams the number in the length's place is one of grams."""
    rows = child("a")
    for row in rows:
        row |= {"weight_kg__raw_unit": "g", "weight_kg__factor": 0.001, "length_cm__factor": 1.0}
    rows[1] |= {"weight_kg": 0.0614, "length_cm": 6390.0}
    assert said(rows)[0][3] == "6.39 kg and 61.4 cm, the two exchanged"


def test_length_and_head_in_each_others_place_are_one_finding():
    rows = child("a")
    rows[0] |= {"length_cm": 34.5, "head_circumference_cm": 49.9}
    assert [row[0] for row in said(rows)] == ["growth.length_head.swapped"]


def test_two_visits_one_after_the_other_in_pounds_do_not_vouch_for_each_other():
    rows = child("a")
    for row in rows[1:3]:
        row["weight_kg"] = round(row["weight_kg"] / POUND, 2)
    assert [row[:2] for row in said(rows)] == [
        ("growth.weight_kg.unit", "a|183"),
        ("growth.weight_kg.unit", "a|91"),
    ]


def test_the_good_visit_beside_a_wrong_one_is_left_alone():
    rows = child("a", days=(0, 91))
    rows[0]["weight_kg"] = 33.5
    assert [row[1] for row in said(rows)] == ["a|0"]


def test_a_whole_visit_of_a_site_in_pounds_is_one_finding_and_its_rows_inform():
    rows = [row for place in range(12) for row in child(f"c{place:02}", z=(place - 6) / 4)]
    for row in rows:
        if row["visit"] == "d91" and row["participant_id"] < "c06":
            row["weight_kg"] = round(row["weight_kg"] / POUND, 2)
    site = pl.when(pl.col("participant_id") < "c06").then(pl.lit("A")).otherwise(pl.lit("B"))
    found = drafts(rows, site=site)
    batch = found.filter(pl.col("rule_id") == "growth.weight_kg.unit_batch")
    assert batch.select("row_id", "severity", "n_rows", "value").rows() == [
        ("site=A; visit=d91", "warning", 6, "6 values written in pounds")
    ]
    others = found.filter(pl.col("rule_id") != "growth.weight_kg.unit_batch")
    assert set(others["rule_id"]) == {"growth.weight_kg.unit_in_batch"}
    assert set(others["severity"]) == {"info"}
    assert others.height == 6
    assert others["expected"].str.ends_with(" if written in pounds, as all of site=A; visit=d91").all()


def test_a_file_in_pounds_at_every_visit_is_one_finding_although_each_child_agrees_with_itself():
    rows = [row for place in range(15) for row in child(f"c{place:02}", z=(place - 7) / 5)]
    for row in rows:
        row["weight_kg"] = round(row["weight_kg"] / POUND, 2)
    found = drafts(rows).filter(pl.col("severity") == "warning")
    assert found.select("rule_id", "row_id", "n_rows").rows() == [("growth.weight_kg.unit_batch", "*", 60)]


def test_a_malnourished_population_is_no_batch_in_another_unit():
    rows = [row for place in range(15) for row in child(f"c{place:02}", z=-2.5 - place / 10)]
    assert said(rows) == []


def test_measures_of_the_next_visit_are_seen_as_such():
    rows = child("a")
    for measure in TABLES:
        rows[1][measure] = sized(measure, DAYS[2], 0.1)
    found = drafts(rows)
    assert found.select("rule_id", "row_id", "severity", "expected").rows() == [
        ("growth.visit.fits_next", "a|91", "info", "about 183 d, the age at this child's next visit")
    ]


def test_a_weight_no_child_grows_to_is_implausible_though_nothing_explains_it():
    rows = child("a", z=-1.0)
    rows[2]["weight_kg"] = sized("weight_kg", DAYS[2], 3.2)
    ((rule, row, _value, expected),) = said(rows)
    assert (rule, row) == ("growth.weight_kg.velocity", "a|183")
    assert expected.startswith("within 4 SD of this child's visits before and after, not ")


def test_a_newborn_may_lose_a_tenth_of_its_weight():
    rows = child("a", days=(0, 4, 30))
    rows[1]["weight_kg"] = round(rows[0]["weight_kg"] * 0.9, 2)
    assert said(rows) == []


def test_a_preterm_newborn_is_judged_by_its_own_standard():
    rows = child("a", days=(0, 28))
    small = {"weight_kg": 1.6, "length_cm": 41.0, "head_circumference_cm": 29.5}
    later = {"weight_kg": 2.4, "length_cm": 46.0, "head_circumference_cm": 32.5}
    rows[0] |= small
    rows[1] |= later
    assert said(rows, gestational_age_days=pl.lit(223.0)) == []
    rows[0]["weight_kg"] = 3.53
    assert [row[:2] for row in said(rows, gestational_age_days=pl.lit(223.0))] == [
        ("growth.weight_kg.unit", "a|0")
    ]


def test_neither_the_order_of_rows_nor_their_number_changes_what_is_found():
    rows = [row for name in "abc" for row in child(name, z=-1.0)]
    rows[2]["weight_kg"] = 15.0
    rows[5]["length_cm"] = 611.0
    growth, who = study(rows)
    straight = growth.select("row_id").hstack(suspicions(growth, who))
    shuffled = growth.sample(fraction=1.0, shuffle=True, seed=3)
    turned = shuffled.select("row_id").hstack(suspicions(shuffled, who))
    assert turned.sort("row_id").equals(straight.sort("row_id"))


def test_the_columns_are_those_that_rules_may_name():
    growth, who = study(child("a"))
    assert dict(suspicions(growth, who).schema) == SUSPICION
    assert dict(suspicions(growth.clear(), who.clear()).schema) == SUSPICION


def test_what_cannot_be_scored_has_no_suspicion():
    rows = child("a")
    rows[0]["infant_sex"] = None
    rows[1]["age_reported_days"] = None
    rows[2]["age_reported_days"] = 2500.0
    for row in rows:
        row["weight_kg"] = 3000.0
    growth, who = study(rows)
    assert suspicions(growth, who)["weight_kg__odds"].is_null().to_list() == [True, True, True, False]


def test_a_raw_unit_that_is_no_unit_of_the_measure_counts_as_its_own():
    assert alternatives("weight_kg", "cm") == alternatives("weight_kg", None)
    assert {one.reading for one in alternatives("weight_kg", None)} == {
        "written in grams", "written in pounds", "written in ounces", "ten times too high", "ten times too low"
    }  # fmt: skip
    assert {one.reading for one in alternatives("length_cm", "mm")} == {
        "written in centimetres", "written in inches", "written in metres", "ten times too high"
    }  # fmt: skip


def test_scores_for_suspicion_are_those_of_the_growth_table():
    growth, who = study([row for name in "ab" for row in child(name, z=0.7)])
    from milkqc.derive.child_facts import facts

    known = facts(growth, who)
    for measure, (score, _) in JUDGED.items():
        given = growth[measure].cast(pl.Float64).to_numpy()
        np.testing.assert_array_equal(plain_scores(measure, given, known), growth[score].to_numpy())


def test_a_weight_that_agrees_with_its_odd_length_tells_of_a_wrong_age_and_not_of_pounds():
    """A real child of a SMART survey: 89.7 cm and 13.7 kg at a recorded 268 days."""
    rows = child("a", days=(268,))
    rows[0] |= {"length_cm": 89.7, "weight_kg": 13.7, "head_circumference_cm": None}
    assert said(rows) == []
