"""Conversions worked out here from printed molar masses and the meaning of each unit, none of it by milkqc's code."""

from __future__ import annotations

from fractions import Fraction

import pytest

from milkqc.errors import UnitError
from milkqc.reference import analytes
from milkqc.units import exact_factor, unit_factor

F = Fraction

# Printed molar masses, g/mol.
MOLAR = {
    "iodine": F("126.904"),
    "retinol": F("286.452"),
    "alpha_tocopherol": F("430.707"),
    "cyanocobalamin": F("1355.368"),
    "folic_acid": F("441.398"),
    "5_mthf": F("459.457"),
    "retinyl_palmitate": F("524.862"),
    "zinc": F("65.38"),
    "sodium": F("22.99"),
    "potassium": F("39.098"),
    "calcium": F("40.078"),
    "magnesium": F("24.305"),
}
# The five nutrients of the trial: the analyte, the substance that was calibrated with, and the canonical unit.
NUTRIENTS = [
    ("iodine", "iodine", "ug/L"),
    ("retinol", "retinol", "ug/L"),
    ("alpha_tocopherol", "alpha_tocopherol", "mg/L"),
    ("vitamin_b12", "cyanocobalamin", "pmol/L"),
    ("folate", "folic_acid", "ug/L"),
]
# Each spelling of milk.md with what 1 of it is, in grams per litre.
GRAMS = {
    "\u00b5g/L": F(1, 10**6),
    "\u03bcg/L": F(1, 10**6),
    "ug/L": F(1, 10**6),
    "ug/l": F(1, 10**6),
    "mcg/L": F(1, 10**6),
    "microg/L": F(1, 10**6),
    "ug L-1": F(1, 10**6),
    "ng/mL": F(1, 10**6),
    "pg/uL": F(1, 10**6),
    "ppb": F(1, 10**6),
    "ppb (w/v)": F(1, 10**6),
    "ug/dL": F(1, 10**5),
    "mcg/dl": F(1, 10**5),
    "ug/100 mL": F(1, 10**5),
    "ug/100mL": F(1, 10**5),
    "\u00b5g per 100 mL": F(1, 10**5),
    "ug%": F(1, 10**5),
    "mg/L": F(1, 10**3),
    "ug/mL": F(1, 10**3),
    "ppm": F(1, 10**3),
    "ppm (w/v)": F(1, 10**3),
    "mg/dL": F(1, 10**2),
    "mg/100 mL": F(1, 10**2),
    "mg%": F(1, 10**2),
    "g/L": F(1),
    "mg/mL": F(1),
    "g%": F(10),
    "g/dL": F(10),
    "ng/L": F(1, 10**9),
    "pg/mL": F(1, 10**9),
    "ppt (w/v)": F(1, 10**9),
    "ng/dL": F(1, 10**8),
    "ng/100 mL": F(1, 10**8),
    "pg/L": F(1, 10**12),
}
# In moles per litre.
MOLES = {
    "mmol/L": F(1, 10**3),
    "mM": F(1, 10**3),
    "umol/L": F(1, 10**6),
    "\u00b5mol/L": F(1, 10**6),
    "\u03bcM": F(1, 10**6),
    "uM": F(1, 10**6),
    "umol/dL": F(1, 10**5),
    "nmol/mL": F(1, 10**6),
    "nmol/L": F(1, 10**9),
    "nM": F(1, 10**9),
    "nmol/dL": F(1, 10**8),
    "pmol/mL": F(1, 10**9),
    "pmol/L": F(1, 10**12),
    "pM": F(1, 10**12),
}
# Per mass of milk of 1.03 kg/L, and per mass of fat of 38 g/L: grams (or moles) per litre of milk.
PER_MILK = {"ug/kg": F("1.03e-6"), "ng/g": F("1.03e-6"), "mg/kg": F("1.03e-3"), "ug/100 g": F("1.03e-5")}
PER_FAT = {"ug/g fat": F("38e-6"), "mg/100 g fat": F("38e-5"), "mg/kg lipid": F("38e-6")}
MOLES_PER = {"nmol/kg": F("1.03e-9"), "umol/kg": F("1.03e-6"), "nmol/g fat": F("38e-9")}


