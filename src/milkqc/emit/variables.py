"""How a frame becomes variables of Stata and SPSS: numbers and text, names, labels, codes and reasons."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import polars as pl

from milkqc.errors import OutputError
from milkqc.model import Source, Variable

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
_LAST_DAY = date(9999, 12, 31)
# A cell that was simply empty is system-missing; every other reason gets a code of its own.
UNCODED = ("", "empty", "system", "structural")
BEYOND = "beyond_format"


@dataclass(frozen=True)
class Described:
    """What is known of a column beside its values.

    `codes` are those of an enumeration, in the order of their numbers 1..n; only for text. `labels` are the value
    labels of a numeric column, by code as text (`"1"`, `"-2.5"`), as in `Variable.value_labels`.
    """

    label: str = ""
    unit: str = ""
    codes: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Program:
    """What a file for one program can hold: texts of at most `text_bytes`, dates from `first` to the year 9999;
    `padded` texts end in spaces that nobody can tell from written ones."""

    name: str
    first: date
    text_bytes: int
    padded: bool


# Stata: a strL has 2,000,000,000 bytes; dates begin on 01jan0100 (help datetime).
STATA = Program("Stata", date(100, 1, 1), 2_000_000_000, padded=False)
# SPSS: a string has 32,767 bytes; dates begin with the Gregorian calendar.
SPSS = Program("SPSS", date(1582, 10, 15), 32_767, padded=True)


@dataclass(frozen=True)
class Coded:
    """One column ready to be written: `values` are Float64 or String, never null when text.

    `kind` is number, text, date (days since 1970-01-01) or datetime (milliseconds since then). `reasons` (String,
    same length) says why a value is null; null where nobody said. `lost` are sentences on what the file will not
    say of the column; they hold counts, never values.
    """

    column: str
    name: str
    label: str
    kind: str
    values: pl.Series
    codes: Mapping[float, str] = field(default_factory=dict)
    reasons: pl.Series | None = None
    lost: tuple[str, ...] = ()


def described(source: Source) -> dict[str, Described]:
    """What a source says of its columns, as the writer takes it: labels, units and value labels of values.

    Labels of codes that mean missing are left out: those codes come back as reasons (`cells.source_reason`).
    """
    return {variable.name: _of_variable(variable) for variable in source.variables}


def _of_variable(variable: Variable) -> Described:
    labels = {
        code: label for code, label in variable.value_labels.items() if not _means_missing(code, variable)
    }
    return Described(variable.label, variable.unit_text, labels=labels)


def _means_missing(code: str, variable: Variable) -> bool:
    number = _number_of(code)
    within = number is not None and any(low <= number <= high for low, high in variable.missing_ranges)
    return within or code in variable.missing_codes


def coded(
    frame: pl.DataFrame,
    described: Mapping[str, Described],
    reasons: Mapping[str, pl.Series],
    program: Program,
) -> tuple[Coded, ...]:
    """Every column of `frame`, in order. Booleans become 0/1 and enumerations 1..n, labelled; null text is ''.

    OutputError for a column of lists, structs or bytes, and for a frame without columns.
    """
    if not frame.columns:
        raise OutputError(f"a table without columns cannot be written for {program.name}.")
    names = names_of(frame.columns)
    return tuple(
        _coded(
            frame.get_column(column),
            names[column],
            described.get(column, Described()),
            reasons.get(column),
            program,
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


def _coded(
    values: pl.Series, name: str, told: Described, reasons: pl.Series | None, program: Program
) -> Coded:
    column = values.name
    label = f"{told.label} ({told.unit})" if told.label and told.unit else told.label
    label = label if name == column else f"[{column}] {label}".rstrip()
    plain = Coded(column, name, label, "number", values, reasons=reasons)
    kind = values.dtype
    if kind == pl.Boolean:
        return replace(plain, values=values.cast(pl.Float64), codes={0.0: "no", 1.0: "yes"})
    if kind == pl.Date:
        return _instant(plain, "date", values.to_physical(), program, per_day=1)
    if isinstance(kind, pl.Datetime) and kind.time_zone is None:
        milliseconds = values.cast(pl.Datetime("ms"))
        if milliseconds.cast(kind).equals(values, check_names=False):
            return _instant(plain, "datetime", milliseconds.to_physical(), program, per_day=86_400_000)
    codes = told.codes
    if isinstance(kind, pl.Enum | pl.Categorical):
        codes = codes or (tuple(kind.categories) if isinstance(kind, pl.Enum) else ())
        values = values.cast(pl.String)
    if values.dtype == pl.String and codes:
        # A text outside the list (a finding elsewhere) is numbered after it, so that nothing is lost.
        others = sorted(set(values.drop_nulls().to_list()) - set(codes))
        numbers = {code: float(n) for n, code in enumerate((*codes, *others), start=1)}
        numbered = values.replace_strict(numbers, default=None, return_dtype=pl.Float64)
        return replace(plain, values=numbered, codes={n: code for code, n in numbers.items()})
    if kind == pl.Null or (kind.is_numeric() and _exact(values)):
        return _number(replace(plain, values=values.cast(pl.Float64)), told.labels)
    return _text(replace(plain, kind="text", values=_texts(values)), told.labels, program)


def _exact(values: pl.Series) -> bool:
    """Whether doubles hold every one of these numbers."""
    kind = values.dtype
    if kind.is_decimal():
        return values.cast(pl.Float64).cast(kind, strict=False).equals(values)
    # Narrower integers are exact as doubles.
    if not kind.is_integer() or kind not in {pl.Int64, pl.UInt64, pl.Int128}:
        return True
    return not ((values > _EXACT) | (values < -_EXACT)).any()


def _texts(values: pl.Series) -> pl.Series:
    kind = values.dtype
    if kind.is_nested() or kind in {pl.Binary, pl.Object}:
        raise OutputError(
            f"column {values.name!r} holds {kind}, which neither Stata nor SPSS can. Leave it out, or make it text."
        )
    return (values.dt.to_string("iso:strict") if kind.is_temporal() else values.cast(pl.String)).fill_null("")


def _number(plain: Coded, labels: Mapping[str, str]) -> Coded:
    values = plain.values
    beyond = ~values.is_between(-_STATA_LARGEST, _STATA_LARGEST) | values.is_nan()
    codes = {number: label for code, label in labels.items() if (number := _number_of(code)) is not None}
    others = len(labels) - len(codes)
    lost = (f"value labels of codes that are no numbers are left out: {others}",) if others else ()
    return _beyond(replace(plain, codes=codes, lost=lost), beyond, "numbers too large for it")


def _instant(plain: Coded, kind: str, counts: pl.Series, program: Program, *, per_day: int) -> Coded:
    epoch = date(1970, 1, 1)
    low = (program.first - epoch).days * per_day
    high = ((_LAST_DAY - epoch).days + 1) * per_day
    made = replace(plain, kind=kind, values=counts.cast(pl.Float64))
    beyond = ~counts.is_between(low, high, closed="left")
    return _beyond(made, beyond, f"dates before {program.first.isoformat()} or after 9999")


def _beyond(plain: Coded, beyond: pl.Series, what: str) -> Coded:
    """`plain` with the values that the format cannot hold missing, for that reason."""
    if not beyond.any():
        return plain
    nobody = pl.Series([None] * len(beyond), dtype=pl.String)
    said = nobody if plain.reasons is None else plain.reasons
    both = pl.DataFrame({"value": plain.values, "beyond": beyond.fill_null(value=False)}).with_columns(
        said=said
    )
    return replace(
        plain,
        values=both.select(pl.when(~pl.col("beyond")).then("value")).to_series(),
        reasons=both.select(pl.when("beyond").then(pl.lit(BEYOND)).otherwise("said")).to_series(),
        lost=(*plain.lost, f"{what} are missing with the reason {BEYOND}: {_cells(int(beyond.sum()))}"),
    )


def _text(plain: Coded, labels: Mapping[str, str], program: Program) -> Coded:
    values = plain.values
    lost = [f"value labels of text are left out: {len(labels)}"] if labels else []
    if plain.reasons is not None and (why := int((~plain.reasons.fill_null("").is_in(UNCODED)).sum())):
        lost.append(f"reasons for missing text are left out: {_cells(why)}")
    if nul := int(values.str.contains("\0", literal=True).sum()):
        lost.append(f"what follows a U+0000 in a text is left out: {_cells(nul)}")
    long = values.str.len_bytes() > program.text_bytes
    if long.any():
        lost.append(f"texts are cut to {program.text_bytes} bytes: {_cells(int(long.sum()))}")
        short = [cut(text, program.text_bytes) for text in values.filter(long)]
        values = values.scatter(long.arg_true(), short)
    if program.padded and (spaces := int(values.str.ends_with(" ").sum())):
        lost.append(f"spaces at the end of a text are left out: {_cells(spaces)}")
    return replace(plain, values=values, reasons=None, lost=tuple(lost))


def cut(text: str, limit: int) -> str:
    """`text` within `limit` bytes, whole characters only."""
    return text.encode()[:limit].decode(errors="ignore")


def _number_of(code: str) -> float | None:
    try:
        return float(code)
    except ValueError:
        return None


def _cells(number: int) -> str:
    return "1 cell" if number == 1 else f"{number} cells"
