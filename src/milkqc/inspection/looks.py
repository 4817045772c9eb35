"""What a column of text holds: numbers, dates in some format, or text. Nothing is converted; it is only looked at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import polars as pl

from milkqc.cells import dates, numbers

# What a mapping takes for missing where the target is a number or a date (docs/mapping.md).
BLANKS = ("NA", "N/A", "NULL", "NaN", ".")
# What people write in a column of text for "nothing here", in lower case.
MISSING_WORDS = (
    ".", "-", "--", "---", "?", "na", "n/a", "n.a.", "#n/a", "nan", "null", "none", "missing", "unknown", "not known",
    "dk", "don't know", "refused", "not done", "not available", "not applicable", "-9", "-99", "-999", "99", "999",
    "9999", "-8", "-7", "88", "888", "77", "777",
)  # fmt: skip
# So many of the cells must be numbers, or dates, for a column to be one of numbers, or dates.
_MOST = 0.8
_SAMPLE = 500
_CLOCKS = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S", "T%H:%M", " %I:%M %p", " %I:%M:%S %p")
_DAYS = (
    "%Y-%m-%d", "%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y", "%d/%m/%y", "%m/%d/%y",
    "%d-%m-%y", "%m-%d-%y", "%d.%m.%y", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d%b%Y", "%b %d %Y", "%d %B %Y", "%Y%m%d",
)  # fmt: skip
_DATED = r"^[^A-Za-z]*[0-9]{1,4}[-/. ]?(?:[0-9]{1,2}|[A-Za-z]{3,9})[-/. ]?[0-9]{2,4}|^[A-Za-z]{3,9} [0-9]{1,2},? [0-9]{4}"
# What Excel makes of MAR1 or 2-1 when a CSV is opened and saved.
_EXCEL_DATE = r"(?i)^(?:[0-9]{1,2}-(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)-[0-9]{2})$"
_EXPONENT = r"^[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{2,}$"


@dataclass(frozen=True)
class Look:
    """A column of text, looked at: `holds` number, date or text; `cells` are its distinct values with counts.

    Columns of `cells`: `text`, `cells` (how many), `blank` (one of BLANKS), `number` and `censored` (as
    `cells.numbers` reads them), `fits` (in the formats of `formats`). `formats` are equally good.
    """

    holds: str
    cells: pl.DataFrame
    formats: tuple[str, ...] = ()
    decimal_comma: bool = False

    def count(self, mask: pl.Expr) -> int:
        """In how many cells stands a value for which `mask` holds."""
        return int(self.cells.filter(mask)["cells"].sum())


def look(text: pl.Series) -> Look:
    """`text` with its blanks null, looked at."""
    cells = text.alias("text").drop_nulls().value_counts(name="cells").sort("text")
    trimmed = cells["text"].str.strip_chars()
    read = numbers(trimmed)
    cells = cells.with_columns(
        pl.col("cells").cast(pl.Int64),
        blank=trimmed.is_in(BLANKS),
        number=read["number"],
        censored=read["status"] == "censored",
        why=read["why"],
        fits=pl.lit(value=False),
    )
    said = cells.filter(~pl.col("blank"))
    total = int(said["cells"].sum())
    if not total:
        return Look("text", cells)
    formats, fits = _formats(trimmed, cells)
    if formats and int(cells.filter(fits)["cells"].sum()) >= _MOST * total:
        return Look("date", cells.with_columns(fits=fits), formats)
    # 007 is a label, not a number.
    labels = said["text"].str.contains(r"^\s*0[0-9]+\s*$").any()
    plain = pl.col("number").is_not_null()
    readable = int(said.filter(plain | pl.col("censored"))["cells"].sum())
    if not labels and readable >= _MOST * total and said.filter(plain).height:
        return Look("number", cells)
    comma = numbers(trimmed, decimal=",")
    with_comma = cells.with_columns(
        number=comma["number"], censored=comma["status"] == "censored", why=comma["why"]
    )
    read_so = int(with_comma.filter(~pl.col("blank") & (plain | pl.col("censored")))["cells"].sum())
    commas = said["text"].str.contains(r"^[<>]?\s*[-+]?[0-9]+,[0-9]+\s*$").any()
    if not labels and commas and read_so >= _MOST * total:
        return Look("number", with_comma, decimal_comma=True)
    return Look("text", cells)


def excel_dates(look: Look) -> int:
    """Cells such as 1-Mar or Mar-01 in a column that otherwise holds no dates."""
    shaped = look.count(pl.col("text").str.contains(_EXCEL_DATE))
    whole = int(look.cells["cells"].sum())
    return shaped if look.holds != "date" and shaped < whole else 0


def exponents(look: Look) -> int:
    """Cells such as 1.23E+11: a long id that a spreadsheet turned into a number."""
    return look.count(pl.col("text").str.contains(_EXPONENT))


def _formats(trimmed: pl.Series, cells: pl.DataFrame) -> tuple[tuple[str, ...], pl.Series]:
    """The formats that fit the most cells, and which values they fit."""
    nothing = pl.Series([False] * len(trimmed), dtype=pl.Boolean)
    shaped = trimmed.str.contains(_DATED).fill_null(value=False)
    if int(cells.filter(shaped)["cells"].sum()) < _MOST * int(cells.filter(~pl.col("blank"))["cells"].sum()):
        return (), nothing
    best: dict[str, pl.Series] = {}
    most = 0
    # Most formats fit nothing at all, which a few hundred values show as well as a million.
    some = trimmed.filter(shaped).gather_every(max(1, len(trimmed) // _SAMPLE))
    for layout in (one for one in _layouts() if dates(some, one)["date"].count()):
        read = dates(trimmed, layout)["date"]
        # 20240229 is a date, 12345678 an id.
        if layout == "%Y%m%d":
            read = pl.select(pl.when(read.dt.year().is_between(1900, 2100)).then(read)).to_series()
        fits = read.is_not_null()
        count = int(cells.filter(fits)["cells"].sum())
        if count > most:
            best, most = {layout: fits}, count
        elif count and count == most:
            best[layout] = fits
    return (tuple(best), next(iter(best.values()))) if best else ((), nothing)


@cache
def _layouts() -> tuple[str, ...]:
    return tuple(day + clock for clock in _CLOCKS for day in _DAYS)
