"""The analytes and what units need of them: molar mass, charge, international unit (analytes.csv)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from types import MappingProxyType

from milkqc.errors import UnitError
from milkqc.units.tables import rows


@dataclass(frozen=True)
class International:
    """What one international unit of a substance is: `amount` of `unit` (ug, mg), in a `form` if it has forms.

    `of` names another substance when the amount is counted as that one (a retinyl ester as retinol).
    """

    form: str
    amount: Fraction
    unit: str
    of: str = ""


@dataclass(frozen=True)
class Analyte:
    """One substance that milk is analysed for.

    `molar_mass` in g/mol, exactly as printed, or None (then mass and amount do not convert); `unit` is the
    canonical code; `short` names the column of the analysis table; `family` joins the vitamers of one nutrient
    (never pooled, but one may be the substance of another's molar unit); `valence` is the ion's charge, for
    mEq; `iu` what an international unit is. `status` and `source` say how far the row was verified.
    """

    key: str
    name: str
    short: str
    family: str
    unit: str
    molar_mass: Fraction | None = None
    aliases: tuple[str, ...] = ()
    formula: str = ""
    cas: str = ""
    iu: tuple[International, ...] = ()
    valence: int | None = None
    status: str = ""
    source: str = ""

    @property
    def unit_slug(self) -> str:
        """The canonical unit as part of a column name: `ug/L` is `ug_l`."""
        return re.sub(r"[^a-z0-9]+", "_", self.unit.lower()).strip("_")


# A study's own analytes are known everywhere while it runs and nowhere after; a context, so that two studies run
# side by side in one process do not see each other's.
_OWN: ContextVar[Mapping[str, Analyte]] = ContextVar("the study's own analytes", default=MappingProxyType({}))


@cache
def shipped() -> Mapping[str, Analyte]:
    """Every analyte that ships, by key, in the order of analytes.csv."""
    return MappingProxyType({row["key"]: _analyte(row) for row in rows("analytes.csv")})


def analytes() -> Mapping[str, Analyte]:
    """The shipped analytes, then those of the study at hand (`using`), by key."""
    own = _OWN.get()
    return MappingProxyType({**shipped(), **own}) if own else shipped()


@contextmanager
def using(own: Mapping[str, Analyte]) -> Iterator[None]:
    """Within the block, `analytes()` and `substance()` know a study's `own` analytes besides the shipped ones."""
    token = _OWN.set(MappingProxyType(dict(own)))
    try:
        yield
    finally:
        _OWN.reset(token)


def substance(name: str, *, among: Mapping[str, Analyte] | None = None) -> Analyte:
    """The analyte of a key or an alias (cyanocobalamin, folic_acid, 5_mthf); `among` replaces the shipped ones.

    Raises UnitError with the nearest names for any other word.
    """
    known = analytes() if among is None else among
    if name in known:
        return known[name]
    by_alias = {alias: analyte for analyte in known.values() for alias in analyte.aliases}
    if name in by_alias:
        return by_alias[name]
    near = tuple(difflib.get_close_matches(name, [*known, *by_alias], n=3))
    raise UnitError(
        f"{name!r} is not a substance that milkqc knows.",
        f"Did you mean {' or '.join(near)}?" if near else "Use a key of analytes.csv.",
        nearest=near,
    )


def _analyte(row: Mapping[str, str]) -> Analyte:
    return Analyte(
        key=row["key"],
        name=row["name"],
        short=row["short"],
        family=row["family"],
        unit=row["unit"],
        molar_mass=Fraction(row["molar_mass"]) if row["molar_mass"] else None,
        aliases=tuple(row["aliases"].split()),
        formula=row["formula"],
        cas=row["cas"],
        iu=tuple(_international(part) for part in row["iu"].split(";") if part.strip()),
        valence=int(row["valence"]) if row["valence"] else None,
        status=row["status"],
        source=row["source"],
    )


def _international(text: str) -> International:
    """`0.3 ug`, `0.3 ug of retinol` or `synthetic mass: 0.90 mg`."""
    form, _, quantity = text.rpartition(":")
    amount, unit, *of = quantity.split()
    return International("_".join(form.split()), Fraction(amount), unit, of[1] if of else "")
