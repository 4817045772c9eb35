"""Where the middle value of a study usually lies (reference/data/usual.csv): to tell units apart, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from milkqc.errors import UnitError
from milkqc.units import unit_factor
from milkqc.units.tables import rows

# A declared unit is doubted where the middle value is this many times outside of what is usual.
_BEYOND = 1.25


@dataclass(frozen=True)
class Usual:
    """From where to where, in `unit`, the median of a column of this variable lies; the units that are written."""

    low: float
    high: float
    unit: str
    units: tuple[str, ...]


@cache
def usual() -> Mapping[str, Usual]:
    """By variable."""
    return {
        row["variable"]: Usual(
            float(row["low"]), float(row["high"]), row["unit"], tuple(row["units"].split(";"))
        )
        for row in rows("usual.csv")
    }


def believable(variable: str, middle: float | None, unit: str) -> bool | None:
    """Whether a median of `middle` in `unit` can be one of this variable; None when nothing is known."""
    known = usual().get(variable)
    factor = _factor(unit, known.unit) if known is not None else None
    if known is None or middle is None or factor is None:
        return None
    return known.low / _BEYOND <= middle * factor <= known.high * _BEYOND


def units_of(variable: str, middle: float | None) -> tuple[str, ...]:
    """The units in which a median of `middle` would be usual, the commonest first."""
    known = usual().get(variable)
    if known is None or middle is None:
        return ()
    return tuple(
        unit
        for unit in known.units
        if (factor := _factor(unit, known.unit)) is not None and known.low <= middle * factor <= known.high
    )


def _factor(unit: str, to: str) -> float | None:
    try:
        return unit_factor(unit, to)
    except UnitError:
        return None
