"""Files that laboratories and their instruments really write, from the cell to the harmonised result."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from textwrap import dedent

import polars as pl
import pytest

import milkqc

TESTDATA = "allotropy__tests__parsers__{}__testdata__{}"
CEDEX = TESTDATA.format("roche_cedex_bioht", "roche_cedex_bioht_example01.txt")
CELLS = TESTDATA.format("beckman_vi_cell_blu", "Beckman_Vi-Cell-BLU_example01_utf16.csv")
OTHER_MU = TESTDATA.format("beckman_vi_cell_blu", "Beckman_Vi-Cell-BLU_different_mu_character.csv")
LUMINEX = TESTDATA.format("luminex_xponent", "luminex_xPONENT_NaN_and_not_reported_values.csv")


@pytest.fixture
def real(shared: Path, tmp_path: Path):
    """`real(mapping, analytes, *files)`: the study run over files of the shared folder."""

    def run(mapping: str, analytes: str, *files: str) -> milkqc.Result:
        data = tmp_path / "data"
        data.mkdir(exist_ok=True)
        for name in files:
            shutil.copy(shared / "fixtures" / "lab" / name, data / name)
        (tmp_path / "own.csv").write_text(dedent(analytes).strip() + "\n", "utf-8")
        (tmp_path / "study.yaml").write_text(dedent(mapping).strip() + "\n", "utf-8")
        return milkqc.run(tmp_path / "study.yaml", data=data, engine="expressions")

    return run


BRINDA_ANALYTES = """
key,name,unit,short
ferritin,Ferritin,ug/L,
stfr,Soluble transferrin receptor,mg/L,
rbp,Retinol-binding protein,umol/L,
crp,C-reactive protein,mg/L,
agp,alpha-1-acid glycoprotein,g/L,
"""
BRINDA = """
milkqc: 1
study: brinda
analytes_file: own.csv
tables: {{serum: {{file: {file}}}}}
biomarkers:
  from: serum
  specimen: serum
  key: {{participant_id: id, visit: {{do: constant, value: survey}}}}
  analytes:
    ferritin: {{from: sf, unit: ug/L}}
    stfr: {{from: stfr, unit: mg/L}}
    rbp: {{from: rbp, unit: umol/L}}
    retinol: {{from: sr, unit: umol/L, substance: retinol}}
    zinc: {{from: zinc, unit: ug/L}}
    crp: {{from: crp, unit: mg/L}}
    agp: {{from: agp, unit: g/L}}
"""


@pytest.mark.parametrize("file", ["brinda_biomarkers.csv", "brinda_biomarkers.xlsx"])
def test_a_survey_s_serum_goes_to_biomarkers_in_canonical_units(real, file):
    result = real(BRINDA.format(file=file), BRINDA_ANALYTES, file)
    table = result.biomarkers
    assert result.milk.is_empty()
    assert table.height == 76 * 7
    assert set(table["specimen"]) == {"serum"}
    first = {row["analyte"]: row for row in table.filter(pl.col("participant_id") == "3").to_dicts()}
    assert {key: (row["value"], row["unit"]) for key, row in first.items()} == {
        "ferritin": (36.38, "ug/L"),
        "stfr": (11.56, "mg/L"),
        "rbp": (1.27, "umol/L"),
        # 1.16723905048212 umol/L x 286.452 g/mol
        "retinol": (pytest.approx(334.35796, rel=1e-7), "ug/L"),
        "zinc": (0.75, "mg/L"),
        "crp": (0.27, "mg/L"),
        "agp": (1.69, "g/L"),
    }
    assert table.filter(pl.col("value").is_null())["missing_reason"].unique().to_list() in (["na"], ["empty"])
    # MAEs and stages are for milk.
    assert not {"mae", "stage"} & {name for name in table.columns if table[name].is_not_null().any()}


def test_the_csv_and_the_workbook_give_the_same_table(real):
    both = [real(BRINDA.format(file=f"brinda_biomarkers.{kind}"), BRINDA_ANALYTES, f"brinda_biomarkers.{kind}")
            for kind in ("csv", "xlsx")]  # fmt: skip
    compared = [
        one.biomarkers.sort("row_id").select(
            "row_id", "analyte", "value", "unit", "censored", "limit", "factor"
        )
        for one in both
    ]
    assert compared[0].equals(compared[1])


CEDEX_ANALYTES = """
key,name,unit,molar_mass,short
glutamine,Glutamine,mmol/L,146.145,
ammonia,Ammonia,mmol/L,17.031,
lactate,Lactate,g/L,90.078,
ldh,Lactate dehydrogenase,U/L,,
protein_low,Total protein (TP2LB),g/L,,
protein_b,Total protein (TP2B),g/L,,
protein_d,Total protein (TP2D),g/L,,
"""
CEDEX_MAPPING = f"""
milkqc: 1
study: cedex
analytes_file: own.csv
tables:
  cedex:
    file: {CEDEX}
    format: csv
    delimiter: tab
    first_row: 2
    names: [KIND, AT, SAMPLE, A, ROLE, B, TEST, C, UNIT, FLAG, RESULT, ABSORBANCE, STATE]
