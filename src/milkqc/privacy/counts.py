"""Small counts: none is shown, and none can be worked out from its neighbours.

Counts are rounded *down* to a multiple of five, everywhere alike. A total printed as 40 may then be 40 to 44, and so
may each of its parts be four more than it says: what is left for a part printed as `<5` is never one number, so that
no further cell has to be blanked (docs/privacy.md has the argument, tests/test_privacy.py the proof by counting).
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

LEAST = 5
SMALL = f"<{LEAST}"
_DIGITS = 3


def rounded(count: pl.Expr) -> pl.Expr:
    """The count rounded down to a multiple of five; null below five, zero included."""
    return pl.when(count >= LEAST).then(count // LEAST * LEAST)


def share(percent: pl.Expr, both: pl.Expr) -> pl.Expr:
    """A share in whole percent, where both what it counts and the rest of it (`both`) are five or more."""
    return pl.when(both).then(percent.round(0))


def enough(figure: pl.Expr, of: pl.Expr, least: int) -> pl.Expr:
    """A quantile to three digits, of at least `least` results: with five on either side it is nobody's own."""
    return pl.when(of >= least).then(figure.round_sig_figs(_DIGITS))


def marked(frame: pl.DataFrame, counts: Iterable[str]) -> pl.DataFrame:
    """`frame` with its counts as text, `<5` where a count is not shown."""
    return frame.with_columns(pl.col(name).cast(pl.String).fill_null(SMALL) for name in counts)
