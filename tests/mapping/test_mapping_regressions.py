"""Faults that were found in the mapping, each held by a test named for what went wrong."""

from __future__ import annotations

import polars as pl
import pytest

GROWTH = """
milkqc: 1
study: t
tables: {g: {file: g.csv}}
growth:
  from: g
  key: {participant_id: ID, visit: V}
"""
MILK = """
milkqc: 1
study: t
tables: {lab: {file: lab.csv}}
milk:
  from: lab
  key: {participant_id: ID, visit: V, sample_id: S}
"""


def codes(lines: list[str]) -> list[str]:
    return [line.split()[1] for line in lines]


def test_readings_in_two_units_are_not_averaged_as_if_they_had_one(mapped):
    applied = mapped(
        GROWTH + '  columns: {weight_kg: {from: ["W1 (kg)", "W2 (g)"], do: mean_of, unit: header}}\n',
        g="ID,V,W1 (kg),W2 (g)\n1,a,3,3000\n2,a,,3100\n",
    )
    assert applied.tables["growth"]["weight_kg__number"].to_list() == [3, 3.1]
    assert applied.tables["growth"]["weight_kg__raw_unit"].to_list() == ["kg", "kg"]


def test_lets_in_two_units_are_not_averaged_as_if_they_had_one(mapped):
    applied = mapped(
        GROWTH
        + "  let: {a: {from: A, unit: kg}, b: {from: B, unit: g}}\n  columns: {weight_kg: {from: [a, b], do: first_of}}\n",
        g="ID,V,A,B\n1,a,3,3000\n2,a,,3100\n",
    )
    assert applied.tables["growth"]["weight_kg__number"].to_list() == [3, 3.1]


def test_missing_codes_beside_a_let_are_not_ignored_without_a_word(faults_of):
    lines = faults_of(
        GROWTH
        + '  let: {w: {from: W, unit: kg}}\n  columns: {weight_kg: {from: w, missing: {"-9": not_done}}}\n',
        g="ID,V,W\n1,a,-9\n",
    )
    assert lines == [
        "study.yaml:8 M123 growth.columns.weight_kg.missing: the let w has been read already. Write `missing` at the let."
    ]


def test_limits_that_differ_do_not_agree(mapped):
    applied = mapped(
        MILK + "  repeats: {agree: 0.5}\n  analytes: {iodine: {from: A, unit: ug/L}}\n",
        lab="ID,V,S,A\n1,a,s,<0.5\n1,a,s,<50\n2,a,s,<1\n2,a,s,<1\n",
    )
    assert applied.tables["milk"]["participant_id"].to_list() == ["1", "1", "2"]


def test_codes_of_a_result_are_refused(faults_of):
    lines = faults_of(
        MILK + '  analytes: {iodine: {from: A, unit: ug/L, codes: {low: "0.5"}}}\n',
        lab="ID,V,S,A\n1,a,s,low\n",
    )
    assert codes(lines) == ["M123"]


def test_one_infant_under_two_participants_keeps_both(mapped):
    applied = mapped(
        """
        milkqc: 1
        study: t
        tables: {p: {file: p.csv}}
        participants: {from: p, key: {participant_id: ID, infant_id: INF}, columns: {site: {from: S}}}
        """,
        p="ID,INF,S\n1,A,x\n2,A,x\n",
    )
    assert applied.tables["participants"]["participant_id"].to_list() == ["1", "2"]
    assert applied.tables["participants"]["row_id"].n_unique() == 2


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ("weight_kg: {do: constant, value: nan, unit: kg}", "M113"),
        ("weight_kg: {do: constant, value: inf, unit: kg}", "M113"),
        ("observer: {from: [A, B], do: mean_of}", "M123"),
        ("observer: {from: A, do: date}", "M123"),
        ("weight_kg: {from: [A, B], do: join, unit: kg}", "M123"),
        ('measured: {from: A, codes: {"1": lying, "1.0": standing}}', "M103"),
        ('weight_kg: {from: A, unit: kg, missing: {"-9": not_done, "-9.0": refused}}', "M103"),
    ],
)
def test_what_cannot_be_is_a_fault(faults_of, columns, code):
    lines = faults_of(GROWTH + f"  columns: {{{columns}}}\nunmapped: {{g: ['*']}}\n", g="ID,V,A,B\n1,a,1,2\n")
    assert code in codes(lines)


@pytest.mark.parametrize(
    ("lets", "code"),
    [
        ("a: {do: formula, formula: b}, b: {from: A, unit: kg}", "M150"),
        ("a: {do: formula, formula: a + a}", "M150"),
    ],
)
def test_a_let_that_uses_a_later_one_is_a_fault(faults_of, lets, code):
    lines = faults_of(
        GROWTH + f"  let: {{{lets}}}\n  columns: {{weight_kg: {{from: a}}}}\nunmapped: {{g: ['*']}}\n",
        g="ID,V,A\n1,a,1\n",
    )
    assert code in codes(lines)


