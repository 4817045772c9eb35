"""Where the unit of a result stands, and what a unit per kg of milk or per gram of fat needs: runs from file to value."""

from __future__ import annotations

import polars as pl
import pytest


def rows(table: pl.DataFrame, *columns: str) -> list[tuple]:
    return table.sort("row_id").select(columns).rows()


def test_a_unit_per_kg_uses_the_declared_density_and_the_factor_is_whole(laboratory):
    result = laboratory(
        "analytes: {iodine: {from: I, unit: ug/kg, density: 1.03}}",
        lab="PID,V,S,I\n1,a,s,100\n2,a,s,<10\n",
    )
    assert rows(result.milk, "value", "censored", "limit", "factor", "unit") == [
        (103.0, None, None, 1.03, "ug/L"),
        (None, "<", 10.3, 1.03, "ug/L"),
    ]
    assert rows(result.lineage["milk"], "density_kg_l") == [(1.03,), (1.03,)]


def test_each_sample_s_own_density_in_its_own_unit(laboratory):
    result = laboratory(
        "every: {density: {from: D, unit: g/L}}\nanalytes: {iodine: {from: I, unit: ng/g}}",
        lab="PID,V,S,I,D\n1,a,s,100,1028\n2,a,s,100,1034\n3,a,s,100,\n4,a,s,100,1.03\n5,a,s,,\n",
    )
    assert rows(result.milk, "value", "factor", "missing_reason") == [
        (102.8, 1.028, None),
        (103.4, 1.034, None),
        (None, None, "no_density"),
        (None, None, "no_density"),
        (None, None, "empty"),
    ]
    told = result.findings.filter(
        pl.col("rule_id").is_in(["milk.unit.unreadable", "reading.number.unreadable"])
    )
    assert told.sort("row_id", "rule_id").select("row_id", "severity", "variable", "message").rows() == [
        ("3|a|s|iodine", "critical", "iodine",
         "The unit ng/g of Iodine (total, as I) cannot be converted to ug/L without this sample's density; the "
         "value is left out, not guessed. Correct the unit at its source, or the mapping."),
        ("4|a|s|iodine", "critical", "iodine",
         "The unit ng/g of Iodine (total, as I) cannot be converted to ug/L without this sample's density; the "
         "value is left out, not guessed. Correct the unit at its source, or the mapping."),
        ("4|a|s|iodine", "warning", "density",
         "1.03 is not a density of 0.9 to 1.2 kg/L: the cell is kept as text and counts as missing. Correct it at "
         "the source, or declare it under missing."),
    ]  # fmt: skip


def test_per_gram_of_fat_each_sample_s_own_fat_makes_the_factor_and_stands_in_the_lineage(laboratory):
    result = laboratory(
        "analytes: {retinol: {from: R, unit: nmol/g fat, substance: retinol, fat: {from: FAT, unit: g/dL}}}",
        lab="PID,V,S,R,FAT\n1,a,s,40,3.5\n2,a,s,40,2\n3,a,s,<5,4\n4,a,s,40,NA\n",
    )
    # 40 nmol/g x 286.452 g/mol = 11.45808 ug/g; x 35 g/L = 401.0328 ug/L
    assert rows(result.milk, "value", "limit", "missing_reason") == [
        (pytest.approx(401.0328, rel=1e-12), None, None),
        (pytest.approx(229.1616, rel=1e-12), None, None),
        (None, pytest.approx(57.2904, rel=1e-12), None),
        (None, None, "no_fat"),
    ]
    assert result.milk.sort("row_id")["factor"].to_list()[:2] == pytest.approx([10.02582, 5.72904], rel=1e-12)
    assert rows(result.lineage["milk"], "fat_g_l", "fat_raw") == [
        (35.0, "3.5"), (20.0, "2"), (40.0, "4"), (None, "NA"),
    ]  # fmt: skip


def test_only_the_rows_that_are_per_mass_take_the_density(laboratory):
    result = laboratory(
        "long: {analyte: T, value: R, unit: U}\nevery: {density: 1.03}",
        lab="PID,V,S,T,R,U\n1,a,s,iodine,100,ug/kg\n2,a,s,iodine,100,ug/L\n3,a,s,iodine,100,ug/g fat\n",
    )
    assert rows(result.milk, "value", "factor", "missing_reason") == [
        (103.0, 1.03, None),
        (100.0, 1.0, None),
        (None, None, "no_fat"),
    ]


def test_two_exports_agree_though_one_is_per_kg(laboratory):
    result = laboratory(
        "repeats: {agree: 0.001}\nlong: {analyte: T, value: R, unit: U}\nevery: {density: 1.03}",
        lab="PID,V,S,T,R,U\n1,a,s,iodine,100,ug/kg\n1,a,s,iodine,103,ug/L\n",
    )
    assert result.milk["value"].to_list() == [103.0]


def test_the_unit_by_batch(laboratory):
    result = laboratory(
        """
        columns: {batch: PLATE}
        analytes:
          retinol: {from: R, substance: retinol, unit: {by: PLATE, values: {"1": ug/L, P2: umol/L}}}
        """,
        lab="PID,V,S,PLATE,R\n1,a,s,1.0,450\n2,a,s,P2,1.5\n3,a,s,P3,1.5\n",
    )
    assert rows(result.milk, "value", "raw_unit", "missing_reason") == [
        (450.0, "ug/L", None),
        (429.678, "umol/L", None),
        (None, None, "unit_unreadable"),
    ]


