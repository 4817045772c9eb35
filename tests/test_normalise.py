"""Canonical units: the value beside the number, one exact factor between, nothing converted twice."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc import normalise as room
from milkqc.errors import MilkqcError
from milkqc.messages import message
from milkqc.normalise import normalise
from milkqc.reference import Analyte, analytes
from milkqc.units import unit_factor

TEXT = pl.String


def growth(**columns):
    height = len(next(iter(columns.values())))
    return pl.DataFrame(
        {"row_id": [f"r{n}" for n in range(height)], **columns},
        schema_overrides={name: TEXT for name in columns if name.endswith(("__raw_unit", "__missing"))},
    )


def milk(rows):
    schema = {
        "row_id": TEXT,
        "analyte": TEXT,
        "number": pl.Float64,
        "raw_unit": TEXT,
        "substance": TEXT,
        "censored": TEXT,
        "limit_raw": pl.Float64,
        "missing_reason": TEXT,
        "dilution": pl.Float64,
    }
    filled = [{name: row.get(name) for name in schema} | {"row_id": f"r{n}"} for n, row in enumerate(rows)]
    return pl.DataFrame(filled, schema=schema, orient="row")


def test_a_number_gets_its_value_and_the_factor_between():
    frame = growth(
        weight_kg__number=[3250.0, 7.1, None],
        weight_kg__raw_unit=["g", "kg", "g"],
        weight_kg__missing=[None, None, "not_done"],
    )
    result, drafts = normalise("growth", frame)
    assert result["weight_kg"].to_list() == [3.25, 7.1, None]
    assert result["weight_kg__factor"].to_list() == [0.001, 1.0, 0.001]
    assert result["weight_kg__missing"].to_list() == [None, None, "not_done"]
    assert result.select(frame.columns).equals(frame)
    assert drafts.is_empty()


def test_a_month_of_reported_age_is_30_4375_days():
    frame = growth(
        age_reported_days__number=[3.0],
        age_reported_days__raw_unit=["months"],
        age_reported_days__missing=[None],
    )
    result, _ = normalise("growth", frame)
    assert result["age_reported_days"].to_list() == [91.3125]


def test_a_unit_that_cannot_be_converted_leaves_the_value_out_and_is_critical():
    frame = growth(
        length_cm__number=[61.5, 24.0, 2.0, None],
        length_cm__raw_unit=["cm", "inch", "kg", "hands"],
        length_cm__missing=[None, None, None, "refused"],
    )
    result, drafts = normalise("growth", frame)
    assert result["length_cm"].to_list() == [61.5, 60.96, None, None]
    assert result["length_cm__missing"].to_list() == [None, None, "unit_unreadable", "refused"]
    (draft,) = drafts.rows(named=True)
    assert (draft["rule_id"], draft["severity"], draft["engine"]) == (
        "growth.unit.unreadable",
        "critical",
        "reading",
    )
    assert (draft["row_id"], draft["variable"], draft["value"], draft["expected"]) == (
        "r2",
        "length_cm",
        "kg",
        "cm",
    )


def test_a_missing_unit_is_not_guessed():
    frame = growth(
        weight_kg__number=[3.2, 3.4], weight_kg__raw_unit=["kg", None], weight_kg__missing=[None, None]
    )
    result, drafts = normalise("growth", frame)
    assert result["weight_kg"].to_list() == [3.2, None]
    assert drafts["value"].to_list() == ["(none)"]


def test_a_count_becomes_an_integer_and_half_a_birth_is_critical():
    frame = growth(
        parity__number=[2.0, 1.5, None], parity__raw_unit=[None] * 3, parity__missing=[None, None, "unknown"]
    )
    result, drafts = normalise("participants", frame)
    assert result["parity"].to_list() == [2, None, None]
    assert result.schema["parity"] == pl.Int64
    assert result["parity__missing"].to_list() == [None, "unreadable", "unknown"]
    (draft,) = drafts.rows(named=True)
    assert (draft["rule_id"], draft["value"], draft["expected"]) == (
        "participants.value.not_whole",
        "1.5",
        "a whole number",
    )


def test_the_study_s_own_columns_keep_their_unit_and_intermediates_stay():
    frame = growth(
        x_wealth__number=[1.5], x_wealth__raw_unit=["stone"], x_wealth__missing=[None], let_both__number=[9.0]
    )
    result, drafts = normalise("growth", frame)
    assert result["x_wealth"].to_list() == [1.5]
    assert "let_both" not in result.columns
    assert drafts.is_empty()


def test_columns_that_came_without_a_number_are_left_alone():
    frame = growth(visit=["m3"]).with_columns(bmi=pl.lit(None, pl.Float64))
    result, drafts = normalise("growth", frame)
    assert result.equals(frame)
    assert drafts.is_empty()


def test_milk_reaches_the_analyte_s_unit_through_its_substance():
    frame = milk(
        [
            {"analyte": "retinol", "number": 1.7, "raw_unit": "\u00b5mol/L", "substance": "retinol"},
            {"analyte": "vitamin_b12", "number": 0.42, "raw_unit": "ug/L", "substance": "cyanocobalamin"},
            {"analyte": "vitamin_b12", "number": 300.0, "raw_unit": "pmol/L"},
            {"analyte": "zinc", "raw_unit": "ug/dL", "censored": "<", "limit_raw": 5.0},
            {"analyte": "zinc", "raw_unit": "ug/dL", "missing_reason": "not_done", "limit_raw": 5.0},
        ]
    )
    result, drafts = normalise("milk", frame)
    assert result["value"].to_list() == [
        1.7 * 286.452,
        0.42 * unit_factor("ug/L", "pmol/L", substance="cyanocobalamin"),
        300.0,
        None,
        None,
    ]
    assert result["limit"].to_list() == [None, None, None, 0.05, 0.05]
    assert result["unit"].to_list() == ["ug/L", "pmol/L", "pmol/L", "mg/L", "mg/L"]
    assert result.select(frame.columns).equals(frame)
    assert drafts.is_empty()


def test_a_censored_result_has_a_limit_and_no_value():
    result, _ = normalise(
        "milk", milk([{"analyte": "iodine", "number": 5.0, "raw_unit": "ug/L", "censored": "<"}])
    )
    assert result["value"].to_list() == [None]


def test_the_recorded_dilution_is_not_applied_again():
    result, _ = normalise(
        "milk", milk([{"analyte": "iodine", "number": 5.0, "raw_unit": "ug/L", "dilution": 10.0}])
    )
    assert result["value"].to_list() == [5.0]


def test_one_row_with_a_bad_unit_does_not_stop_the_others():
    frame = milk(
        [
            {"analyte": "iodine", "number": 80.0, "raw_unit": "ug/L"},
            {"analyte": "iodine", "number": 90.0, "raw_unit": "ug/lt"},
            {"analyte": "iodine", "number": 95.0},
            {"analyte": "retinol", "number": 1.7, "raw_unit": "umol/L"},
            {"analyte": "iodine", "raw_unit": "ug/lt", "missing_reason": "not_done"},
            {"analyte": "iodine", "raw_unit": "ug/kg", "censored": "<", "limit_raw": 2.0},
        ]
    )
    result, drafts = normalise("milk", frame)
    assert result["value"].to_list() == [80.0, None, None, None, None, None]
    assert result["missing_reason"].to_list() == [
        None,
        "unit_unreadable",
        "unit_unreadable",
        "unit_unreadable",
        "not_done",
        None,
    ]
    assert drafts.select("rule_id", "row_id", "variable", "value", "expected").rows() == [
        ("milk.unit.unreadable", "r1", "iodine", "ug/lt", "ug/L (did you mean ug/L, ug/uL or ug/mL?)"),
        ("milk.unit.unreadable", "r2", "iodine", "(none)", "ug/L"),
        ("milk.unit.unreadable", "r3", "retinol", "umol/L", "ug/L"),
        ("milk.unit.unreadable", "r5", "iodine", "ug/kg", "ug/L without this sample's density"),
    ]


def test_rows_with_one_bad_spelling_share_their_cause():
    rows = [{"analyte": "iodine", "number": 1.0, "raw_unit": unit} for unit in ("ug/lt", "ug/lt", "ug/ltr")]
    _, drafts = normalise("biomarkers", milk(rows))
    first, second, third = drafts["cause_id"]
    assert first == second != third
    assert set(drafts["rule_id"]) == {"biomarkers.unit.unreadable"}


def test_an_analyte_that_nobody_declared_is_a_fault_of_the_mapping():
    with pytest.raises(MilkqcError) as caught:
        normalise("milk", milk([{"analyte": "casein", "number": 5.0, "raw_unit": "g/L"}]))
    assert str(caught.value) == (
        "milk has analytes that milkqc does not know: casein. Add them to the study's analytes_file."
    )


def test_a_study_s_own_analyte_converts_without_a_molar_mass():
    casein = Analyte(key="casein", name="Casein", short="casein", family="casein", unit="g/L")
    frame = milk([{"analyte": "casein", "number": 400.0, "raw_unit": "mg/dL"}])
    result, _ = normalise("milk", frame, analytes={**analytes(), "casein": casein})
    assert result["value"].to_list() == [400.0 * 0.01]


@pytest.mark.parametrize("table", ["milk", "growth", "biomarkers"])
def test_a_table_without_rows_keeps_its_promise(table):
    frame = (
        milk([])
        if table != "growth"
        else growth(
            weight_kg__number=pl.Series([], dtype=pl.Float64), weight_kg__raw_unit=[], weight_kg__missing=[]
        )
    )
    result, drafts = normalise(table, frame)
    assert result.height == 0
    assert ("value" if table != "growth" else "weight_kg") in result.columns
    assert drafts.is_empty()


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.sampled_from(["ug/L", "mg/L", "ug/dL", "nmol/L"])), max_size=20)
)
def test_every_value_is_its_number_times_its_factor(cells):
    frame = milk(
        [{"analyte": "iodine", "number": x, "raw_unit": unit, "substance": "iodine"} for x, unit in cells]
    )
    result, _ = normalise("milk", frame)
    assert result["value"].to_list() == [
        x * unit_factor(unit, "ug/L", substance="iodine") for x, unit in cells
    ]


def test_the_ledger_counts_what_there_was_to_convert():
    frame = milk(
        [
            {"analyte": "iodine", "number": 80.0, "raw_unit": "ug/L"},
            {"analyte": "iodine", "number": 90.0, "raw_unit": "ug/lt"},
            {"analyte": "zinc", "missing_reason": "not_done"},
        ]
    )
    _, drafts = normalise("milk", frame)
    rows = room.ledger("milk", frame, drafts)
    assert [(row.rule_id, row.variable, row.status, row.looked_at, row.failed) for row in rows] == [
        ("milk.unit.unreadable", "iodine", "ran", 2, 1),
        ("milk.unit.unreadable", "zinc", "nothing_to_look_at", 0, 0),
    ]


def test_a_count_has_two_rows_in_the_ledger():
    frame = growth(parity__number=[2.0, 1.5], parity__raw_unit=[None] * 2, parity__missing=[None] * 2)
    _, drafts = normalise("participants", frame)
    assert [(row.rule_id, row.failed) for row in room.ledger("participants", frame, drafts)] == [
        ("participants.unit.unreadable", 0),
        ("participants.value.not_whole", 1),
    ]


@pytest.mark.parametrize("table", ["participants", "visits", "growth", "milk", "biomarkers"])
def test_findings_say_what_was_found_why_and_what_to_do(table):
    words = {"label": "Iodine", "value": "ug/lt", "expected": "ug/L"}
    assert message(f"{table}.unit.unreadable", words) == (
        "The unit ug/lt of Iodine cannot be converted to ug/L; the value is left out, not guessed. "
        "Correct the unit at its source, or the mapping."
    )
    assert message(f"{table}.value.not_whole", {"label": "Parity", "value": "1.5"}) == (
        "Parity is 1.5, but it counts whole things; the value is left out, not rounded. Correct it at its source."
    )
