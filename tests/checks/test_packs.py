"""The packs: every rule says what it is, from where, and what to do; and what facts rules are given of other rows."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from milkqc import catalogue
from milkqc.checks import rules, suites
from milkqc.checks.facts.exchanged import log_odds, with_exchanged
from milkqc.checks.views import types, views
from milkqc.findings import complete
from milkqc.mapping.load import load
from milkqc.messages import catalogue as texts
from milkqc.rulebook import book, examples
from milkqc.rulebook.own import study_rules

RULES = list(book())
DAY = dt.date(2024, 5, 1)
ALL = {rule.id: rule for rule in rules.all_rules()}


def test_every_rule_has_a_sentence_a_source_and_guidance_for_both():
    lacking = [
        (rule.id, name)
        for rule in RULES
        for name in ("says", "source", "site", "analyst", "severity", "title")
        if not getattr(rule, name)
    ]
    assert lacking == []
    assert all(rule.site.endswith(".") and rule.analyst.endswith(".") for rule in RULES)
    assert not [rule.id for rule in RULES if rule.source == "milkqc"]


def test_there_are_more_than_120_rules_with_passing_and_failing_examples():
    own = [rule for rule in RULES if rule.home in {"coded", "suite"} and not rule.id.endswith(".limits.none")]
    assert len(own) >= 120
    assert [rule.id for rule in own if not (rule.examples.get("pass") and rule.examples.get("fail"))] == []


PACKS = suites.load(catalogue.packs())


def test_the_rules_of_a_pack_are_as_complete_and_hold_to_their_examples():
    assert len(PACKS) >= 9
    assert [
        rule.id for rule in PACKS if not (rule.site and rule.analyst and rule.source and rule.examples)
    ] == []
    assert [rule.id for rule in PACKS if "title" not in texts().get(rule.id, {})] == []
    tried = list(examples.try_suites(PACKS))
    assert [f"{one.rule_id} ({one.engine}): {one.wrong}" for one in tried if one.wrong] == []


def test_a_pack_holds_only_for_a_study_whose_mapping_names_it(tmp_path):
    assert not {rule.id for rule in PACKS} & {rule.id for rule in RULES}
    mapping = tmp_path / "study.yaml"
    text = "milkqc: 1\nstudy: s\ntables: {t: {file: t.csv}}\n"
    mapping.write_text(text + "expectations:\n  - {file: packs/term_three_months.yaml}\n", encoding="utf-8")
    held = {rule.id for rule in study_rules(load(mapping, name="study.yaml")).suites}
    assert {rule.id for rule in PACKS} <= held


def test_a_study_changes_limits_of_functions_and_of_rule_files_and_names_a_packs_visits(tmp_path):
    mapping = tmp_path / "study.yaml"
    text = """milkqc: 1
study: s
tables: {t: {file: t.csv}}
expectations:
  - {file: packs/term_three_months.yaml, visits: {month_3: m3}}
  - {rule: visits.mother_weight_kg.changes, max: 15, reason: seasons}
  - {rule: growth.visit_date.placeholder, values: [1911-11-11], reason: our form}
  - {rule: milk.sodium_potassium.mastitis, limits: {max: 0.6, after_day: 10}, reason: Furukawa 2022}
  - {rule: milk.zinc.mature.range, max: 9, reason: supplemented mothers}
