"""Factors between units: the conversions of milk laboratories, exact, and what is refused."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from milkqc.errors import UnitError
from milkqc.reference import analytes
from milkqc.units import canonical, exact_factor, unit_factor
from milkqc.units.spellings import atoms, spellings

CONCENTRATIONS = sorted({code for code in spellings().values() if "/" in code and code != "kg/m2"})
# Energy, enzyme units and counted cells convert only among themselves.
CHEMICAL = [
    code for code in CONCENTRATIONS if not code.startswith(("kcal", "kJ", "U", "mU")) and "cells" not in code
]
PLAIN = [code for code in CHEMICAL if "eq" not in code and "[iU]" not in code]


@pytest.mark.parametrize(
    ("unit", "to", "substance", "factor"),
    [
        ("umol/L", "ug/L", "retinol", 286.452),
        ("umol/L", "ug/L", "retinyl_palmitate", 524.862),
        ("umol/L", "mg/L", "alpha_tocopherol", 0.430707),
        ("pmol/L", "ng/L", "cyanocobalamin", 1.355368),
        ("nmol/L", "ug/L", "folic_acid", 0.441398),
        ("nmol/L", "ug/L", "5_mthf", 0.459457),
        ("nmol/L", "ug/L", "iodine", 0.126904),
        ("umol/L", "mg/L", "zinc", 0.06538),
        ("ug/dL", "mg/L", None, 0.01),
        ("mg/L", "mg/L", None, 1.0),
        ("mg%", "mg/L", None, 10.0),
        ("ug%", "ug/L", None, 10.0),
        ("g%", "g/L", None, 10.0),
        ("ug/100 mL", "ug/L", None, 10.0),
        ("ng/mL", "ug/L", None, 1.0),
        ("pg/mL", "ng/L", None, 1.0),
        ("ppb", "ug/L", None, 1.0),
        ("ppm (w/v)", "mg/L", None, 1.0),
        ("nM", "pmol/L", None, 1000.0),
        ("mEq/L", "mg/L", "sodium", 22.99),
        ("mEq/L", "mg/L", "potassium", 39.098),
        ("mEq/L", "mg/L", "calcium", 20.039),
        ("mEq/L", "mmol/L", "magnesium", 0.5),
        ("IU/L", "ug/L", "retinol", 0.3),
        ("IU/100 mL", "ug/L", "retinol", 3.0),
        ("IU/L", "ug/L", "cholecalciferol", 0.025),
        ("IU(natural)/L", "mg/L", "alpha_tocopherol", 0.67),
        ("IU(synthetic, activity)/L", "mg/L", "alpha_tocopherol", 0.45),
        ("IU(synthetic, mass)/L", "mg/L", "alpha_tocopherol", 0.9),
        ("lb", "kg", None, 0.45359237),
        ("oz", "g", None, 28.349523125),
        ("inch", "cm", None, 2.54),
        ("month", "d", None, 30.4375),
        ("year", "d", None, 365.25),
        ("weeks", "d", None, 7.0),
        ("h", "d", None, 1 / 24),
        ("%", "1", None, 0.01),
        ("g/L", "g/dL", None, 0.1),
        ("mL", "L", None, 0.001),
        ("g/cm2", "kg/m2", None, 10.0),
    ],
)
def test_a_laboratory_s_unit_reaches_another_by_one_exact_factor(unit, to, substance, factor):
    assert unit_factor(unit, to, substance=substance) == factor


@pytest.mark.parametrize(
    ("unit", "to", "substance", "printed"),
    [
        ("ug/L", "nmol/L", "retinol", "3.491"),
        ("ug/L", "pmol/L", "cyanocobalamin", "737.8"),
        ("mg/L", "umol/L", "alpha_tocopherol", "2.3218"),
        ("ug/L", "nmol/L", "folic_acid", "2.2655"),
    ],
)
def test_factors_agree_with_those_that_papers_print(unit, to, substance, printed):
    digits = len(printed.partition(".")[2])
    assert f"{unit_factor(unit, to, substance=substance):.{digits}f}" == printed


@pytest.mark.parametrize(
    ("unit", "to", "substance", "content", "factor"),
    [
        ("ug/kg", "ug/L", None, {"density": 1.03}, Fraction("1.03")),
        ("ng/g", "ug/L", None, {"density": 1.03}, Fraction("1.03")),
        ("ug/100 g", "ug/L", None, {"density": 1.032}, Fraction("10.32")),
        ("umol/kg", "ug/L", "retinol", {"density": 1.03}, Fraction("286.452") * Fraction("1.03")),
        ("IU/kg", "ug/L", "retinol", {"density": 1.03}, Fraction("0.309")),
        ("ug/g fat", "ug/L", None, {"fat": 35}, Fraction(35)),
        ("nmol/g lipid", "ug/L", "retinol", {"fat": 35.5}, Fraction("0.286452") * Fraction("35.5")),
        ("mg/100 g fat", "ug/L", None, {"fat": 38}, Fraction(380)),
    ],
)
def test_density_and_fat_take_a_mass_of_milk_to_a_litre(unit, to, substance, content, factor):
    assert exact_factor(unit, to, substance=substance, **content) == factor


@pytest.mark.parametrize(
    ("unit", "content", "told"),
    [
        ("ug/kg", {"fat": 35}, "its density"),
        ("ug/g fat", {"density": 1.03}, "the fat content of each sample is needed"),
        ("ug/kg", {"density": 0}, "needs a density above 0"),
        ("ug/g fat", {"fat": float("nan")}, "needs a fat content above 0"),
    ],
)
def test_the_wrong_content_is_no_content(unit, content, told):
    with pytest.raises(UnitError, match=told):
        unit_factor(unit, "ug/L", **content)


def test_a_content_changes_no_unit_that_needs_none():
    assert unit_factor("ug/L", "mg/L", density=1.03, fat=35) == 0.001


def test_per_cent_is_asked_of_what():
    assert refusal("%", "ug/L", "retinol") == (
        "% is a plain number: per cent of what? "
        "Write g/dL (grams in 100 mL), g/100 g (of milk), or the unit that the laboratory reports."
    )


def test_the_retinyl_esters_iu_is_0_3_ug_of_retinol():
    moles = Fraction("0.3") / Fraction("286.452")
    assert exact_factor("IU/L", "ug/L", substance="retinyl_palmitate") == moles * Fraction("524.862")


@given(st.sampled_from(PLAIN), st.sampled_from(PLAIN), st.sampled_from(sorted(analytes())))
def test_there_and_back_is_exactly_one(a, b, substance):
    assert exact_factor(a, b, substance=substance) * exact_factor(b, a, substance=substance) == 1


@given(
    st.sampled_from(CHEMICAL),
    st.sampled_from(CHEMICAL),
    st.sampled_from(CHEMICAL),
    st.sampled_from(sorted(analytes())),
)
def test_the_way_does_not_matter(a, b, c, substance):
    try:
        direct = exact_factor(a, c, substance=substance)
        by_way = exact_factor(a, b, substance=substance) * exact_factor(b, c, substance=substance)
    except UnitError:
        assume(False)
    assert direct == by_way


@pytest.mark.parametrize("atom", [code for code, atom in atoms().items() if atom.pint])
def test_pint_s_own_conversion_agrees_with_every_size(atom):
    """The floats of pint's ordinary registry, which knows nothing of ours."""
    import pint

    base = {
        "mass": "kg",
        "amount": "mol",
        "volume": "L",
        "length": "m",
        "time": "h",
        "number": "1",
        "energy": "kJ",
    }[atoms()[atom].dimension]
    ours = unit_factor(atom, base)
    theirs = pint.UnitRegistry().Quantity(1.0, atoms()[atom].pint).to(atoms()[base].pint).magnitude
    assert ours == pytest.approx(theirs, rel=1e-14)


