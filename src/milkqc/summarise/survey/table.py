"""The statistics of survey quality in one table: for everybody, by site, team, observer, sex and age."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from milkqc.summarise.survey import formulas
from milkqc.summarise.survey.classes import LEAST_JUDGED, SCORE_PARTS, class_of, penalty
from milkqc.summarise.survey.formulas import Floats, Statistic
from milkqc.summarise.survey.funnel import beyond, limits
from milkqc.summarise.survey.rows import DIGIT_MEASURES, GROUPINGS, TWO_YEARS_DAYS, Rows, decimals

SCHEMA: dict[str, Any] = {
    "by": pl.String,
    "group": pl.String,
    "statistic": pl.String,
    "variable": pl.String,
    "n": pl.Int64,
    "value": pl.Float64,
    "p": pl.Float64,
    "class": pl.String,
    "penalty": pl.Int64,
    "low": pl.Float64,
    "high": pl.Float64,
    "beyond": pl.Boolean,
    "status": pl.String,
    "why": pl.String,
}
ALL = "all"
# Whole cycles of each divisor within 6-59 months: with 6-59 for twelve, an even population would seem to heap.
HEAPING = {12: (12, 60), 6: (6, 60), 5: (10, 60), 10: (10, 60)}
_AGE_GROUPS = ((0, 6), (6, 12), (12, 24), (24, 36), (36, 48), (48, 60))
_SHAPES: Mapping[str, Callable[[Floats], Statistic]] = {
    "mean": formulas.mean,
    "sd": formulas.deviation,
    "skewness": formulas.skewness,
    "kurtosis": formulas.kurtosis,
}
_DIGITS = 10


@dataclass(frozen=True)
class Line:
    """One statistic of one group before classes and limits are put to it. `why` says why there is no value."""

    statistic: str
    variable: str
    found: Statistic
    why: str = ""


def survey_table(rows: Rows, *, by: Sequence[str] = GROUPINGS) -> pl.DataFrame:
    """One row (SCHEMA) per group, statistic and variable: `all` first, then each grouping of `by` that has groups.

    `by` are columns of the rows; rows without a group are in no group. By sex and age only means, SDs, skewness,
    kurtosis and flags are given. `class` is null below 30 values (`too_few`); `low` and `high` are what chance
    explains in a group of that size (99.8 %), `beyond` whether the value is outside. `status` is `ran`,
    `too_few` or `not_applicable`, with `why`. Values have 10 significant digits.
    """
    places = {name: decimals(_flat(rows, name)) for name in DIGIT_MEASURES if name in rows.measures}
    whole = np.arange(rows.frame.height)
    everybody = {(line.statistic, line.variable): line for line in _lines(rows, whole, places, full=True)}
    told = list(_told(ALL, ALL, list(everybody.values()), {}, scored=True))
    for name, groups, full in _groupings(rows, by):
        for group, at in groups:
            lines = list(_lines(rows, at, places, full=full))
            told += _told(name, group, lines, everybody, scored=full)
    return pl.DataFrame(told, schema=SCHEMA, orient="row").with_columns(
        pl.col(pl.Float64).round_sig_figs(_DIGITS)
    )


def _groupings(rows: Rows, by: Sequence[str]) -> Iterator[tuple[str, list[tuple[str, np.ndarray]], bool]]:
    """Name, groups (with the places of their rows) and whether all statistics are given."""
    for name in by:
        yield name, _places(rows.frame[name]), True
    yield "sex", _places(rows.frame["infant_sex"]), False
    months = rows.frame["months"]
    ages = [
        (f"{low:02d}-{high - 1:02d} months", np.flatnonzero(months.is_between(low, high - 1).fill_null(value=False).to_numpy()))
        for low, high in _AGE_GROUPS
    ]  # fmt: skip
    yield "age", [(label, at) for label, at in ages if at.size], False


def _places(column: pl.Series) -> list[tuple[str, np.ndarray]]:
    """Each group's name and the places of its rows, by name; rows without a group are in none."""
    groups = (
        pl.DataFrame({"group": column, "place": np.arange(column.len())})
        .filter(pl.col("group").is_not_null())
        .group_by("group", maintain_order=True)
        .agg("place")
        .sort("group")
    )
    return [(row["group"], np.asarray(row["place"])) for row in groups.iter_rows(named=True)]


