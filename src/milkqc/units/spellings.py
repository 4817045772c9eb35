"""Which unit texts are allowed, and the code each stands for. Nothing else ever reaches arithmetic.

units.csv lists atoms (kg, ug, mL ...) with their spellings, and whole units (kg/m2, mg%, nM, ppb). Ratios are
composed from atoms: `ug/dL`, `mcg per 100 mL`, `µg·L⁻¹` are all a mass over a volume in one of five forms.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from milkqc.errors import UnitError
from milkqc.units.tables import rows

# U+00B5 and U+03BC look alike and both mean micro; superscripts and dots come from printed tables.
_FOLD = str.maketrans(
    {
        "µ": "u",
        "μ": "u",
        "\u00a0": " ",
        "\u202f": " ",
        "²": "2",
        "³": "3",
        "⁻": "-",
        "¹": "1",
        "−": "-",
        "–": "-",
    }
    | dict.fromkeys("·⋅∙", ".")
)

_OVER = {"mass", "amount", "equivalents", "activity", "energy", "catalysis", "cells"}

# Rows of units.csv that are no units by themselves: what cannot be converted, and what needs a content.
_NOT_UNITS = {"refused", "understood", "per"}

REASONS = {
    "milk": (
        "is per mass of milk: its density (about 1.03 kg/L) is needed to reach a concentration.",
        "Map it: `density: 1.03` (kg/L), or `density: {from: COLUMN, unit: g/mL}`.",
    ),
    "fat": (
        "is per mass of fat: the fat content of each sample is needed to reach a concentration.",
        "Map it: `fat: {from: COLUMN, unit: g/dL}`.",
    ),
    "per protein": (
        "is per mass of protein: the protein content of each sample is needed to reach a concentration.",
        "Convert it to mass or amount per volume before the upload, with each sample's own protein content.",
    ),
    "per creatinine": (
        "is per creatinine: the creatinine of each sample is needed to reach a concentration.",
        "Convert it to mass or amount per volume before the upload, with each sample's own creatinine.",
    ),
    "vitamin A activity (RAE)": (
        "counts carotenoids as retinol (12 ug of beta-carotene are 1 ug RAE): was retinol alone measured?",
        "If so, write ug/L; if not, ask the laboratory for retinol and each carotenoid.",
    ),
    "vitamin A activity (RE)": (
        "counts carotenoids as retinol (6 ug of beta-carotene are 1 ug RE): was retinol alone measured?",
        "If so, write ug/L; if not, ask the laboratory for retinol and each carotenoid.",
    ),
    "vitamin E activity": (
        "counts other tocopherols in part: was alpha-tocopherol alone measured?",
        "If so, write mg/L; if not, ask the laboratory for each tocopherol.",
    ),
    "folate equivalents": (
        "is for intakes of food and folic acid: was it folic acid, 5-MTHF or total folate that was measured?",
        "Write ug/L or nmol/L, and name the `substance`.",
    ),
    "niacin equivalents": (
        "counts tryptophan as niacin (60 mg are 1 mg): was nicotinamide measured, or nicotinic acid?",
        "Write mg/L, and name the `substance`.",
    ),
}


@dataclass(frozen=True)
class Atom:
    """One row of units.csv: its code, what it measures, the name pint knows it by (empty: not pint's).

    In rows of the role `per` the last names the volume that stands for the mass at 1 kg/L.
    """

    code: str
    dimension: str
    pint: str


@cache
def atoms() -> Mapping[str, Atom]:
    """The units that ratios and products are made of, by code: those that are not ratios themselves."""
    return MappingProxyType(
        {
            row["code"]: Atom(row["code"], row["dimension"], row["pint"])
            for row in rows("units.csv")
            if row["role"] not in _NOT_UNITS and "/" not in row["code"] and row["dimension"] != "area"
        }
    )


@cache
def spellings() -> Mapping[str, str]:
    """Every allowed text (folded) with its code. A text with two meanings is an error of units.csv."""
    found: dict[str, str] = {}
    for text, code in _listed("units.csv"):
        if found.setdefault(text, code) != code:
            raise ValueError(f"units.csv: {text!r} means both {found[text]} and {code}")
    return MappingProxyType(found)


@cache
def refused() -> Mapping[str, str]:
    """Texts that are understood and cannot be a concentration (ug/g protein, ug RAE/L), with what they are of."""
    table = rows("units.csv")
    tops = [text for row in table if row["role"] in _OVER for text in _texts(row)]
    found = {
        text: row["dimension"]
        for row in table
        if row["role"] == "refused"
        for below in _texts(row)
        for top in tops
        for text in _ratio(top, below)
    }
    volumes = [text for row in table if row["role"] == "volume" for text in _texts(row)]
    for row in table:
        for top in _texts(row) if row["role"] == "understood" else ():
            ratios = (text for below in volumes for text in _ratio(top, below))
            found |= dict.fromkeys((top, *ratios), row["dimension"])
    return MappingProxyType(found)


@dataclass(frozen=True)
class PerMass:
    """A unit per mass of milk or of fat: a concentration once it is known how much of that a litre holds.

    `code` is its UCUM code; `of` is `milk` or `fat`; `unit` the concentration that the same number would be if a
    litre held exactly 1 kg of it (ug/kg: ug/L).
    """

    code: str
    of: str
    unit: str


@cache
def per_masses() -> Mapping[str, PerMass]:
    """Texts such as ug/kg, ng/g and mg/g fat."""
    table = rows("units.csv")
    return MappingProxyType(
        {
            text: PerMass(
                f"{top['code']}/{_bracketed(below['code'].removeprefix('1/'))}",
                below["dimension"],
                f"{top['code']}/{below['pint']}",
            )
            for below in table
            if below["role"] == "per"
            for top in table
            if top["role"] in _OVER
            for above in (top["code"], *_texts(top))
            for beneath in _texts(below)
            for text in _ratio(above, beneath)
        }
    )


def per_mass(text: str) -> PerMass | None:
    """How a text counts per mass of milk or fat; None for every other text."""
    return per_masses().get(fold(text))


def fold(text: str) -> str:
    """`text` with micro signs as u, superscripts and dots plain, single spaces, and none around a slash."""
    plain = " ".join(text.translate(_FOLD).split())
    return plain.replace(" /", "/").replace("/ ", "/").replace("^-1", "-1")


def nearest(text: str, *, most: int = 3) -> tuple[str, ...]:
    """Codes whose spellings look most like `text`, the likeliest first."""
    if not text.strip():
        return ()
    plain = fold(text)
    same = [spelling for spelling in spellings() if spelling.casefold() == plain.casefold()]
    close = difflib.get_close_matches(plain, spellings(), n=12, cutoff=0.65)
    return tuple(dict.fromkeys(spellings()[match] for match in (*same, *close)))[:most]


def unknown(text: str) -> UnitError:
    """The error for a text that is not allowed, naming what was perhaps meant."""
    if not text.strip():
        return UnitError("the unit is empty.", "Write what the laboratory reports; a plain number is 1.")
    near = nearest(text)
    todo = f"Did you mean {' or '.join(near)}?" if near else "See docs/units.md for the spellings."
    return UnitError(f"{text!r} is not a unit that milkqc knows.", todo, nearest=near)


def why_refused(text: str) -> UnitError | None:
    """The error for a text that is understood and refused, or None."""
    one = per_mass(text)
    what = refused().get(fold(text)) if one is None else one.of
    if what is None:
        return None
    reason, todo = REASONS[what]
    return UnitError(f"{text!r} {reason}", todo)


def _listed(name: str) -> Iterator[tuple[str, str]]:
    table = rows(name)
    for row in table:
        if row["role"] in _NOT_UNITS:
            continue
        yield row["code"], row["code"]
        for text in _texts(row):
            yield text, row["code"]
    for top in (row for row in table if row["role"] in _OVER):
        for below in (row for row in table if row["role"] == "volume"):
            code = f"{top['code']}/{below['code']}"
            for numerator in (top["code"], *_texts(top)):
                for denominator in _texts(below):
                    for text in _ratio(numerator, denominator):
                        yield text, code


def _ratio(top: str, below: str) -> Iterator[str]:
    yield f"{top}/{below}"
    yield f"{top} per {below}"
    if " " not in below and not below[0].isdigit():
        yield f"{top} {below}-1"
        yield f"{top}.{below}-1"


def _bracketed(code: str) -> str:
    """UCUM reads a/b.c as (a/b).c, so a product below the line needs its brackets."""
    return f"({code})" if "." in code else code


def _texts(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(fold(text) for text in row["spellings"].split(";") if text)
