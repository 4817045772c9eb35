"""The adequacy estimates: the table of milk.md, converted once and unrounded, and the choice among them."""

from __future__ import annotations

from fractions import Fraction

import polars as pl
import pytest

from milkqc.errors import Faults
from milkqc.reference import analytes
from milkqc.reference.mae import AUTHORITIES, BASES, KINDS, MaeError, choose, measurands, published
from milkqc.units import exact_factor, unit_factor

ROWS = published().rows(named=True)


def default(basis: str, analyte: str, authority: str = "IOM") -> dict:
    (row,) = (
        choose(authority=authority, basis=basis).table.filter(pl.col("analyte") == analyte).rows(named=True)
    )
    return row


@pytest.mark.parametrize(
    ("analyte", "basis", "printed", "digits", "unit"),
    [
        ("iodine", "milk_concentration", "146", 0, "ug/L"),
        ("iodine", "ai_per_volume", "141.0", 1, "ug/L"),
        ("retinol", "milk_concentration", "485", 0, "ug/L"),
        ("retinol", "ai_per_volume", "512.8", 1, "ug/L"),
        ("alpha_tocopherol", "milk_concentration", "4.9", 1, "mg/L"),
        ("alpha_tocopherol", "ai_per_volume", "5.128", 3, "mg/L"),
        ("vitamin_b12", "milk_concentration", "310", 0, "pmol/L"),
        ("vitamin_b12", "ai_per_volume", "378", 0, "pmol/L"),
        ("folate", "milk_concentration", "85", 0, "ug/L"),
        ("folate", "ai_per_volume", "83.3", 1, "ug/L"),
    ],
)
def test_the_two_iom_values_of_the_five_nutrients(analyte, basis, printed, digits, unit):
    row = default(basis, analyte)
    assert f"{row['value']:.{digits}f}" == printed
    assert row["unit"] == unit


def test_vitamin_b12_is_0_42_ug_per_litre_unrounded():
    assert default("milk_concentration", "vitamin_b12")["value"] == float(
        Fraction("0.42") * exact_factor("ug/L", "pmol/L", substance="cyanocobalamin")
    )


def test_485_ug_of_retinol_is_printed_as_1_70_umol_and_85_ug_of_folate_as_193_or_185_nmol():
    assert 485 * unit_factor("ug/L", "umol/L", substance="retinol") == pytest.approx(1.70, abs=0.01)
    assert round(85 * unit_factor("ug/L", "nmol/L", substance="folic_acid"), 1) == 192.6
    assert round(85 * unit_factor("ug/L", "nmol/L", substance="5_mthf"), 1) == 185.0


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row["value"] is not None],
    ids=lambda row: (
        f"{row['authority']}-{row['analyte']}-{row['printed_value']}-{row['printed_unit']}".replace(" ", "")
    ),
)
def test_a_value_is_its_printed_figure_converted_once_and_unrounded(row):
    figure, unit = Fraction(row["printed_value"]), row["printed_unit"].replace(" RAE", "")
    if unit.endswith("/d"):
        figure, unit = figure / Fraction(row["litres_per_day"]), unit.replace("/d", "/L")
    factor = exact_factor(unit, analytes()[row["analyte"]].unit, substance=row["analyte"])
    assert row["value"] == float(figure * factor)
    assert row["unit"] == analytes()[row["analyte"]].unit


def test_authority_basis_analyte_and_age_are_unique_among_defaults():
    defaults = published().filter("default")
    assert defaults.select("authority", "basis", "analyte", "age_from_days").is_duplicated().sum() == 0
    # each analyte has one window, or points: no two of its estimates meet
    spans = defaults.group_by("authority", "basis", "analyte").agg(
        n=pl.len(), points=(pl.col("age_from_days") == pl.col("age_to_days")).sum()
    )
    assert spans.filter((pl.col("n") > 1) & (pl.col("points") < pl.col("n"))).is_empty()


def test_only_verified_or_computed_rows_are_defaults():
    defaults = published().filter("default")
    assert defaults.filter(~pl.col("status").str.contains("^(verified|computed from verified)")).is_empty()
    assert defaults.filter(pl.col("kind") != "mae").is_empty()
    assert defaults["value"].null_count() == 0
    unverified = published().filter(pl.col("status").str.contains("unverified"))
    assert unverified["analyte"].to_list() == [
        "ascorbic_acid",
        "phylloquinone",
        "zinc",
        "copper",
        "selenium",
        "manganese",
        "calcium",
        "phosphorus",
        "sodium",
        "potassium",
    ]
    assert not unverified["default"].any()


def test_defaults_come_from_the_authorities_that_may_be_chosen():
    table = published()
    assert set(table.filter("default")["authority"]) == set(AUTHORITIES)
    assert set(table["basis"]) == set(BASES)
    assert set(table["kind"]) == set(KINDS)


def test_no_estimate_is_labelled_as_the_trial_s():
    text = " ".join(str(cell) for row in ROWS for cell in row.values())
    assert "Baxter" not in text
    assert "NCT04451395" not in text


def test_vitamin_d_has_no_estimate_because_its_intake_is_not_from_milk():
    assert published().filter(pl.col("analyte").is_in(["cholecalciferol", "calcifediol"])).is_empty()


def test_totals_are_what_estimates_are_of():
    totals = {analyte: measurand for analyte, measurand in measurands().items() if analyte != measurand}
    assert totals == {
        "retinol": "total_retinol",
        "folate": "total_folate",
        "thiamin": "total_thiamin",
        "riboflavin": "total_riboflavin",
        "pyridoxal": "total_b6",
        "nicotinic_acid": "niacin_preformed",
    }


