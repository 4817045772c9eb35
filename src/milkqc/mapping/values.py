"""Cells made into typed values: each becomes a value, missing with a reason, or unreadable (a problem, text kept)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from milkqc import cells as text_cells
from milkqc.mapping.sources import Cells

# What text files write for "nothing", where the target is a number, a date or a boolean (MAPPING.md).
BLANKS = ("NA", "N/A", "NULL", "NaN", ".")

PROBLEM_SCHEMA = {"row": pl.UInt32, "rule_id": pl.String, "value": pl.String, "expected": pl.String}


@dataclass(frozen=True)
class Mapped:
    """One target column for a block's rows. `value` of a number is in the raw `unit` (a text per row, or null).

    Where `value` is null and the cell is not censored, `missing` has the reason. `problems` point at rows by
    position (PROBLEM_SCHEMA).
    """

    value: pl.Series
    raw: pl.Series
    missing: pl.Series
    columns: tuple[str, ...] = ()
    unit: pl.Series | None = None
    censored: pl.Series | None = None
    limit: pl.Series | None = None
    problems: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PROBLEM_SCHEMA))
    judged: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """How the cells of one column are read: its missing codes, its own codes, format and separators."""

    missing: Mapping[str, str]
    codes: Mapping[str, str] | None = None
    format: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    allowed: tuple[str, ...] = ()


def problems(rows: pl.Series, rule_id: str, value: pl.Series, expected: str) -> pl.DataFrame:
    """Problems of one rule at the rows where `rows` (Boolean) holds."""
    return pl.select(
        row=pl.int_range(rows.len(), dtype=pl.UInt32),
        rule_id=pl.lit(rule_id),
        value=value.cast(pl.String),
        expected=pl.lit(expected),
    ).filter(rows)


def together(parts: Iterable[Mapped]) -> tuple[pl.DataFrame, dict[str, int]]:
    """The problems of several columns, and how many cells each reading rule judged."""
    frames, judged = [pl.DataFrame(schema=PROBLEM_SCHEMA)], dict[str, int]()
    for part in parts:
        frames.append(part.problems)
        for rule, count in part.judged.items():
            judged[rule] = judged.get(rule, 0) + count
    return pl.concat(frames), judged


def canonical_words(words: Iterable[str]) -> set[str]:
    """Codes in the form in which they are compared."""
    return set(text_cells.canonical(pl.Series(list(words), dtype=pl.String)).drop_nulls().to_list())


def _codes(words: Mapping[str, str]) -> tuple[list[str], list[str]]:
    return text_cells.canonical(pl.Series(list(words), dtype=pl.String)).to_list(), list(words.values())


def recode(text: pl.Series, words: Mapping[str, str]) -> pl.Series:
    """Each canonical text looked up in `words` (whose keys are made canonical too); null where not listed."""
    old, new = _codes(words)
    if not old:
        return pl.repeat(None, text.len(), dtype=pl.String, eager=True)
    return text_cells.canonical(text).replace_strict(old, new, default=None, return_dtype=pl.String)


def reasons(cells: Cells, missing: Mapping[str, str], *, blanks: bool) -> pl.Series:
    """Why each cell has no value: the mapping's word, else the file's; null where there is one to read."""
    declared = recode(cells.text, missing)
    found = pl.coalesce(declared, cells.reason)
    if blanks and cells.kind == "text":
        blank = cells.text.str.strip_chars().is_in(BLANKS).fill_null(False)
        found = pl.coalesce(declared, cells.reason, pl.when(blank).then(pl.lit("na")))
    return pl.select(found).to_series()


def _finished(
    cells: Cells,
    value: pl.Series,
    reason: pl.Series,
    rule_id: str,
    expected: str,
) -> Mapped:
    """A read column: what is neither a value nor missing for a reason is unreadable."""
    present = reason.is_null()
    bad = present & value.is_null() | (cells.fault.is_not_null() & reason.is_null())
    missing = pl.select(pl.when(bad).then(pl.lit("unreadable")).otherwise(reason)).to_series()
    kept = pl.select(pl.when(missing.is_null()).then(value)).to_series()
    return Mapped(
        kept,
        cells.text,
        missing,
        (cells.column,),
        problems=problems(bad, rule_id, cells.text, expected),
        judged={rule_id: int(present.sum())},
    )


def number(cells: Cells, reading: Reading) -> Mapped:
    """Numbers in the raw unit. Text such as `<0.5` is unreadable here; only results may be censored."""
    reason = _ignore_faults(cells, reasons(cells, reading.missing, blanks=True))
    text = cells.text if reading.codes is None else _recoded(cells.text, reading.codes)
    if cells.kind == "number" and cells.native is not None and reading.codes is None:
        value = cells.native
    else:
        value = text_cells.numbers(text, decimal=reading.decimal, thousands=reading.thousands)["number"]
    return _finished(cells, value, reason, "reading.number.unreadable", "a number")


def whole(mapped: Mapped) -> Mapped:
    """The numbers of a column declared `integer`: one with a fraction is unreadable, its text kept."""
    bad = (mapped.value != mapped.value.floor()).fill_null(False)
    missing = pl.select(pl.when(bad).then(pl.lit("unreadable")).otherwise(mapped.missing)).to_series()
    value = pl.select(pl.when(~bad).then(mapped.value)).to_series()
    found = problems(bad, "reading.number.unreadable", mapped.raw, "a whole number")
    return replace(mapped, value=value, missing=missing, problems=pl.concat([mapped.problems, found]))


def result(cells: Cells, reading: Reading) -> Mapped:
    """A laboratory's result: a number, or censored with its limit if the cell gives one."""
    reason = _ignore_faults(cells, reasons(cells, reading.missing, blanks=True))
    if cells.kind == "number" and cells.native is not None:
        none = pl.repeat(None, cells.text.len(), dtype=pl.String, eager=True)
        read = _finished(cells, cells.native, reason, "reading.number.unreadable", "a number")
        return Mapped(
            read.value,
            read.raw,
            read.missing,
            read.columns,
            censored=none,
            limit=none.cast(pl.Float64),
            problems=read.problems,
            judged=read.judged,
        )
    parsed = text_cells.numbers(cells.text, decimal=reading.decimal, thousands=reading.thousands)
    present = reason.is_null()
    censored = pl.select(pl.when(present).then(parsed["censored"])).to_series()
    bad = present & parsed["number"].is_null() & censored.is_null()
    return Mapped(
        pl.select(pl.when(present & censored.is_null()).then(parsed["number"])).to_series(),
        cells.text,
        pl.select(pl.when(bad).then(pl.lit("unreadable")).otherwise(reason)).to_series(),
        (cells.column,),
        censored=censored,
        limit=pl.select(pl.when(censored.is_not_null()).then(parsed["limit"])).to_series(),
        problems=problems(bad, "reading.number.unreadable", cells.text, "a number, <limit or ND"),
        judged={"reading.number.unreadable": int(present.sum())},
    )


