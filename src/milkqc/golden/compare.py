"""What a golden row gives against what it should."""

from __future__ import annotations

from collections.abc import Mapping as Words
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import polars as pl

from milkqc import reference
from milkqc.mapping import targets
from milkqc.mapping.faults import FaultList, nearest
from milkqc.mapping.language import Expected
from milkqc.yamlfile import Path_

TODO = "Correct the mapping, or the golden row if the study has changed."


@dataclass(frozen=True)
class Given:
    """What a row gave: its value (`<0.7` where censored), why it is missing, and its raw cell."""

    value: object
    reason: object = None
    raw: object = None
    censored: object = None


def compare(
    path: Path_, name: str, expected: Expected, frames: list[pl.DataFrame], faults: FaultList
) -> None:
    """A fault unless a row that was made has what is expected of `name`, a column or an analyte."""
    seen = []
    for frame in frames:
        for made in frame.iter_rows(named=True):
            given = _given(name, made)
            if given is None:
                continue
            if _fits(expected, given):
                return
            seen.append(_shown(given))
    wanted = f"missing ({expected.missing})" if expected.missing is not None else expected.value or "nothing"
    if seen:
        faults.add(path, "M160", f"{name} is {' and '.join(dict.fromkeys(seen))}, not {wanted}.", TODO)
        return
    known = sorted({column for frame in frames for column in frame.columns if "__" not in column})
    todo = nearest(name, [*known, *reference.analytes()]) or "Name a mapped variable, a key or an analyte."
    faults.add(path, "M160", f"the row gives no {name}.", todo)


def _given(name: str, made: Words[str, object]) -> Given | None:
    """What the row has of a column, or of the analyte that it holds; None of another."""
    if made.get("analyte") == name:
        limit = f"{made['censored']}{_number(made['limit'])}" if made.get("censored") else None
        return Given(
            limit or made["value"], made.get("missing_reason"), made.get("raw"), made.get("censored")
        )
    # A reported age is kept under another name; where the age was worked out, that one counts.
    stored = next((one for one in (name, targets.stored("growth", name)) if one in made), None)
    if stored is None:
        return None
    return Given(made[stored], made.get(f"{stored}__missing"), made.get(f"{stored}__raw"))


def _fits(expected: Expected, given: Given) -> bool:
    value = given.value
    if expected.missing is not None:
        return value is None and given.reason == expected.missing
    if expected.value is None or value is None:
        return expected.value is None and value is None
    text = expected.value.strip()
    if given.censored:
        sign, number = str(value)[0], str(value)[1:]
        return text[:1] == sign and (
            _near(text[1:].strip(), float(number)) if number != "None" else not text[1:]
        )
    if isinstance(value, bool):
        return text == ("true" if value else "false")
    if isinstance(value, int | float):
        return _near(text, float(value))
    return text == str(value)


def _near(text: str, number: float) -> bool:
    """Whether the number rounds to what was written: 5.2 stands for 5.15 to 5.25."""
    try:
        written = Decimal(text)
    except InvalidOperation:
        return False
    exponent = written.as_tuple().exponent
    if not isinstance(exponent, int):
        return False
    half = Decimal(5).scaleb(exponent - 1)
    return abs(Decimal(repr(number)) - written) <= half


def _shown(given: Given) -> str:
    value = given.value
    if value is None:
        what = f"missing ({given.reason})" if given.reason else "nothing"
    else:
        what = str(value).lower() if isinstance(value, bool) else str(_number(value))
    return f"{what} (cell: {given.raw})" if given.raw is not None and str(given.raw) != what else what


def _number(value: object) -> object:
    return f"{value:.10g}" if isinstance(value, float) else value
