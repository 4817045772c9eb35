"""What a part of an expression is worth in each row, with REDCap's two kinds of nothing kept apart."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

# REDCap's own notion of a number: what its field type `number` lets in, and a trailing point.
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"


@dataclass(frozen=True, eq=False)
class Value:
    """One column of values, as text and as number.

    Inside this room only, NaN is what REDCap has where there is no number: blank, or text. Null is "not known":
    it must never turn into true, false or a number. `text` is '' where blank. `bare` marks what is a number
    without quotes, written or worked out, whose blank REDCap treats unlike that of a field.
    """

    text: pl.Series
    number: pl.Series
    bare: pl.Series


def from_text(text: pl.Series, *, bare: bool = False, comma: bool = False) -> Value:
    """Texts ('' blank, null not known) with the numbers they are; `comma` where the field has comma decimals."""
    trimmed = text.cast(pl.String).str.strip_chars()
    plain = trimmed.str.replace(",", ".", literal=True) if comma else trimmed
    number = plain.to_frame("t").select(
        pl.when(pl.col("t").is_null())
        .then(None)
        .when(pl.col("t").str.contains(_NUMBER))
        .then(pl.col("t").cast(pl.Float64, strict=False))
        .otherwise(float("nan"))
        .alias("n")
    )
    return Value(trimmed, _finite(number.to_series(), otherwise=float("nan")), _all(bare, text.len()))


def from_number(number: pl.Series) -> Value:
    """Numbers that were worked out: NaN blank, null not known; what is not finite is not known either."""
    number = _finite(number.cast(pl.Float64), otherwise=None)
    text = number.to_frame("n").select(
        pl.when(pl.col("n").is_nan()).then(pl.lit("")).otherwise(pl.col("n").cast(pl.String))
    )
    return Value(text.to_series(), number, _all(True, number.len()))


def constant(text: str, height: int, *, bare: bool) -> Value:
    """The same text in every row."""
    one = from_text(pl.Series([text], dtype=pl.String), bare=bare)
    return Value(*(column.new_from_index(0, height) for column in (one.text, one.number, one.bare)))


def frame(*values: Value) -> pl.DataFrame:
    """`t0 n0 b0 t1 n1 b1 ...`: the columns of several values beside each other."""
    return pl.DataFrame(
        [
            column.alias(f"{letter}{place}")
            for place, value in enumerate(values)
            for letter, column in (("t", value.text), ("n", value.number), ("b", value.bare))
        ]
    )


def blank(place: int) -> pl.Expr:
    """True where the value in a `frame` is blank, null where it is not known."""
    return pl.col(f"n{place}").is_nan() & (pl.col(f"t{place}") == "")


def _finite(number: pl.Series, *, otherwise: float | None) -> pl.Series:
    return (
        number.to_frame("n")
        .select(pl.when(pl.col("n").is_infinite()).then(pl.lit(otherwise, dtype=pl.Float64)).otherwise("n"))
        .to_series()
    )


def _all(value: bool, height: int) -> pl.Series:
    return pl.repeat(value, height, dtype=pl.Boolean, eager=True)
