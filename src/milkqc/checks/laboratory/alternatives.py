"""The units that a result may really be in when its unit is doubted: a closed list for each analyte."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from milkqc import reference, units
from milkqc.errors import UnitError
from milkqc.reference import Analyte

# Every size that laboratories write once, under its commonest name.
_MASS = ("pg/mL", "ng/mL", "ug/dL", "ug/mL", "mg/dL", "g/L", "g/dL")
_AMOUNT = ("pmol/L", "nmol/L", "umol/L", "mmol/L")
_ACTIVITY = ("IU/L", "IU(natural)/L", "IU(synthetic, activity)/L", "IU(synthetic, mass)/L")

# A confusion whose values still look possible is the one that gets through, so it is expected more often.
_NEAR, _NEAR_WEIGHT = 5.0, 4.0
_SAME = 1e-9


@dataclass(frozen=True)
class Alternative:
    """Another unit: a value would be `factor` times what it is now. `weight` is its share of the prior, of 1."""

    unit: str
    factor: float
    weight: float

    @property
    def shift(self) -> float:
        """What the natural logarithm of the values is too high by, if this is the unit."""
        return -math.log(self.factor)


@cache
def alternatives(analyte: Analyte, unit: str, substance: str | None) -> tuple[Alternative, ...]:
    """Every other size that a result of `analyte`, declared as `unit`, may have been written in, by factor.

    The other mass units from pg/mL to g/dL (powers of ten and per 100 mL among them), the molar units where a
    molar mass is known, and international units where the analyte has them. Two names of one size are one.
    """
    named = reference.substance(substance) if substance else analyte
    sizes: dict[float, str] = {}
    for other in (*_MASS, *_AMOUNT, *_ACTIVITY):
        factor = _factor(other, unit, named)
        if factor is None or abs(math.log(factor)) < _SAME:
            continue
        if not any(abs(math.log(factor / known)) < _SAME for known in sizes):
            sizes[factor] = other
    weights = {factor: _NEAR_WEIGHT if abs(math.log(factor)) <= math.log(_NEAR) else 1.0 for factor in sizes}
    total = sum(weights.values())
    return tuple(Alternative(sizes[factor], factor, weights[factor] / total) for factor in sorted(sizes))


def _factor(unit: str, to: str, matter: Analyte) -> float | None:
    try:
        return units.unit_factor(unit, to, substance=matter)
    except UnitError:
        return None