def canonical_of_grams(canonical: str, substance: str) -> Fraction:
    """How many of the canonical unit one gram per litre is."""
    return {"ug/L": F(10**6), "mg/L": F(10**3), "pmol/L": F(10**12) / MOLAR[substance]}[canonical]


NUTRIENT_ROWS = [
    (key, substance, unit, size * canonical_of_grams(canonical, substance) * (MOLAR[substance] if molar else 1))
    for key, substance, canonical in NUTRIENTS
    for table, molar in (
        (GRAMS, False), (MOLES, True), (PER_MILK, False), (PER_FAT, False), (MOLES_PER, True),
    )
    for unit, size in table.items()
]  # fmt: skip

# By hand: unit, to, substance, factor as printed or as a product that a person can check.
BY_HAND = [
    ("IU/L", "ug/L", "retinol", F("0.3")),
    ("U.I./L", "ug/L", "retinol", F("0.3")),
    ("IU/mL", "ug/L", "retinol", F(300)),
    ("IU/dL", "ug/L", "retinol", F(3)),
    ("IU/100 mL", "ug/L", "retinol", F(3)),
    ("IU/L", "nmol/L", "retinol", F(300) / F("286.452")),
    ("IU/L", "ug/L", "retinyl_palmitate", F("0.3") * F("524.862") / F("286.452")),
    ("IU/L", "ug/L", "beta_carotene", F("0.6")),
    ("IU/L", "ug/L", "cholecalciferol", F("0.025")),
    ("IU/L", "nmol/L", "cholecalciferol", F(25) / F("384.639")),
    ("mIU/L", "ng/L", "cholecalciferol", F("0.025")),
    ("IU/kg", "ug/L", "retinol", F("0.309")),
    ("IU/g fat", "ug/L", "retinol", F("11.4")),
    ("IU(natural)/L", "mg/L", "alpha_tocopherol", F("0.67")),
    ("IU(synthetic, activity)/L", "mg/L", "alpha_tocopherol", F("0.45")),
    ("IU(synthetic, mass)/L", "mg/L", "alpha_tocopherol", F("0.90")),
    ("IU(natural)/100 mL", "mg/L", "alpha_tocopherol", F("6.7")),
    ("IU(natural)/L", "umol/L", "alpha_tocopherol", F(670) / F("430.707")),
    ("mEq/L", "mg/L", "sodium", F("22.99")),
    ("mEq/L", "mg/L", "potassium", F("39.098")),
    ("mEq/L", "mg/L", "calcium", F("20.039")),
    ("mEq/L", "mg/L", "magnesium", F("12.1525")),
    ("mEq/L", "mmol/L", "sodium", F(1)),
    ("mEq/L", "mmol/L", "calcium", F(1, 2)),
    ("mEq/dL", "mEq/L", None, F(10)),
    ("mmol/L", "mg/L", "calcium", F("40.078")),
    ("mmol/L", "mg/L", "zinc", F("65.38")),
    ("umol/L", "mg/L", "zinc", F("0.06538")),
    ("umol/L", "ug/dL", "zinc", F("6.538")),
    ("nmol/L", "ug/L", "5_mthf", F("0.459457")),
    ("umol/L", "ug/L", "retinyl_palmitate", F("524.862")),
    ("ug/L", "nmol/L", "retinol", F(1000) / F("286.452")),
    ("ug/L", "pmol/L", "cyanocobalamin", F(10**6) / F("1355.368")),
    ("mg/L", "umol/L", "alpha_tocopherol", F(1000) / F("430.707")),
    ("ug/L", "nmol/L", "folic_acid", F(1000) / F("441.398")),
    ("ug/dL", "mg/L", None, F(1, 100)),
    ("g/dL", "g/L", None, F(10)),
    ("kcal/dL", "kJ/L", None, F("41.84")),
    ("kcal/100 mL", "kcal/L", None, F(10)),
    ("U/mL", "U/L", None, F(1000)),
    ("mU/mL", "U/L", None, F(1)),
    ("10^6 cells/mL", "cells/mL", None, F(10**6)),
    ("x10^3/uL", "10^6/mL", None, F(1)),
    ("microns", "mm", None, F(1, 1000)),
    ("lb", "kg", None, F("0.45359237")),
    ("oz", "g", None, F("28.349523125")),
    ("inch", "cm", None, F("2.54")),
    ("weeks", "d", None, F(7)),
    ("months", "d", None, F("30.4375")),
    ("years", "d", None, F("365.25")),
    ("mg/mL", "g/L", None, F(1)),
    ("ug/uL", "g/L", None, F(1)),
]


