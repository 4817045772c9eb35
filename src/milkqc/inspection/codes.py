"""Candidates for missing codes that nobody declared: -9, 99, 999 ... standing apart from the other values."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

# What questionnaires use for "missing", "refused", "not applicable": all nines, eights or sevens (and 97 to 99, 997
# to 999), with a minus or in the decimals of the field. Unverified as a list; a candidate is only ever shown.
_POSITIVE = frozenset(
    {float(str(digit) * length) for digit in (7, 8, 9) for length in (2, 3, 4, 5)}
    | {97.0, 98.0, 997.0, 998.0, 9997.0, 9998.0}
    | {float(f"{'9' * length}.{'9' * part}") for length in (1, 2, 3, 4) for part in (1, 2)}
    | {float(f"{'8' * length}.{'8' * part}") for length in (1, 2, 3, 4) for part in (1, 2)}
)
_SINGLE = frozenset({7.0, 8.0, 9.0})
_NEGATIVE = frozenset({-1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0, -8.0, -9.0}) | {-code for code in _POSITIVE}
# A code stands apart when it lies beyond the rest by half of what the rest spans.
_APART = 0.5
# Below this many different other values, 7 to 9 may well be ordinary answers of a scale.
_SCALE = 4
# Among at least so many different values, so many stray ones may lie beyond a code.
_ENOUGH, _STRAYS = 20, 2


@dataclass(frozen=True)
class Apart:
    """Values that look like undeclared missing codes, and the range of the others that they stand apart from."""

    codes: tuple[float, ...]
    low: float
    high: float


def candidates(numbers: pl.Series) -> Apart | None:
    """The values of a numeric column (nulls left out) that look like undeclared missing codes; None without any.

    A conventional code counts only where it stands apart: beyond all other values by half their span and more,
    negative where all others are not, and seven, eight or nine only beside short codes (1, 2, 9). Of many
    different values up to two may lie further out: one mistyped 335 does not make a 98 for "unknown" an age.
    """
    values = numbers.drop_nulls().unique().sort().cast(pl.Float64)
    last = _at_end(values, _POSITIVE | _SINGLE, last=True)
    first = _at_end(values.filter(~values.is_in(last)), _NEGATIVE, last=False)
    codes = sorted(last + first)
    if not codes:
        return None
    rest = values.filter(~values.is_in(codes))
    inside = rest.filter(rest < min(last)) if last else rest
    inside = inside.filter(inside > max(first)) if first else inside
    return Apart(tuple(codes), float(inside[0]), float(inside[-1]))


def _at_end(values: pl.Series, conventional: frozenset[float], *, last: bool) -> list[float]:
    ends = values.to_list()[::-1] if last else values.to_list()
    allowed = _STRAYS if len(ends) >= _ENOUGH else 0
    taken: list[float] = []
    strays: list[float] = []
    for value in ends:
        if value in conventional:
            taken.append(value)
        elif not taken and len(strays) < allowed:
            strays.append(value)
        else:
            break
    while taken:
        rest = values.filter(~values.is_in(taken + strays))
        if len(rest) and _apart(taken[-1], rest, last=last):
            return taken
        taken.pop()
    return []


def _apart(code: float, rest: pl.Series, *, last: bool) -> bool:
    low, high = float(rest.min()), float(rest.max())  # type: ignore[arg-type]  # not empty, Float64
    span = high - low
    whole = bool((rest == rest.floor()).all())
    if not last:
        # -1 to -6 are values of many scales: only beside whole numbers, or several others, none of them below zero.
        if code > -7:
            return low >= 0 and (whole or len(rest) > _SCALE)
        return low >= 0 or low - code > max(_APART * span, 1.0)
    if code in _SINGLE:
        # Beside one other value (2 and 7) nothing shows a scale that it would leave.
        return whole and low >= 0 and 1 < len(rest) <= _SCALE and code - high >= 3
    return code - high > max(_APART * span, 10.0 if code >= 70 else 1.0) or (
        code >= 777 and code > 5 * max(high, 1.0)
    )