milk:
  from: cedex
  where: {{TEST: [GLN2B, NH3B, LAC2B, LDH2B, TP2LB, TP2B, TP2D]}}
  key: {{participant_id: SAMPLE, visit: {{do: constant, value: run}}, sample_id: SAMPLE}}
  extra: {{flag: FLAG}}
  long:
    analyte: TEST
    value: RESULT
    unit: UNIT
    codes: {{GLN2B: glutamine, NH3B: ammonia, LAC2B: lactate, LDH2B: ldh, TP2LB: protein_low, TP2B: protein_b, TP2D: protein_d}}
unmapped: {{cedex: [KIND, AT, A, ROLE, B, C, ABSORBANCE, STATE]}}
"""


def test_an_analyser_s_tests_in_two_spellings_of_one_unit_with_results_below_its_range(real):
    result = real(CEDEX_MAPPING, CEDEX_ANALYTES, CEDEX)
    milk = result.milk
    got = {
        (row["sample_id"], row["analyte"]): (row["value"], row["censored"], row["limit"], row["unit"])
        for row in milk.to_dicts()
    }
    assert got["SMPL1", "glutamine"] == (2.45, None, None, "mmol/L")
    assert got["SMPL4", "glutamine"] == (2.07, None, None, "mmol/L")  # written in mM
    assert got["SMPL1", "ammonia"] == (1.846, None, None, "mmol/L")
    assert got["SMPL2", "ldh"] == (None, "<", 20.0, "U/L")
    assert got["SMPL4", "ldh"] == (334.84, None, None, "U/L")
    assert got["SMPL2", "protein_b"] == (None, "<", 4.0, "g/L")
    assert got["SMPL3", "protein_d"] == (None, "<", 40.0, "g/L")
    assert got["SMPL3", "protein_low"] == (4.8, None, None, "g/L")
    # `< 0.00` g/L: below the last digit that is printed
    assert got["SMPL2", "lactate"] == (None, "<", 0.0, "g/L")
    assert Counter(milk["censored"]) == {None: 15, "<": 7}
    raw = (
        dict(result.lineage["milk"].select("row_id", "raw").rows())
        if "raw" in result.lineage["milk"].columns
        else dict(milk.select("row_id", "raw").rows())
    )
    assert raw["SMPL2|run|SMPL2|ldh"].strip() == "< 20.00"
    assert set(milk["x_flag"].drop_nulls().str.strip_chars()) == {"< TEST RNG", "v"}
    account = result.reconciliation[0]
    assert (account.read, account.used, account.set_aside, account.rejected) == (26, 22, 4, 0)


CELL_ANALYTES = """
key,name,unit,short
cells,Total cells,10^6 cells/mL,
viable_cells,Viable cells,10^6 cells/mL,
viability,Viability,%,
"""


def cell_mapping(file: str, mu: str) -> str:
    return f"""
