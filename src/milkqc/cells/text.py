"""Text of cells: canonical codes, keys, booleans, and numbers as their shortest text."""

from __future__ import annotations

import polars as pl

# Controls, line separators, and what is invisible or turns text around: two keys that look alike would differ.
_UNREADABLE_IN_KEY = (
    r"[\x00-\x1f\x7f-\x9f\x{2028}\x{2029}\x{200b}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2060}-\x{2069}\x{feff}]"
)

cell = pl.col("t")


def tidy(text: pl.Series) -> pl.Series:
    """`text` without white space at its ends, in Unicode form NFC; null where nothing is left."""
    trimmed = text.cast(pl.String).str.strip_chars().str.normalize("NFC")
    return evaluate(trimmed, pl.when(cell != "").then(cell))


def evaluate(text: pl.Series, expression: pl.Expr) -> pl.Series:
    """An expression over `cell`, worked out for `text`; the result has its name."""
    return text.to_frame("t").select(expression.alias("t")).to_series().rename(text.name)


def canonical(text: pl.Series) -> pl.Series:
    """The form in which codes are compared: trimmed, NFC, a decimal number in its shortest form; blank is null.

    `1.0` is `1`, `999.90` is `999.9`, `-9.00` is `-9`, `.5` is `0.5`. Text with a leading zero before another
    digit (`01`, `01.0`) is a label, not a number, and stays. A numeric column is taken by `number_text`.
    """
    column = tidy(number_text(text) if text.dtype.is_numeric() else text)
    sign, whole, part = (cell.str.extract(r"^(-?)(0|[1-9][0-9]*)?\.([0-9]*)$", group) for group in (1, 2, 3))
    decimals = part.str.strip_chars_end("0")
    shortest = (
        pl.when(decimals == "")
        .then(pl.when(whole.fill_null("0") == "0").then(pl.lit("0")).otherwise(sign + whole))
        .otherwise(sign + whole.fill_null("0") + "." + decimals)
    )
    is_decimal = sign.is_not_null() & (whole.is_not_null() | (part != ""))
    return evaluate(
        column, pl.when(is_decimal).then(shortest).when(cell == "-0").then(pl.lit("0")).otherwise(cell)
    )


def key_text(series: pl.Series) -> pl.Series:
    """Keys: trimmed, NFC, case and leading zeros kept, `12.0` read as `12`; null where blank or unreadable.

    A key that holds control or invisible characters is unreadable (`key_faults` tells which).
    """
    return evaluate(_as_key(series), pl.when(~cell.str.contains(_UNREADABLE_IN_KEY)).then(cell))


def key_faults(series: pl.Series) -> pl.Series:
    """True for the cells of a key that hold text which `key_text` refuses; false for good and blank ones."""
    return _as_key(series).str.contains(_UNREADABLE_IN_KEY).fill_null(value=False).rename(series.name)


def booleans(text: pl.Series) -> pl.DataFrame:
    """`boolean` (true, false, null) and `status`, from true/false, yes/no and 1/0 in any case; no other word."""
    word = canonical(text).to_frame("t").select(cell.str.to_lowercase())
    frame = word.with_columns(
        boolean=pl.when(cell.is_in(["true", "yes", "1"]))
        .then(pl.lit(value=True))
        .when(cell.is_in(["false", "no", "0"]))
        .then(pl.lit(value=False)),
    )
    return frame.select("boolean", status=status("boolean"))


def status(kind: str) -> pl.Expr:
    """The status of each row of a frame with the text in `t` and the result in the column `kind`."""
    return (
        pl.when(cell.is_null())
        .then(pl.lit("empty"))
        .when(pl.col(kind).is_null())
        .then(pl.lit("unreadable"))
        .otherwise(pl.lit(kind))
    )


def number_text(series: pl.Series) -> pl.Series:
    """The shortest decimal text that reads back as the same number; integers without `.0`; null and NaN null.

    A Float32 column gives the shortest text at its own precision: Stata's float 3.14 is `3.14`, not
    `3.140000104904175`. Exponents appear from 1e16 (Float32: 1e15) and below 1e-5 only.
    """
    if not series.dtype.is_float():
        return series.cast(pl.String)
    text = series.fill_nan(None).cast(pl.String).str.strip_suffix(".0")
    return evaluate(text, pl.when(cell == "-0").then(pl.lit("0")).otherwise(cell))


def _as_key(series: pl.Series) -> pl.Series:
    text = number_text(series) if series.dtype.is_numeric() else series
    return tidy(text).str.replace(r"^(-?[0-9]+)\.0+$", "${1}")