"""
    mapping.write_text(text, encoding="utf-8")
    told = study_rules(load(mapping, name="study.yaml"))
    by_id = {rule.id: rule for rule in (*told.suites, *told.coded)}
    visits = table(
        "visits", participant_id=["a", "a"], visit=["1", "2"], visit_date=[DAY, dt.date(2024, 6, 1)],
        mother_weight_kg=[50.0, 62.0],
    )  # fmt: skip
    weight = by_id["visits.mother_weight_kg.changes"]
    assert found("visits.mother_weight_kg.changes", visits=visits) == ["r1"]
    assert rules.check(views({"visits": visits}), rules=[weight]).drafts.is_empty()
    assert weight.told(weight.source).startswith("more than 15 kg")
    assert by_id["growth.visit_date.placeholder"].limits == {"values": (dt.date(1911, 11, 11),)}
    assert by_id["milk.sodium_potassium.mastitis"].limits == {"max": 0.6, "after_day": 10.0}
    assert by_id["milk.zinc.mature.range"].arguments["max"] == 9
    assert by_id["growth.eligible.age"].when == {"visit": "m3"}
    shown = {each.id: each for each in book(told)}["visits.mother_weight_kg.changes"]
    assert (shown.arguments, shown.changed) == ({"max": 15.0}, "max 15 instead of 10: seasons")


def table(name: str, **columns: list[object]) -> pl.DataFrame:
    """A table as mapping makes it, with only these columns; row_ids are r0, r1 ..."""
    kinds = types(name)
    height = len(next(iter(columns.values())))
    made = {"row_id": [f"r{place}" for place in range(height)], **columns}
    return pl.DataFrame({key: pl.Series(key, cells, dtype=kinds[key]) for key, cells in made.items()})


def found(rule_id: str, settings: rules.Settings | None = None, **tables: pl.DataFrame) -> list[str]:
    """The row_ids of one rule's findings, on views as a run makes them."""
    checked = rules.check(views(tables), rules=[ALL[rule_id]], settings=settings or rules.Settings())
    assert [row.status for row in checked.ledger] != ["broken"], checked.ledger[0].why
    return checked.drafts["row_id"].to_list()


SCHEDULE = rules.Settings(
    schedule={"birth": (0, 0, 3), "month_3": (91, 61, 121)}, data_cutoff=dt.date(2024, 12, 31)
)


def test_a_visit_that_no_table_has_is_missed_only_once_its_window_has_closed_and_nobody_left():
    people = table(
        "participants",
        participant_id=["a", "b", "c", "d"],
        infant_birth_date=[DAY, DAY, DAY, dt.date(2024, 10, 1)],
        exit_date=[None, None, dt.date(2024, 6, 1), None],
    )
    visits = table(
        "visits",
        participant_id=["a", "a", "b", "c", "d"],
        visit=["birth", "month_3", "birth", "birth", "birth"],
    )
    assert found("participants.visit.absent", SCHEDULE, participants=people, visits=visits) == ["r1"]


def test_visits_in_the_wrong_order_are_found_within_an_infant_and_not_before_birth():
    growth = table(
        "growth",
        infant_id=["a", "a", "b", "b"],
        participant_id=["a", "a", "b", "b"],
        visit=["birth", "month_3"] * 2,
        visit_date=[dt.date(2024, 8, 1), DAY, DAY, dt.date(2023, 8, 1)],
        age_days=[92.0, 0.0, 0.0, -274.0],
    )
    assert found("growth.visit.order", SCHEDULE, growth=growth) == ["r0"]


def test_milk_of_a_weaned_infants_mother_is_one_finding_for_a_visit():
    visits = table("visits", participant_id=["a", "b"], visit=["m", "m"], feeding=["none", "partial"])
    milk = table(
        "milk",
        participant_id=["a", "a", "b"],
        visit=["m"] * 3,
        sample_id=["1", "2", "3"],
        value=[1.0, 2.0, 3.0],
    )
    assert found("milk.sample.weaned", visits=visits, milk=milk) == ["r0"]


def test_one_tube_at_two_places_is_found_and_numbers_given_anew_are_not():
    milk = {"participant_id": [f"p{n}" for n in range(10)], "visit": ["m"] * 10}
    tubes = [f"T{n}" for n in range(9)]
    assert found("milk.sample.two_places", milk=table("milk", **milk, sample_id=[*tubes, "T0"])) == [
        "r0",
        "r9",
    ]
    assert found("milk.sample.two_places", milk=table("milk", **milk, sample_id=["1"] * 10)) == []


