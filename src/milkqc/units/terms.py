"""Unit codes as products of atoms: `kg/m2` is {kg: 1, m: -2}."""

from __future__ import annotations

import re
from collections.abc import Mapping

from milkqc.units.spellings import atoms, fold, spellings, unknown, why_refused

Term = Mapping[str, int]

_FACTOR = re.compile(r"(?P<atom>.*?[^0-9])(?P<power>[23])?", re.ASCII)


def canonical(text: str) -> str:
    """The code of an allowed spelling: `µg/100 mL` is `ug/dL`, `IU/L` is `[iU]/L`, `inches` is `[in_i]`.

    A product that `combine` gave is its own code. Anything else raises UnitError: with the nearest codes where
    the text is unknown, with the reason where it is understood and cannot be used (per kg of milk, per fat).
    """
    plain = fold(text)
    code = spellings().get(plain)
    if code is not None:
        return code
    term = None if why_refused(text) else parse(plain)
    if term is None:
        raise why_refused(text) or unknown(text)
    dimensions = [atoms()[atom].dimension for atom in term]
    if len(set(dimensions)) < len(dimensions):
        raise unknown(text)
    return write(term)


def parse(code: str) -> Term | None:
    """The atoms of a code with their powers, or None where `code` is not made of known atoms."""
    if code == "1":
        return {}
    above, *below = code.split("/")
    term: dict[str, int] = {}
    for sign, factors in ((1, above.split(".") if above != "1" else []), (-1, below)):
        for factor in factors:
            found = _FACTOR.fullmatch(factor)
            if found is None or found["atom"] not in atoms() or found["atom"] in term:
                return None
            term[found["atom"]] = sign * int(found["power"] or 1)
    return term


def write(term: Term) -> str:
    """The code of a term: `mg/L`, `kg.m2`, `1/d`; `1` when nothing is left."""
    above = [_power(atom, power) for atom, power in sorted(term.items()) if power > 0]
    below = [_power(atom, -power) for atom, power in sorted(term.items()) if power < 0]
    return "/".join([".".join(above) or "1", *below])


def _power(atom: str, power: int) -> str:
    return atom if power == 1 else f"{atom}{power}"