milkqc: 1
study: cells
analytes_file: own.csv
tables: {{cells: {{file: {file}}}}}
milk:
  from: cells
  key: {{participant_id: Sample ID, visit: {{do: constant, value: run}}, sample_id: Sample ID}}
  columns: {{dilution: Dilution}}
  extra:
    diameter: {{from: "Average diameter ({mu}m)", type: number, unit: header}}
  analytes:
    cells: {{from: "Total (x10^6) cells/mL", unit: "10^6/mL"}}
    viable_cells: {{from: "Viable (x10^6) cells/mL", unit: "x10^6 cells/mL"}}
    viability: {{from: "Viability (%)", unit: header}}
unmapped: {{cells: ["*"]}}
"""


@pytest.mark.parametrize(
    ("file", "mu", "samples"), [(CELLS, "\u03bc", 10), (OTHER_MU, "\u00b5", 1)], ids=["utf-16", "other mu"]
)
def test_a_cell_counter_in_utf16_and_with_either_micro_sign(real, file, mu, samples):
    result = real(cell_mapping(file, mu), CELL_ANALYTES, file)
    assert result.milk.height == 3 * samples
    first = result.milk.filter(pl.col("sample_id") == "CLB001").sort("analyte")
    assert first.select("analyte", "value", "unit", "dilution", "x_diameter").rows() == [
        ("cells", 0.78, "10*6{cells}/mL", 1.0, 18.51),
        ("viability", 96.9, "%", 1.0, 18.51),
        ("viable_cells", 0.75, "10*6{cells}/mL", 1.0, 18.51),
    ]
    units = result.lineage["milk"]["x_diameter__raw_unit"].unique().to_list()
    assert [milkqc.unit_factor(unit, "um") for unit in units] == [1.0]


LUMINEX_ANALYTES = """
key,name,unit,short
analyte_1,Analyte 1 (median fluorescence),1,
analyte_2,Analyte 2 (median fluorescence),1,
analyte_3,Analyte 3 (median fluorescence),1,
"""
LUMINEX_MAPPING = """
milkqc: 1
study: luminex
analytes_file: own.csv
tables: {{plate: {{file: {file}, section: "{section}", until: blank}}}}
milk:
  from: plate
  key: {{participant_id: Sample, visit: {{do: constant, value: run}}, sample_id: Sample}}
  extra: {{well: Location}}
  every: {{unit: "1"{more}}}
  analytes: {{analyte_1: analyte1, analyte_2: analyte2, analyte_3: analyte3}}
unmapped: {{plate: ["*"]}}
"""


def test_a_bead_array_s_nan_is_missing_in_the_section_that_was_asked_for(real):
    mapping = LUMINEX_MAPPING.format(file=LUMINEX, section="DataType: Net MFI", more="")
    result = real(mapping, LUMINEX_ANALYTES, LUMINEX)
    milk = result.milk
    assert milk.height == 96 * 3
    assert milk["x_well"].n_unique() == 96
    one = milk.filter(pl.col("sample_id") == "Unknown1").sort("analyte")
    assert one.select("value", "missing_reason", "raw").rows() == [
        (None, "na", "NaN"), (None, "na", "NaN"), (2.0, None, "2"),
    ]  # fmt: skip
    assert milk.select(pl.col("value").is_nan().any()).item() in (False, None)
    assert set(milk.filter(pl.col("value").is_null())["missing_reason"]) == {"na", "empty"}


def test_a_bead_array_s_zeros_are_asked_about_once_for_each_analyte(real):
    mapping = LUMINEX_MAPPING.format(file=LUMINEX, section="DataType: Count", more="")
    result = real(mapping, LUMINEX_ANALYTES, LUMINEX)
    asked = result.findings.filter(pl.col("rule_id") == "reading.result.zero")
    zeros = result.milk.filter(pl.col("value") == 0).group_by("analyte").len().sort("analyte")
    assert asked.sort("variable").select("variable", "n_rows").rows() == zeros.rows()
    assert zeros.height > 0
    told = LUMINEX_MAPPING.format(file=LUMINEX, section="DataType: Count", more=", zero: value")
    again = real(told, LUMINEX_ANALYTES, LUMINEX)
    assert again.findings.filter(pl.col("rule_id") == "reading.result.zero").is_empty()