def test_zinc_falls_in_five_points():
    zinc = choose(authority="IOM", basis="milk_concentration").table.filter(pl.col("analyte") == "zinc")
    assert zinc.select("age_from_days", "value").rows() == [
        (14.0, 4.0),
        (30.4375, 3.0),
        (60.875, 2.0),
        (91.3125, 1.5),
        (182.625, 1.2),
    ]


def test_the_set_is_what_was_asked_for_and_missing_what_has_no_estimate():
    choice = choose(authority="UK", basis="milk_concentration", analytes=("folate", "iodine"))
    assert choice.set == ("folate", "iodine")
    assert choice.missing == ("iodine",)
    everything = choose(authority="UK", basis="milk_concentration")
    assert everything.set == ("folate", "thiamin", "riboflavin", "nicotinic_acid")


def test_an_authority_without_quotients_gives_an_empty_table_for_them():
    assert choose(authority="FAO_WHO", basis="ai_per_volume").table.is_empty()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"authority": "IOMM", "basis": "milk_concentration"},
            "'IOMM' is not a known authority of adequacy estimates. Did you mean IOM?",
        ),
        (
            {"authority": "LIU", "basis": "milk_concentration"},
            "'LIU' is not a known authority of adequacy estimates. Known: IOM, NASEM, FAO_WHO, UK.",
        ),
        (
            {"authority": "IOM", "basis": "ai_per_litre"},
            "'ai_per_litre' is not a known basis of adequacy estimates. Did you mean ai_per_volume?",
        ),
        (
            {"authority": "IOM", "basis": "ai_per_volume", "analytes": ("retinoll",)},
            "'retinoll' is not a known analyte of adequacy estimates. Did you mean retinol?",
        ),
        (
            {"authority": None, "basis": "ai_per_volume"},
            "no authority of adequacy estimates is given. Use one of: IOM, NASEM, FAO_WHO, UK.",
        ),
    ],
)
def test_an_unknown_choice_names_what_can_be_chosen(arguments, message):
    with pytest.raises(MaeError) as caught:
        choose(**arguments)
    assert str(caught.value) == message
    assert isinstance(caught.value, ValueError)


def write(folder, text):
    path = folder / "my_mae.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_study_s_own_values_take_the_place_of_the_published(tmp_path):
    path = write(tmp_path, "analyte,value,unit,source\nretinol,1.7,umol/L,MILQ 2025\n")
    choice = choose(authority="IOM", basis="milk_concentration", values=path)
    (own,) = choice.table.filter(pl.col("analyte") == "retinol").rows(named=True)
    assert own["value"] == pytest.approx(486.9684)
    assert (own["authority"], own["measurand"], own["status"]) == (
        "study",
        "total_retinol",
        "given by the study",
    )
    assert (own["derivation"], own["source"]) == ("1.7 umol/L as the study gives it", "MILQ 2025")
    assert (own["age_from_days"], own["age_to_days"]) == (14.0, 182.0)
    assert default("milk_concentration", "iodine") in choice.table.rows(named=True)


def test_a_study_s_own_values_may_stand_alone(tmp_path):
    path = write(
        tmp_path, "analyte,value,unit,age_from_days,age_to_days\nzinc,3,mg/L,28,28\nzinc,1000,ug/L,180,180\n"
    )
    choice = choose(authority=None, basis=None, values=path)
    assert (choice.authority, choice.basis, choice.set) == ("study", "study", ("zinc",))
    assert choice.segments().rows()[0] == ("zinc", 28.0, 180.0, 3.0, 1.0)


def test_all_faults_of_a_file_of_values_are_told_together(tmp_path):
    path = write(
        tmp_path,
        "analyte,value,unit,age_from_days,age_to_days\n"
        "retinoll,1.7,umol/L,,\n"
        'iodine,"1,7",ug/L,,\n'
        "zinc,2,ug/kg,,\n"
        "folate,80,ug/L,100,50\n"
        "iron,0.3,mg/L,14,90\n"
        "iron,0.2,mg/L,90,182\n",
    )
    with pytest.raises(Faults) as caught:
        choose(authority=None, basis=None, values=path)
    assert str(caught.value).splitlines() == [
        "my_mae.csv:2 V103 analyte: 'retinoll' is not an analyte. Did you mean retinol?",
        "my_mae.csv:3 V104 value: '1,7' is not a number above 0. Write a decimal point, no separators.",
        "my_mae.csv:4 V105 unit: 'ug/kg' is per mass of milk: its density (about 1.03 kg/L) is needed to reach a "
        "concentration. Convert it to mass or amount per volume, and say in `source` how.",
        "my_mae.csv:5 V106 age_from_days: the ages are not two numbers in order. Write days, the younger first.",
        "my_mae.csv:7 V107 analyte: iron has another estimate for the same age in line 6. Keep one of them.",
    ]


def test_a_file_of_values_with_other_columns_is_told_which(tmp_path):
    path = write(tmp_path, "analyte,valu,unit\nzinc,2,mg/L\n")
    with pytest.raises(Faults) as caught:
        choose(authority=None, basis=None, values=path)
    assert str(caught.value).splitlines() == [
        "my_mae.csv:1 V102: 'valu' is not a column of estimates. Did you mean value?",
        "my_mae.csv:1 V102: the column value is missing. The columns are: analyte, value, unit, measurand, "
        "age_from_days, age_to_days, source.",
    ]


def test_a_missing_file_of_values_is_a_fault(tmp_path):
    with pytest.raises(Faults) as caught:
        choose(authority=None, basis=None, values=tmp_path / "absent.csv")
    assert str(caught.value) == "absent.csv V101: cannot be read. Check the path of `values:`."
