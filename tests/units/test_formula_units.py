"""Units through the arithmetic of formulas over columns."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from milkqc.errors import UnitError
from milkqc.units import canonical, combine, exact_factor, unit_factor
from milkqc.units.spellings import atoms

ATOMS = sorted(atoms())


@pytest.mark.parametrize(
    ("op", "a", "b", "unit", "factor"),
    [
        ("-", "kg", "g", "kg", 0.001),
        ("+", "kg", "lb", "kg", 0.45359237),
        ("+", "d", "weeks", "d", 7.0),
        ("+", None, None, None, 1.0),
        ("*", None, None, None, 1.0),
        ("*", None, "mg/L", "mg/L", 1.0),
        ("*", "mg/L", None, "mg/L", 1.0),
        ("*", "mg/L", "1", "mg/L", 1.0),
        ("/", "kg", "m2", "kg/m2", 1.0),
        ("*", "m", "cm", "m2", 0.01),
        ("*", "mg/L", "mL", "mg", 0.001),
        ("/", "g", "kg", "1", 1000.0),
        ("/", "1", "d", "1/d", 1.0),
        ("/", "ug/L", "umol/L", "ug/umol", 1.0),
        ("*", "%", "kg", "kg", 0.01),
        ("/", "kg", "%", "kg", 0.01),
        ("/", "%", "kg", "1/kg", 100.0),
    ],
)
def test_what_a_formula_measures(op, a, b, unit, factor):
    assert combine(op, a, b) == (unit, factor)


@pytest.mark.parametrize(
    ("op", "a", "b", "message"),
    [
        ("+", "kg", "cm", "kg + cm: the two sides do not measure the same thing. Convert one side first."),
        (
            "-",
            "umol/L",
            "ug/L",
            "umol/L - ug/L: the two sides do not measure the same thing. Convert one side first.",
        ),
        ("+", "kg", None, "kg + 1: the two sides do not measure the same thing. Convert one side first."),
        (
            "/",
            "umol",
            "g",
            "'umol/g' is per mass of milk: its density (about 1.03 kg/L) is needed to reach a concentration. "
            "Map it: `density: 1.03` (kg/L), or `density: {from: COLUMN, unit: g/mL}`.",
        ),
        ("**", "m", "m", "'**' is not an operation on units. Use +, -, * or /."),
    ],
)
def test_what_cannot_be_combined(op, a, b, message):
    with pytest.raises(UnitError) as caught:
        combine(op, a, b)
    assert str(caught.value) == message


def test_a_fourth_power_is_a_slip():
    cube, _ = combine("*", "m2", "m")
    with pytest.raises(UnitError) as caught:
        combine("*", cube, "m")
    assert str(caught.value) == "m3 * m gives m4, which no measurement has. Check the formula."


@given(st.sampled_from("*/"), st.sampled_from(ATOMS), st.sampled_from(ATOMS))
def test_products_read_back_as_the_code_that_was_given(op, a, b):
    try:
        unit, _ = combine(op, a, b)
    except UnitError as error:
        assert "is per mass of milk" in str(error)  # noqa: PT017  (the one product that is refused)
    else:
        assert canonical(unit) == unit


@given(st.sampled_from("*/"), st.sampled_from(ATOMS), st.sampled_from(ATOMS), st.sampled_from(ATOMS))
def test_a_formula_gives_the_same_amount_in_any_unit_of_its_second_side(op, a, b, other):
    """A op (B in b) = A op (B in other): the factor makes up for the unit."""
    try:
        change = exact_factor(b, other)
        first, factor_b = combine(op, a, b)
        second, factor_other = combine(op, a, other)
    except UnitError:
        assume(False)
    in_first = unit_factor(second, first)
    ours = factor_b if op == "*" else 1 / factor_b
    theirs = factor_other * float(change) if op == "*" else 1 / (factor_other * float(change))
    assert ours == pytest.approx(theirs * in_first, rel=1e-12)
