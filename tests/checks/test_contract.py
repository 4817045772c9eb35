"""The contract: what the data dictionary promises, and what becomes of each promise."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from milkqc.checks import contract
from milkqc.findings import DRAFT_SCHEMA
from milkqc.model import TABLES
from milkqc.reference import columns

GOOD = {
    "participant_id": ["p1", "p2"],
    "infant_id": ["p1", "p2"],
    "visit": ["birth", "birth"],
    "weight_kg": [3.2, None],
    "infant_sex": ["male", None],
}


def found(checked):
    return checked.drafts.select("rule_id", "row_id", "variable", "value").rows()


def status(checked, rule_id):
    return next(row for row in checked.ledger if row.rule_id == rule_id)


def test_a_good_table_has_no_finding_and_every_promise_is_in_the_ledger(view):
    checked = contract.check({"growth": view("growth", GOOD)})
    assert checked.drafts.is_empty()
    assert checked.drafts.schema == pl.Schema(DRAFT_SCHEMA)
    promised = [promise.id for table in TABLES for promise in contract.promises(table)]
    assert [row.rule_id for row in checked.ledger] == promised
    weight = status(checked, "growth.weight_kg.impossible")
    assert (weight.status, weight.looked_at, weight.failed) == ("ran", 1, 0)


def test_an_impossible_weight_is_critical_and_says_what_is_possible(view):
    checked = contract.check({"growth": view("growth", {**GOOD, "weight_kg": [3200.0, 0.2]})})
    assert checked.drafts.to_dicts() == [
        {
            **dict.fromkeys(DRAFT_SCHEMA),
            "rule_id": "growth.weight_kg.impossible",
            "severity": "critical",
            "table": "growth",
            "row_id": "r0",
            "engine": "pandera",
            "variable": "weight_kg",
            "value": "3200",
            "expected": "0.2 to 150 kg",
            "n_rows": 1,
            "message": "Weight is 3200 kg; only 0.2 to 150 kg is possible. Check the entry, its unit and its column.",
        }
    ]


def test_a_code_outside_the_dictionary_is_found_by_its_row(view):
    checked = contract.check({"growth": view("growth", {**GOOD, "infant_sex": ["male", "boy"]})})
    assert found(checked) == [("growth.infant_sex.code", "r1", "infant_sex", "boy")]


def test_a_missing_key_part_is_found_and_other_nulls_are_not_looked_at(view):
    checked = contract.check({"growth": view("growth", {**GOOD, "visit": ["birth", None]})})
    assert found(checked) == [("growth.visit.missing", "r1", "visit", None)]
    assert status(checked, "growth.infant_sex.code").looked_at == 1


def test_one_repeated_row_id_is_one_finding_with_its_rows(view):
    frame = view("growth", {**GOOD, "row_id": ["x", "x"]})
    checked = contract.check({"growth": frame})
    assert found(checked) == [("growth.row_id.unique", "x", "row_id", "x")]
    assert checked.drafts["n_rows"].to_list() == [2]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_one_finding_not_two(view, number):
    checked = contract.check({"growth": view("growth", {**GOOD, "weight_kg": [number, 3.0]})})
    assert [row[0] for row in found(checked)] == ["growth.numbers.finite"]
    assert status(checked, "growth.weight_kg.impossible").not_judged == 1


def test_an_absent_column_is_a_finding_and_its_checks_are_skipped(view):
    checked = contract.check({"growth": view("growth", GOOD).drop("weight_kg")})
    assert found(checked) == [("growth.columns.absent", "*", "weight_kg", "absent")]
    assert status(checked, "growth.weight_kg.impossible").status == "skipped"


def test_text_where_numbers_are_promised_is_a_finding_and_never_a_pass(view):
    frame = view("growth", GOOD).with_columns(weight_kg=pl.lit("3.2"))
    checked = contract.check({"growth": frame})
    assert found(checked) == [("growth.columns.type", "*", "weight_kg", "String")]
    assert status(checked, "growth.weight_kg.impossible").status == "skipped"


@pytest.mark.parametrize(
    ("parity", "fails"), [([1.0, None], False), ([1.5, None], True), ([math.nan, 1.0], True)]
)
def test_whole_numbers_may_come_as_floats_and_fractions_may_not(view, parity, fails):
    frame = view("participants", {"participant_id": ["a", "b"], "infant_id": ["a", "b"]})
    checked = contract.check({"participants": frame.with_columns(parity=pl.Series(parity))})
    assert (found(checked) == [("participants.columns.type", "*", "parity", "Float64")]) is fails


def test_a_check_that_raises_is_broken_with_its_reason(view, monkeypatch):
    import pandera.polars as pa

    def explode(data):
        raise RuntimeError("no such thing")

    spoilt = pa.DataFrameSchema(
        {
            "weight_kg": pa.Column(
                pl.Float64, pa.Check(explode, error="growth.weight_kg.impossible"), nullable=True
            )
        }
    )
    monkeypatch.setattr("milkqc.checks.contract.judge.schema", lambda table: spoilt)
    row = status(contract.check({"growth": view("growth", GOOD)}), "growth.weight_kg.impossible")
    assert row.status == "broken"
    assert "no such thing" in row.why


def test_tables_that_are_absent_or_empty_leave_nothing_to_look_at(view):
    checked = contract.check({"growth": view("growth", GOOD).clear()})
    assert {row.status for row in checked.ledger} == {"nothing_to_look_at"}
    assert status(checked, "growth.columns.absent").why == "The table has no rows."
    assert status(checked, "milk.columns.absent").why == "The table is not mapped."


def test_the_finding_of_a_milk_value_is_about_its_analyte(view):
    frame = view(
        "milk",
        {
            "participant_id": ["p"],
            "visit": ["v"],
            "specimen": ["milk"],
            "analyte": ["zinc"],
            "value": [-1.0],
            "mae_status": ["none"],
        },
    )
    checked = contract.check({"milk": frame})
    assert found(checked) == [("milk.value.impossible", "r0", "zinc", "-1")]


def test_the_input_is_left_as_it_was(view):
    frame = view("growth", {**GOOD, "weight_kg": [3200.0, 0.2]})
    before = frame.clone()
    contract.check({"growth": frame})
    assert_frame_equal(frame, before)


def test_analysts_get_the_schemas_by_name():
    from milkqc import contracts

    for table in TABLES:
        schema = getattr(contracts, table.capitalize())
        assert list(schema.to_schema().columns) == [column.column for column in columns(table)]
    with pytest.raises(AttributeError, match="no attribute 'Mothers'"):
        _ = contracts.Mothers


NUMBERS = st.one_of(
    st.none(), st.floats(), st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 0.2, 150.0])
)
TEXTS = st.one_of(st.none(), st.sampled_from(["male", "female", "", " male", "Male", "NaN"]))


@settings(max_examples=40)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, TEXTS), min_size=1, max_size=12))
def test_the_contract_agrees_with_plain_masks(view, cells):
    weight, centile, sex = (list(part) for part in zip(*cells, strict=True))
    frame = view(
        "growth",
        {
            "participant_id": ["p"] * len(cells),
            "infant_id": ["p"] * len(cells),
            "visit": ["v"] * len(cells),
            "weight_kg": weight,
            "ig_waz_centile": centile,
            "infant_sex": sex,
        },
    )
    got = {(rule, row) for rule, row, *_ in found(contract.check({"growth": frame}))}
    expected = set()
    for place, (kilograms, percent, word) in enumerate(cells):
        row = f"r{place}"
        for name, value, low, high in (
            ("weight_kg", kilograms, 0.2, 150),
            ("ig_waz_centile", percent, 0, 100),
        ):
            if value is not None and not math.isfinite(value):
                expected.add(("growth.numbers.finite", row))
            elif value is not None and not low <= value <= high:
                expected.add((f"growth.{name}.impossible", row))
        if word is not None and word not in {"male", "female"}:
            expected.add(("growth.infant_sex.code", row))
    assert got == expected