def test_the_unit_by_row_by_header_and_by_column_in_one_file(laboratory):
    result = laboratory(
        """
        analytes:
          iodine: {from: I, unit: {from: IU}}
          retinol: {from: "Retinol (\u00b5mol/L)", unit: header, substance: retinol}
          zinc: {from: Z, unit: ug/100 mL}
        """,
        lab="PID,V,S,I,IU,Retinol (\u00b5mol/L),Z\n1,a,s,0.1,mg/L,1,150\n",
    )
    assert rows(result.milk, "analyte", "value", "raw_unit") == [
        ("iodine", 100.0, "mg/L"),
        ("retinol", 286.452, "\u00b5mol/L"),
        ("zinc", 1.5, "ug/100 mL"),
    ]


def test_a_run_over_its_own_output_converts_nothing_twice(laboratory):
    """The table that comes out, fed in again with the units that it states, gives itself."""
    text = 'analytes: {retinol: {from: R, unit: umol/L, substance: retinol}, zinc: {from: Z, unit: "mg%"}}'
    first = laboratory(text, lab="PID,V,S,R,Z\n1,a,s,1.5,0.2\n2,a,s,<0.05,0.3\n").milk
    cells = first.sort("row_id").select(
        "participant_id", "visit", "sample_id", "analyte", "unit",
        result=pl.coalesce(pl.col("censored") + pl.col("limit").cast(pl.String), pl.col("value").cast(pl.String)),
    )  # fmt: skip
    again = laboratory(
        "milk:\n  from: lab\n"
        "  key: {participant_id: participant_id, visit: visit, sample_id: sample_id}\n"
        "  long: {analyte: analyte, value: result, unit: unit}\n",
        whole=True,
        lab=cells.write_csv(),
    ).milk
    same = ["row_id", "value", "censored", "limit", "unit"]
    assert again.sort("row_id").select(same).equals(first.sort("row_id").select(same))
    assert again["factor"].to_list() == [1.0] * 4


AT = "study.yaml:7 "


@pytest.mark.parametrize(
    ("analyte", "told"),
    [
        ("iodine: {from: I, unit: ug/kg}",
         AT + "M209 milk.analytes.iodine.unit: 'ug/kg' is per mass of milk: its density (about 1.03 kg/L) is needed "
         "to reach a concentration. Map it: `density: 1.03` (kg/L), or `density: {from: COLUMN, unit: g/mL}`."),
        ("iodine: {from: I, unit: ug/g fat, density: 1.03}",
         AT + "M209 milk.analytes.iodine.unit: 'ug/g fat' is per mass of fat: the fat content of each sample is "
         "needed to reach a concentration. Map it: `fat: {from: COLUMN, unit: g/dL}`."),
        ("iodine: {from: I, unit: umol/kg, density: 1.03}",
         AT + "M206 milk.analytes.iodine.unit: umol/kg of iodine is an amount: to reach ug/L its substance must be "
         "named. Name it with `substance:`, such as retinol, cyanocobalamin or folic_acid (the keys of analytes.csv)."),
        ("iodine: {from: I, unit: ug/kg, density: 1030}",
         AT + "M113 milk.analytes.iodine.density: 1030 kg/L is no density of milk (about 1.03). "
         "Write it in kg/L, or name its column with its unit."),
        ("iodine: {from: I, unit: ug/kg, density: {from: D}}",
         AT + "M202 milk.analytes.iodine.density: nothing says in which unit the density is. Add `unit:`."),
        ('iodine: {from: I, unit: ug/g fat, fat: {from: D, unit: "%"}}',
         AT + "M207 milk.analytes.iodine.fat.unit: cannot convert fat from % to g/L. "
         "Write g/dL (grams in 100 mL), g/100 g (of milk), or the unit that the laboratory reports."),
        ("iodine: {from: I, unit: ug/g fat, fat: 35}",
         AT + "M113 milk.analytes.iodine.fat: fat differs between samples more than most nutrients do, so one figure "
         "for all would make results up. Name the column of each sample's own: `fat: {from: FAT, unit: g/dL}`."),
        ("iodine: {from: I, unit: {by: D, values: {P1: ug/L, P2: ug/lt}}}",
         AT + "M201 milk.analytes.iodine.unit.values.P2: 'ug/lt' is not a unit that milkqc knows. "
         "Did you mean ug/L or ug/uL or ug/mL?"),
        ("iodine: {from: I, unit: {by: D}}",
         AT + "M111 milk.analytes.iodine.unit: the key `values` is missing. Give the unit of each batch."),
        ("iodine: {from: I, unit: {from: D, by: D, values: {P1: ug/L}}}",
         AT + "M113 milk.analytes.iodine.unit: a unit is a text, a column, or texts by batch. "
         "Write `unit: ug/L`, `header`, `{from: UNIT}` or `{by: PLATE, values: {...}}`."),
    ],
)  # fmt: skip
def test_a_unit_that_lacks_something_is_a_fault_that_says_what(refused, analyte, told):
    assert told in refused(f"analytes: {{{analyte}}}", lab="PID,V,S,I,D\n1,a,s,100,1.03\n")