def _lines(rows: Rows, at: np.ndarray, places: Mapping[str, int], *, full: bool) -> Iterator[Line]:
    whole = rows.frame[at]
    frame = whole.filter("touched")
    if full:
        yield from _digits(rows, at, places)
        yield from _children(frame, rows.not_a_survey)
        yield from _repeats(rows, at)
        yield from _gaps(rows, whole.filter("seen"))
        yield from _positions(frame)
    for index in rows.indices:
        known = frame.filter(pl.col(index).is_not_null())
        z = known[index].to_numpy()
        flagged = formulas.smart_flagged(z, believed=~known[f"{index}_flag"].to_numpy())
        for name, formula in _SHAPES.items():
            yield Line(name, index, formula(z[~flagged]))
        yield Line("flagged_smart", index, formulas.share(int(flagged.sum()), frame.height))
        yield Line("flagged_who", index, formulas.share(int(known[f"{index}_flag"].sum()), frame.height))


def _digits(rows: Rows, at: np.ndarray, places: Mapping[str, int]) -> Iterator[Line]:
    for name, digits in places.items():
        values = _exploded(rows.readings[name][at])
        found = formulas.digit_preference(formulas.digit_counts(values, decimals=digits))
        yield Line("digit_preference", name, found)


def _children(frame: pl.DataFrame, not_a_survey: str) -> Iterator[Line]:
    """Ratios and heaping: each child once for its sex, measured ages (not planned ones) for the rest."""
    seen = frame.filter(pl.col("infant_sex").is_not_null())
    named = seen.filter(pl.col("infant_id").is_not_null()).unique(
        "infant_id", keep="first", maintain_order=True
    )
    children = pl.concat([named, seen.filter(pl.col("infant_id").is_null())])["infant_sex"]
    boys, girls = int((children == "male").sum()), int((children == "female").sum())
    yield Line("sex_ratio", "infant_sex", formulas.sex_ratio(boys, girls))
    aged = frame.filter(
        (pl.col("age_basis").is_null() | (pl.col("age_basis") != "nominal")) & pl.col("months").is_not_null()
    )
    if not_a_survey:
        yield Line("age_ratio", "age_months", Statistic(aged.height), not_a_survey)
    else:
        yield Line("age_ratio", "age_months", formulas.age_ratio(aged["months"].cast(pl.Float64).to_numpy()))
    for divisor, (low, high) in HEAPING.items():
        name = f"age_heaping_{divisor}"
        if not_a_survey:
            yield Line(name, "age_months", Statistic(aged.height), not_a_survey)
        else:
            months = aged["months"].filter(aged["months"].is_between(low, high - 1)).to_numpy()
            yield Line(name, "age_months", formulas.age_heaping(months, divisor=divisor))


def _repeats(rows: Rows, at: np.ndarray) -> Iterator[Line]:
    inside = np.zeros(rows.frame.height, dtype=np.bool_)
    inside[at] = True
    for name in rows.measures:
        pairs = rows.pairs[name]
        own = pairs.filter(pl.Series(inside[pairs["place"].to_numpy()], dtype=pl.Boolean))
        found = formulas.error_of_measurement(own["first"].to_numpy(), own["second"].to_numpy())
        why = "" if pairs.height else "Nothing was measured twice, as far as the data say."
        yield Line("tem", name, found, why)


def _gaps(rows: Rows, frame: pl.DataFrame) -> Iterator[Line]:
    for name in rows.measures:
        yield Line("missing_share", name, formulas.share(frame[name].null_count(), frame.height))


