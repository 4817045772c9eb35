"""What laboratories and field forms write, and the code it stands for; everything else is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc.errors import UnitError
from milkqc.reference import analytes, dictionary
from milkqc.units import canonical, header_unit, unit_factor
from milkqc.units.spellings import PerMass, per_mass, per_masses, refused, spellings


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("\u00b5g/L", "ug/L"),
        ("\u03bcg/L", "ug/L"),
        ("mcg/l", "ug/L"),
        ("microg/L", "ug/L"),
        ("UG/L", "ug/L"),
        (" ug / L ", "ug/L"),
        ("ug L-1", "ug/L"),
        ("\u00b5g\u00b7L\u207b\u00b9", "ug/L"),
        ("ug per 100 mL", "ug/dL"),
        ("ug/100mL", "ug/dL"),
        ("mg%", "mg/dL"),
        ("mg\u00a0%", "mg/dL"),
        ("ppb (w/v)", "ug/L"),
        ("ppm", "mg/L"),
        ("pM", "pmol/L"),
        ("\u00b5M", "umol/L"),
        ("mEq/l", "meq/L"),
        ("U.I./L", "[iU]/L"),
        ("IU (natural)/L", "[iU]{natural}/L"),
        ("kg/m\u00b2", "kg/m2"),
        ("Kg", "kg"),
        ("lbs", "[lb_av]"),
        ("inches", "[in_i]"),
        ("yrs", "a"),
        ("months", "mo"),
        ("pg/L", "pg/L"),
        ("ratio", "1"),
        ("mIU/L", "m[iU]/L"),
        ("U/l", "U/L"),
        ("10^6/mL", "10*6{cells}/mL"),
        ("(x10^6) cells/mL", "10*6{cells}/mL"),
        ("\u00b5m", "um"),
        ("\u03bcm", "um"),
    ],
)
def test_a_known_spelling_has_one_code(text, code):
    assert canonical(text) == code


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ug/lt", "'ug/lt' is not a unit that milkqc knows. Did you mean ug/L or ug/uL or ug/mL?"),
        ("Mg/L", "'Mg/L' is not a unit that milkqc knows. Did you mean mg/L or g/L or ug/L?"),
        ("lg/L", "'lg/L' is not a unit that milkqc knows. Did you mean g/L or ug/L or pg/L?"),
        ("NM", "'NM' is not a unit that milkqc knows. Did you mean nmol/L or nmol or mol/L?"),
        ("", "the unit is empty. Write what the laboratory reports; a plain number is 1."),
        ("ug/dl/L", "'ug/dl/L' is not a unit that milkqc knows. Did you mean ug/dL or ug/L or g/dL?"),
        (
            "mcg RAE/L",
            "'mcg RAE/L' counts carotenoids as retinol (12 ug of beta-carotene are 1 ug RAE): was retinol alone "
            "measured? If so, write ug/L; if not, ask the laboratory for retinol and each carotenoid.",
        ),
        (
            "RE/100 mL",
            "'RE/100 mL' counts carotenoids as retinol (6 ug of beta-carotene are 1 ug RE): was retinol alone "
            "measured? If so, write ug/L; if not, ask the laboratory for retinol and each carotenoid.",
        ),
        (
            "mg alpha-TE/L",
            "'mg alpha-TE/L' counts other tocopherols in part: was alpha-tocopherol alone measured? "
            "If so, write mg/L; if not, ask the laboratory for each tocopherol.",
        ),
        (
            "ug DFE/L",
            "'ug DFE/L' is for intakes of food and folic acid: was it folic acid, 5-MTHF or total folate that was "
            "measured? Write ug/L or nmol/L, and name the `substance`.",
        ),
        ("stone", "'stone' is not a unit that milkqc knows. See docs/units.md for the spellings."),
        (
            "mg/kg",
            "'mg/kg' is per mass of milk: its density (about 1.03 kg/L) is needed to reach a concentration. "
            "Map it: `density: 1.03` (kg/L), or `density: {from: COLUMN, unit: g/mL}`.",
        ),
        (
            "\u00b5g/g fat",
            "'\u00b5g/g fat' is per mass of fat: the fat content of each sample is needed to reach a "
            "concentration. Map it: `fat: {from: COLUMN, unit: g/dL}`.",
        ),
    ],
)
def test_what_is_refused_says_why_and_what_to_do(text, message):
    with pytest.raises(UnitError) as caught:
        canonical(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "text", ["ppt", "MM", "M/m", "gr", "ug RAE/L", "mg/L/L", "mg.g", "kg4", "mg//L", "/L", "2"]
)
def test_what_may_mean_two_things_or_nothing_is_not_allowed(text):
    with pytest.raises(UnitError):
        canonical(text)


@given(st.sampled_from(sorted(spellings())))
def test_every_spelling_converts_to_its_own_code(text):
    code = canonical(text)
    assert canonical(code) == code
    assert unit_factor(text, code, substance="sodium") == 1.0


@given(st.text(max_size=12))
def test_any_text_is_a_code_or_a_unit_error(text):
    try:
        code = canonical(text)
    except UnitError as error:
        assert str(error)  # noqa: PT017  (either outcome is right; a third kind of exception is not)
    else:
        assert canonical(code) == code


def test_nothing_is_both_allowed_and_refused():
    assert not set(spellings()) & set(refused())
    assert not set(per_masses()) & (set(spellings()) | set(refused()))


@pytest.mark.parametrize(
    ("text", "code", "of", "unit"),
    [
        ("ug/kg", "ug/kg", "milk", "ug/L"),
        ("ng/g", "ng/g", "milk", "ng/mL"),
        ("\u03bcg/100 g", "ug/(100.g)", "milk", "ug/dL"),
        ("mg per kg milk", "mg/kg", "milk", "mg/L"),
        ("umol kg-1", "umol/kg", "milk", "umol/L"),
        ("ug/g fat", "ug/g{fat}", "fat", "ug/mL"),
        ("mg/100 g fat", "mg/(100.g{fat})", "fat", "mg/dL"),
        ("nmol/g lipid", "nmol/g{fat}", "fat", "nmol/mL"),
        ("IU/g fat", "[iU]/g{fat}", "fat", "[iU]/mL"),
        ("ug/L", None, None, None),
        ("ug/g protein", None, None, None),
    ],
)
def test_a_unit_per_mass_says_what_it_lacks(text, code, of, unit):
    assert per_mass(text) == (None if code is None else PerMass(code, of, unit))


def test_the_dictionary_and_the_analytes_write_units_as_codes():
    units = {column.unit for column in dictionary().values()} - {"", "{z}", "by analyte"}
    units |= {analyte.unit for analyte in analytes().values()}
    assert [unit for unit in sorted(units) if canonical(unit) != unit] == []


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("Retinol (umol/L)", "umol/L"),
        ("Retinol [\u00b5mol/L]", "\u00b5mol/L"),
        ("Folate (nmol/L, HPLC)", "nmol/L"),
        ("Folate (HPLC) (nmol/L)", "nmol/L"),
        ("Zinc, mg/L", "mg/L"),
        ("Zn (mg/L) [ppm]", "mg/L"),
        ("Vitamin E (IU(natural)/L)", "IU(natural)/L"),
        ("Age (months)", "months"),
        ("Iodine (ug/kg)", "ug/kg"),
        ("zinc_mg_l", None),
        ("Retinol", None),
        ("Visit (1)", None),
        ("Weight (mean)", None),
        ("", None),
    ],
)
def test_a_header_gives_the_unit_it_brackets(header, unit):
    assert header_unit(header) == unit


def test_a_header_with_two_units_is_refused():
    with pytest.raises(UnitError) as caught:
        header_unit("Zn (mg/L) [umol/L]")
    assert str(caught.value) == (
        "the header 'Zn (mg/L) [umol/L]' has two units: mg/L and umol/L. Write the unit in the mapping."
    )
