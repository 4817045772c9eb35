"""Comparisons. Where REDCap's page and its server could read a blank differently, the answer is "not known"."""

from __future__ import annotations

import polars as pl

from milkqc.checks.dictionary.logic.values import Value, blank, frame

_DATED = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}(:[0-9]{2})?)?$"
_NOT_KNOWN = pl.lit(None, dtype=pl.Boolean)
_NO = pl.lit(value=False)


def compare(sign: str, left: Value, right: Value) -> pl.Series:
    """True, false, or null (not known) in each row."""
    both = frame(left, right)
    known = pl.col("n0").is_not_null() & pl.col("n1").is_not_null()
    answer = _ordered(sign) if sign in ("<", ">", "<=", ">=") else _equal()
    found = both.select(pl.when(known).then(answer).otherwise(_NOT_KNOWN)).to_series()
    return ~found if sign == "<>" else found


def _equal() -> pl.Expr:
    """Numbers as numbers (1 is 1.0), else as text; blank equals blank and nothing else.

    Not known: a blank beside an unquoted 0, and a result without a number beside a blank: JavaScript and PHP,
    in both of which REDCap works logic out, differ there.
    """
    numbers = ~pl.col("n0").is_nan() & ~pl.col("n1").is_nan()
    bare = pl.col("b0") | pl.col("b1")
    beside_zero = (blank(0) & (pl.col("n1") == 0)) | (blank(1) & (pl.col("n0") == 0))
    return (
        pl.when(numbers)
        .then(pl.col("n0") == pl.col("n1"))
        .when(bare & (beside_zero | (blank(0) & blank(1))))
        .then(_NOT_KNOWN)
        .otherwise(pl.col("t0") == pl.col("t1"))
    )


def _ordered(sign: str) -> pl.Expr:
    """Numbers by size, dates and times of the same form by age; a blank is neither below nor above.

    Not known: a blank where it would matter whether it is taken for 0, and any other text.
    """
    numbers = ~pl.col("n0").is_nan() & ~pl.col("n1").is_nan()
    counted = [pl.when(blank(place)).then(pl.lit(0.0)).otherwise(f"n{place}") for place in (0, 1)]
    dated = [pl.col(f"t{place}").str.contains(_DATED) for place in (0, 1)]
    alike = pl.col("t0").str.len_chars() == pl.col("t1").str.len_chars()
    texts = _signed(sign, pl.col("t0"), pl.col("t1"))
    return (
        pl.when(numbers)
        .then(_signed(sign, pl.col("n0"), pl.col("n1")))
        .when(dated[0] & dated[1] & alike)
        .then(texts)
        .when((dated[0] & blank(1)) | (dated[1] & blank(0)))
        .then(pl.when(texts).then(_NOT_KNOWN).otherwise(_NO))
        .when(counted[0].is_nan() | counted[1].is_nan())
        .then(_NOT_KNOWN)
        .otherwise(pl.when(_signed(sign, *counted)).then(_NOT_KNOWN).otherwise(_NO))
    )


def _signed(sign: str, left: pl.Expr, right: pl.Expr) -> pl.Expr:
    if sign == "<":
        return left < right
    if sign == ">":
        return left > right
    return left <= right if sign == "<=" else left >= right
