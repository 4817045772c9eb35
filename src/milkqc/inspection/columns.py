"""One column of a source, described: what it holds, what is missing and why, its range or its values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl

from milkqc.cells import number_text, source_reason
from milkqc.errors import UnitError
from milkqc.inspection.codes import Apart, candidates
from milkqc.inspection.facts import WORDS, Column, Gap, Remark, Value
from milkqc.inspection.looks import MISSING_WORDS, Look, excel_dates, exponents, look
from milkqc.inspection.people import identify
from milkqc.model import Source, Variable
from milkqc.units.headers import header_unit

# Up to so many values are listed, if they repeat and are short: those of a category, not of a note.
_FEW, _SHORT, _REPEATS = 12, 40, 2
# More labelled values than this are counted, not listed.
_MANY = 60
_DIGITS = 10
_TYPED = ("csv", "excel", "redcap")
_AS_DATES = "mixed with dates"


@dataclass(frozen=True)
class Seen:
    """A column under inspection: its variable, its values, and how its text looks (null for stored numbers)."""

    source: Source
    variable: Variable
    values: pl.Series
    look: Look | None
    identifier: str

    @property
    def name(self) -> str:
        """The column's name."""
        return self.variable.name

    def remark(self, kind: str, cells: int, text: str) -> Remark:
        """A remark on this column."""
        return Remark(kind, self.name, cells, text)


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
    return column, (*two_units, *_remarks(seen, column))


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
    found = _candidates(seen, cells)
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


def _candidates(seen: Seen, cells: pl.DataFrame) -> Apart | None:
    """None too where the file labels its values: it has said what they mean."""
    return None if seen.variable.value_labels else candidates(cells["number"])


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
            if cells.height > _FEW
            else cells
        )
        if shown.height > _MANY:
            return ()
    else:
        few = cells.height <= _FEW and int(cells["cells"].sum()) >= _REPEATS * cells.height
        shown = cells if few and (cells["text"].str.len_chars() <= _SHORT).all() else cells.clear()
    return tuple(
        Value(row["text"], labels.get(row["text"].strip(), ""), row["cells"])
        for row in shown.iter_rows(named=True)
    )


def _remarks(seen: Seen, column: Column) -> Iterator[Remark]:
    yield from _faults(seen)
    if column.holds == "nothing":
        yield seen.remark("empty", column.missing, "has no value at all")
        return
    hidden = bool(seen.identifier)
    yield from _apart(seen, column)
    if column.distinct == 1 and column.filled > 1 and not column.missing_codes:
        yield seen.remark("constant", column.filled, "has one value only")
    if seen.variable.source_type == _AS_DATES:
        yield seen.remark("ids_as_dates", 0, "holds dates among other values: ids that Excel turned into dates? Look in the workbook")  # fmt: skip
    elif seen.variable.source_type == "mixed" and seen.look is not None and seen.look.holds == "text":
        yield seen.remark("mixed", 0, "holds numbers and text")
    used = [value for value in column.values if not value.label]
    if column.value_labels and used and not hidden and len(column.values) > len(used):
        shown = ", ".join(f"{value.value} ({value.cells})" for value in used[:5])
        yield seen.remark(
            "unlabelled_values", sum(value.cells for value in used), f"values without a label: {shown}"
        )
    if seen.look is not None:
        yield from _text_remarks(seen, column, seen.look, hidden=hidden)


def _faults(seen: Seen) -> Iterator[Remark]:
    faults = [fault for fault in seen.source.faults if fault.column == seen.name]
    for why in sorted({fault.why for fault in faults}):
        rows = [fault.row for fault in faults if fault.why == why]
        yield seen.remark("unreadable_cell", len(rows), f"{_rows(rows)}: {why}")


def _apart(seen: Seen, column: Column) -> Iterator[Remark]:
    if not column.apart:
        return
    counted = _counts(seen)
    found = _candidates(seen, counted)
    if found is None:
        return
    counts = dict(counted.iter_rows())
    shown = ", ".join(f"{number(code)} ({_times(counts[code])})" for code in found.codes)
    stand = "stands" if len(found.codes) == 1 else "stand"
    alone = found.low == found.high
    between = number(found.low) if alone else f"{number(found.low)} to {number(found.high)}"
    yield seen.remark(
        "missing_code_candidate",
        sum(counts[code] for code in found.codes),
        f"{shown} {stand} apart from {between}: a code for missing?",
    )


def _counts(seen: Seen) -> pl.DataFrame:
    """`number` and in how many `cells` it stands."""
    if seen.look is not None:
        return seen.look.cells.drop_nulls("number").group_by("number").agg(pl.col("cells").sum())
    return seen.values.alias("number").cast(pl.Float64).drop_nulls().value_counts(name="cells")


