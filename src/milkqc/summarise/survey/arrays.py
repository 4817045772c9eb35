"""The survey's rows as arrays, made once: a group is then a choice of places, however many groups there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from milkqc.summarise.survey.formulas import DIGITS, Bools, Floats, Ints, last_digits
from milkqc.summarise.survey.rows import DIGIT_MEASURES, Rows, decimals

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Digits:
    """The readings of a measure, one after another: their `last` digit at `read_to` decimals and the one before the
    point (`whole`); those of row n are `first[n]` up to `first[n + 1]`.
    """

    read_to: int
    last: Ints
    whole: Ints
    first: Places

    def counts(self, at: Places, *, kind: str = "last") -> Ints:
        """How often each digit 0 to 9 occurs in the rows `at`."""
        digits: Ints = getattr(self, kind)
        return np.bincount(digits[_ranges(self.first[at], self.first[at + 1])], minlength=DIGITS).astype(
            np.int64
        )


@dataclass(frozen=True)
class Arrays:
    """As long as the rows: what they say, with NaN for an unknown number, -1 for an unknown infant.

    `measured` holds whether a measure is there, by name; `score` and `flag` the indices; `boy` and `girl` the sex;
    `aged` where the age was measured, not planned; `lying` and `standing` the position of a length.
    """

    touched: Bools
    seen: Bools
    measured: Mapping[str, Bools]
    score: Mapping[str, Floats]
    flag: Mapping[str, Bools]
    infant: Ints
    boy: Bools
    girl: Bools
    age_days: Floats
    months: Floats
    aged: Bools
    lying: Bools
    standing: Bools
    positioned: Bools
    digits: Mapping[str, Digits]


def arrays(rows: Rows) -> Arrays:
    """The arrays of `rows`."""
    frame = rows.frame
    made = frame.select(
        pl.col("touched", "seen").fill_null(value=False),
        # a rank, so that equal infants are equal numbers
        infant=pl.col("infant_id").rank("dense").cast(pl.Int64).fill_null(-1),
        boy=(pl.col("infant_sex") == "male").fill_null(value=False),
        girl=(pl.col("infant_sex") == "female").fill_null(value=False),
        age_days=pl.col("age_days").fill_null(np.nan),
        months=pl.col("months").cast(pl.Float64).fill_null(np.nan),
        aged=(pl.col("age_basis").is_null() | (pl.col("age_basis") != "nominal"))
        & pl.col("months").is_not_null(),
        lying=(pl.col("measured") == "lying").fill_null(value=False),
        standing=(pl.col("measured") == "standing").fill_null(value=False),
        positioned=pl.col("measured").is_not_null()
        & pl.col("length_cm").is_not_null()
        & (pl.col("age_days") >= 0).fill_null(value=False),
    )
    return Arrays(
        **{name: made[name].to_numpy() for name in made.columns},
        measured={name: frame[name].is_not_null().to_numpy() for name in rows.measures},
        score={name: frame[name].fill_null(np.nan).to_numpy() for name in rows.indices},
        flag={name: frame[f"{name}_flag"].to_numpy() for name in rows.indices},
        digits={name: _digits(rows.readings[name]) for name in DIGIT_MEASURES if name in rows.measures},
    )


def groups_of(column: pl.Series) -> list[tuple[str, Places]]:
    """Each group's name and the places of its rows, by name; rows without a group are in none."""
    groups = (
        pl.DataFrame({"group": column, "place": np.arange(column.len())})
        .filter(pl.col("group").is_not_null())
        .group_by("group", maintain_order=True)
        .agg("place")
        .sort("group")
    )
    return [(group, np.asarray(places)) for group, places in groups.iter_rows()]


def _digits(read: pl.Series) -> Digits:
    flat = read.alias("value").to_frame().with_row_index("row").explode("value").drop_nulls("value")
    values = flat["value"].cast(pl.Float64).to_numpy()
    read_to = decimals(values)
    return Digits(
        read_to,
        last_digits(values, decimals=read_to),
        _whole(values, read_to),
        np.searchsorted(flat["row"].to_numpy(), np.arange(read.len() + 1)),
    )


def _ranges(first: Places, last: Places) -> Places:
    """The numbers from each of `first` up to each of `last`, one after another."""
    many = last - first
    return np.repeat(first - (np.cumsum(many) - many), many) + np.arange(int(many.sum()))


def _whole(values: Floats, read_to: int) -> Ints:
    """The digit before the point, of the value as it is printed: 59.97 printed with one decimal is 60.0."""
    printed = np.rint(np.abs(values) * 10**read_to) / 10**read_to
    digits: Ints = np.mod(np.floor(printed + 1e-9), DIGITS).astype(np.int64)
    return digits
