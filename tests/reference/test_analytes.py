"""The analytes: one row each, named so that every column of the analysis table fits Stata."""

from __future__ import annotations

import re
from itertools import pairwise

import polars as pl
import pytest

from milkqc.errors import UnitError
from milkqc.reference import analytes, columns, dictionary, polars_type, substance
from milkqc.reference.plausible import assays, limits, without_limits
from milkqc.units import unit_factor

# CIAAW's abridged standard atomic weights (2021), independent of the ones behind analytes.csv.
WEIGHTS = {
    "H": 1.008, "C": 12.011, "N": 14.007, "O": 15.999, "P": 30.974, "S": 32.06, "Cl": 35.45, "Co": 58.933,
    "I": 126.90, "Zn": 65.38, "Fe": 55.845, "Cu": 63.546, "Se": 78.971, "Mn": 54.938, "Ca": 40.078, "Mg": 24.305,
    "Na": 22.990, "K": 39.098,
}  # fmt: skip
ALL = list(analytes().values())


@pytest.mark.parametrize("analyte", ALL, ids=lambda analyte: analyte.key)
def test_the_molar_mass_is_that_of_the_formula(analyte):
    atoms = re.findall(r"([A-Z][a-z]?)(\d*)", analyte.formula)
    assert "".join(a + n for a, n in atoms) == analyte.formula
    mass = sum(WEIGHTS[atom] * int(count or 1) for atom, count in atoms)
    assert float(analyte.molar_mass) == pytest.approx(mass, rel=1e-4)


@pytest.mark.parametrize("analyte", ALL, ids=lambda analyte: analyte.key)
def test_the_cas_number_has_its_check_digit(analyte):
    digits = analyte.cas.replace("-", "")
    total = sum(place * int(digit) for place, digit in enumerate(reversed(digits[:-1]), start=1))
    assert total % 10 == int(digits[-1])


def test_short_names_are_unique_and_fit():
    shorts = [analyte.short for analyte in ALL]
    assert len(set(shorts)) == len(shorts) == 39
    assert [short for short in shorts if not re.fullmatch(r"[a-z][a-z0-9_]{0,16}", short)] == []


@pytest.mark.parametrize("analyte", ALL, ids=lambda analyte: analyte.key)
def test_every_column_of_an_analyte_fits_stata_s_32_characters(analyte):
    endings = [analyte.unit_slug, "below_mae", "cens", "limit"]
    assert max(len(f"milk_{analyte.short}_{ending}") for ending in endings) <= 32


def test_names_and_aliases_find_their_substance():
    assert substance("retinol").key == "retinol"
    assert substance("cyanocobalamin").key == "vitamin_b12"
    assert substance("folic_acid").key == "folate"
    assert substance("5_mthf").key == "folate_5mthf"


def test_no_alias_is_a_key_or_used_twice():
    names = [name for analyte in ALL for name in (analyte.key, *analyte.aliases)]
    assert len(set(names)) == len(names)


def test_a_misspelt_substance_names_the_nearest():
    with pytest.raises(UnitError) as caught:
        substance("cyanocobalamine")
    assert str(caught.value) == (
        "'cyanocobalamine' is not a substance that milkqc knows. Did you mean cyanocobalamin?"
    )
    assert caught.value.nearest == ("cyanocobalamin",)


def test_what_was_not_verified_says_so():
    verified = [analyte.key for analyte in ALL if "unverified" not in analyte.status]
    assert verified == ["thiamin_chloride", "ascorbic_acid", "sodium"]


def test_believable_limits_are_in_canonical_units_and_in_order():
    table = limits()
    units = {key: analyte.unit for key, analyte in analytes().items()}
    assert table.filter(pl.col("unit") != pl.col("analyte").replace_strict(units)).is_empty()
    rising = ["hard_low", "soft_low", "observed_low", "observed_high", "soft_high", "hard_high"]
    for low, high in pairwise(rising):
        assert table.filter(pl.col(low) > pl.col(high)).is_empty(), (low, high)


def test_nicotinamide_and_vitamin_d_were_converted_once():
    table = limits().select("analyte", "soft_low", "soft_high", "hard_high", "unit")
    assert table.filter(pl.col("analyte") == "nicotinamide").row(0)[1:] == (0.164, 6.0, 30.0, "mg/L")
    iu = unit_factor("IU/L", "ug/L", substance="cholecalciferol")
    low, high, hard, unit = table.filter(pl.col("analyte") == "cholecalciferol").row(0)[1:]
    assert (low, high, hard) == pytest.approx((22.5 * iu, 140 * iu, 700 * iu))
    assert unit == "ug/L"


def test_fifteen_analytes_have_no_limits():
    assert len(without_limits()) == 15
    assert "pantothenic_acid" in without_limits()
    assert "iodine" not in without_limits()


def test_only_individual_data_is_called_individual():
    table = limits()
    individual = table.filter(pl.col("soft_low_kind") == "individual").select("analyte", "stage").rows()
    assert individual == [
        ("ascorbic_acid", "colostrum"),
        ("zinc", "mature"),
        ("copper", "mature"),
        ("iron", "mature"),
    ]
    assert set(table["soft_low_kind"]) | set(table["soft_high_kind"]) == {"individual", "means", "range"}


def test_the_immulite_is_linear_from_24_to_193_pmol():
    row = assays().filter(pl.col("method").str.contains("IMMULITE")).row(0, named=True)
    assert (row["analyte"], row["kind"], row["low"], row["high"], row["unit"]) == (
        "vitamin_b12",
        "linear",
        24.0,
        193.0,
        "pmol/L",
    )


def test_the_dictionary_lists_each_column_once_with_a_known_type():
    known = dictionary()
    assert len(known) > 150
    assert {column.type for column in known.values()} == {
        "text",
        "number",
        "integer",
        "boolean",
        "date",
        "enum",
    }
    assert [column.column for column in columns("visits")][:3] == ["row_id", "participant_id", "visit"]
    assert known["participants", "infant_sex"].codes == ("male", "female")
    assert known["growth", "weight_kg"].min == 0.2
    assert all((column.type == "enum") == bool(column.codes) for column in known.values())


def test_a_column_s_type_in_a_frame():
    types = {
        name: polars_type(dictionary()["visits", name])
        for name in ("visit", "outcome", "visit_date", "mastitis")
    }
    assert types == {
        "visit": pl.String(),
        "outcome": pl.String(),
        "visit_date": pl.Date(),
        "mastitis": pl.Boolean(),
    }
    assert polars_type(dictionary()["participants", "parity"]) == pl.Int64()
    assert polars_type(dictionary()["milk", "value"]) == pl.Float64()


def test_a_table_that_the_dictionary_lacks_is_an_error():
    with pytest.raises(KeyError):
        columns("urine")