def _text_remarks(seen: Seen, column: Column, look: Look, *, hidden: bool) -> Iterator[Remark]:
    plain = pl.col("number").is_not_null()
    other = ~plain & ~pl.col("censored") & ~pl.col("blank")
    if look.holds == "number":
        if seen.source.origin.format not in _TYPED:
            yield seen.remark("numbers_as_text", look.count(plain), "holds numbers, stored as text")
        if look.decimal_comma:
            yield seen.remark(
                "decimal_comma", look.count(plain), 'writes numbers with a decimal comma: say decimal: ","'
            )
        if censored := look.count(pl.col("censored")):
            yield seen.remark(
                "censored", censored, "results below or above a limit (such as <0.5), kept as such"
            )
        unsure = other & (pl.col("why") == "ambiguous separator")
        if ambiguous := look.count(unsure):
            yield seen.remark(
                "ambiguous_numbers", ambiguous, "4,009 may be 4009 or 4.009: say decimal or thousands"
            )
        if cells := look.count(other & ~unsure):
            words = look.cells.filter(other & ~unsure)
            told = _shown(words) if not hidden else ""
            yield seen.remark("text_among_numbers", cells, f"text among numbers{told}")
    elif look.holds == "date":
        if len(look.formats) > 1:
            yield seen.remark(
                "ambiguous_dates",
                column.filled,
                f"dates could be {' or '.join(look.formats[:3])}: ask who wrote them",
            )
        if cells := look.count(~pl.col("fits") & ~pl.col("blank")):
            yield seen.remark("unfit_dates", cells, f"cells that are no dates in {look.formats[0]}")
    else:
        yield from _words_for_missing(seen, look)
        yield from _spellings(seen, look, hidden=hidden)
    if shaped := excel_dates(look):
        yield seen.remark(
            "ids_as_dates", shaped, "cells such as 1-Mar: ids that a spreadsheet turned into dates?"
        )
    if shaped := exponents(look):
        yield seen.remark(
            "ids_scientific", shaped, "cells such as 1.23E+11: long ids that a spreadsheet cut?"
        )


def _words_for_missing(seen: Seen, look: Look) -> Iterator[Remark]:
    """Text that usually means missing, in a column of text: milkqc keeps it as text unless the mapping declares it."""
    words = look.cells.with_columns(plain=pl.col("text").str.strip_chars().str.to_lowercase())
    found = words.filter(pl.col("plain").is_in(MISSING_WORDS)).group_by("plain").agg(pl.col("cells").sum())
    if found.height:
        rows = found.sort(["cells", "plain"], descending=[True, False]).head(5).iter_rows(named=True)
        shown = ", ".join(f"{row['plain']!r} ({_times(row['cells'])})" for row in rows)
        yield seen.remark(
            "missing_code_candidate", int(found["cells"].sum()), f"{shown}: a word for missing?"
        )


def _spellings(seen: Seen, look: Look, *, hidden: bool) -> Iterator[Remark]:
    """Values that differ only in case or in spaces at their ends: `Male`, `male `."""
    if look.cells.height > 1_000:
        return
    folded = look.cells.with_columns(same=pl.col("text").str.strip_chars().str.to_lowercase())
    twins = folded.filter(pl.len().over("same") > 1)
    if twins.height:
        shown = (
            "" if hidden else ": " + ", ".join(repr(text) for text in twins.sort("same", "text")["text"][:4])
        )
        yield seen.remark(
            "spellings", int(twins["cells"].sum()), f"values differ only in case or spaces{shown}"
        )


def _shown(cells: pl.DataFrame) -> str:
    """`: ND (3), trace (1)` where such texts are few and short; they may be notes about a person otherwise."""
    if cells.height > _FEW or (cells["text"].str.len_chars() > _SHORT).any():
        return ""
    listed = cells.sort(["cells", "text"], descending=[True, False]).head(5)
    return ": " + ", ".join(f"{row['text']} ({row['cells']})" for row in listed.iter_rows(named=True))


def number(value: float | None) -> str:
    """A number for people: its shortest form, of at most six digits after rounding where it has a fraction."""
    if value is None:
        return ""
    return str(number_text(pl.Series([value if value == int(value) else float(f"{value:.6g}")]))[0])


def _times(cells: int) -> str:
    return "once" if cells == 1 else f"{cells} times"


def _rows(rows: list[int]) -> str:
    shown = ", ".join(map(str, rows[:5])) + (" ..." if len(rows) > 5 else "")
    return f"row {shown}" if len(rows) == 1 else f"rows {shown}"


def _rounded(value: object) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")


def _iso(moment: dt.date | dt.datetime) -> str:
    return moment.isoformat()
