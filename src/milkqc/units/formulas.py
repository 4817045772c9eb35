"""Units through arithmetic: what a formula over columns measures."""

from __future__ import annotations

from fractions import Fraction

from milkqc.errors import UnitError
from milkqc.units.factors import size, unit_factor
from milkqc.units.spellings import atoms
from milkqc.units.terms import Term, canonical, parse, write

# A formula that needs a fourth power has a slip in it.
_HIGHEST = 3


def combine(op: str, a: str | None, b: str | None) -> tuple[str | None, float]:
    """The unit of `a op b` for a formula over columns, and the factor that takes b's numbers to fit a's.

    The value is `A op (B * factor)`, in the unit returned. For `+` and `-` both must measure the same thing:
    the result is in a's unit. For `*` and `/` the result is a code that `unit_factor` reads back. None and "1"
    are plain numbers; None comes back only when neither side has a unit.
    Raises UnitError for sums of different things, unknown units and products that no unit describes.
    """
    if op in ("+", "-"):
        return a, _sum_factor(op, a, b)
    if op not in ("*", "/"):
        raise UnitError(f"{op!r} is not an operation on units.", "Use +, -, * or /.")
    if a is None and b is None:
        return None, 1.0
    left, right = canonical(a or "1"), canonical(b or "1")
    if right == "1":
        return left, 1.0
    term, factor = _product(_term(left), _term(right), sign=1 if op == "*" else -1)
    if any(abs(power) > _HIGHEST for power in term.values()):
        raise UnitError(
            f"{left} {op} {right} gives {write(term)}, which no measurement has.", "Check the formula."
        )
    # read back here: an amount per gram has a code, but stands for milk of unknown density
    return canonical(write(term)), float(factor)


def _sum_factor(op: str, a: str | None, b: str | None) -> float:
    if a is None and b is None:
        return 1.0
    left, right = canonical(a or "1"), canonical(b or "1")
    try:
        return unit_factor(right, left)
    except UnitError as error:
        raise UnitError(
            f"{left} {op} {right}: the two sides do not measure the same thing.", "Convert one side first."
        ) from error


def _term(code: str) -> Term:
    term = parse(code)
    if term is None:
        raise UnitError(f"{code!r} cannot take part in a product.", "Convert it first.")
    return term


def _product(a: Term, b: Term, *, sign: int) -> tuple[Term, Fraction]:
    """`a` times (`sign` 1) or over (-1) `b`, and the exact factor that takes b's numbers into a's atoms.

    Atoms of one dimension meet as a's, so that mg/L times mL is mg with the factor 1/1000; percent becomes a
    plain number.
    """
    here = {atoms()[atom].dimension: atom for atom in a}
    result, factor = {atom: power for atom, power in a.items() if atom != "%"}, Fraction(1)
    if "%" in a:
        factor *= Fraction(1, 100) ** (a["%"] * sign)
    for atom, power in b.items():
        if atom == "%":
            factor *= Fraction(1, 100) ** power
            continue
        own = here.get(atoms()[atom].dimension, atom)
        if own != atom:
            factor *= (size(atom) / size(own)) ** power
        result[own] = result.get(own, 0) + sign * power
    return {atom: power for atom, power in result.items() if power}, factor
