"""What a measure would be if it was written another way: another unit, another point, another column's number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from milkqc import units
from milkqc.derive.ages import TERM_FROM_DAYS
from milkqc.derive.newborn import Measure, newborn_score
from milkqc.derive.preterm import FIRST_WEEK, LAST_WEEK, preterm_score
from milkqc.derive.routing import CORRECTED_TO_DAYS
from milkqc.derive.who import UNKNOWN, Measurements, who_scores
from milkqc.errors import UnitError
from milkqc.reference.growth import GrowthIndex, growth_indices

if TYPE_CHECKING:
    from milkqc.derive.intergrowth import IntergrowthScore

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int8]
Ints = npt.NDArray[np.intp]

# The score by age of each measure that is judged, and how INTERGROWTH calls the measure.
JUDGED: Mapping[str, tuple[str, Measure | None]] = {
    "weight_kg": ("waz", "weight"),
    "length_cm": ("laz", "length"),
    "head_circumference_cm": ("hcz", "head"),
    "muac_cm": ("acz", None),
}
# The units in which people write each measure, in words; the first is its own.
_WRITTEN: Mapping[str, Mapping[str, str]] = {
    "weight_kg": {"kg": "kilograms", "g": "grams", "lb": "pounds", "oz": "ounces"},
    "length_cm": {"cm": "centimetres", "mm": "millimetres", "in": "inches", "m": "metres"},
    "head_circumference_cm": {"cm": "centimetres", "mm": "millimetres", "in": "inches"},
    "muac_cm": {"cm": "centimetres", "mm": "millimetres", "in": "inches"},
}
# growth_standard by its code in `Children.standard`.
STANDARDS = ("who", "who_corrected", "intergrowth_newborn", "intergrowth_preterm")
TEN_TOO_HIGH, TEN_TOO_LOW = "ten times too high", "ten times too low"
# Beyond this a score is wrong in any case, and how far beyond says nothing.
FURTHEST = 15.0


@dataclass(frozen=True)
class Restated:
    """One way to read a measure: `factor` takes what was recorded to what it would be, both in the canonical unit."""

    reading: str
    factor: float


def alternatives(measure: str, raw_unit: str | None) -> tuple[Restated, ...]:
    """The closed set of other readings of a measure that the study declared in `raw_unit` (null: its own unit).

    In each other unit that people write it in, and with the point one place off; two readings of one factor
    (a length in millimetres is ten times too high) are one, under the unit's name. A raw unit that is not a
    plain unit of the measure counts as the canonical one.
    """
    own, *_ = names = tuple(_WRITTEN[measure])
    scale = _factor(raw_unit, own) if raw_unit else 1.0
    found: dict[float, str] = {}
    for name in names:
        factor = _factor(name, own) / scale
        if abs(factor - 1) > 1e-6:
            found.setdefault(round(factor, 9), f"written in {_WRITTEN[measure][name]}")
    found.setdefault(0.1, TEN_TOO_HIGH)
    found.setdefault(10.0, TEN_TOO_LOW)
    return tuple(Restated(reading, factor) for factor, reading in found.items())


def _factor(unit: str, own: str) -> float:
    try:
        return units.unit_factor(unit, own)
    except UnitError:
        return 1.0


@dataclass(frozen=True)
class Children:
    """What a score needs beside the measure, row by row: arrays of one length, NaN is null.

    `standard` 0 WHO at `age`, 1 WHO at `corrected` age, 2 INTERGROWTH newborn size, 3 INTERGROWTH preterm growth,
    -1 none. `weeks` are exact weeks after the last menstruation.
    """

    sex: Codes
    age: Floats
    corrected: Floats
    position: Codes
    gestation: Floats
    weeks: Floats
    standard: Codes

    def at(self, rows: Ints) -> Children:
        """The facts of these rows."""
        return Children(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def moved(self, age: Floats) -> Children:
        """The same children at later ages, each by the standard of that age."""
        later = age - self.age
        weeks = self.weeks + later / 7
        with np.errstate(invalid="ignore"):
            preterm = self.gestation < TERM_FROM_DAYS
            small = preterm & (weeks >= FIRST_WEEK) & (weeks <= LAST_WEEK)
            corrected = preterm & ~small & (age <= CORRECTED_TO_DAYS) & ~np.isnan(self.corrected)
        standard = np.where(small, 3, np.where(corrected, 1, 0)).astype(np.int8)
        return replace(self, age=age, corrected=self.corrected + later, weeks=weeks, standard=standard)


def plain_scores(measure: str, values: Floats, children: Children) -> Floats:
    """The score by age of `values` by each row's own standard, within +/-15; NaN where there is none.

    Oedema does not void a weight here: whoever looks for a unit error needs to know what the weight would score.
    """
    name, intergrowth = JUDGED[measure]
    age = np.where(children.standard == 1, children.corrected, children.age)
    position = np.where(children.standard == 1, UNKNOWN, children.position).astype(np.int8)
    rows = Measurements(
        sex=children.sex,
        age_days=np.where(children.standard >= 0, age, np.nan),
        position=position,
        oedema=np.zeros(values.size, dtype=np.bool_),
        values={measure: values},
    )
    # A length is scored by what its table of ages wants; the other measures as they are.
    z = who_scores(rows, indices=(_index(name),)).z[name].copy()
    if intergrowth is not None:
        for code in (2, 3):
            at = np.flatnonzero(children.standard == code)
            if at.size:
                few = children.at(at)
                score = (
                    newborn_score(values[at], few.gestation, few.sex, what=intergrowth)
                    if code == 2
                    else preterm_score(values[at], few.weeks, few.sex, what=intergrowth)
                )
                z[at] = _finite(score, values[at], z[at])
    return np.clip(z, -FURTHEST, FURTHEST)


def _finite(score: IntergrowthScore, values: Floats, who: Floats) -> Floats:
    """INTERGROWTH's score, at the edge where it is infinite; on which side WHO's score tells."""
    endless = score.known & np.isnan(score.z)
    edge = np.where(who < 0, -FURTHEST, FURTHEST)
    found: Floats = np.where(endless & (values > 0), edge, score.z)
    return found


def _index(name: str) -> GrowthIndex:
    return next(index for index in growth_indices() if index.name == name)
