"""A formula worked out row by row. Null in, null out unless the function says otherwise; never infinity, never NaN."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from milkqc import cells, units
from milkqc.mapping.formula.kinds import Type, TypeOf, combined, factor, type_of
from milkqc.mapping.formula.tree import Call, Day, Name, Number, Operation, Text, Tree

ZERO, LARGE, NO_DAY = "division_by_zero", "not_finite", "no_such_date"
# A part that lies beyond a limit was measured: it is not missing, and what follows it does not stand in for it.
CENSORED = "censored"
# What `round` sees as a half: 1.005 is stored as 1.00499999999999989, and a person rounds it to 1.01.
_DIGITS = 15


@dataclass(frozen=True)
class Worked:
    """One part worked out: its values (numbers in the unit that `type_of` names) and, where null, the reason."""

    value: pl.Series
    missing: pl.Series


def evaluate(tree: Tree, part: Callable[[Name], Worked], of: TypeOf, height: int) -> Worked:
    """The formula for `height` rows, with `part` giving each name's values and `of` its kind and unit.

    Reasons made here: `division_by_zero`, `not_finite` (beyond what a number holds), `no_such_date`.
    """
    if isinstance(tree, Name):
        return part(tree)
    if isinstance(tree, Number | Text | Day):
        return _constant(tree, height)
    inner = (tree.left, tree.right) if isinstance(tree, Operation) else tree.parts
    found = [evaluate(one, part, of, height) for one in inner]
    types = [type_of(one, of) for one in inner]
    if isinstance(tree, Operation):
        return _operation(tree.sign, found[0], found[1], types[0], types[1])
    return _call(tree, found, types)


def _constant(tree: Number | Text | Day, height: int) -> Worked:
    none = pl.repeat(None, height, dtype=pl.String, eager=True)
    if isinstance(tree, Number):
        return Worked(pl.repeat(tree.value, height, dtype=pl.Float64, eager=True), none)
    if isinstance(tree, Text):
        text = cells.canonical(pl.Series([tree.text], dtype=pl.String))[0]
        return Worked(pl.repeat(text, height, dtype=pl.String, eager=True), none)
    day = datetime.date.fromisoformat(tree.text)
    return Worked(pl.repeat(day, height, dtype=pl.Date, eager=True), none)


def _select(expression: pl.Expr) -> pl.Series:
    return pl.select(expression).to_series()


def _made(value: pl.Series, reason: pl.Series) -> Worked:
    """Values, with reasons only where there is none."""
    return Worked(value, _select(pl.when(value.is_null()).then(reason)))


def _reasons(found: list[Worked]) -> pl.Series:
    return _select(pl.coalesce([one.missing for one in found]))


def _finite(value: pl.Series, reason: pl.Series) -> Worked:
    """Numbers; what no float holds is missing."""
    good = value.is_finite().fill_null(value=True)
    kept = _select(pl.when(good).then(value))
    return Worked(
        kept, _select(pl.when(kept.is_null()).then(pl.coalesce(reason, pl.when(~good).then(pl.lit(LARGE)))))
    )


def _operation(sign: str, left: Worked, right: Worked, a: Type, b: Type) -> Worked:
    reason = _reasons([left, right])
    if sign in {"and", "or"}:
        value = left.value & right.value if sign == "and" else left.value | right.value
        return _made(value, reason)
    if sign in {"*", "/"}:
        scaled = right.value * combined(sign, a, b)[1]
        if sign == "*":
            return _finite(left.value * scaled, reason)
        zero = (scaled == 0).fill_null(value=False)
        divisor = _select(pl.when(~zero).then(scaled))
        told = _select(pl.coalesce(reason, pl.when(zero).then(pl.lit(ZERO))))
        return _finite(left.value / divisor, told)
    if a.kind == "date" and sign in {"+", "-"}:
        return _dates(sign, left, right, b, reason)
    other = right.value
    if a.kind == "number":
        times = factor(a, b)
        other = other * times if times != 1 else other
    if sign == "+":
        return _finite(left.value + other, reason)
    if sign == "-":
        return _finite(left.value - other, reason)
    compared = {
        "=": left.value == other,
        "!=": left.value != other,
        "<": left.value < other,
        "<=": left.value <= other,
        ">": left.value > other,
        ">=": left.value >= other,
    } if a.kind != "text" and a.kind != "boolean" else {"=": left.value == other, "!=": left.value != other}  # fmt: skip
    return _made(compared[sign], reason)


def _dates(sign: str, left: Worked, right: Worked, b: Type, reason: pl.Series) -> Worked:
    if b.kind == "date":
        return _made((left.value - right.value).dt.total_days().cast(pl.Float64), reason)
    # Whole days: half a day behind a date is still that day.
    days = (right.value * units.unit_factor(b.unit or "d", "d")).floor()
    moved = left.value.cast(pl.Int32).cast(pl.Float64) + (days if sign == "+" else -days)
    # The days of the years 1 to 9999, counted from 1970 as polars does.
    good = ((moved >= -719162) & (moved <= 2932896)).fill_null(value=True)
    value = _select(pl.when(good).then(moved)).cast(pl.Int32).cast(pl.Date)
    return Worked(
        value,
        _select(pl.when(value.is_null()).then(pl.coalesce(reason, pl.when(~good).then(pl.lit(NO_DAY))))),
    )


def _call(tree: Call, found: list[Worked], types: list[Type]) -> Worked:
    name, first = tree.name, found[0]
    if name == "is_missing":
        return _made(first.value.is_null() & ~_beyond(first), first.missing)
    if name == "not":
        return Worked(~first.value, first.missing)
    if name == "-":
        return Worked(-first.value, first.missing)
    if name == "abs":
        return Worked(first.value.abs(), first.missing)
    if name in {"floor", "ceil"}:
        return Worked(first.value.floor() if name == "floor" else first.value.ceil(), first.missing)
    if name == "round":
        digits = tree.parts[1] if len(tree.parts) > 1 else Number(0.0)
        return _finite(
            _rounded(first.value, int(digits.value) if isinstance(digits, Number) else 0), first.missing
        )
    if name in {"year", "month"}:
        part = first.value.dt.year() if name == "year" else first.value.dt.month()
        return Worked(part.cast(pl.Float64), first.missing)
    if name == "date":
        return _day(found)
    chosen = types[1] if name == "if" else types[0]
    if chosen.kind == "number":
        start = 1 if name == "if" else 0
        found = [
            one if place <= start else Worked(one.value * factor(chosen, types[place]), one.missing)
            for place, one in enumerate(found)
        ]
    if name == "first_of":
        return _first(found)
    if name == "if":
        yes, no = found[1], found[2]
        return Worked(
            _select(pl.when(first.value.is_null()).then(None).when(first.value).then(yes.value).otherwise(no.value)),
            _select(pl.when(first.value.is_null()).then(first.missing).when(first.value).then(yes.missing).otherwise(no.missing)),
        )  # fmt: skip
    reason = _reasons(found)
    every = [one.value for one in found]
    value = _select((pl.min_horizontal if name == "min" else pl.max_horizontal)(every))
    known = _select(pl.all_horizontal([one.is_not_null() for one in every]))
    return _made(_select(pl.when(known).then(value)), reason)


def _beyond(part: Worked) -> pl.Series:
    return part.value.is_null() & (part.missing == CENSORED).fill_null(value=False)


def _first(found: list[Worked]) -> Worked:
    """The first part that is not missing; no value where that part is censored."""
    value, beyond = found[-1].value, _beyond(found[-1])
    for one in reversed(found[:-1]):
        here, stop = one.value.is_not_null(), _beyond(one)
        value = _select(pl.when(here).then(one.value).when(~stop).then(value))
        beyond = stop | (~here & beyond)
    return _made(value, _select(pl.when(beyond).then(pl.lit(CENSORED)).otherwise(_reasons(found))))


def _rounded(value: pl.Series, digits: int) -> pl.Series:
    power = 10.0**digits
    whole = ((value.abs() * power).round_sig_figs(_DIGITS) + 0.5).floor()
    # polars divides by a scalar by multiplying with its inverse, and 33 * 0.1 is not 3.3.
    whole = pl.Series(whole.to_numpy() / power, dtype=pl.Float64).fill_nan(None)
    # Beyond this there are no decimals to round.
    return _select(
        pl.when(value.abs() >= 1e15 / power).then(value).when(value < 0).then(-whole).otherwise(whole)
    )


def _day(found: list[Worked]) -> Worked:
    year, month, day = (one.value for one in found)
    whole = pl.all_horizontal([one == one.floor() for one in (year, month, day)])
    text = pl.concat_str(
        year.cast(pl.Int64, strict=False).cast(pl.String).str.zfill(4),
        month.cast(pl.Int64, strict=False).cast(pl.String).str.zfill(2),
        day.cast(pl.Int64, strict=False).cast(pl.String).str.zfill(2),
        separator="-",
    )
    value = cells.dates(_select(pl.when(whole).then(text)), "%Y-%m-%d")["date"]
    reason = _reasons(found)
    told = _select(pl.when(value.is_null()).then(pl.coalesce(reason, pl.lit(NO_DAY))))
    return Worked(value, told)
