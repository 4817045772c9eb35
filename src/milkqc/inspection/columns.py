"""One column of a source, described: what it holds, what is missing and why, its range or its values."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl

from milkqc.cells import number_text, source_reason
from milkqc.errors import UnitError
from milkqc.inspection.facts import WORDS, Column, Gap, Remark, Value
from milkqc.inspection.looks import Look, look
from milkqc.inspection.people import identify
from milkqc.inspection.remarks import remarks
from milkqc.inspection.seen import FEW, SHORT, Seen
from milkqc.model import Source, Variable
from milkqc.units.headers import header_unit

# Values are listed where each stands so often on average: a category, not a note.
_REPEATS = 2
# More labelled values than this are counted, not listed.
_MANY = 60
_DIGITS = 10


def describe(source: Source, name: str) -> tuple[Column, tuple[Remark, ...]]:
    """The column `name` of a source, and what is to be said of it."""
    variable = source.variable(name)
    values = source.table[name]
    distinct = values.drop_nulls().unique()
    # A column without any value tells nobody's.
    identifier = (
        identify(name, variable.label, distinct, flagged=variable.identifier) if len(distinct) else ""
    )
    seen = Seen(source, variable, values, look(values) if values.dtype == pl.String else None, identifier)
    gaps = _gaps(seen)
    unit, two_units = _unit(variable)
    column = Column(
        name=name,
        holds="text",
        label=variable.label,
        source_type=variable.source_type,
        source_format=variable.source_format,
        unit=unit,
        filled=len(values) - sum(gap.cells for gap in gaps),
        missing=sum(gap.cells for gap in gaps),
        distinct=len(distinct) - sum(gap.reason == WORDS for gap in gaps),
        gaps=gaps,
        value_labels=dict(variable.value_labels),
        missing_codes=dict(variable.missing_codes),
        missing_ranges=variable.missing_ranges,
        identifier=identifier,
    )
    column = _held(seen, column)
    if identifier:
        # Codes are the file's words, not people's; values and ranges are what somebody wrote of a person.
        column = replace(
            column, minimum=None, median=None, maximum=None, first="", last="", apart=(), values=()
        )
    return column, (*two_units, *remarks(seen, column))


def _gaps(seen: Seen) -> tuple[Gap, ...]:
    """Missing cells by reason and code, the most frequent first; NA and the like where they mean missing."""
    source, name = seen.source, seen.name
    codes = (
        source.codes[name]
        if name in source.codes.columns
        else pl.Series([None] * len(seen.values), dtype=pl.String)
    )
    frame = pl.DataFrame({"reason": source_reason(source, name), "code": codes.fill_null("")})
    counted = (
        frame.drop_nulls("reason")
        .group_by("reason", "code")
        .len("cells")
        .sort(["cells", "reason", "code"], descending=[True, False, False])
    )
    gaps = [Gap(row["reason"], row["code"], row["cells"]) for row in counted.iter_rows(named=True)]
    if seen.look is not None and seen.look.holds != "text":
        words = seen.look.cells.filter("blank")
        gaps += [Gap(WORDS, row["text"], row["cells"]) for row in words.iter_rows(named=True)]
    return tuple(gaps)


def _unit(variable: Variable) -> tuple[str, tuple[Remark, ...]]:
    if variable.unit_text:
        return variable.unit_text, ()
    for text in (variable.name, variable.label):
        try:
            unit = header_unit(text)
        except UnitError as error:
            return "", (Remark("two_units", variable.name, 0, f"{error.what} {error.todo}".strip()),)
        if unit:
            return unit, ()
    return "", ()


def _held(seen: Seen, column: Column) -> Column:
    """`column` with what it holds, its range or dates, and its values where there are few."""
    values, look = seen.values, seen.look
    if not column.filled:
        return replace(column, holds="nothing")
    if values.dtype in (pl.Date, pl.Datetime):
        known = values.drop_nulls().sort()
        clock = values.dtype == pl.Datetime
        return replace(
            column, holds="date and time" if clock else "date", first=_iso(known[0]), last=_iso(known[-1])
        )
    if look is None:
        single = seen.variable.source_type == "float"
        counted = values.alias("number").drop_nulls().value_counts(name="cells").sort("number")
        shown = (
            counted["number"].cast(pl.Float32) if single and values.dtype.is_float() else counted["number"]
        )
        cells = counted.with_columns(pl.col("number").cast(pl.Float64), text=number_text(shown))
        return _numeric(seen, column, cells, whole=values.dtype.is_integer())
    if look.holds == "number":
        cells = look.cells.filter(pl.col("number").is_not_null())
        whole = bool(cells["text"].str.contains(r"^\s*-?[0-9]+\s*$").all())
        return _numeric(seen, column, cells, whole=whole)
    if look.holds == "date":
        return _dated(column, look)
    return replace(column, values=_listed(look.cells, seen.variable))


def _numeric(seen: Seen, column: Column, cells: pl.DataFrame, *, whole: bool) -> Column:
    """`cells` are the distinct numbers: `number`, `text`, `cells`."""
    found = seen.candidates(cells["number"])
    apart = [] if found is None else list(found.codes)
    rest = cells.filter(~pl.col("number").is_in(apart))
    repeated = pl.Series(rest["number"]).repeat_by(rest["cells"]).explode() if rest.height else None
    listed = _listed(cells if seen.variable.value_labels else rest, seen.variable)
    return replace(
        column,
        holds="whole number" if whole else "number",
        minimum=_rounded(rest["number"].min()),
        median=_rounded(repeated.median() if repeated is not None else None),
        maximum=_rounded(rest["number"].max()),
        apart=tuple(cells.filter(pl.col("number").is_in(apart))["text"].str.strip_chars().to_list()),
        values=listed,
    )


def _dated(column: Column, look: Look) -> Column:
    from milkqc.cells import dates

    first = last = ""
    # Where day and month could change places, no first or last date can be told.
    if len(look.formats) == 1:
        known = dates(look.cells.filter("fits")["text"], look.formats[0])["date"].drop_nulls().sort()
        first, last = known[0].isoformat(), known[-1].isoformat()
    clock = any("%H" in layout or "%I" in layout for layout in look.formats)
    return replace(
        column,
        holds="date and time" if clock else "date",
        first=first,
        last=last,
        date_formats=look.formats,
    )


def _listed(cells: pl.DataFrame, variable: Variable) -> tuple[Value, ...]:
    """The values of a category in their own order; none where they are many, long or hardly ever repeat."""
    labels = variable.value_labels
    if labels:
        shown = (
            cells.filter(pl.col("text").str.strip_chars().is_in(list(labels)))
            if cells.height > FEW
            else cells
        )
        if shown.height > _MANY:
            return ()
    else:
        few = cells.height <= FEW and int(cells["cells"].sum()) >= _REPEATS * cells.height
        shown = cells if few and (cells["text"].str.len_chars() <= SHORT).all() else cells.clear()
    return tuple(
        Value(row["text"], labels.get(row["text"].strip(), ""), row["cells"])
        for row in shown.iter_rows(named=True)
    )


def _rounded(value: object) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")


def _iso(moment: dt.date | dt.datetime) -> str:
    return moment.isoformat()