def _positions(frame: pl.DataFrame) -> Iterator[Line]:
    known = frame.filter(
        pl.col("measured").is_not_null() & pl.col("length_cm").is_not_null() & (pl.col("age_days") >= 0)
    )
    young = known.filter(pl.col("age_days") < TWO_YEARS_DAYS)["measured"]
    old = known.filter(pl.col("age_days") >= TWO_YEARS_DAYS)["measured"]
    for name, part, against in (
        ("standing_under_24_months", young, "standing"),
        ("lying_from_24_months", old, "lying"),
    ):
        yield Line(name, "measured", formulas.share(int((part == against).sum()), part.len()))


def _told(
    by: str,
    group: str,
    lines: list[Line],
    everybody: Mapping[tuple[str, str], Line],
    *,
    scored: bool,
) -> list[dict[str, Any]]:
    """The lines of one group as rows of SCHEMA, with the score at their head."""
    made = [_row(by, group, line, everybody) for line in lines]
    if scored and any(line.variable == "wlz" for line in lines):
        made.insert(0, _score(by, group, made, lines))
    return made


def _row(by: str, group: str, line: Line, everybody: Mapping[tuple[str, str], Line]) -> dict[str, Any]:
    found = line.found if not line.why else replace(line.found, value=None, p=None)
    word = class_of(line.statistic, found.value, found.p) if _classed(line) else None
    few = word is not None and found.n < LEAST_JUDGED
    whole = everybody.get((line.statistic, line.variable))
    sd = everybody.get(("sd", line.variable))
    low, high = limits(
        line.statistic,
        found.n,
        centre=whole.found.value if whole and not whole.why else None,
        spread=sd.found.value if sd else None,
    )
    no_value = found.value is None and found.p is None and not line.why
    return {
        "by": by,
        "group": group,
        "statistic": line.statistic,
        "variable": line.variable,
        "n": found.n,
        "value": found.value,
        "p": found.p,
        "class": None if few else word,
        "penalty": None if few else penalty(line.statistic, line.variable, word),
        "low": None if line.why else low,
        "high": None if line.why else high,
        "beyond": None if line.why else beyond(found.value, low, high),
        "status": "not_applicable" if line.why else "too_few" if few or no_value else "ran",
        "why": line.why
        or (f"Fewer than {LEAST_JUDGED} values: a class would be chance." if few else "")
        or ("Too few values." if no_value else ""),
    }


def _classed(line: Line) -> bool:
    """SMART's limits of spread and flags are those of weight-for-length; stunting spreads wider in good surveys."""
    return line.statistic not in {"sd", "flagged_smart", "flagged_who"} or line.variable == "wlz"


def _score(by: str, group: str, rows: list[dict[str, Any]], lines: list[Line]) -> dict[str, Any]:
    """The nipnTK score: the sum of the penalties; without all nine parts there is none."""
    parts = {(row["statistic"], row["variable"]): row for row in rows}
    lacking = [
        f"{statistic} of {variable}"
        for statistic, variable in SCORE_PARTS
        if parts.get((statistic, variable), {}).get("penalty") is None
    ]
    not_a_survey = next((line.why for line in lines if line.statistic == "age_ratio"), "")
    total = None if lacking else sum(parts[part]["penalty"] for part in SCORE_PARTS)
    why = not_a_survey or (f"Lacks {', '.join(lacking)}." if lacking else "")
    return {
        "by": by,
        "group": group,
        "statistic": "nipntk_score",
        "variable": "wlz",
        "n": parts["flagged_smart", "wlz"]["n"],
        "value": None if total is None else float(total),
        "class": None if total is None else class_of("nipntk_score", float(total), None),
        "status": "not_applicable" if not_a_survey else "too_few" if lacking else "ran",
        "why": why,
    }


def _flat(rows: Rows, name: str) -> Floats:
    return _exploded(rows.readings[name])


def _exploded(read: pl.Series) -> Floats:
    flat: Floats = read.explode().drop_nulls().cast(pl.Float64).to_numpy()
    return flat
