"""Exact factors between units: pint's definitions as fractions, and substances between mass and amount."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cache
from types import MappingProxyType
from typing import Any

from milkqc.errors import UnitError
from milkqc.units.spellings import PerMass, atoms, per_mass, why_refused
from milkqc.units.substances import Analyte
from milkqc.units.substances import substance as resolve
from milkqc.units.terms import Term, canonical, parse

Dimensions = Mapping[str, int]

_CONTENTS = {"milk": "density", "fat": "fat content"}
# Density is given in kg/L, fat in g/L.
_KG_PER_LITRE = {"milk": Fraction(1), "fat": Fraction(1, 1000)}
# What an equivalent and an international unit are counted in, once their substance is known.
_MASS: Dimensions = MappingProxyType({"[mass]": 1})


# Atoms that pint does not know (or knows as something else), in the first unit of their own kind.
_SIZES = {
    "meq": Fraction(1, 10**3),
    "m[iU]": Fraction(1, 10**3),
    "u[iU]": Fraction(1, 10**6),
    "mU": Fraction(1, 10**3),
    "10*3{cells}": Fraction(10**3),
    "10*6{cells}": Fraction(10**6),
}


def unit_factor(
    unit: str,
    to: str,
    *,
    substance: str | Analyte | None = None,
    density: float | Fraction | None = None,
    fat: float | Fraction | None = None,
) -> float:
    """The factor from `unit` to `to`: value in `to` = value in `unit` * factor.

    Computed exactly and rounded once to a float; kept for the next call. `substance` is a key of analytes.csv,
    an alias (cyanocobalamin, folic_acid, 5_mthf) or an Analyte of the study; mass and amount, mEq and
    international units convert only through one. `density` (kg of milk in a litre, about 1.03) takes units per
    mass of milk (ug/kg) to concentrations, `fat` (g in a litre) those per mass of fat (mg/g fat); only as `unit`.
    Raises UnitError for unknown units and substances and for what cannot be converted, with what to do.
    """
    return float(exact_factor(unit, to, substance=substance, density=density, fat=fat))


def exact_factor(
    unit: str,
    to: str,
    *,
    substance: str | Analyte | None = None,
    density: float | Fraction | None = None,
    fat: float | Fraction | None = None,
) -> Fraction:
    """`unit_factor` before rounding; a float counts as the decimal that it prints as."""
    # A name is looked up each time: two studies may mean two substances by it.
    matter = resolve(substance) if isinstance(substance, str) else substance
    one = per_mass(unit)
    if one is None:
        return _exact(unit, to, matter)
    content = density if one.of == "milk" else fat
    if content is None:
        raise why_refused(unit) or UnitError(f"{unit} needs a content.")
    if not content > 0:
        raise UnitError(f"{unit} needs a {_CONTENTS[one.of]} above 0.", "Check it.")
    return _exact(one.unit, to, matter) * Fraction(str(content)) * _KG_PER_LITRE[one.of]


def content_factor(
    unit: str, to: str, *, substance: str | Analyte | None = None
) -> tuple[float, PerMass | None]:
    """The part of a factor that is the same for all samples, and what it still lacks.

    For a unit per mass of milk or fat the whole factor is this times the sample's own density (kg/L) or fat (g/L);
    for every other unit it is whole, and the second part None. Raises UnitError like `unit_factor`.
    """
    one = per_mass(unit)
    if one is None:
        return unit_factor(unit, to, substance=substance), None
    matter = resolve(substance) if isinstance(substance, str) else substance
    return float(_exact(one.unit, to, matter) * _KG_PER_LITRE[one.of]), one


@cache
def _exact(unit: str, to: str, matter: Analyte | None) -> Fraction:
    given, wanted = canonical(unit), canonical(to)
    if given == wanted:
        return Fraction(1)
    if _counted(given) == _counted(wanted):
        # mEq/dL to mEq/L: what is counted stays what it is, and no substance is needed for it
        from_size, from_dimensions = _measure(given)
        to_size, to_dimensions = _measure(wanted)
    else:
        from_size, from_dimensions = _resolved(given, matter)
        to_size, to_dimensions = _resolved(wanted, matter)
    ratio = from_size / to_size
    shift = from_dimensions.get("[substance]", 0) - to_dimensions.get("[substance]", 0)
    if _without_matter(from_dimensions) != _without_matter(to_dimensions) or (
        from_dimensions.get("[mass]", 0) - to_dimensions.get("[mass]", 0) != -shift
    ):
        if given == "%":
            raise UnitError(
                "% is a plain number: per cent of what?",
                "Write g/dL (grams in 100 mL), g/100 g (of milk), or the unit that the laboratory reports.",
            )
        raise UnitError(f"{given} and {wanted} do not measure the same thing.", "Check both units.")
    if not shift:
        return ratio
    return ratio * _molar_mass(given, wanted, matter) ** shift


@cache
def size(atom: str) -> Fraction:
    """The size of one atom in pint's base units (kg, m, s, mol), exactly; 1 where pint has no such unit."""
    return _pint(atom)[0]


