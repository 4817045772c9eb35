"""What is to be said of one column of a source: what stands apart, does not fit, or perhaps means missing."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from milkqc.inspection.facts import Column, Remark, number
from milkqc.inspection.looks import MISSING_WORDS, Look, excel_dates, exponents
from milkqc.inspection.seen import FEW, SHORT, Seen

_TYPED = ("csv", "excel", "redcap")
_AS_DATES = "mixed with dates"


def remarks(seen: Seen, column: Column) -> Iterator[Remark]:
    """What a person should know of a column beyond its description; no cell of one that may tell who somebody is."""
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
    found = seen.candidates(counted["number"])
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
    if cells.height > FEW or (cells["text"].str.len_chars() > SHORT).any():
        return ""
    listed = cells.sort(["cells", "text"], descending=[True, False]).head(5)
    return ": " + ", ".join(f"{row['text']} ({row['cells']})" for row in listed.iter_rows(named=True))


def _times(cells: int) -> str:
    return "once" if cells == 1 else f"{cells} times"


def _rows(rows: list[int]) -> str:
    shown = ", ".join(map(str, rows[:5])) + (" ..." if len(rows) > 5 else "")
    return f"row {shown}" if len(rows) == 1 else f"rows {shown}"