def date(cells: Cells, reading: Reading) -> Mapped:
    """Dates: the file's own, or text by the declared format (a native date cell of a mixed column is ISO text)."""
    reason = _ignore_faults(cells, reasons(cells, reading.missing, blanks=True))
    if cells.kind in {"date", "datetime"} and cells.native is not None:
        value = cells.native.cast(pl.Date)
    else:
        text = text_cells.canonical(cells.text)
        value = text_cells.dates(text, reading.format or "%Y-%m-%d")["date"]
        if "date" in cells.variable.source_type:
            iso = text_cells.dates(text.str.slice(0, 10), "%Y-%m-%d")["date"]
            value = pl.select(pl.coalesce(value, iso)).to_series()
    return _finished(
        cells, value, reason, "reading.date.unreadable", f"a date as {reading.format or 'YYYY-MM-DD'}"
    )


def gestation(cells: Cells, reading: Reading) -> Mapped:
    """Gestational age in days from `weeks+days` or `weeks.days`."""
    reason = _ignore_faults(cells, reasons(cells, reading.missing, blanks=True))
    value = text_cells.gestation(cells.text, reading.format or "")["days"]
    return _finished(cells, value, reason, "reading.number.unreadable", f"gestation as {reading.format}")


def boolean(cells: Cells, reading: Reading) -> Mapped:
    """true or false, by the column's codes or written so."""
    reason = _ignore_faults(cells, reasons(cells, reading.missing, blanks=True))
    if reading.codes is None and cells.kind == "boolean" and cells.native is not None:
        value = cells.native
    else:
        text = cells.text if reading.codes is None else recode(cells.text, reading.codes)
        lowered = text.str.strip_chars().str.to_lowercase()
        value = lowered.replace_strict(
            ["true", "false"], [True, False], default=None, return_dtype=pl.Boolean
        )
    expected = "true or false" if reading.codes is None else _listed(reading.codes)
    return _finished(cells, value, reason, "reading.code.unknown", expected)


def words(cells: Cells, reading: Reading) -> Mapped:
    """Text, by the column's codes if it has any; an enumeration takes only the dictionary's codes."""
    reason = _ignore_faults(cells, reasons(cells, reading.missing, blanks=False))
    if reading.codes is not None:
        value = recode(cells.text, reading.codes)
        return _finished(cells, value, reason, "reading.code.unknown", _listed(reading.codes))
    value = text_cells.key_text(cells.text)
    if reading.allowed:
        value = pl.select(pl.when(value.is_in(reading.allowed)).then(value)).to_series()
        return _finished(cells, value, reason, "reading.code.unknown", ", ".join(reading.allowed))
    return _finished(cells, value, reason, "reading.text.unreadable", "text without control characters")


def _ignore_faults(cells: Cells, reason: pl.Series) -> pl.Series:
    """A cell that the format could not read is unreadable, not missing, unless the mapping names its code."""
    return pl.select(
        pl.when(cells.fault.is_not_null() & (reason == "unreadable")).then(None).otherwise(reason)
    ).to_series()


def _recoded(text: pl.Series, codes: Mapping[str, str]) -> pl.Series:
    return pl.select(pl.coalesce(recode(text, codes), text)).to_series()


def _listed(codes: Mapping[str, str]) -> str:
    listed = ", ".join(codes)
    return f"one of {listed}" if len(listed) <= 120 else f"one of {len(codes)} mapped codes"
