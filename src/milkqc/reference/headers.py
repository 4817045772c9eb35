"""The header of a csv file that a person wrote beside the mapping."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from milkqc.errors import Fault


def header_faults(
    file: str, names: Sequence[str], *, required: Sequence[str], optional: Sequence[str], code: str, what: str
) -> list[Fault]:
    """A fault with `code` for each `required` column that is missing, and for each name that is not a column of `what`."""
    known = (*required, *optional)
    columns = f"The columns are: {', '.join(known)}."
    faults = [
        Fault(file, 1, code, "", f"the column {name} is missing.", columns)
        for name in required
        if name not in names
    ]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            todo = f"Did you mean {near[0]}?" if near else columns
            faults.append(Fault(file, 1, code, "", f"{name!r} is not a column of {what}.", todo))
    return faults
