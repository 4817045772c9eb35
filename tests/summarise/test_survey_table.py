"""The survey table, its findings and the public function, on children made for it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import polars as pl
import pytest

import milkqc
from milkqc.summarise.survey.frames import SurveyError, survey_quality
from milkqc.summarise.survey.judge import IDS, judge
from milkqc.summarise.survey.replicates import readings, same_day
from milkqc.summarise.survey.rows import decimals, prepared
from milkqc.summarise.survey.run import surveyed
from milkqc.summarise.survey.table import SCHEMA, survey_table


def survey(n: int = 600, *, seed: int = 4, teams: int = 6) -> pl.DataFrame:
    """Children of a well-measured survey, 6 to 59 months, with the flags and scores as growth_scores leaves them."""
    random = np.random.default_rng(seed)
    age = np.where(random.random(n) < 0.85 / 1.85, random.uniform(183, 912, n), random.uniform(914, 1825, n))
    return pl.DataFrame(
        {
            "row_id": [f"r{number:04d}" for number in range(n)],
            "infant_id": [f"c{number:04d}" for number in range(n)],
            "infant_sex": random.permutation(["male", "female"] * (n // 2)),
            "age_days": age.round(),
            "age_basis": ["dates"] * n,
            "weight_kg": random.normal(12, 2, n).round(1),
            "length_cm": random.normal(85, 9, n).round(1),
            "muac_cm": random.normal(14.6, 1.1, n).round(1),
            "measured": np.where(age < 731, "lying", "standing"),
            "wlz": random.normal(-0.4, 1, n).round(2),
            "laz": random.normal(-1, 1.1, n).round(2),
            "team": [f"T{number % teams}" for number in range(n)],
        }
    ).with_columns(wlz_flag=pl.col("wlz").abs() > 5, laz_flag=pl.col("laz").abs() > 6)


def line(table: pl.DataFrame, statistic: str, variable: str, by: str = "all", group: str = "all"):
    found = table.filter(
        (pl.col("statistic") == statistic)
        & (pl.col("variable") == variable)
        & (pl.col("by") == by)
        & (pl.col("group") == group)
    )
    assert found.height == 1
    return found.row(0, named=True)


def found(frame: pl.DataFrame, **more) -> pl.DataFrame:
    return surveyed({"growth": frame, **more}).checked.drafts


def told(frame: pl.DataFrame, **more) -> dict[tuple[str, str, str], str]:
    return {
        (row["rule_id"], row["row_id"], row["variable"]): row["value"]
        for row in found(frame, **more).iter_rows(named=True)
    }


# --- the table -------------------------------------------------------------------------------------------------


def test_every_statistic_of_a_group_is_that_of_its_rows_alone():
    frame = survey()
    table = survey_table(prepared(frame))
    assert table.schema == pl.Schema(SCHEMA)
    alone = survey_table(prepared(frame.filter(pl.col("team") == "T3")))
    for row in table.filter((pl.col("by") == "team") & (pl.col("group") == "T3")).iter_rows(named=True):
        other = line(alone, row["statistic"], row["variable"])
        assert (row["n"], row["value"], row["p"], row["class"]) == (
            other["n"], other["value"], other["p"], other["class"]
        ), row["statistic"]  # fmt: skip


def test_the_score_is_the_sum_of_its_nine_penalties():
    frame = survey().with_columns(length_cm=pl.col("length_cm").round(0), wlz=pl.col("wlz") * 1.3)
    table = survey_table(prepared(frame)).filter(pl.col("by") == "all")
    penalties = dict(table.filter(pl.col("penalty").is_not_null()).select("statistic", "penalty").iter_rows())
    score = line(table, "nipntk_score", "wlz")
    assert table["penalty"].count() == 9
    assert (
        score["value"]
        == table["penalty"].sum()
        == 30
        + sum(penalties[name] for name in ("flagged_smart", "skewness", "kurtosis", "sex_ratio", "age_ratio"))
    )
    assert line(table, "digit_preference", "length_cm")["penalty"] == 10
    assert line(table, "sd", "wlz")["penalty"] == 20
    assert score["class"] == "problematic"


def test_a_well_measured_survey_is_excellent_or_good_and_gives_no_finding():
    frame = survey(1200)
    assert line(survey_table(prepared(frame)), "nipntk_score", "wlz")["class"] in {"excellent", "good"}
    assert found(frame).is_empty()


def test_small_healthy_teams_are_not_accused():
    accused = sum(found(survey(600, seed=seed, teams=20)).height for seed in range(8))
    assert accused <= 1  # 8 surveys of 20 teams of 30 children, 5 rules each
    table = survey_table(prepared(survey(600, teams=20)))
    classes = table.filter((pl.col("by") == "team") & (pl.col("statistic") == "digit_preference"))["class"]
    assert (classes == "problematic").sum() > 10  # by their class alone many would be


def test_below_thirty_values_there_is_no_class():
    table = survey_table(prepared(survey(40, teams=4)))
    row = line(table, "sd", "wlz", "team", "T1")
    assert (row["n"], row["class"], row["status"]) == (10, None, "too_few")
    assert row["value"] is not None
    assert row["why"] == "Fewer than 30 values: a class would be chance."


def test_rows_without_a_group_are_in_none_and_the_order_of_rows_does_not_matter():
    frame = survey().with_columns(
        team=pl.when(pl.col("row_id") < "r0100").then(None).otherwise(pl.col("team"))
    )
    table = survey_table(prepared(frame))
    teams = table.filter((pl.col("by") == "team") & (pl.col("statistic") == "missing_share") & (pl.col("variable") == "weight_kg"))  # fmt: skip
    assert teams["n"].sum() == 500
    order = np.random.default_rng(1).permutation(frame.height)
    assert survey_table(prepared(frame[order])).equals(table)


def test_statistics_by_sex_and_age_are_of_scores_only():
    table = survey_table(prepared(survey()))
    by = table.filter(pl.col("by").is_in(["sex", "age"]))
    assert set(by["statistic"]) == {"mean", "sd", "skewness", "kurtosis", "flagged_smart", "flagged_who"}
    assert set(by["group"]) == {"male", "female", "06-11 months", "12-23 months", "24-35 months", "36-47 months", "48-59 months"}  # fmt: skip


def test_no_growth_gives_an_empty_answer():
    made = surveyed({"growth": pl.DataFrame(), "participants": pl.DataFrame()})
    assert made.checked.drafts.is_empty()
    assert {row.status for row in made.checked.ledger} == {"nothing_to_look_at", "not_applicable"}
    assert {row.rule_id for row in made.checked.ledger} == IDS
    assert made.tables["survey_quality"].filter(pl.col("value").is_not_null()).is_empty()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"infant_id": pl.lit("one")}, "Children are seen at several visits, and a survey sees each child once."),
        ({"age_days": pl.col("age_days") / 12}, "Ages are not those of a survey of children of 6 to 59 months."),
        ({"age_days": 400 + pl.col("age_days") / 10}, "Ages lie within two years: the plan, not the population, decides how they are spread."),
        ({"age_basis": pl.lit("nominal")}, "Fewer than 30 measured children have an age."),
    ],
)  # fmt: skip
def test_what_is_no_survey_is_not_applicable_and_says_why(change, why):
    table = survey_table(prepared(survey().with_columns(**change)))
    for statistic, variable in (("nipntk_score", "wlz"), ("age_ratio", "age_months"), ("age_heaping_12", "age_months")):  # fmt: skip
        row = line(table, statistic, variable)
        assert (row["status"], row["why"], row["value"], row["class"]) == ("not_applicable", why, None, None)
    assert line(table, "digit_preference", "weight_kg")["status"] == "ran"


def test_heaping_is_judged_over_whole_years():
    # every month of 6 to 59 equally often: 12 months do not divide 54, and yet nothing heaps
    frame = survey(540).with_columns(age_days=(pl.int_range(540) % 54 + 6) * 30.4375)
    row = line(survey_table(prepared(frame)), "age_heaping_12", "age_months")
    assert (row["n"], row["value"], row["p"]) == (480, 0, 1)


def test_a_child_counts_once_in_the_sex_ratio_and_a_visit_that_did_not_happen_has_no_gaps():
    frame = pl.DataFrame(
        {
            "row_id": ["a", "b", "c", "d"],
            "participant_id": ["1", "1", "2", "3"],
            "infant_id": ["1", "1", "2", "3"],
            "visit": ["m1", "m2", "m1", "m1"],
            "infant_sex": ["male", "male", "female", "male"],
            "weight_kg": [3.0, 4.0, 3.5, None],
            "length_cm": [50.0, None, 51.0, None],
        }
    )
    visits = pl.DataFrame({"participant_id": ["3"], "visit": ["m1"], "outcome": ["missed"]})
    table = survey_table(prepared(frame, None, visits))
    assert (line(table, "sex_ratio", "infant_sex")["n"], line(table, "sex_ratio", "infant_sex")["value"]) == (
        2,
        1,
    )
    missing = line(table, "missing_share", "length_cm")
    assert (missing["n"], missing["value"]) == (3, pytest.approx(100 / 3))
    assert line(survey_table(prepared(frame)), "missing_share", "length_cm")["n"] == 4


# --- repeated measures -----------------------------------------------------------------------------------------

REPLICATES = pl.DataFrame(
    {
        "length_cm": [60.25, 70.0, 80.0, None, 5.0, 55.5, 61.0],
        "length_cm__raw": ["A=602; B=603", "A=700; B=", "A=800; B=-9", "A=; B=", "BOTH=650; MOTHER=600", "A=55,5; B=", "610"],
        "length_cm__factor": [0.1, 0.1, 0.1, None, 0.1, 1.0, 0.1],
    }
)  # fmt: skip


def test_readings_come_from_the_cells_behind_a_value():
    read = readings(REPLICATES, "length_cm").to_list()
    assert read[0] == [pytest.approx(60.2), pytest.approx(60.3)]
    # an empty cell, a missing code, and a child weighed with its mother are no readings
    assert read[1:] == [[70.0], [80.0], None, [5.0], [55.5], [61.0]]


def test_the_technical_error_is_of_the_first_two_readings():
    frame = pl.DataFrame(
        {
            "row_id": ["a", "b", "c"],
            "length_cm": [60.1, 70.2, 80.0],
            "length_cm__raw": ["L1=60.0; L2=60.2; L3=99", "L1=70.4; L2=70.0", "L1=80; L2="],
            "length_cm__factor": [1.0, 1.0, 1.0],
        }
    )
    row = line(survey_table(prepared(frame)), "tem", "length_cm")
    assert (row["n"], row["value"]) == (2, pytest.approx(math.sqrt((0.2**2 + 0.4**2) / 4)))
    assert line(survey_table(prepared(frame)), "digit_preference", "length_cm")["n"] == 6


def test_rows_of_one_child_and_day_are_repeats():
    rows = pl.DataFrame(
        {
            "row_id": ["a.2", "a.1", "b", "c", "d"],
            "infant_id": ["A", "A", "A", "B", None],
            "age_days": [90.0, 90.0, 120.0, 90.0, 90.0],
            "weight_kg": [6.1, 6.0, 7.0, 6.0, 6.0],
        }
    )
    assert same_day(rows, "weight_kg").rows() == [(1, 6.0, 6.1)]
    assert line(survey_table(prepared(rows)), "tem", "weight_kg")["value"] == pytest.approx(
        0.1 / math.sqrt(2)
    )
    assert line(survey_table(prepared(rows[:1])), "tem", "weight_kg")["status"] == "not_applicable"


def test_the_scale_s_own_step_is_no_preference():
    random = np.random.default_rng(2)
    assert decimals(random.uniform(3, 15, 500).round(1)) == 1
    assert decimals(random.uniform(3, 15, 2000).round(2)) == 2
    assert decimals((random.uniform(3, 15, 500) * 20).round() / 20) == 1  # a scale of 50 g


# --- findings --------------------------------------------------------------------------------------------------


def test_a_team_that_rounds_is_told_and_the_others_are_not():
    frame = survey().with_columns(
        length_cm=pl.when(pl.col("team") == "T2")
        .then(pl.col("length_cm").round(0))
        .otherwise(pl.col("length_cm"))
    )
    assert told(frame) == {("growth.digits.preference", "team=T2", "length_cm"): "100"}


def test_when_everybody_rounds_there_is_one_finding():
    frame = survey().with_columns(length_cm=pl.col("length_cm").round(0))
    rows = found(frame)
    assert rows.height == 1
    assert rows.row(0, named=True)["row_id"] == "*"
    assert rows.row(0, named=True)["value"].startswith("100; most at team T")


def test_an_observer_within_a_told_team_is_not_told_again():
    frame = survey().with_columns(
        length_cm=pl.when(pl.col("team") == "T2")
        .then(pl.col("length_cm").round(0))
        .otherwise(pl.col("length_cm")),
        observer=pl.when(pl.col("team") == "T2").then(pl.lit("O1")).otherwise(pl.lit("O2")),
    )
    assert set(told(frame)) == {("growth.digits.preference", "team=T2", "length_cm")}


@pytest.mark.parametrize(
    ("change", "rule", "value"),
    [
        ({"wlz": pl.col("wlz") * 2.2}, "growth.scores.spread", "1."),
        ({"wlz_flag": pl.col("row_id").str.ends_with("1") | pl.col("row_id").str.ends_with("2")}, "growth.scores.flagged_share", "20.0 %"),
        ({"length_cm": pl.when(pl.col("row_id") < "r0180").then(None).otherwise(pl.col("length_cm"))}, "growth.measures.missing", "90.0 %"),
    ],
)  # fmt: skip
def test_one_team_s_fault_is_that_team_s_finding(change, rule, value):
    frame = survey().with_columns(
        team=pl.when(pl.col("row_id") < "r0200").then(pl.lit("bad")).otherwise(pl.col("team"))
    )
    frame = frame.with_columns(
        pl.when(pl.col("team") == "bad").then(expression).otherwise(pl.col(name)).alias(name)
        for name, expression in change.items()
    )
    of_rule = {key: text for key, text in told(frame).items() if key[0] == rule and key[1] != "*"}
    everybody = {key: text for key, text in told(frame).items() if key[0] == rule and key[1] == "*"}
    if everybody:  # a third of all lengths is too many for everybody
        assert next(iter(everybody.values())) == f"{value}; most at team bad: 100.0 %"
    else:
        assert [key[1] for key in of_rule] == ["team=bad"]
        assert next(iter(of_rule.values())).startswith(value)


def test_ratios_and_heaping_of_the_whole_survey_are_told():
    boys = survey().with_columns(infant_sex=pl.when(pl.col("row_id") < "r0480").then(pl.lit("male")).otherwise(pl.lit("female")))  # fmt: skip
    assert ("growth.sex.ratio", "*", "infant_sex") in told(boys)
    assert told(boys)[("growth.sex.ratio", "*", "infant_sex")] == "4.00"
    young = survey().with_columns(age_days=pl.when(pl.col("row_id") < "r0480").then(400.0 + pl.int_range(600) % 300).otherwise(pl.col("age_days")))  # fmt: skip
    assert ("growth.age.ratio", "*", "age_months") in told(young)
    guessed = survey().with_columns(age_days=((pl.col("age_days") / 365.25).round(0).clip(1, 4) * 365.25))
    assert ("growth.age.heaping", "*", "age_months") in told(guessed)


def test_a_bad_survey_s_score_is_told():
    frame = survey().with_columns(
        pl.col("length_cm", "weight_kg").round(0), wlz=pl.col("wlz") * 1.6, infant_sex=pl.lit("male")
    )
    assert ("growth.survey.score", "*", "wlz") in told(frame)
    assert told(frame)[("growth.sex.ratio", "*", "infant_sex")] == "boys only"


def test_months_taken_for_days_are_told_and_newborns_are_not():
    months = survey().with_columns(
        age_days=(pl.col("age_days") / 30.4375).floor(), age_basis=pl.lit("reported")
    )
    assert told(months)[("growth.age.months_as_days", "*", "age_days")] == "at most 59"
    newborn = months.with_columns(weight_kg=pl.lit(4.0), length_cm=pl.lit(54.0))
    assert not any(rule == "growth.age.months_as_days" for rule, _, _ in told(newborn))
    dated = months.with_columns(age_basis=pl.lit("dates"))
    assert not any(rule == "growth.age.months_as_days" for rule, _, _ in told(dated))


def test_a_rule_switched_off_is_skipped_with_the_reason():
    frame = survey().with_columns(length_cm=pl.col("length_cm").round(0))
    rows = prepared(frame)
    checked = judge(survey_table(rows), rows, off={"growth.digits.preference": "boards in whole cm"})
    assert checked.drafts.is_empty()
    skipped = [row for row in checked.ledger if row.rule_id == "growth.digits.preference"]
    assert {(row.status, row.why) for row in skipped} == {
        ("skipped", "Switched off by the study: boards in whole cm")
    }


# --- the public function ---------------------------------------------------------------------------------------


def test_survey_quality_takes_pandas_and_polars():
    frame = survey().drop("age_basis")
    expected = survey_quality(frame, by=["team"])
    assert milkqc.survey_quality(frame.lazy(), by=["team"]).equals(expected)
    pandas = milkqc.survey_quality(frame.to_pandas(), by=["team"])
    assert isinstance(pandas, pd.DataFrame)
    assert pl.from_pandas(pandas, nan_to_null=True)["value"].equals(expected["value"])
    months = frame.with_columns(age_months=pl.col("age_days") / 30.4375).drop("age_days")
    assert survey_quality(months)["n"].equals(survey_quality(frame)["n"])


@pytest.mark.parametrize(
    ("frame", "by", "sentence"),
    [
        (pl.DataFrame({"weight_kg": [1.0]}), ["team", "site"], "survey_quality: columns team, site are missing."),
        (pl.DataFrame({"weight": [1.0]}), [], "survey_quality: there is nothing to judge. Give at least one of weight_kg"),
        (pl.DataFrame({"weight_kg": ["1"], "laz": ["2"]}), [], "survey_quality: columns weight_kg, laz hold no numbers."),
        (pl.DataFrame({"weight_kg": [1.0], "infant_sex": ["1"]}), [], "survey_quality: column infant_sex holds '1'; it takes 'male' and 'female', or nothing."),
        ({"weight_kg": [1.0]}, [], "survey_quality: cannot read a dict."),
    ],
)  # fmt: skip
def test_a_frame_that_cannot_be_judged_says_why(frame, by, sentence):
    with pytest.raises(SurveyError) as caught:
        survey_quality(frame, by=by)
    assert str(caught.value).startswith(sentence)
