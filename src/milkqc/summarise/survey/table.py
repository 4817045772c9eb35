"""The statistics of survey quality in one table: for everybody, by site, team, observer, sex and age."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from milkqc.summarise.survey import formulas
from milkqc.summarise.survey.arrays import Arrays, Places, arrays, groups_of
from milkqc.summarise.survey.classes import LEAST_JUDGED, SCORE_PARTS, class_of, penalty
from milkqc.summarise.survey.formulas import Floats, Statistic
from milkqc.summarise.survey.funnel import beyond, limits
from milkqc.summarise.survey.rows import GROUPINGS, TWO_YEARS_DAYS, Rows

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


def survey_table(rows: Rows, known: Arrays | None = None, *, by: Sequence[str] = GROUPINGS) -> pl.DataFrame:
    """One row (SCHEMA) per group, statistic and variable: `all` first, then each grouping of `by` that has groups.

    `known` are the arrays of the rows where somebody has made them, `by` columns of them; rows without a group are in no group. By sex and age only means, SDs, skewness,
    kurtosis and flags are given. `class` is null below 30 values (`too_few`); `low` and `high` are what chance
    explains in a group of that size (99.8 %), `beyond` whether the value is outside. `status` is `ran`,
    `too_few` or `not_applicable`, with `why`. Values have 10 significant digits.
    """
    known = known or arrays(rows)
    whole = np.arange(rows.frame.height)
    everybody = {(line.statistic, line.variable): line for line in _lines(rows, known, whole, full=True)}
    told = list(_told(ALL, ALL, list(everybody.values()), {}, scored=True))
    for name, groups, full in _groupings(rows, by):
        for group, at in groups:
            lines = list(_lines(rows, known, at, full=full))
            told += _told(name, group, lines, everybody, scored=full)
    return pl.DataFrame(told, schema=SCHEMA, orient="row").with_columns(
        pl.col(pl.Float64).round_sig_figs(_DIGITS)
    )


def _groupings(rows: Rows, by: Sequence[str]) -> Iterator[tuple[str, list[tuple[str, Places]], bool]]:
    """Name, groups (with the places of their rows) and whether all statistics are given."""
    for name in by:
        yield name, groups_of(rows.frame[name]), True
    yield "sex", groups_of(rows.frame["infant_sex"]), False
    months = rows.frame["months"]
    ages = [
        (f"{low:02d}-{high - 1:02d} months", np.flatnonzero(months.is_between(low, high - 1).fill_null(value=False).to_numpy()))
        for low, high in _AGE_GROUPS
    ]  # fmt: skip
    yield "age", [(label, at) for label, at in ages if at.size], False


def _lines(rows: Rows, known: Arrays, at: Places, *, full: bool) -> Iterator[Line]:
    touched = at[known.touched[at]]
    if full:
        for name, digits in known.digits.items():
            yield Line("digit_preference", name, formulas.digit_preference(digits.counts(at)))
        yield from _children(known, touched, rows.not_a_survey)
        yield from _repeats(rows, at)
        seen = at[known.seen[at]]
        for name, there in known.measured.items():
            yield Line("missing_share", name, formulas.share(int((~there[seen]).sum()), len(seen)))
        yield from _positions(known, touched)
    for index in rows.indices:
        scored = touched[~np.isnan(known.score[index][touched])]
        z, flags = known.score[index][scored], known.flag[index][scored]
        flagged = formulas.smart_flagged(z)
        for name, formula in _SHAPES.items():
            yield Line(name, index, formula(z[~flagged]))
        yield Line("flagged_smart", index, formulas.share(int(flagged.sum()), len(touched)))
        yield Line("flagged_who", index, formulas.share(int(flags.sum()), len(touched)))


def _children(known: Arrays, at: Places, not_a_survey: str) -> Iterator[Line]:
    """Ratios and heaping: each child once for its sex, measured ages (not planned ones) for the rest."""
    sexed = at[known.boy[at] | known.girl[at]]
    named, nameless = sexed[known.infant[sexed] >= 0], sexed[known.infant[sexed] < 0]
    first = np.unique(known.infant[named], return_index=True)[1]
    children = np.concatenate([named[first], nameless])
    boys, girls = int(known.boy[children].sum()), int(known.girl[children].sum())
    yield Line("sex_ratio", "infant_sex", formulas.sex_ratio(boys, girls))
    months = known.months[at[known.aged[at]]]
    if not_a_survey:
        yield Line("age_ratio", "age_months", Statistic(months.size), not_a_survey)
    else:
        yield Line("age_ratio", "age_months", formulas.age_ratio(months))
    for divisor, (low, high) in HEAPING.items():
        name = f"age_heaping_{divisor}"
        if not_a_survey:
            yield Line(name, "age_months", Statistic(months.size), not_a_survey)
        else:
            inside = months[(months >= low) & (months < high)].astype(np.int64)
            yield Line(name, "age_months", formulas.age_heaping(inside, divisor=divisor))


def _repeats(rows: Rows, at: Places) -> Iterator[Line]:
    inside = np.zeros(rows.frame.height, dtype=np.bool_)
    inside[at] = True
    for name in rows.measures:
        pairs = rows.pairs[name]
        own = inside[pairs["place"].to_numpy()]
        found = formulas.error_of_measurement(pairs["first"].to_numpy()[own], pairs["second"].to_numpy()[own])
        why = "" if pairs.height else "Nothing was measured twice, as far as the data say."
        yield Line("tem", name, found, why)


def _positions(known: Arrays, at: Places) -> Iterator[Line]:
    here = at[known.positioned[at]]
    old = known.age_days[here] >= TWO_YEARS_DAYS
    for name, part, against in (
        ("standing_under_24_months", here[~old], known.standing),
        ("lying_from_24_months", here[old], known.lying),
    ):
        yield Line(name, "measured", formulas.share(int(against[part].sum()), len(part)))


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
