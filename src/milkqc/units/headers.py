"""The unit that a column's header carries: `Retinol (umol/L)`."""

from __future__ import annotations

import re

from milkqc.errors import UnitError
from milkqc.units.spellings import fold, per_mass, refused, spellings

_BRACKETS = re.compile(r"\(((?:[^()]|\([^()]*\))*)\)|\[([^\[\]]*)\]")


def header_unit(header: str) -> str | None:
    """The unit text in a header's brackets, as written, or after its last comma; None where there is none.

    Reads `Retinol (umol/L)`, `B12 [pmol/L]`, `Folate (nmol/L, HPLC)`, `Zinc, mg/L`; a text counts only when it
    is an allowed spelling or one that is understood and refused (`ug/kg`), so that the refusal is heard later.
    A bare 1 is no unit. Never from `zinc_mg_l`: an underscore may be anything.
    Raises UnitError for a header with two units.
    """
    pieces = [match[1] or match[2] or "" for match in _BRACKETS.finditer(header)]
    candidates = [*pieces, *(part for piece in pieces for part in re.split("[,;]", piece))]
    outside = _BRACKETS.sub(" ", header)
    if "," in outside:
        candidates.append(outside.rpartition(",")[2])
    found = dict.fromkeys(text.strip() for text in candidates if _is_unit(text))
    meanings = {spellings().get(fold(text), text) for text in found}
    if len(meanings) > 1:
        raise UnitError(
            f"the header {header!r} has two units: {' and '.join(found)}.", "Write the unit in the mapping."
        )
    return next(iter(found), None)


def _is_unit(text: str) -> bool:
    plain = fold(text)
    return plain != "1" and (plain in spellings() or plain in refused() or per_mass(plain) is not None)
