"""Units: text to code, code to exact factor. The only room that knows pint.

Free text never reaches pint, which reads `g%` as gram times percent and `MG/L` as megagauss: a text must be one
of the spellings of reference/data/units.csv, and from its code on everything is exact fractions.
"""

from milkqc.units.factors import content_factor, exact_factor, unit_factor
from milkqc.units.formulas import combine
from milkqc.units.headers import header_unit
from milkqc.units.spellings import PerMass, nearest, per_mass, why_refused
from milkqc.units.terms import canonical

__all__ = [
    "PerMass",
    "canonical",
    "combine",
    "content_factor",
    "exact_factor",
    "header_unit",
    "nearest",
    "per_mass",
    "unit_factor",
    "why_refused",
]
