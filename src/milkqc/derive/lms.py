"""The LMS method: a measure and the three figures of its reference give a z-score."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from milkqc.derive.rounding import plainly_rounded, round_two

Floats = npt.NDArray[np.float64]
Power = Callable[[Floats, Floats], Floats]


def rounded_scores(y: Floats, l: Floats, m: Floats, s: Floats, *, restricted: bool) -> Floats:
    """Z-scores of `y` to two decimals, one per row, the same bits on every machine.

    Arrays of one length; `y` in the unit of `m`. NaN stands for null inside the kernel: NaN in, NaN out.
    numpy's vector power differs from the C library's in its last bit, and between processors. That can only
    show where a score is a tie between two decimals, so such rows are scored again with the C library.
    """
    z = lms_scores(y, l, m, s, restricted=restricted)
    rounded, close = plainly_rounded(z)
    if close.size:
        exact = lms_scores(
            y[close], l[close], m[close], s[close], restricted=restricted, power=_library_power
        )
        rounded[close] = round_two(exact)
    return rounded


def lms_scores(
    y: Floats, l: Floats, m: Floats, s: Floats, *, restricted: bool, power: Power = np.power
) -> Floats:
    """Z-scores of `y`, unrounded: ((y/m)^l - 1) / (l*s).

    `restricted` counts beyond +/-3 in steps of the distance between the 2nd and the 3rd SD, as WHO does for
    all indices but length and head circumference, whose measures are normally distributed.

    Source:
        WHO Child Growth Standards: Methods and development (2006), chapter 7.
    """
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        z = (power(y / m, l) - 1) / (l * s)
        if restricted:
            far = np.flatnonzero(np.abs(z) > 3)
            if far.size:
                z[far] = _beyond_three(z[far], y[far], l[far], m[far], s[far], power)
    return z


def _beyond_three(z: Floats, y: Floats, l: Floats, m: Floats, s: Floats, power: Power) -> Floats:
    """Scores counted on from the 3rd SD of their side."""
    side = np.sign(z)
    third = m * power(1 + l * s * (3 * side), 1 / l)
    second = m * power(1 + l * s * (2 * side), 1 / l)
    return side * 3 + (y - third) / np.abs(third - second)


def _library_power(base: Floats, exponent: Floats) -> Floats:
    """base ** exponent by the C library's `pow`, element by element: for the few rows where the last bit counts."""
    pairs = zip(base.tolist(), exponent.tolist(), strict=True)
    return np.fromiter((math.pow(b, e) for b, e in pairs), dtype=np.float64, count=base.size)
