"""The growth table scored: where facts come from, and which standard a row is judged by."""

from __future__ import annotations

import csv
import math
from datetime import date, timedelta
from importlib import resources

import polars as pl
import pytest

from milkqc.derive.columns import FrameError
from milkqc.derive.frames import growth_scores, newborn_scores
from milkqc.derive.growth import score

TYPES = {"text": pl.String, "enum": pl.String, "date": pl.Date, "number": pl.Float64, "boolean": pl.Boolean}
DICTIONARY = [
    row
    for row in csv.DictReader(
        (resources.files("milkqc.reference") / "data" / "variables.csv").read_text().splitlines()
    )
    if row["table"] == "growth"
]
DERIVED = [row["column"] for row in DICTIONARY if row["origin"] == "derived" and row["column"] != "row_id"]
MAPPED = {row["column"]: TYPES[row["type"]] for row in DICTIONARY if row["column"] not in DERIVED}
PARTICIPANTS = {
    "infant_id": pl.String,
    "infant_sex": pl.String,
    "infant_birth_date": pl.Date,
    "gestational_age_days": pl.Float64,
}
BORN = date(2024, 1, 1)


def growth(*rows) -> pl.DataFrame:
    return pl.DataFrame(
        [{"row_id": f"r{number}", "infant_id": "i1", **row} for number, row in enumerate(rows)], schema=MAPPED
    )


def participants(*rows) -> pl.DataFrame:
    boy = {"infant_id": "i1", "infant_sex": "male", "infant_birth_date": BORN}
    return pl.DataFrame([{**boy, **row} for row in rows], schema=PARTICIPANTS)


def at(days: float, **measures):
    return {"visit_date": BORN + timedelta(days=days), "weight_kg": 5.0, "length_cm": 57.0, **measures}


def standards(gestation, *days, **options) -> list[str | None]:
    table = growth(*(at(day) for day in days))
    found = score(table, participants({"gestational_age_days": gestation}), schedule={}, **options)
    return found["growth_standard"].to_list()


def test_every_derived_column_of_the_dictionary_is_added_with_its_type_and_in_its_order():
    table = growth(at(100), {}).with_columns(weight_kg__raw=pl.lit("5,0"))
    found = score(table, participants({}), schedule={})
    assert found.columns == [*table.columns, *DERIVED]
    assert found.select(table.columns).equals(table)
    for row in DICTIONARY:
        assert found.schema[row["column"]] == TYPES[row["type"]], row["column"]
        if row["codes"]:
            assert set(found[row["column"]].drop_nulls()) <= set(row["codes"].split("|"))


def test_rows_stay_in_their_order():
    table = growth(*(at(day) for day in (500, 3, 90, 0, 1)))
    assert score(table, participants({}), schedule={})["row_id"].to_list() == table["row_id"].to_list()


@pytest.mark.parametrize(
    "people", [pl.DataFrame(), pl.DataFrame(schema=PARTICIPANTS), participants({"infant_id": None})]
)
def test_without_participants_a_row_speaks_for_itself(people):
    table = growth(at(90), at(90, infant_sex="male", infant_birth_date=BORN), {"age_reported_days": 90.0})
    found = score(table, people, schedule={})
    assert found["age_days"].to_list() == [None, 90.0, 90.0]
    assert found["waz"].is_null().to_list() == [True, False, True]


def test_a_table_without_rows_gets_its_columns():
    found = score(growth(), participants({}), schedule={"birth": 0})
    assert found.shape == (0, len(MAPPED) + len(DERIVED))


def test_the_rows_own_sex_and_birth_come_before_the_participants():
    own = at(90, infant_sex="female", infant_birth_date=BORN - timedelta(days=10))
    found = score(growth(at(90), own), participants({}), schedule={})
    assert found["age_days"].to_list() == [90.0, 100.0]
    expected = growth_scores(
        pl.DataFrame({"infant_sex": ["male", "female"], "age_days": [90, 100], "weight_kg": [5.0, 5.0]})
    )
    assert found["waz"].to_list() == expected["waz"].to_list()


def test_participants_that_share_an_infant_and_disagree_give_no_fact_and_no_row():
    people = participants({}, {"infant_sex": "female"}, {"infant_sex": None})
    found = score(growth(at(90)), people, schedule={})
    assert found.height == 1
    assert found["age_days"].to_list() == [90.0]  # they agree on the birth
    assert found["waz"].to_list() == [None]