def test_there_are_enough_of_them():
    assert len(NUTRIENT_ROWS) + len(BY_HAND) >= 150
    assert len(NUTRIENT_ROWS) == 5 * (len(GRAMS) + len(MOLES) + len(PER_MILK) + len(PER_FAT) + len(MOLES_PER))


def test_the_molar_masses_that_ship_are_those_printed():
    known = analytes() | {alias: one for one in analytes().values() for alias in one.aliases}
    assert {key: known[key].molar_mass for key in MOLAR} == MOLAR
    assert [(key, analytes()[key].unit) for key, _, _ in NUTRIENTS] == [
        (key, unit) for key, _, unit in NUTRIENTS
    ]


@pytest.mark.parametrize(("analyte", "substance", "unit", "factor"), NUTRIENT_ROWS)
def test_the_five_nutrients_of_the_trial_in_every_unit(analyte, substance, unit, factor):
    to = analytes()[analyte].unit
    assert exact_factor(unit, to, substance=substance, density=1.03, fat=38) == factor
    assert unit_factor(unit, to, substance=substance, density=1.03, fat=38) == pytest.approx(
        float(factor), rel=1e-12
    )


@pytest.mark.parametrize(("unit", "to", "substance", "factor"), BY_HAND)
def test_conversions_by_hand(unit, to, substance, factor):
    assert exact_factor(unit, to, substance=substance, density=1.03, fat=38) == factor
    back = (
        exact_factor(to, unit, substance=substance)
        if "kg" not in unit.split("/")[1:] and "fat" not in unit
        else None
    )
    assert back in (None, 1 / factor)


@pytest.mark.parametrize(
    ("unit", "substance", "why"),
    [
        ("mEq/L", "iodine", "counts the charge of an ion, and none is known for iodine"),
        ("mEq/L", "retinol", "counts the charge of an ion"),
        ("IU/L", "iodine", "no mass per unit is known for iodine"),
        ("IU/L", "cyanocobalamin", "no mass per unit is known for vitamin_b12"),
        ("IU/L", "folic_acid", "no mass per unit is known for folate"),
        ("IU/L", "alpha_tocopherol", "was it natural or synthetic, and is activity or mass meant"),
        ("ug RAE/L", "retinol", "was retinol alone measured"),
        ("ug RE/L", "retinol", "was retinol alone measured"),
        ("mg alpha-TE/L", "alpha_tocopherol", "was alpha-tocopherol alone measured"),
        ("ug DFE/L", "folic_acid", "was it folic acid, 5-MTHF or total folate"),
        ("%", "retinol", "per cent of what"),
        ("ug", "retinol", "do not measure the same thing"),
    ],
)
def test_units_of_milk_that_a_nutrient_does_not_have(unit, substance, why):
    with pytest.raises(UnitError, match=why):
        exact_factor(unit, "ug/L", substance=substance, density=1.03, fat=38)
