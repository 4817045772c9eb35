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

_OVER = {"mass", "amount", "equivalents", "activity", "energy"}

REASONS = {
    "per milk mass": (
        "is per mass of milk: its density (about 1.03 kg/L) is needed to reach a concentration.",
        "Convert it to mass or amount per volume before the upload, and say with which density.",
    ),
    "per fat": (
        "is per mass of fat: the fat content of each sample is needed to reach a concentration.",
        "Convert it to mass or amount per volume before the upload, with each sample's own fat content.",
    ),
    "per protein": (
        "is per mass of protein: the protein content of each sample is needed to reach a concentration.",
        "Convert it to mass or amount per volume before the upload, with each sample's own protein content.",
    ),
    "per creatinine": (
        "is per creatinine: the creatinine of each sample is needed to reach a concentration.",
        "Convert it to mass or amount per volume before the upload, with each sample's own creatinine.",
    ),
}


@dataclass(frozen=True)
class Atom:
    """One row of units.csv: its code, what it measures, the name pint knows it by (empty: not pint's)."""

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
            if row["role"] != "refused" and "/" not in row["code"] and row["dimension"] != "area"
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
    """Texts that are understood and cannot be a concentration (ug/kg, ug/g fat), with what they are per."""
    table = rows("units.csv")
    tops = [text for row in table if row["role"] in _OVER for text in _texts(row)]
    return MappingProxyType(
        {
            text: row["dimension"]
            for row in table
            if row["role"] == "refused"
            for below in _texts(row)
            for top in tops
            for text in _ratio(top, below)
        }
    )


def fold(text: str) -> str:
    """`text` with micro signs as u, superscripts and dots plain, single spaces, and none around a slash."""
    plain = " ".join(text.translate(_FOLD).split())
    return plain.replace(" /", "/").replace("/ ", "/").replace("^-1", "-1")


def nearest(text: str, *, most: int = 3) -> tuple[str, ...]:
    """Codes whose spellings look most like `text`, the likeliest first."""
    plain = fold(text)
    same = [spelling for spelling in spellings() if spelling.casefold() == plain.casefold()]
    close = difflib.get_close_matches(plain, spellings(), n=12, cutoff=0.65)
    return tuple(dict.fromkeys(spellings()[match] for match in (*same, *close)))[:most]


def unknown(text: str) -> UnitError:
    """The error for a text that is not allowed, naming what was perhaps meant."""
    near = nearest(text)
    todo = f"Did you mean {' or '.join(near)}?" if near else "See docs/units.md for the spellings."
    return UnitError(f"{text!r} is not a unit that milkqc knows.", todo, nearest=near)


def why_refused(text: str) -> UnitError | None:
    """The error for a text that is understood and refused, or None."""
    what = refused().get(fold(text))
    if what is None:
        return None
    reason, todo = REASONS[what]
    return UnitError(f"{text!r} {reason}", todo)


def _listed(name: str) -> Iterator[tuple[str, str]]:
    table = rows(name)
    for row in table:
        if row["role"] == "refused":
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


def _texts(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(fold(text) for text in row["spellings"].split(";") if text)
