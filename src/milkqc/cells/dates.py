"""Text to dates and gestational ages, by a declared format and no other."""

from __future__ import annotations

import re
from typing import NamedTuple

import polars as pl

from milkqc.cells.text import canonical, status, tidy

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_CODES = {
    "d": r"(?P<day>[0-9]{1,2})",
    "m": r"(?P<month>[0-9]{1,2})",
    "Y": r"(?P<year>[0-9]{4})",
    "y": r"(?P<year>[0-9]{2})",
    "b": f"(?P<name>{'|'.join(month[:3] for month in _MONTHS)})",
    "B": f"(?P<name>{'|'.join(_MONTHS)})",
    "H": r"(?:[01]?[0-9]|2[0-3])",
    "I": r"(?:0?[1-9]|1[0-2])",
    "M": r"[0-5]?[0-9]",
    "S": r"[0-5]?[0-9](?:\.[0-9]+)?",
    "p": r"(?:am|pm)",
    "%": "%",
}
# Two numbers without anything between them need their full width, or 1112020 could be split in two ways.
_FULL = {
    "d": r"(?P<day>[0-9]{2})",
    "m": r"(?P<month>[0-9]{2})",
    "H": "(?:[01][0-9]|2[0-3])",
    "M": "[0-5][0-9]",
    "S": "[0-5][0-9]",
}
_PARTS = {"d": "day", "m": "month", "Y": "year", "y": "year", "b": "month", "B": "month"}


class _Pattern(NamedTuple):
    regex: str
    two_digit_year: bool


def check_date_format(format: str) -> None:  # noqa: A002 - the mapping's own word
    """ValueError, with what to do, when `format` uses an unknown code or lacks day, month or year."""
    _pattern(format)


def dates(text: pl.Series, format: str) -> pl.DataFrame:  # noqa: A002 - the mapping's own word
    """`date` and `status` (date, empty, unreadable) of text in `format`, in the codes of strptime.

    Known codes: %d %m %Y %y %b %B and, read but left out of the date, %H %I %M %S %p; `%%` is a percent sign.
    Day and month may lack their leading zero unless two numbers touch. Month names are English, in any case.
    %y follows POSIX: 69-99 are 1969-1999, 00-68 are 2000-2068. White space in the format stands for one or more
    spaces. Impossible dates (30 February) and anything the format does not cover wholly are unreadable.
    """
    pattern = _pattern(format)
    frame = (
        tidy(text)
        .to_frame("t")
        .with_columns(pl.col("t").str.to_lowercase().str.extract_groups(pattern.regex).alias("parts"))
    )
    fields = {field.name for field in frame.schema["parts"].fields}  # type: ignore[attr-defined]
    part = pl.col("parts").struct.field
    year = part("year").cast(pl.Int32, strict=False)
    if pattern.two_digit_year:
        year = year + pl.when(year >= 69).then(1900).otherwise(2000)
    if "name" in fields:
        names = {month: n for n, month in enumerate(_MONTHS, 1)} | {
            m[:3]: n for n, m in enumerate(_MONTHS, 1)
        }
        month = part("name").replace_strict(names, default=None, return_dtype=pl.Int32)
    else:
        month = part("month").cast(pl.Int32, strict=False)
    day = part("day").cast(pl.Int32, strict=False)
    iso = pl.concat_str(
        year.cast(pl.String).str.zfill(4),
        month.cast(pl.String).str.zfill(2),
        day.cast(pl.String).str.zfill(2),
        separator="-",
    )
    # Year 0000 is no year of the calendar we write.
    date = pl.when(year >= 1).then(iso.str.to_date("%Y-%m-%d", strict=False))
    return frame.with_columns(date.alias("date")).select("date", status=status("date"))


def gestation(text: pl.Series, format: str) -> pl.DataFrame:  # noqa: A002 - the mapping's own word
    """`days` (Float64) and `status` (days, empty, unreadable) of a gestational age in weeks and days.

    `weeks+days` reads `40+1` as 281 days; a lone `40` is unreadable, since its days are unknown.
    `weeks.days` reads `38.3` as 38 weeks and 3 days, and `38` as 38 weeks: the digit after the point counts
    days, so 7, 8, 9 and a second digit are unreadable.
    """
    if format == "weeks+days":
        cell, regex = tidy(text), r"^([0-9]{1,2})\s*\+\s*([0-6])$"
    elif format == "weeks.days":
        cell, regex = canonical(text), r"^([0-9]{1,2})(?:\.([0-6]))?$"
    else:
        raise ValueError(f"a gestation's format is weeks+days or weeks.days, not {format!r}")
    frame = cell.to_frame("t")
    weeks, days = (pl.col("t").str.extract(regex, group).cast(pl.Float64, strict=False) for group in (1, 2))
    return frame.with_columns((weeks * 7 + days.fill_null(0)).alias("days")).select(
        "days", status=status("days")
    )


def _pattern(layout: str) -> _Pattern:
    """The regular expression of a format (lower-cased text), with groups day, month or name, year."""
    tokens = re.findall(r"%.|%$|\s+|[^%\s]", layout, flags=re.DOTALL)
    seen: list[str] = []
    out: list[str] = []
    for place, token in enumerate(tokens):
        if not token.startswith("%"):
            out.append(r"\s+" if token.isspace() else re.escape(token.lower()))
            continue
        code = token[1:]
        if code not in _CODES:
            raise ValueError(
                f"date format {layout!r}: {token} is not known. Use %d, %m or %b or %B, %Y or %y, and %H %I %M %S %p."
            )
        if code in _PARTS:
            seen.append(_PARTS[code])
        touches = any(
            0 <= other < len(tokens) and tokens[other][:1] == "%" and tokens[other][1:] in "dmYyHMSI"
            for other in (place - 1, place + 1)
        )
        out.append(_FULL.get(code, _CODES[code]) if touches else _CODES[code])
    if sorted(seen) != ["day", "month", "year"]:
        raise ValueError(
            f"date format {layout!r}: it needs one day (%d), one month (%m, %b, %B), one year (%Y, %y)."
        )
    return _Pattern(f"^{''.join(out)}$", "%y" in tokens)
