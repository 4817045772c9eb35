"""Stata, SPSS and SAS alike: pulled columns become a Source with reasons for every missing cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from milkqc.cells import number_text
from milkqc.model import CellFault, Origin, Source, Variable
from milkqc.readers.encodings import Basis
from milkqc.readers.files import File
from milkqc.readers.frames import check_names, side_table, whole_numbers
from milkqc.readers.instants import Clock, instants, why_not
from milkqc.readers.pull import Pulled


@dataclass(frozen=True)
class Dialect:
    """What the formats differ in: `clock` finds how a display format counts time, None when it does not;
    `padded` says that texts are filled up with spaces that nobody wrote."""

    name: str
    clock: Callable[[str], Clock | None]
    padded: bool


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
    check_names(file, [column["name"] for column in described])
    variables = tuple(_variable(column) for column in described)
    columns = {v.name: _column(pulled, v, dialect) for v in variables}
    table = pl.DataFrame([column.values for column in columns.values()])
    if not variables:
        raise file.error("holds no columns.", "Export it again.")
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
            reader="pyreadstat",
            reader_version=pulled.meta["version"],
            notes=(*label, *(f"note in the file: {note}" for note in pulled.meta["notes"]), *notes),
        ),
        faults=tuple(fault for column in columns.values() for fault in column.faults),
    )


def code_text(code: Any, *, numeric: bool) -> str:
    """A value label's or a missing range's code as canonical text: 99.0 is `99`, a Stata letter a is `.a`."""
    if isinstance(code, str):
        return f".{code}" if numeric else code.rstrip()
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
    )


def _column(pulled: Pulled, variable: Variable, dialect: Dialect) -> _Column:
    values = pulled.values[variable.name]
    if values.dtype == pl.String:
        return _text(values, variable, dialect)
    tags = pulled.tags[variable.name] if variable.name in pulled.tags.columns else None
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


def _number(values: pl.Series, tags: pl.Series | None, variable: Variable, dialect: Dialect) -> _Column:
    spans = [
        *variable.missing_ranges,
        *((float(c), float(c)) for c in variable.missing_codes if c[:1] != "."),
    ]
    text = number_text(values.cast(pl.Float32) if variable.source_type == "float" else values)
    frame = pl.DataFrame(
        {"n": values, "text": text, "tag": tags if tags is not None else [None] * len(values)}
    )
    by_code = pl.any_horizontal(
        pl.lit(value=False), *(pl.col("n").is_between(low, high) for low, high in spans)
    )
    frame = frame.with_columns(
        code=pl.when(by_code).then("text").otherwise(pl.lit(".") + pl.col("tag").cast(pl.String)),
        value=pl.when(~by_code).then("n"),
    )
    numbers = whole_numbers(frame["value"])
    faults: tuple[CellFault, ...] = ()
    clock = dialect.clock(variable.source_format)
    if clock is not None:
        dates, bad = instants(frame["value"], clock)
        rows = bad.arg_true().to_list()
        faults = tuple(CellFault(row + 1, variable.name, str(text[row]), why_not(clock)) for row in rows)
        numbers = dates
    reason = frame.with_columns(v=numbers).select(
        pl.when(pl.col("code").is_not_null())
        .then(_labels(pl.col("code"), variable))
        .when(pl.col("n").is_null())
        .then(pl.lit("system"))
    )
    return _Column(numbers.alias(variable.name), reason.to_series(), frame["code"], faults)


def _labels(code: pl.Expr, variable: Variable) -> pl.Expr:
    """The label of each code, or the code where the file gives it none."""
    labels = {c: label for c, label in variable.value_labels.items() if label}
    return code.str.strip_chars_end(" ").replace(labels) if labels else code
