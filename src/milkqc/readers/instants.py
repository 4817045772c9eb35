"""Dates that a file holds as numbers: days, seconds or milliseconds since its own first day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

_UNIX = date(1970, 1, 1)
_LAST = date(9999, 12, 31)


@dataclass(frozen=True)
class Clock:
    """How a format counts: `per_day` units a day since `epoch`; dates before `first` do not exist in it.

    `shows_time` is whether the display format has a time of day.
    """

    epoch: date
    per_day: int
    first: date
    shows_time: bool = False

    @property
    def unit(self) -> str:
        """The unit's name, for messages."""
        return {1: "days", 86_400: "seconds", 86_400_000: "milliseconds"}[self.per_day]


def instants(numbers: pl.Series, clock: Clock) -> tuple[pl.Series, pl.Series]:
    """Numbers as Date or Datetime(us), and true where a number is no date of years up to 9999 (then null).

    Where the display hides a time of day that is there, the column is Datetime: nothing is cut off.
    """
    number = numbers.cast(pl.Float64)
    low = (clock.first - clock.epoch).days * clock.per_day
    high = ((_LAST - clock.epoch).days + 1) * clock.per_day
    bad = ((number < low) | (number >= high)).fill_null(value=False)
    good = pl.select(pl.when(~bad).then(number)).to_series()
    days = (good / clock.per_day).floor()
    rest = good - days * clock.per_day
    shift = (clock.epoch - _UNIX).days
    if not clock.shows_time and not (rest != 0).any():
        return (days.cast(pl.Int64) + shift).cast(pl.Int32).cast(pl.Date).rename(numbers.name), bad
    # A double holds an instant of our time to about 2 microseconds; what is below 10 is noise.
    micros = (rest * (86_400_000_000 / clock.per_day) / 10).round().cast(pl.Int64) * 10
    whole = (days.cast(pl.Int64) + shift) * 86_400_000_000 + micros
    return whole.cast(pl.Datetime("us")).rename(numbers.name), bad


def why_not(clock: Clock) -> str:
    """The reason given for a number that is no date."""
    return f"not a date between {clock.first.isoformat()} and {_LAST.isoformat()} ({clock.unit} since {clock.epoch.isoformat()})"
