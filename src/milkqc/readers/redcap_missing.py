"""REDCap's missing-data codes: those declared become reasons, those that nobody declared are asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl

from milkqc.model import Candidate
from milkqc.readers.redcap_columns import Column, missing_column
from milkqc.readers.redcap_dictionary import pairs
from milkqc.readers.redcap_typed import kind_of, parsed

# The codes that REDCap's own page of missing-data codes offers, and what else people write for "nothing". Any other
# text that does not parse may be what somebody typed about a person, and is only counted.
_WORDS = (
    "NI", "INV", "UNK", "NASK", "ASKU", "NAV", "NAVU", "MSK", "NA", "NP", "QS", "TRC", "UNC", "DER", "PINF", "NINF",
    "OTH", "DK", "REF", "RF", "ND", "NR", "N/A", "MISSING", "MISS", "NULL", "NAN", ".", "-", "?", "XX", "XXX",
)  # fmt: skip
# A single digit is a code only with a minus sign: 7 and 9 are too often true.
_NUMBER = r"^(?:-[6-9]|-?(?:66+|77+|88+|99+))(?:[.,]0+)?$"
_ENOUGH = 5
_DATE = r"^(?:9999|8888|7777|6666|0001|1111)-"


def codes_in(text: str) -> dict[str, str]:
    """REDCap's own list of missing-data codes: `-999, Not asked | UNK, Unknown`, or one a line.

    ValueError where a part is not `code, label`.
    """
    return pairs(re.sub(r"\s*[\r\n]+\s*", " | ", text.strip()))


def coded(
    frame: pl.DataFrame, columns: Mapping[str, Column], declared: Mapping[str, str]
) -> dict[str, pl.Series]:
    """For each column that holds declared codes, the code in each row (null elsewhere).

    A choice that the field itself lists stays a value. A checkbox has its codes in columns of their own
    (`race____99`): where one is ticked, all boxes of the field are missing by that code.
    """
    if not declared:
        return {}
    found: dict[str, pl.Series] = {}
    for name, column in columns.items():
        if column.field is None or not column.form or column.checkbox:
            continue
        here = [code for code in declared if code not in column.field.choices]
        hits = frame.select(pl.when(pl.col(name).is_in(here)).then(pl.col(name))).to_series()
        if hits.null_count() < hits.len():
            found[name] = hits
    for name, column in columns.items():
        if column.field is None or not column.checkbox or column.unlisted:
            continue
        ticked = [
            pl.when(pl.col(mark) == "1").then(pl.lit(code))
            for code in declared
            for mark in [missing_column(column.field, code)]
            if mark in frame.columns and mark not in column.field.columns
        ]
        if ticked:
            hits = frame.select(pl.coalesce(ticked).alias(name)).to_series()
            if hits.null_count() < hits.len():
                found[name] = hits
    return found


def candidates(frame: pl.DataFrame, columns: Mapping[str, Column]) -> tuple[tuple[Candidate, ...], list[str]]:
    """What may be undeclared missing-data codes in the typed columns, and a note for each such column.

    A number or date that is written like a code (-9, 99, 999, 9999-09-09) and lies outside the field's own limits
    or beyond all other numbers by as much as these spread; a text that does not parse and is a word known for it.
    """
    found: list[Candidate] = []
    notes = []
    for name, column in columns.items():
        kind = kind_of(column.variable)
        if column.field is None or not column.form or kind not in {"number", "integer", "date", "datetime"}:
            continue
        mine, other = _of_column(name, frame[name], column, kind)
        found += mine
        if mine or other:
            parts = [f"{one.text!r} {one.count} times" for one in mine]
            parts += [f"{other} cells that are no {kind}"] if other else []
            notes.append(f"{name}: {', '.join(parts)}")
    return tuple(found), notes


def _of_column(name: str, text: pl.Series, column: Column, kind: str) -> tuple[list[Candidate], int]:
    values = parsed(column.variable, text, kind)
    bad = text.filter(values.is_null() & text.is_not_null())
    words = bad.str.strip_chars().str.to_uppercase()
    known = _counted(bad.filter(words.is_in(_WORDS)))
    mine = [Candidate(name, word, count, as_data=False) for word, count in known]
    other = bad.len() - sum(one.count for one in mine)
    if kind in {"date", "datetime"}:
        far = text.filter(values.is_not_null() & text.str.contains(_DATE))
    else:
        far = _far(text, values.cast(pl.Float64), column)
    return [*mine, *(Candidate(name, code, count, as_data=True) for code, count in _counted(far))], other


def _far(text: pl.Series, values: pl.Series, column: Column) -> pl.Series:
    """The cells written like a code whose number lies outside the field's limits or far from the other numbers."""
    like = text.str.strip_chars().str.contains(_NUMBER).fill_null(value=False)
    if not like.any():
        return text.head(0)
    rest = values.filter(~like).drop_nulls()
    frame = pl.DataFrame({"t": text, "v": values, "like": like})
    low, high = _limit(column, "minimum"), _limit(column, "maximum")
    v = pl.col("v")
    outside = pl.lit(value=False)
    if low is not None:
        outside = outside | (v < low)
    if high is not None:
        outside = outside | (v > high)
    if rest.len() >= _ENOUGH:
        least, most = float(rest.min()), float(rest.max())  # type: ignore[arg-type]
        spread = max(most - least, abs(most), 1.0)
        outside = outside | ((v < 0) & (least >= 0)) | (v < least - spread) | (v > most + spread)
    else:
        # Too little beside it to tell far from near: only what no measurement looks like.
        outside = outside | (v < 0) | (v >= 777)
    if low is not None and high is not None:
        # The field's own limits say it better than its other values.
        outside = (v < low) | (v > high)
    return frame.filter(pl.col("like") & outside)["t"]


def _limit(column: Column, which: str) -> float | None:
    text = column.variable.details.get(which, "").replace(",", ".")
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _counted(text: pl.Series) -> list[tuple[str, int]]:
    counts = text.str.strip_chars().alias("t").value_counts().sort("t")
    return [(str(word), int(count)) for word, count in counts.iter_rows()]