@cache
def _pint(atom: str) -> tuple[Fraction, Dimensions]:
    name = atoms()[atom].pint
    if not name:
        return _SIZES.get(atom, Fraction(1)), MappingProxyType({atoms()[atom].dimension: 1})
    quantity = _registry().Quantity(Fraction(1), name).to_base_units()
    # pint counts moles as [substance]; every dimension here has a whole power
    return Fraction(quantity.magnitude), MappingProxyType(
        {dimension: int(power) for dimension, power in quantity.dimensionality.items()}
    )


@cache
def _registry() -> Any:
    import pint

    # floats would leave noise such as 1.0000000000000002 in the factors
    return pint.UnitRegistry(non_int_type=Fraction)


def _counted(code: str) -> Dimensions:
    """The equivalents and international units in a code, by kind, with their powers."""
    kinds = {atoms()[atom].dimension: power for atom, power in _term(code).items()}
    return {kind: power for kind, power in kinds.items() if kind.split()[0] in ("equivalents", "activity")}


def _measure(code: str) -> tuple[Fraction, Dimensions]:
    """Size in base units and dimensions of a whole code."""
    return _together((*_pint(atom), power) for atom, power in _term(code).items())


def _resolved(code: str, matter: Analyte | None) -> tuple[Fraction, Dimensions]:
    """The same, with equivalents as amount and international units as mass, by their substance."""
    parts = []
    for atom, power in _term(code).items():
        kind = atoms()[atom].dimension
        if kind == "equivalents":
            parts.append((*_equivalent(atom, code, matter), power))
        elif kind.startswith("activity"):
            parts.append((*_activity(atom, code, matter), power))
        else:
            parts.append((*_pint(atom), power))
    return _together(parts)


def _together(parts: Iterable[tuple[Fraction, Dimensions, int]]) -> tuple[Fraction, Dimensions]:
    total, dimensions = Fraction(1), dict[str, int]()
    for part, own, power in parts:
        total *= part**power
        for dimension, own_power in own.items():
            dimensions[dimension] = dimensions.get(dimension, 0) + own_power * power
    return total, {dimension: power for dimension, power in dimensions.items() if power}


def _term(code: str) -> Term:
    term = parse(code)
    if term is None:
        raise UnitError(f"{code!r} is not made of units that convert.")
    return term


def _equivalent(atom: str, code: str, matter: Analyte | None) -> tuple[Fraction, Dimensions]:
    if matter is None:
        raise UnitError(f"{code} counts the charge of an ion: which ion was measured?", _NAME_IT)
    if matter.valence is None:
        raise UnitError(
            f"{code} counts the charge of an ion, and none is known for {matter.key}.",
            "Use it for sodium, potassium, calcium or magnesium, or give the amount in mmol.",
        )
    return size(atom) / matter.valence, MappingProxyType({"[substance]": 1})


def _activity(atom: str, code: str, matter: Analyte | None) -> tuple[Fraction, Dimensions]:
    if matter is None:
        raise UnitError(f"{code} counts international units: of which substance?", _NAME_IT)
    if not matter.iu:
        raise UnitError(
            f"{code} counts international units, and no mass per unit is known for {matter.key}.",
            "Ask the laboratory for the result as mass or amount.",
        )
    form = atoms()[atom].dimension.removeprefix("activity").strip()
    for unit in matter.iu:
        if unit.form == form:
            amount = unit.amount * size(unit.unit) * size(atom)
            other = resolve(unit.of) if unit.of else None
            if other is not None and matter.molar_mass and other.molar_mass:
                amount *= matter.molar_mass / other.molar_mass
            return amount, _MASS
    if form:
        raise UnitError(
            f"{code} names a form of vitamin E, and {matter.key} has no such form.",
            "Write IU without a form, or name the substance alpha_tocopherol.",
        )
    raise UnitError(
        f"{code} of {matter.key} depends on its form: was it natural or synthetic, and is activity or mass meant?",
        "Write IU(natural)/L (0.67 mg), IU(synthetic, activity)/L (0.45 mg) or IU(synthetic, mass)/L (0.90 mg).",
    )


def _molar_mass(given: str, wanted: str, matter: Analyte | None) -> Fraction:
    """Kilograms per mole, for a conversion between amount and mass."""
    if matter is None:
        raise UnitError(
            f"{given} to {wanted} is between amount and mass, which needs a molar mass: "
            "which substance was measured?",
            _NAME_IT,
        )
    if matter.molar_mass is None:
        raise UnitError(
            f"{given} to {wanted} is between amount and mass, and {matter.key} has no molar mass.",
            "Name its substance, or add its molar mass to the study's analytes file.",
        )
    return matter.molar_mass / 1000


def _without_matter(dimensions: Dimensions) -> Dimensions:
    return {name: power for name, power in dimensions.items() if name not in ("[mass]", "[substance]")}


_NAME_IT = (
    "Name it with `substance:`, such as retinol, cyanocobalamin or folic_acid (the keys of analytes.csv)."
)