def test_scores_are_those_of_growth_scores():
    rows = [at(day, measured=position, oedema=swollen) for day in (5, 250, 300, 729, 731, 1500, 1900)
            for position in ("lying", "standing", None) for swollen in (True, None)]  # fmt: skip
    found = score(growth(*rows), participants({}), schedule={})
    alone = growth_scores(
        found.drop([name for name in DERIVED if name != "age_days"]).with_columns(infant_sex=pl.lit("male"))
    )
    for name in [*DERIVED[DERIVED.index("length_for_score_cm") : DERIVED.index("ig_waz")]]:
        assert found[name].to_list() == alone[name].to_list(), name


def test_bad_words_and_impossible_dates_score_nothing_and_raise_nothing():
    table = growth(at(90, infant_sex="M"), at(-5, measured="up"), at(40_000))
    found = score(table, pl.DataFrame(), schedule={})
    assert found["age_days"].to_list() == [None, None, None]
    found = score(table, participants({}), schedule={})
    assert found["age_days"].to_list() == [90.0, -5.0, 40_000.0]
    assert found["waz"].to_list() == [None, None, None]
    assert found["growth_standard"].to_list() == ["who", None, None]


@pytest.mark.parametrize(
    ("gestation", "days", "expected"),
    [
        # term: newborn size for the first measure before 3 days, then WHO
        (280, (0, 3, 1000), ["intergrowth_newborn", "who", "who"]),
        (280, (3, 4), ["who", "who"]),
        (280, (1, 2), ["intergrowth_newborn", "who"]),  # the second is no first measure
        (280, (2, 2), ["intergrowth_newborn", "intergrowth_newborn"]),
        (300, (0,), ["intergrowth_newborn"]),
        (301, (0,), ["who"]),
        (None, (0, 5), ["who", "who"]),  # unknown gestation counts as term
        (259, (0, 10, 100), ["intergrowth_newborn", "who", "who"]),
        # preterm of 32 weeks: 64 weeks are day 224
        (
            224,
            (0, 2, 224, 225),
            ["intergrowth_newborn", "intergrowth_preterm", "intergrowth_preterm", "who_corrected"],
        ),
        (224, (730, 731), ["who_corrected", "who"]),
        (258, (190, 191), ["intergrowth_preterm", "who_corrected"]),
        # before 27 weeks only size at birth is known
        (168, (0, 20, 21), ["intergrowth_newborn", None, "intergrowth_preterm"]),
        (167, (0, 21, 22), [None, None, "intergrowth_preterm"]),
        (280, (-1, 1826, 1827), [None, "who", None]),
    ],
)
def test_which_standard_when(gestation, days, expected):
    assert standards(gestation, *days) == expected


def test_chronological_goes_on_with_who_at_uncorrected_age():
    assert standards(224, 224, 225, 500, preterm_age="chronological") == ["intergrowth_preterm", "who", "who"]


def test_a_visit_without_any_measure_is_no_first_measure():
    table = growth(at(0, weight_kg=None, length_cm=None), at(1))
    found = score(table, participants({"gestational_age_days": 280.0}), schedule={})
    assert found["growth_standard"].to_list() == ["who", "intergrowth_newborn"]


def test_children_without_an_id_are_not_taken_for_one_child():
    birth = {"infant_id": None, "infant_birth_date": BORN, "infant_sex": "male"}
    found = score(growth(at(0, **birth), at(1, **birth)), participants({}), schedule={})
    assert found["growth_standard"].to_list() == ["who", "who"]  # gestation unknown
    assert found["waz"].null_count() == 0


def test_a_newborn_gets_the_scores_of_newborn_scores():
    table = growth(at(1, weight_kg=3.1, length_cm=48.0, head_circumference_cm=33.5))
    found = score(table, participants({"gestational_age_days": 270.0}), schedule={})
    newborn = newborn_scores(
        pl.DataFrame(
            {
                "infant_sex": ["male"],
                "gestational_age_days": [270],
                "birth_weight_kg": [3.1],
                "birth_length_cm": [48.0],
                "birth_head_circumference_cm": [33.5],
            }
        )
    )
    for name in ("ig_waz", "ig_laz", "ig_hcz"):
        for column in (name, f"{name}_centile", f"{name}_flag"):
            assert found[column].to_list() == newborn[column].to_list()
        routed = name.removeprefix("ig_") + "_routed"
        assert found[routed].to_list() == found[name].to_list()
    assert found["waz"].to_list() != found["waz_routed"].to_list()