@pytest.mark.parametrize("repeats", ["latest", "agree"])
def test_a_bare_policy_says_what_it_needs(faults_of, repeats):
    lines = faults_of(
        MILK + f"  repeats: {repeats}\n  analytes: {{iodine: {{from: A, unit: ug/L}}}}\n",
        lab="ID,V,S,A\n1,a,s,1\n",
    )
    assert codes(lines) == ["M113"]


def test_latest_by_text_that_orders_nothing_is_a_fault_and_by_run_number_works(faults_of, mapped):
    text = MILK + "  repeats: {latest: RUN}\n  analytes: {iodine: {from: A, unit: ug/L}}\n"
    assert codes(faults_of(text, lab="ID,V,S,A,RUN\n1,a,s,1,01/02/2024\n")) == ["M305"]
    applied = mapped(text, lab="ID,V,S,A,RUN\n1,a,s,1,9\n1,a,s,2,10\n")
    assert applied.tables["milk"].filter("reported")["number"].to_list() == [2]


def test_a_column_not_collected_is_missing_for_that_reason(mapped):
    applied = mapped(
        GROWTH
        + "  columns: {weight_kg: {from: W, unit: kg}, muac_cm: {from: NOPE, match: not_collected, note: no tape, unit: cm}}\n",
        g="ID,V,W\n1,a,3\n",
    )
    assert applied.tables["growth"]["muac_cm__missing"].to_list() == ["not_collected"]


def test_optional_columns_whose_unit_or_parts_are_absent_are_missing(mapped):
    applied = mapped(
        GROWTH
        + "  columns:\n    weight_kg: {from: W, unit: {from: U}, optional: true}\n"
        + "    muac_cm: {do: formula, formula: A - B, unit: cm, optional: true}\n",
        g="ID,V,W,A\n1,a,3,4\n",
    )
    frame = applied.tables["growth"]
    assert frame["weight_kg__missing"].to_list() == ["not_in_file"]
    assert frame["muac_cm__missing"].to_list() == ["not_in_file"]


def test_a_long_file_needs_its_codes_and_units(faults_of):
    lines = faults_of(GROWTH + "  long: {variable: P, value: W}\n", g="ID,V,P,W\n1,a,x,3\n")
    assert "M111" in codes(lines)
    lines = faults_of(
        MILK + "  long: {analyte: T, value: R, codes: {I: iodine}}\n", lab="ID,V,S,T,R\n1,a,s,I,3\n"
    )
    assert codes(lines) == ["M202"]


def test_a_formulas_units_are_judged_in_extras_and_analytes_too(faults_of):
    lines = faults_of(
        GROWTH
        + "  let: {a: {from: A, unit: kg}, b: {from: B, unit: cm}}\n"
        + "  extra: {x: {do: formula, formula: a - b, type: number}}\n",
        g="ID,V,A,B\n1,a,3,4\n",
    )
    assert codes(lines) == ["M207"]
    lines = faults_of(
        MILK + "  let: {a: {from: A, unit: kg}}\n  analytes: {iodine: {do: formula, formula: a}}\n",
        lab="ID,V,S,A\n1,a,s,3\n",
    )
    assert codes(lines) == ["M207"]


def test_an_unmapped_name_with_brackets_is_found(mapped):
    applied = mapped(
        GROWTH + '  columns: {weight_kg: {from: W, unit: kg}}\nunmapped: {g: ["B12 [pmol/L]"]}\n',
        g="ID,V,W,B12 [pmol/L]\n1,a,3,4\n",
    )
    assert applied.tables["growth"].height == 1


def test_a_let_named_like_its_column_uses_that_column(mapped):
    applied = mapped(
        GROWTH + "  let: {W: {from: W, unit: g}}\n  columns: {weight_kg: {from: W}}\n", g="ID,V,W\n1,a,3000\n"
    )
    assert applied.tables["growth"]["weight_kg__raw_unit"].to_list() == ["g"]


def test_a_bad_cell_of_a_let_is_told_once(mapped):
    applied = mapped(
        GROWTH + "  let: {w: {from: W, unit: kg}}\n  columns: {weight_kg: {from: w}}\n",
        g="ID,V,W\n1,a,heavy\n",
    )
    assert applied.drafts.filter(pl.col("rule_id") == "reading.number.unreadable").height == 1


def test_a_substance_of_another_analyte_is_refused(faults_of):
    lines = faults_of(
        MILK + "  analytes: {retinol: {from: A, unit: umol/L, substance: iodine}}\n",
        lab="ID,V,S,A\n1,a,s,3\n",
    )
    assert codes(lines) == ["M205"]