def test_sodium_and_potassium_of_one_sample_are_compared_in_moles():
    milk = table(
        "milk",
        participant_id=["a"] * 4,
        visit=["m"] * 4,
        sample_id=["1", "1", "2", "2"],
        analyte=["sodium", "potassium"] * 2,
        value=[300.0, 500.0, 100.0, 500.0],
        days_postpartum=[30.0] * 4,
    )
    seen = views({"milk": milk})["milk"]["sodium_potassium"].to_list()
    assert seen[0] == pytest.approx((300 / 22.98977) / (500 / 39.0983))
    assert found("milk.sodium_potassium.mastitis", milk=milk) == ["r0"]


def test_a_death_that_a_visit_or_the_exit_tells_makes_later_visits_impossible_but_not_of_twins():
    people = table(
        "participants",
        participant_id=["a", "b", "t", "t"],
        infant_id=["a", "b", "t1", "t2"],
        exit_reason=["Died at home", None, "died", None],
        exit_date=[DAY] * 4,
    )
    visits = table(
        "visits", participant_id=["b"], visit=["birth"], outcome=["died"], visit_date=[dt.date(2024, 5, 2)]
    )
    growth = table(
        "growth", participant_id=["a", "b", "b", "t"], infant_id=["a", "b", "b", "t2"], visit=["x", "x", "y", "x"],
        visit_date=[dt.date(2024, 5, 2), dt.date(2024, 5, 2), dt.date(2024, 5, 3), dt.date(2024, 6, 1)],
    )  # fmt: skip
    assert found("growth.visit.after_death", participants=people, visits=visits, growth=growth) == [
        "r0",
        "r2",
    ]


def test_ids_that_look_alike_are_one_finding_and_neighbouring_numbers_are_none():
    people = table("participants", participant_id=["SIM-011", "SIM-O11", "SIM-012", "SIM-021", "sim 12"])
    assert found("participants.id.near_duplicate", participants=people) == ["r0", "r2"]


def test_an_id_of_another_form_is_found_only_where_nearly_all_have_one():
    ids = [f"A{n:03d}" for n in range(60)]
    people = table("participants", participant_id=[*ids, "A07"])
    assert found("participants.id.pattern", participants=people) == ["r60"]
    mixed = table("participants", participant_id=[*ids[:30], *(f"B-{n}" for n in range(30))])
    assert found("participants.id.pattern", participants=mixed) == []


def test_one_record_under_two_ids_is_one_finding_and_twins_are_none():
    facts = {
        "infant_sex": ["male"] * 4, "infant_birth_date": [DAY] * 4, "birth_weight_kg": [3.1, 3.1, 2.0, 2.0],
        "gestational_age_days": [280.0] * 4, "mother_height_cm": [155.0, 155.0, 150.0, 150.0],
        "mother_age_years": [20.0] * 4,
    }  # fmt: skip
    people = table(
        "participants", participant_id=["a", "b", "t", "t"], infant_id=["a", "b", "t1", "t2"], **facts
    )
    assert found("participants.facts.same", participants=people) == ["r0"]


def test_a_cluster_of_two_arms_is_wrong_only_where_clusters_were_randomised():
    clusters = [name for name in "abcde" for _ in range(2)]
    arms = ["1", "1", "2", "2", "1", "1", "2", "2", "1", "2"]
    names = {"participant_id": [str(n) for n in range(10)], "cluster_id": clusters}
    assert found("participants.arm.cluster", participants=table("participants", **names, arm=arms)) == ["r8"]
    mixed = table("participants", **names, arm=["1", "2"] * 5)
    assert found("participants.arm.cluster", participants=mixed) == []


def test_no_finding_about_a_single_persons_arm_tells_an_arm():
    people = table("participants", participant_id=["a"], arm=["Zinc arm"], arm_listed=["Placebo arm"])
    checked = rules.check(views({"participants": people}), rules=[ALL["participants.arm.listed"]])
    told = complete(checked.drafts, study="s", context={"participants": people}, labels={}, columns={})
    assert told.height == 1
    assert not any("Zinc" in str(cell) or "Placebo" in str(cell) for cell in told.row(0))


