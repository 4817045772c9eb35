"""Stata, SPSS and SAS alike: pulled columns become a Source with reasons for every missing cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from milkqc.cells import number_text
from milkqc.model import CellFault, Origin, Source, Variable
from milkqc.readers.answers import Answer
from milkqc.readers.encodings import Basis
from milkqc.readers.files import File
from milkqc.readers.frames import check_names, side_table, whole_numbers
from milkqc.readers.instants import Clock, instants, why_not


@dataclass(frozen=True)
class Dialect:
    """What the formats differ in: `clock` finds how a display format counts time, None when it does not;
    `padded` says that texts are filled up with spaces that nobody wrote."""

    name: str
    clock: Callable[[str], Clock | None]
    padded: bool


@dataclass(frozen=True)
class Pulled:
    """What the child process took out of a file.

    `values`: a column each of numbers or texts, null where the file has none; taken out one by one, so that a large
    table is not held twice. `tags`: row (from 0), column (from 0) and letter of the tagged missing numbers. `meta`:
    `columns` with name, label, type, format, value_labels (pairs), missing (pairs) and details; encoding, file_label,
    notes (the file's own), remarks (ours), reader, version.
    """

    values: list[pl.Series]
    tags: pl.DataFrame
    meta: Mapping[str, Any]

    @classmethod
    def of(cls, answer: Answer) -> Pulled:
        """The columns of an answer whose frames are `values` and, if any cell has a tag, `tags`."""
        none = pl.DataFrame(schema={"row": pl.Int64, "column": pl.Int64, "letter": pl.String})
        return cls(
            answer.frames["values"].get_columns() if "values" in answer.frames else [],
            answer.frames.get("tags", none),
            answer.meta,
        )


@dataclass(frozen=True)
class _Column:
    values: pl.Series
    reasons: pl.Series
    codes: pl.Series
    faults: tuple[CellFault, ...] = ()


def to_source(
    file: File, pulled: Pulled, dialect: Dialect, *, basis: Basis, notes: tuple[str, ...] = ()
) -> Source:
    """The Source of a pulled file: codes apart from values, dates as dates, integral columns as Int64."""
    described = pulled.meta["columns"]
    if not described:
        raise file.error("holds no columns.", "Export it again.")
    check_names(file, [column["name"] for column in described])
    variables = tuple(_variable(column) for column in described)
    tags = {place: part for (place,), part in pulled.tags.partition_by("column", as_dict=True).items()}
    columns = {}
    for place, variable in enumerate(variables):
        columns[variable.name] = _column(pulled.values.pop(0), tags.get(place), variable, dialect)
    table = pl.DataFrame([column.values for column in columns.values()])
    label = (f"file label: {pulled.meta['file_label']}",) if pulled.meta["file_label"] else ()
    return Source(
        table=table,
        variables=variables,
        reasons=side_table({name: column.reasons for name, column in columns.items()}, table),
        codes=side_table({name: column.codes for name, column in columns.items()}, table),
        origin=Origin(
            file=file.name,
            sha256=file.sha256,
            format=dialect.name,
            encoding=pulled.meta["encoding"],
            encoding_basis=basis,
            rows=table.height,
            columns=table.width,
            reader=pulled.meta["reader"],
            reader_version=pulled.meta["version"],
            notes=(
                *label,
                *(f"note in the file: {note}" for note in pulled.meta["notes"]),
                *notes,
                *pulled.meta["remarks"],
            ),
        ),
        faults=tuple(fault for column in columns.values() for fault in column.faults),
    )


def code_text(code: Any, *, numeric: bool) -> str:
    """A value label's or a missing range's code as canonical text: 99.0 is `99`, a Stata letter a is `.a`."""
    if isinstance(code, str):
        return f".{code.lower()}" if numeric else code.rstrip()
    return str(number_text(pl.Series([float(code)]))[0])


def _variable(column: Mapping[str, Any]) -> Variable:
    numeric = column["type"] != "string"
    labels = {code_text(code, numeric=numeric): label for code, label in column["value_labels"]}
    single = [code_text(low, numeric=numeric) for low, high in column["missing"] if low == high]
    tagged = [code for code in labels if numeric and code.startswith(".") and code[1:].isalpha()]
    return Variable(
        name=column["name"],
        label=column["label"],
        value_labels=labels,
        missing_codes={code: labels.get(code, "") for code in (*single, *tagged)},
        missing_ranges=tuple(
            (float(low), float(high)) for low, high in column["missing"] if low != high and numeric
        ),
        source_type=column["type"],
        source_format=column["format"],
        details=column["details"],
    )


def _column(values: pl.Series, tags: pl.DataFrame | None, variable: Variable, dialect: Dialect) -> _Column:
    if values.dtype == pl.String:
        return _text(values, variable, dialect)
    return _number(values, tags, variable, dialect)


def _text(values: pl.Series, variable: Variable, dialect: Dialect) -> _Column:
    text = values.str.strip_chars_end(" ") if dialect.padded else values
    frame = text.to_frame("t").with_columns(
        code=pl.when(pl.col("t").str.strip_chars_end(" ").is_in(list(variable.missing_codes))).then("t")
    )
    frame = frame.with_columns(
        value=pl.when(pl.col("code").is_null() & (pl.col("t") != "")).then("t"),
        reason=pl.when(pl.col("code").is_not_null())
        .then(_labels(pl.col("code"), variable))
        .when(pl.col("t").fill_null("") == "")
        .then(pl.lit("empty")),
    )
    return _Column(frame["value"].alias(variable.name), frame["reason"], frame["code"])


def _number(values: pl.Series, tags: pl.DataFrame | None, variable: Variable, dialect: Dialect) -> _Column:
    # A missing code of a Stata float is written as it was typed: 999.9, not 999.9000244140625.
    as_read = values.cast(pl.Float32) if variable.source_type == "float" else values
    number = values.cast(pl.Int64 if values.dtype.is_integer() else pl.Float64)
    coded = _in_code(number, variable)
    codes = pl.repeat(None, len(values), dtype=pl.String, eager=True)
    if tags is not None:
        codes = codes.scatter(tags["row"], "." + tags["letter"])
    if coded is not None:
        where = coded.arg_true()
        codes = codes.scatter(where, number_text(as_read.gather(where)))
        number = pl.select(pl.when(~coded).then(number)).to_series()
    faults: tuple[CellFault, ...] = ()
    clock = dialect.clock(variable.source_format)
    if clock is not None:
        dates, bad = instants(number, clock)
        rows = bad.arg_true()
        texts = number_text(as_read.gather(rows)).to_list()
        faults = tuple(
            CellFault(row + 1, variable.name, str(text), why_not(clock))
            for row, text in zip(rows.to_list(), texts, strict=True)
        )
        result = dates
    else:
        result = whole_numbers(number)
    empty = values.is_null()
    reason = pl.DataFrame({"code": codes, "empty": empty}).select(
        pl.when(pl.col("code").is_not_null())
        .then(_labels(pl.col("code"), variable))
        .when("empty")
        .then(pl.lit("system"))
    )
    return _Column(result.alias(variable.name), reason.to_series(), codes, faults)


def _in_code(number: pl.Series, variable: Variable) -> pl.Series | None:
    """Which numbers the file declares to be missing; None when there are none."""
    spans = [
        *variable.missing_ranges,
        *((float(c), float(c)) for c in variable.missing_codes if c[:1] != "."),
    ]
    if not spans:
        return None
    within = pl.any_horizontal(*(pl.lit(number).is_between(low, high) for low, high in spans))
    found = pl.select(within.fill_null(value=False)).to_series()
    return found if found.any() else None


def _labels(code: pl.Expr, variable: Variable) -> pl.Expr:
    """The label of each code, or the code where the file gives it none."""
    labels = {c: label for c, label in variable.value_labels.items() if label}
    return code.str.strip_chars_end(" ").replace(labels) if labels else code
