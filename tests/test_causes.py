"""One entry error is one thing to do: what follows from it carries its id."""

from __future__ import annotations

import polars as pl

from milkqc.causes import with_causes
from milkqc.findings import FINDINGS_SCHEMA


def findings(*rows: dict[str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        [{name: row.get(name) for name in FINDINGS_SCHEMA} for row in rows],
        schema=FINDINGS_SCHEMA,
        orient="row",
    )


def found(
    finding_id: str, rule_id: str, row_id: str = "a|m3", variable: str = "", **more: str
) -> dict[str, str]:
    return {
        "finding_id": finding_id,
        "rule_id": rule_id,
        "table": rule_id.split(".")[0],
        "row_id": row_id,
        "variable": variable,
        **more,
    }


def causes(*rows: dict[str, str]) -> dict[str, str | None]:
    return dict(with_causes(findings(*rows)).select("finding_id", "cause_id").rows())


def test_an_impossible_weight_explains_its_range_and_its_scores():
    assert causes(
        found("1", "growth.weight_kg.impossible", variable="weight_kg"),
        found("2", "growth.weight_kg.range", variable="weight_kg"),
        found("3", "growth.waz.flag", variable="waz"),
        found("4", "growth.laz.flag", variable="laz"),
        found("5", "growth.waz.flag", row_id="b|m3", variable="waz"),
    ) == {"1": "1", "2": "1", "3": "1", "4": None, "5": None}


def test_months_given_as_days_explain_every_score_by_age_and_what_was_read_out_of_it():
    assert causes(
        found("1", "growth.age.months_as_days", row_id="*", variable="age_days", severity="warning"),
        found("2", "growth.waz.flag", variable="waz", severity="warning"),
        found("3", "growth.wlz.flag", variable="wlz", severity="warning"),
        found("4", "growth.weight_kg.unit", "b|m3", variable="weight_kg", severity="warning"),
        found("5", "growth.head.above_length", "b|m3", variable="head_circumference_cm", severity="critical"),
        found("6", "growth.length_cm.carried_forward", "b|m3", variable="length_cm", severity="info"),
        found("7", "growth.length_cm.unit_batch", "team=2", variable="length_cm", severity="warning"),
    ) == {"1": "1", "2": "1", "3": None, "4": "1", "5": None, "6": None, "7": "1"}


def test_a_visit_before_birth_explains_the_windows_it_misses_in_both_tables():
    who = {"participant_id": "a", "visit": "m3"}
    assert causes(
        found("1", "growth.visit.before_birth", variable="visit_date", **who),
        found("2", "growth.visit.outside_window", variable="age_days", **who),
        found("3", "visits.visit.outside_study", variable="visit_date", **who),
        found(
            "4",
            "visits.visit.outside_study",
            row_id="b|m3",
            variable="visit_date",
            participant_id="b",
            visit="m3",
        ),
    ) == {"1": "1", "2": "1", "3": "1", "4": None}


def test_an_unlisted_tube_explains_the_rows_it_leaves_without_a_place():
    assert causes(
        found(
            "1", "reading.link.orphan", row_id="tubes=T1", variable="TUBE", value="T1", source_column="TUBE"
        ),
        found("2", "reading.row.rejected", row_id="rejected", value="tubes.PID=; TUBE=T1"),
        found("3", "reading.row.rejected", row_id="rejected 2", value="tubes.PID=; TUBE=T10"),
    ) == {"1": "1", "2": "1", "3": None}


def test_nothing_to_explain_leaves_the_findings_as_they_are():
    table = findings(found("1", "growth.laz.flag", variable="laz"))
    assert with_causes(table).equals(table)


def test_a_swap_explains_the_scores_of_both_measures_and_no_graver_finding():
    assert causes(
        found("1", "growth.head.above_length", variable="head_circumference_cm", severity="critical"),
        found("2", "growth.weight_length.swapped", variable="weight_kg", severity="warning"),
        found("3", "growth.waz.flag", variable="waz", severity="warning"),
        found("4", "growth.laz.flag", variable="laz", severity="warning"),
        found("5", "growth.hcz.flag", variable="hcz", severity="warning"),
    ) == {"1": None, "2": "2", "3": "2", "4": "2", "5": None}


def test_an_impossible_weight_explains_the_unit_that_it_was_written_in():
    assert causes(
        found("1", "growth.weight_kg.impossible", variable="weight_kg", severity="critical"),
        found("2", "growth.weight_kg.unit", variable="weight_kg", severity="warning"),
        found("3", "growth.waz.flag", variable="waz", severity="warning"),
        found("4", "growth.length_cm.unit", variable="length_cm", severity="warning"),
    ) == {"1": "1", "2": "1", "3": "1", "4": None}


def test_a_batch_in_pounds_explains_its_rows_and_their_scores():
    said = "5.44 kg (z -1) if written in pounds, as all of site=A; team=1"
    assert causes(
        found("1", "growth.weight_kg.unit_batch", "site=A; team=1", "weight_kg", severity="warning"),
        found("2", "growth.weight_kg.unit_in_batch", variable="weight_kg", severity="info", expected=said),
        found("3", "growth.waz.flag", variable="waz", severity="warning"),
        found(
            "4", "growth.weight_kg.unit_in_batch", "b|m3", "weight_kg", severity="info", expected=said + "2"
        ),
    ) == {"1": "1", "2": "1", "3": "1", "4": None}


def test_a_team_that_measures_in_the_other_position_explains_its_rows_alone():
    assert causes(
        found("1", "growth.position.often", "site=A; team=1", "measured", severity="warning"),
        found("2", "growth.position.age", variable="measured", severity="info", site="A", team="1"),
        found("3", "growth.position.age", "b|m3", "measured", severity="info", site="A", team="2"),
    ) == {"1": "1", "2": "1", "3": None}


def test_a_habit_explains_the_rows_that_show_it_and_not_their_scores():
    listed = "growth.weight_kg.same_day_in_group"
    assert causes(
        found("1", "growth.weight_kg.same_day_often", "team=1", "weight_kg", severity="warning"),
        found("2", listed, variable="weight_kg", severity="info", team="1"),
        found("3", "growth.waz.flag", variable="waz", severity="warning", team="1"),
        found("4", listed, "b|m3", "weight_kg", severity="info", team="2"),
    ) == {"1": "1", "2": "1", "3": None, "4": None}


def test_a_habit_of_a_study_without_teams_explains_all_its_rows():
    assert causes(
        found("1", "growth.visit.copied_often", "*", "visit", severity="warning"),
        found("2", "growth.length_cm.carried_forward", variable="length_cm", severity="info"),
        found("3", "growth.weight_kg.carried_forward", "b|m3", "weight_kg", severity="info"),
    ) == {"1": "1", "2": "1", "3": "1"}


def test_a_copied_visit_explains_the_values_that_were_carried_forward():
    assert causes(
        found("1", "growth.visit.carried_forward", variable="weight_kg", severity="warning"),
        found("2", "growth.length_cm.carried_forward", variable="length_cm", severity="info"),
        found("3", "growth.length_cm.carried_forward", "b|m3", "length_cm", severity="info"),
    ) == {"1": "1", "2": "1", "3": None}