def test_arms_that_differ_are_told_only_where_the_study_is_unblinded():
    n = 60
    visits = table(
        "visits", participant_id=[str(k) for k in range(2 * n)], visit=["m"] * (2 * n),
        adherence_percent=[100.0] * n + [100.0] * 20 + [25.0] * 40,
    )  # fmt: skip
    people = table("participants", participant_id=[str(k) for k in range(2 * n)], arm=["1"] * n + ["2"] * n)
    tables = {"visits": visits, "participants": people}
    assert found("visits.arms.adherence", **tables) == []
    assert found("visits.arms.adherence", rules.Settings(unblinded="analysis"), **tables) == ["*"]


def test_one_form_for_two_infants_of_a_day_is_one_finding():
    growth = table(
        "growth", participant_id=["a", "b", "c"], infant_id=["a", "b", "c"], visit=["m"] * 3,
        visit_date=[DAY, DAY, dt.date(2024, 5, 2)], weight_kg=[6.1] * 3, length_cm=[61.2] * 3, muac_cm=[13.1] * 3,
    )  # fmt: skip
    assert found("growth.form.same", growth=growth) == ["r0"]


def test_one_observer_with_far_more_infants_in_a_day_than_usual_is_one_finding():
    days = [DAY] * 45 + [dt.date(2024, 5, 2 + n // 5) for n in range(50)]
    ids = [str(n) for n in range(95)]
    growth = table(
        "growth", participant_id=ids, infant_id=ids, visit=["m"] * 95, visit_date=days, observer=["7"] * 95
    )
    assert found("growth.observer.mass_entry", growth=growth) == ["observer=7; day=2024-05-01"]


def test_a_mothers_weight_and_height_are_compared_with_the_visit_before_that_has_one():
    visits = table(
        "visits", participant_id=["a"] * 3, visit=["1", "2", "3"],
        visit_date=[DAY, dt.date(2024, 6, 1), dt.date(2024, 7, 1)], mother_weight_kg=[50.0, None, 61.0],
        mother_height_measured_cm=[155.0, 155.5, 158.0],
    )  # fmt: skip
    assert found("visits.mother_weight_kg.changes", visits=visits) == ["r2"]
    assert found("visits.mother_height_cm.changes", visits=visits) == ["r2"]


@pytest.fixture(scope="module")
def mothers():
    """ln of two analytes of 60 mothers at two visits, 2.3 SD apart; the first mother's samples are exchanged."""
    rng = np.random.default_rng(5)
    own = rng.standard_normal((60, 2))
    first = 0.6 * own + 0.8 * rng.standard_normal((60, 2))
    second = 0.6 * own + 0.8 * rng.standard_normal((60, 2)) - 2.3
    first[0], second[0] = [-2.3, -2.3], [0.1, 0.0]
    return first, second


def test_samples_exchanged_are_suspected_and_others_are_not(mothers):
    odds = log_odds(*mothers) / np.log(10)
    assert odds[0] >= 2
    assert odds[1:].max() < 1


def test_the_suspicion_names_the_other_tube_and_needs_thirty_mothers(mothers):
    rows = [
        (f"p{n}", visit, f"{visit}{n}", analyte, float(np.exp(values[n, place])))
        for visit, values in zip(("birth", "month_3"), mothers, strict=True)
        for n in range(60)
        for place, analyte in enumerate(("alpha_tocopherol", "retinol"))
    ]
    names = ("participant_id", "visit", "sample_id", "analyte", "value")
    milk = table(
        "milk", **{name: list(cells) for name, cells in zip(names, zip(*rows, strict=True), strict=True)}
    )
    told = with_exchanged(views({"milk": milk}, facts=False)["milk"]).filter(pl.col("exchanged_odds") >= 2)
    assert set(told["exchanged_with"]) == {"p0|month_3|month_30", "p0|birth|birth0"}
    assert found("milk.sample.mixed_up", milk=milk) == ["r0", "r120"]
    few = milk.filter(pl.col("participant_id").str.slice(1).cast(pl.Int64) < 29)
    assert found("milk.sample.mixed_up", milk=few) == []