def refusal(unit, to, substance=None):
    with pytest.raises(UnitError) as caught:
        unit_factor(unit, to, substance=substance)
    return str(caught.value)


def test_a_molar_unit_without_a_substance_is_refused_with_the_question_to_answer():
    assert refusal("umol/L", "ug/L") == (
        "umol/L to ug/L is between amount and mass, which needs a molar mass: which substance was measured? "
        "Name it with `substance:`, such as retinol, cyanocobalamin or folic_acid (the keys of analytes.csv)."
    )


def test_an_unknown_substance_names_the_nearest():
    assert refusal("umol/L", "ug/L", "retinoll") == (
        "'retinoll' is not a substance that milkqc knows. Did you mean retinol?"
    )


def test_an_unknown_substance_is_refused_even_where_none_is_needed():
    assert refusal("ug/dL", "ug/L", "qqq") == (
        "'qqq' is not a substance that milkqc knows. Use a key of analytes.csv."
    )


def test_plain_iu_of_vitamin_e_is_refused():
    assert refusal("IU/L", "mg/L", "alpha_tocopherol") == (
        "[iU]/L of alpha_tocopherol depends on its form: was it natural or synthetic, and is activity or mass "
        "meant? Write IU(natural)/L (0.67 mg), IU(synthetic, activity)/L (0.45 mg) or IU(synthetic, mass)/L "
        "(0.90 mg)."
    )


def test_synthetic_vitamin_e_must_say_activity_or_mass():
    with pytest.raises(UnitError):
        canonical("IU(synthetic)/L")


def test_a_form_of_vitamin_e_is_no_form_of_retinol():
    assert refusal("IU(natural)/L", "ug/L", "retinol") == (
        "[iU]{natural}/L names a form of vitamin E, and retinol has no such form. "
        "Write IU without a form, or name the substance alpha_tocopherol."
    )


def test_iu_needs_a_substance_that_has_one():
    assert refusal("IU/L", "ug/L") == (
        "[iU]/L counts international units: of which substance? Name it with `substance:`, such as retinol, "
        "cyanocobalamin or folic_acid (the keys of analytes.csv)."
    )
    assert refusal("IU/L", "ug/L", "calcifediol") == (
        "[iU]/L counts international units, and no mass per unit is known for calcifediol. "
        "Ask the laboratory for the result as mass or amount."
    )


def test_milliequivalents_need_an_ion():
    assert refusal("mEq/L", "mg/L", "zinc") == (
        "meq/L counts the charge of an ion, and none is known for zinc. "
        "Use it for sodium, potassium, calcium or magnesium, or give the amount in mmol."
    )


def test_a_concentration_is_not_a_mass():
    assert refusal("mg/L", "kg") == "mg/L and kg do not measure the same thing. Check both units."


@pytest.mark.parametrize("unit", ["mg/L", "%", "kg", "mo"])
def test_nothing_is_a_length(unit):
    with pytest.raises(UnitError):
        unit_factor(unit, "cm", substance="zinc")


def test_a_substance_without_a_molar_mass_converts_mass_and_says_what_it_lacks():
    from milkqc.reference import Analyte

    casein = Analyte(key="casein", name="Casein", short="casein", family="casein", unit="g/L")
    assert unit_factor("mg/mL", "g/L", substance=casein) == 1.0
    with pytest.raises(UnitError) as caught:
        unit_factor("umol/L", "g/L", substance=casein)
    assert str(caught.value) == (
        "umol/L to g/L is between amount and mass, and casein has no molar mass. "
        "Name its substance, or add its molar mass to the study's analytes file."
    )
