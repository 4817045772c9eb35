"""How a frame becomes variables of Stata and SPSS: numbers and text, names, labels, codes and reasons."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

# Stata: 32 characters; words of both languages that cannot be names ([U] 11.3; SPSS, variable names).
_LONGEST = 32
_RESERVED = set(
    "byte double float if in int long strl using with all and by eq ge gt le lt ne not or to".split()  # noqa: SIM905 - reads as the list it is
)
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# Both formats hold every number as a double: a larger integer would change.
_EXACT = 2**53
# [U] 12.2.2: the largest double that is a number in Stata; above it lie the missing values.
_STATA_LARGEST = 8.9884656743e307
# A cell that was simply empty is system-missing; every other reason gets a code of its own.
UNCODED = ("empty", "system", "structural")
BEYOND = "beyond_format"


@dataclass(frozen=True)
class Described:
    """What the codebook says of one column; `codes` only for enumerations, in dictionary order."""

    label: str = ""
    unit: str = ""
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Coded:
    """One column ready to be written: `values` are Float64 or String, never null when text.

    `kind` is number, text or date (days since 1970-01-01). `reasons` (String, same length) says why a value is
    null; null where nobody said.
    """

    name: str
    label: str
    kind: str
    values: pl.Series
    codes: Mapping[float, str] = field(default_factory=dict)
    reasons: pl.Series | None = None


def coded(
    frame: pl.DataFrame, described: Mapping[str, Described], reasons: Mapping[str, pl.Series]
) -> tuple[Coded, ...]:
    """Every column of `frame`, in order. Booleans become 0/1 and enumerations 1..n, labelled; null text is ''."""
    names = names_of(frame.columns)
    return tuple(
        _coded(
            frame.get_column(column), names[column], described.get(column, Described()), reasons.get(column)
        )
        for column in frame.columns
    )


def names_of(columns: Iterable[str]) -> dict[str, str]:
    """Each column's name in both formats: itself when it can be, else cut and made unique by a part of its hash."""
    taken: set[str] = set()
    names = {}
    for column in columns:
        fits = _PLAIN.fullmatch(column) and len(column) <= _LONGEST and column.lower() not in _RESERVED
        name = column
        # SPSS does not tell X from x.
        if not fits or re.fullmatch(r"(?i)str[0-9]+", column) or column.lower() in taken:
            stem = re.sub(r"[^A-Za-z0-9_]", "_", column)
            stem = stem if stem[:1].isalpha() else f"v{stem}"
            name = f"{stem[: _LONGEST - 7]}_{hashlib.sha256(column.encode()).hexdigest()[:6]}"
        taken.add(name.lower())
        names[column] = name
    return names


def _coded(values: pl.Series, name: str, described: Described, reasons: pl.Series | None) -> Coded:
    column = values.name
    label = f"{described.label} ({described.unit})" if described.label and described.unit else described.label
    label = label if name == column else f"[{column}] {label}".rstrip()
    if values.dtype == pl.Boolean:
        return Coded(name, label, "number", values.cast(pl.Float64), {0.0: "no", 1.0: "yes"}, reasons)
    if values.dtype == pl.Date:
        return Coded(name, label, "date", values.to_physical().cast(pl.Float64), {}, reasons)
    if values.dtype == pl.String and described.codes:
        # A text outside the list (a finding elsewhere) is numbered after it, so that nothing is lost.
        others = sorted(set(values.drop_nulls().to_list()) - set(described.codes))
        numbers = {code: float(n) for n, code in enumerate((*described.codes, *others), start=1)}
        numbered = values.replace_strict(numbers, default=None, return_dtype=pl.Float64)
        return Coded(name, label, "number", numbered, {n: code for code, n in numbers.items()}, reasons)
    if values.dtype.is_numeric() and not _too_large(values):
        return _number(name, label, values.cast(pl.Float64), reasons)
    return Coded(name, label, "text", values.cast(pl.String).fill_null(""))


def _too_large(values: pl.Series) -> bool:
    if not values.dtype.is_integer() or values.dtype not in {pl.Int64, pl.UInt64, pl.Int128}:
        return False  # narrower integers are exact as doubles
    return bool(((values > _EXACT) | (values < -_EXACT)).any())


def _number(name: str, label: str, values: pl.Series, reasons: pl.Series | None) -> Coded:
    beyond = ~values.is_between(-_STATA_LARGEST, _STATA_LARGEST) | values.is_nan()
    if beyond.any():
        said = pl.Series([None] * len(values), dtype=pl.String) if reasons is None else reasons
        both = pl.DataFrame({"value": values, "said": said, "beyond": beyond.fill_null(value=False)})
        reasons = both.select(pl.when("beyond").then(pl.lit(BEYOND)).otherwise("said")).to_series()
        values = both.select(pl.when(~pl.col("beyond")).then("value")).to_series()
    return Coded(name, label, "number", values, {}, reasons)
