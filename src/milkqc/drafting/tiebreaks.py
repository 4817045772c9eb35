"""Units that a column alone does not tell, from the others of its table: weight by length, an age by two dates."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from milkqc import cells
from milkqc.drafting.columns import Guess
from milkqc.drafting.plan import Table
from milkqc.drafting.usual import units_of
from milkqc.units import unit_factor

# The median body mass index of children under five, in kg/m2, generously: only to tell kg from pounds.
_BMI = (11.0, 21.0)
_AGES = ("day", "week", "month", "year")


def settle(table: Table) -> None:
    """Give guesses without a unit the one that the other columns of the table leave."""
    _by_length(table)
    _by_dates(table)


def _guess(table: Table, variable: str) -> Guess | None:
    found = [
        guess
        for guesses in table.guesses.values()
        for guess in guesses[:1]
        if guess.variable == variable and guess.score >= 80
    ]
    return found[0] if found else None


def _values(table: Table, column: str) -> pl.Series:
    series = table.upload.source.table[column]
    return (
        cells.numbers(series.str.strip_chars())["number"]
        if series.dtype == pl.String
        else series.cast(pl.Float64)
    )


def _by_length(table: Table) -> None:
    weight, length = _guess(table, "weight_kg"), _guess(table, "length_cm")
    if weight is None or length is None:
        return
    settled = together(weight, _values(table, weight.column), length, _values(table, length.column))
    for old, new in zip((weight, length), settled, strict=True):
        table.guesses[old.column] = tuple(new if one is old else one for one in table.guesses[old.column])


def together(weight: Guess, heavy: pl.Series, length: Guess, tall: pl.Series) -> tuple[Guess, Guess]:
    """Weight and length with the only units that make a body mass index of them; as they were where several do.

    `heavy` and `tall` are their numbers, row by row of one child and day.
    """
    if "unit" in weight.spec and "unit" in length.spec:
        return weight, length
    fitting = []
    for one in _candidates(weight, heavy):
        for other in _candidates(length, tall):
            kilograms, metres = heavy * unit_factor(one, "kg"), tall * unit_factor(other, "m")
            middle = (kilograms / (metres * metres)).drop_nans().median()
            if isinstance(middle, float) and _BMI[0] <= middle <= _BMI[1]:
                fitting.append((one, other, middle))
    if len(fitting) != 1:
        return weight, length
    one, other, middle = fitting[0]
    said = f"with {one} and {other} the middle body mass index is {middle:.1f}"
    return _with_unit(weight, one, said), _with_unit(length, other, said)


def _candidates(guess: Guess, values: pl.Series) -> tuple[str, ...]:
    if "unit" in guess.spec:
        return (guess.spec["unit"],)
    middle = values.median()
    return units_of(guess.variable, float(middle) if isinstance(middle, int | float) else None)


def _by_dates(table: Table) -> None:
    age, born, seen = (_guess(table, name) for name in ("age_days", "infant_birth_date", "visit_date"))
    if age is None or born is None or seen is None or "unit" in age.spec:
        return
    dates = [_dates(table, one) for one in (born, seen)]
    if dates[0] is None or dates[1] is None:
        return
    days = (dates[1] - dates[0]).dt.total_days().cast(pl.Float64)
    given = _values(table, age.column)
    shares = {}
    for unit in _AGES:
        size = unit_factor(unit, "day")
        # A completed month leaves up to one more.
        agree = ((days - given * size) >= -size * 0.5) & ((days - given * size) <= size * 1.1)
        judged = agree.drop_nulls()
        shares[unit] = float(judged.mean() or 0) if len(judged) >= 5 else 0.0  # type: ignore[arg-type]  # a share
    unit = max(shares, key=lambda one: shares[one])
    if shares[unit] >= 0.8:
        _settled(
            table, age, unit, f"{unit}s by the two dates in {shares[unit]:.0%} of the rows that have them"
        )


def _dates(table: Table, guess: Guess) -> pl.Series | None:
    series = table.upload.source.table[guess.column]
    if series.dtype in (pl.Date, pl.Datetime):
        return series.cast(pl.Date)
    layout = guess.spec.get("format")
    return cells.dates(series, layout)["date"] if layout and series.dtype == pl.String else None


def _settled(table: Table, guess: Guess, unit: str, said: str) -> None:
    settled = _with_unit(guess, unit, said)
    table.guesses[guess.column] = tuple(
        settled if one is guess else one for one in table.guesses[guess.column]
    )


def _with_unit(guess: Guess, unit: str, said: str) -> Guess:
    if "unit" in guess.spec:
        return guess
    doubts = tuple(doubt for doubt in guess.doubts if not doubt.startswith("no unit is said"))
    return replace(
        guess,
        spec={"unit": unit, **guess.spec},
        grade="unsure" if doubts else "likely",
        doubts=doubts,
        evidence=(*guess.evidence, said),
    )