def test_a_boy_on_the_median_at_64_weeks_does_not_drop_overnight_at_corrected_age():
    # ln length at 64 weeks: Villar et al. 2015.
    median = math.exp(4.136244 - 547.0018 / 64**2 + 0.0026066 * 64 + 0.0314961)
    table = growth(at(224, length_cm=median), at(225, length_cm=median))
    people = participants({"gestational_age_days": 224.0})
    corrected = score(table, people, schedule={})
    assert corrected["growth_standard"].to_list() == ["intergrowth_preterm", "who_corrected"]
    assert corrected["laz_routed"].to_list() == pytest.approx([0, -0.06], abs=1e-9)
    due = pl.DataFrame({"infant_sex": ["male"], "age_days": [168], "length_cm": [median]})
    assert growth_scores(due)["laz"].to_list() == [-0.03]  # the day before, by WHO at corrected age
    assert corrected["laz"].to_list() == [-1.34, -1.37]  # WHO's at uncorrected age
    chronological = score(table, people, schedule={}, preterm_age="chronological")
    assert chronological["growth_standard"].to_list() == ["intergrowth_preterm", "who"]
    assert chronological["laz_routed"].to_list() == pytest.approx([0, -1.37], abs=1e-9)


def test_corrected_scores_are_whos_at_the_age_from_the_due_date():
    table = growth(at(400, length_cm=73.0, measured="standing", head_circumference_cm=45.0, weight_kg=8.5))
    found = score(table, participants({"gestational_age_days": 210.0}), schedule={})
    assert found["age_corrected_days"].to_list() == [330.0]
    assert found["length_for_score_cm"].to_list() == [pytest.approx(73.7)]
    expected = growth_scores(
        pl.DataFrame(
            {
                "infant_sex": ["male"],
                "age_days": [330],
                "length_cm": [73.7],
                "measured": ["lying"],
                "weight_kg": [8.5],
                "head_circumference_cm": [45.0],
            }
        )
    )
    for name in ("laz", "waz", "hcz"):
        assert found[f"{name}_routed"].to_list() == expected[name].to_list()
        assert found[name].to_list() != expected[name].to_list()


def test_routed_scores_are_null_where_no_standard_applies():
    found = score(growth(at(10)), participants({"gestational_age_days": 170.0}), schedule={})
    assert found["growth_standard"].to_list() == [None]
    assert found.select("laz_routed", "waz_routed", "ig_waz", "ig_waz_flag").row(0) == (None,) * 4
    assert found["waz"].to_list() != [None]  # WHO's own, at chronological age, is always there


def test_oedema_hides_weight_by_every_standard():
    rows = [at(day, oedema=True, head_circumference_cm=38.0) for day in (0, 100, 400)]
    found = score(growth(*rows), participants({"gestational_age_days": 224.0}), schedule={})
    assert found["growth_standard"].to_list() == [
        "intergrowth_newborn",
        "intergrowth_preterm",
        "who_corrected",
    ]
    for name in ("ig_waz", "waz", "waz_routed"):
        assert found[name].null_count() == 3
    assert found["laz_routed"].null_count() == found["hcz_routed"].null_count() == 0


def test_an_infinite_score_is_a_flag_and_no_number():
    found = score(growth(at(0, weight_kg=1e300)), participants({"gestational_age_days": 280.0}), schedule={})
    assert found.select("ig_waz", "ig_waz_centile", "ig_waz_flag", "waz_routed").row(0) == (
        None,
        None,
        True,
        None,
    )


def test_the_schedule_gives_an_age_where_nothing_else_does():
    table = growth(
        {"visit": "month_3", "weight_kg": 6.0},
        {"visit": "month_3", "weight_kg": 6.0, "age_reported_days": 92.5},
    )
    found = score(table, participants({"infant_birth_date": None}), schedule={"month_3": 91})
    assert found.select("age_days", "age_basis").rows() == [(91.0, "nominal"), (92.5, "reported")]


def test_an_unknown_word_for_preterm_age_is_refused():
    with pytest.raises(
        FrameError, match=r"preterm_age: 'postnatal' is not known\. Choose corrected or chronological\."
    ):
        score(growth(at(1)), participants({}), schedule={}, preterm_age="postnatal")


def test_a_table_is_not_scored_twice():
    once = score(growth(at(1)), participants({}), schedule={})
    with pytest.raises(FrameError, match="growth: the table already has age_days, age_months"):
        score(once, participants({}), schedule={})


def test_no_column_holds_nan():
    rows = [at(day, head_circumference_cm=None) for day in (0, 50, 300, 800)]
    found = score(growth(*rows), participants({"gestational_age_days": 230.0}), schedule={})
    numbers = [name for name in DERIVED if found.schema[name] == pl.Float64]
    assert not any(found[name].is_nan().any() for name in numbers)


def test_other_rows_do_not_change_a_rows_scores():
    table = growth(*(at(day) for day in (0, 60, 230, 500)))
    people = participants({"gestational_age_days": 230.0})
    together = score(table, people, schedule={})
    backwards = score(table.reverse(), people, schedule={}).reverse()
    assert together.equals(backwards)
