"""What a batch's own rows and patterns show: blanks, controls, duplicates, values put in, drift, the same people."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from milkqc.checks.laboratory import materials, patterns, people, precision
from milkqc.checks.laboratory.rules import RULES
from milkqc.checks.laboratory.run import check, explained

from .conftest import controls, milk


def said(part) -> list[str]:
    return [one.message for one in part.found]


def test_a_blank_at_its_limit_is_contaminated_and_one_below_is_not():
    own = controls(
        [
            {"kind": "blank", "batch": "B1", "censored": "<", "limit": 0.1},
            {"kind": "blank", "batch": "B2", "value": 0.3, "limit": 0.1},
            {"kind": "blank", "batch": "B3", "value": 0.05, "limit": 0.1},
            {"kind": "blank", "batch": "B4", "value": 0.3},
        ]
    )
    part = materials.blanks(own)
    assert said(part) == [
        "A blank of batch B2 reads 0.3 mg/L, limit 0.1: the batch is contaminated or carried over. Ask the laboratory."
    ]
    assert (part.judged["milk.batch.blank", "zinc"], part.not_judged["milk.batch.blank", "zinc"]) == (3, 1)


@pytest.mark.parametrize(
    ("z", "names"),
    [
        ([0.0, 1.9, -1.9], []),
        ([3.1], ["1-3s"]),
        ([2.1, 2.2], ["2-2s"]),
        ([2.1, 0.0, 2.2], []),
        ([-2.1, -2.5], ["2-2s"]),
        ([2.1, 0.3, -2.2], ["R-4s"]),
        ([3.5, 2.1, -2.2], ["1-3s", "2-2s", "R-4s"]),
        ([], []),
    ],
)
def test_westgards_rules(z, names):
    assert [one.name for one in materials.broken_rules(z)] == names


def test_a_certificate_says_what_a_control_should_read():
    own = controls([{"value": 58.0, "target_mean": 50.0, "target_sd": 2.5}, {"value": 51.0, "level": "high"}])
    part = materials.westgard(own)
    assert said(part) == [
        "Controls of batch B1 break 1-3s (low: +3.2 SD): a control is more than 3 SD off. Ask whether the run was "
        "accepted."
    ]
    assert part.found[0].n == 1


def test_without_a_certificate_eight_values_of_other_batches_say_it():
    others = [{"batch": f"B{n}", "value": 50 + (n % 3 - 1)} for n in range(2, 10)]
    assert len(materials.westgard(controls([{"value": 55.0}, *others])).found) == 1
    few = materials.westgard(controls([{"value": 55.0}, *others[:5]]))
    assert (few.found, few.judged["milk.batch.westgard", "zinc"]) == ([], 0)
    assert few.not_judged["milk.batch.westgard", "zinc"] == 6


def readings(spread: float, n: int = 6):
    return milk(
        [{"sample_id": f"S{k}", "value": 10 * (1 + spread * (-1) ** r)} for k in range(n) for r in range(2)]
    )


def test_readings_of_one_sample_that_differ_make_the_batch_uncertain():
    """Readings of 8 and 12: the SD of the logarithms is ln(1.5)/sqrt(2), the CV 29 %."""
    part = precision.duplicates(readings(0.2), controls([]))
    assert said(part) == [
        "Repeated readings of 6 samples in batch B1 differ by a CV of 29 %, over 20 %: single results are uncertain. "
        "Ask for a rerun."
    ]
    assert precision.duplicates(readings(0.05), controls([])).found == []
    few = precision.duplicates(readings(0.2, n=4), controls([]))
    assert (few.found, few.not_judged["milk.batch.duplicates", "zinc"]) == ([], 1)


def test_the_laboratorys_own_duplicates_count_with_their_samples():
    single = milk([{"sample_id": f"S{k}", "value": 8.0} for k in range(6)])
    again = controls([{"kind": "duplicate", "sample_id": f"S{k}", "value": 12.0} for k in range(6)])
    assert len(precision.duplicates(single, again).found) == 1


def test_half_the_limit_put_in_is_no_measurement():
    rows = [{"value": 0.35, "limit": 0.7}] * 3 + [{"value": 1.1, "limit": 0.7}] * 9
    assert said(patterns.half_limit(milk(rows))) == [
        "3 results of batch B1 are exactly half the limit (0.35 mg/L): put in for results below it. Ask for the "
        "results as <LOD."
    ]
    rooted = [{"value": 0.495, "limit": 0.7}] * 4
    assert "the limit over the root of 2 (0.495 mg/L)" in said(patterns.half_limit(milk(rooted)))[0]
    assert patterns.half_limit(milk([{"value": 0.35, "limit": 0.7}] * 2)).found == []
    assert patterns.half_limit(milk([{"value": 0.35}] * 6)).judged["milk.batch.half_limit", "zinc"] == 0


def test_one_value_for_many_samples_was_not_measured_each_time():
    rows = [{"value": 12.3, "raw": "12.3"}] * 5 + [
        {"value": 10 + k / 10, "raw": str(10 + k / 10)} for k in range(10)
    ]
    assert said(patterns.repeated(milk(rows))) == [
        "5 of 15 samples of batch B1 have the very same value 12.3: copied, or a default of the instrument. Ask for the "
        "raw data."
    ]
    coarse = [{"value": 12.0, "raw": "12"}] * 5 + rows[5:]
    assert patterns.repeated(milk(coarse)).found == []


def test_a_batch_with_many_more_below_its_limit_than_the_others():
    rows = [{"batch": f"B{b}", "censored": "<" if k < (15 if b == 1 else 2) else None,
             "value": None if k < (15 if b == 1 else 2) else 5.0, "limit": 1.0} for b in (1, 2, 3) for k in range(20)]  # fmt: skip
    assert said(patterns.censored(milk(rows))) == [
        "75 % of batch B1 lie below the limit, 10 % of the other batches. Ask for its limit and its controls."
    ]


def test_a_higher_limit_or_later_milk_is_no_fault_of_a_batch():
    """B1 reports below 3 what the others, whose limit is 1, measured between 1 and 3."""
    rng = np.random.default_rng(4)
    rows = []
    for batch, limit in (("B1", 3.0), ("B2", 1.0), ("B3", 1.0)):
        for value in 3 * np.exp(0.8 * rng.standard_normal(40)):
            low = value < limit
            rows.append({"batch": batch, "limit": limit, "censored": "<" if low else None,
                         "value": None if low else float(value)})  # fmt: skip
    assert patterns.censored(milk(rows)).found == []
    later = [{"batch": "B4", "visit": "m12", "limit": 1.0, "censored": "<"}] * 20
    part = patterns.censored(milk([*rows, *later]))
    assert part.found == []
    assert (part.judged["milk.batch.censored", "zinc"], part.not_judged["milk.batch.censored", "zinc"]) == (
        3,
        1,
    )


def test_a_plate_that_goes_from_colostrum_to_mature_milk_has_not_drifted():
    rng = np.random.default_rng(6)
    levels = {"birth": 20.0, "m3": 5.0}
    rows = [
        {"visit": visit, "batch": batch, "run_order": float(k),
         "value": float(levels[visit] * np.exp(0.2 * rng.standard_normal()))}
        for batch in ("B1", "B2")
        for k, visit in enumerate(["birth"] * 15 + ["m3"] * 15)
    ]  # fmt: skip
    assert patterns.drift(milk(rows)).found == []


def test_results_that_fall_along_the_run_drifted():
    rng = np.random.default_rng(1)
    noise = np.exp(0.1 * rng.standard_normal(40))
    falling = [{"value": float(10 * noise[k] * (1 - 0.5 * k / 40)), "run_order": float(k)} for k in range(40)]
    level = [{"value": float(10 * noise[k]), "run_order": float(k), "batch": "B2"} for k in range(40)]
    part = patterns.drift(milk(falling + level))
    assert [one.name for one in part.found] == ["B1"]
    assert part.judged["milk.batch.drift", "zinc"] == 2


def visits(shift: float, off: str = "B3"):
    rng = np.random.default_rng(3)
    rows = []
    for k in range(60):
        own = float(np.exp(0.5 * rng.standard_normal()))
        for visit, level in (("birth", 20.0), ("m3", 5.0)):
            batch = f"B{(k if visit == 'birth' else k + 1) % 4 + 1}"
            value = (
                level * own * float(np.exp(0.1 * rng.standard_normal())) * (shift if batch == off else 1.0)
            )
            rows.append({"participant_id": f"P{k}", "visit": visit, "batch": batch, "value": value})
    return milk(rows)


def test_a_batch_shows_against_the_same_peoples_other_results():
    part = people.within_person(visits(1.5))
    assert [one.name for one in part.found] == ["B3"]
    assert 1.3 < float(part.found[0].value.split()[0]) < 1.7
    assert people.within_person(visits(1.0)).found == []


def test_a_dozen_people_who_agree_by_chance_accuse_no_batch():
    """B1's thirteen pairs lie close together at 1.5 times; the other batches' pairs scatter by a factor of 2."""
    rng = np.random.default_rng(9)
    rows = []
    for k in range(65):
        batch = f"B{k % 5 + 1}"
        own = float(np.exp(rng.standard_normal()))
        apart = (
            1.5 * np.exp(0.05 * rng.standard_normal())
            if batch == "B1"
            else np.exp(0.7 * rng.standard_normal())
        )
        rows += [
            {"participant_id": f"P{k}", "visit": "birth", "batch": f"C{k % 4}", "value": own},
            {"participant_id": f"P{k}", "visit": "m3", "batch": batch, "value": own * float(apart)},
        ]
    assert people.within_person(milk(rows)).found == []


def test_a_batch_already_explained_accuses_no_other():
    assert people.within_person(visits(30.0), known=[("zinc", "B3")]).found == []


def test_each_rule_has_a_row_of_the_ledger_for_each_analyte():
    done = check(milk([{"value": 1.0}] * 3), controls([]), off={"milk.batch.drift"})
    assert [(row.rule_id, row.variable) for row in done.ledger] == [(rule, "zinc") for rule in RULES]
    assert {row.rule_id: row.status for row in done.ledger}["milk.batch.drift"] == "skipped"
    assert {row.status for row in done.ledger} == {"skipped", "nothing_to_look_at"}
    assert done.drafts.is_empty()


def test_a_run_that_was_repeated_asks_nothing_of_its_controls():
    bad = controls([{"value": 58.0, "target_mean": 50.0, "target_sd": 2.5}])
    first = milk([{"value": 1.0, "reported": False}] * 3)
    assert check(first, bad).drafts.is_empty()
    kept = check(milk([{"value": 1.0, "reported": False}, {"value": 1.0}]), bad).drafts
    assert kept["rule_id"].to_list() == ["milk.batch.westgard"]


def test_the_controls_and_the_median_of_a_batch_follow_from_its_unit():
    from milkqc.findings import drafts

    cause = {"rule_id": "milk.batch.unit", "severity": "warning", "table": "milk", "row_id": "batch=B1",
             "engine": "rules", "variable": "zinc", "cause_id": "abc"}  # fmt: skip
    followers = [
        cause | {"rule_id": rule, "cause_id": None}
        for rule in ("milk.batch.westgard", "milk.zinc.batch_median")
    ]
    alone = cause | {"rule_id": "milk.batch.drift", "cause_id": None}
    found = explained(drafts([cause, *followers, alone]), milk([{"value": 1.0}]))[0]
    assert found["cause_id"].to_list() == ["abc", "abc", "abc", None]


def test_a_rule_that_raises_is_broken_and_the_others_run(monkeypatch):
    def raises(_milk):
        raise ValueError("no run order")

    monkeypatch.setattr(patterns, "drift", raises)
    done = check(milk([{"value": 0.35, "limit": 0.7}] * 3), controls([]))
    said = {row.rule_id: (row.status, row.why) for row in done.ledger}
    assert said["milk.batch.drift"] == ("broken", "ValueError: no run order")
    assert [rule for rule, (status, _) in said.items() if status == "broken"] == ["milk.batch.drift"]
    assert done.drafts["rule_id"].to_list() == ["milk.batch.half_limit"]


def test_findings_of_single_results_follow_from_their_batchs_unit():
    from milkqc.findings import drafts

    cause = {"rule_id": "milk.batch.unit", "severity": "warning", "table": "milk", "row_id": "batch=B1",
             "engine": "rules", "variable": "zinc", "cause_id": "abc"}  # fmt: skip
    follower = cause | {"rule_id": "milk.zinc.mature.range", "row_id": "r0000", "cause_id": None}
    other = follower | {"row_id": "r0001"}
    unrelated = follower | {"rule_id": "milk.sample.after_exit"}
    rows = milk([{"value": 1.0}, {"value": 1.0, "batch": "B2"}])
    found = explained(drafts([cause, follower, other, unrelated]), rows)[0]
    assert found["cause_id"].to_list() == ["abc", "abc", None, None]
    assert explained(drafts([follower]), rows)[0]["cause_id"].to_list() == [None]
    assert isinstance(found, pl.DataFrame)


def test_controls_are_judged_by_their_own_method():
    # Two methods read one material 30 % apart; batch B9's control is off only for the method that read it.
    ours = [{"method": "ICP-MS", "batch": f"B{n}", "value": 1.0 + 0.01 * (n % 5)} for n in range(9)]
    other = [{"method": "AAS", "batch": f"B{n}", "value": 1.3 + 0.01 * (n % 5)} for n in range(9)]
    off = [{"method": "ICP-MS", "batch": "B9", "value": 1.3}, {"method": "AAS", "batch": "B9", "value": 1.3}]
    frame = pl.concat(
        [
            controls([row]).with_columns(method=pl.lit(row["method"]), row_id=pl.lit(f"c{place:03}"))
            for place, row in enumerate([*ours, *other, *off])
        ]
    )
    assert [one.name for one in materials.westgard(frame).found] == ["B9"]
    sound = frame.filter((pl.col("batch") != "B9") | (pl.col("method") == "AAS"))
    assert materials.westgard(sound).found == []


def test_a_control_without_a_method_has_that_of_its_batch():
    from milkqc.checks.laboratory.part import with_methods

    rows = milk([{"batch": "B1"}, {"batch": "B2"}, {"batch": "B2", "method": "AAS"}])
    told = with_methods(controls([{"batch": "B1"}, {"batch": "B2"}]), rows)
    assert told["method"].to_list() == ["ICP-MS", None]
