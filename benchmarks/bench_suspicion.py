"""Suspicion per child: false alarms in simulated healthy populations, how many planted errors are found, and the time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from benchmarks.growth_courses import COURSES, told_share
from milkqc.checks import rules
from milkqc.checks.views import views
from milkqc.derive import growth
from milkqc.derive.suspicion import suspicions
from milkqc.reference.growth import who_lms

MONTH = 30.4375
DENSE = (0, 1, 2, 3, 4, 6, 9, 12, 18, 24, 36)
SPARSE = (0, 3, 12)
SURVEY = (30,)
POUND, OUNCE, INCH = 0.45359237, 0.028349523125, 2.54
TABLES = {"weight_kg": "wfa", "length_cm": "lhfa", "head_circumference_cm": "hcfa"}
# Share of warned rows that a healthy population may have, and share of each planted error that must be found.
MOST_WARNED, LEAST_FOUND = 0.02, 0.80
SUSPICIOUS = ("unit", "swapped", "velocity")


@dataclass(frozen=True)
class Population:
    """Children measured at `months`; mean z, SD, degrees of freedom of the tails, oedema or not."""

    name: str
    months: tuple[float, ...]
    mean: float = -0.5
    sd: float = 1.1
    tails: float = 6.0
    oedema: bool = False


def simulated(population: Population, children: int, *, seed: int) -> pl.DataFrame:
    """The growth table of a population in which nothing is wrong, measured as instruments read.

    Not the model of derive.kinship: each child has a size of its own and drifts, with measuring errors of 1 % of weight,
    0.5 cm of length, 0.4 cm of head, all with Student tails.
    """
    rng = np.random.default_rng(seed)
    visits = len(population.months)
    sizes = {"weight_kg": 0.55, "length_cm": 0.75, "head_circumference_cm": 0.55}
    noise = {"weight_kg": 0.01, "length_cm": 0.5, "head_circumference_cm": 0.4}
    digits = {"weight_kg": 2, "length_cm": 1, "head_circumference_cm": 1}
    days = np.round(np.array(population.months) * MONTH + rng.uniform(0, 4, (children, visits)))
    male = rng.integers(0, 2, children) == 0

    def draw(*shape: int) -> np.ndarray:
        scale = np.sqrt((population.tails - 2) / population.tails)
        return rng.standard_t(population.tails, shape) * scale

    own = draw(children, 1)
    columns: dict[str, np.ndarray] = {}
    for measure, table in TABLES.items():
        shared = sizes[measure] * own + np.sqrt(1 - sizes[measure] ** 2) * draw(children, 1)
        early = draw(children, 1) * np.exp(-days / 150)
        drift = np.cumsum(draw(children, visits), axis=1) / np.sqrt(np.arange(1, visits + 1))
        z = population.mean + population.sd * (0.85 * shared + 0.45 * early + 0.3 * drift)
        l, m, s = _lms(table, days, male)
        inside = np.maximum(1 + l * s * z, 0.05)
        value = m * inside ** (1 / l)
        error = draw(children, visits) * noise[measure]
        value = value * (1 + error) if measure == "weight_kg" else value + error
        columns[measure] = np.round(value, digits[measure])
    count = children * visits
    infant = np.repeat([f"c{place:06}" for place in range(children)], visits)
    visit = np.tile([f"m{month}" for month in population.months], children)
    return pl.DataFrame(
        {
            "row_id": [f"{a}|{b}" for a, b in zip(infant, visit, strict=True)],
            "participant_id": infant,
            "infant_id": infant,
            "visit": visit,
            "infant_sex": np.where(np.repeat(male, visits), "male", "female"),
            "age_reported_days": days.ravel(),
            "oedema": np.full(count, population.oedema),
            **{name: column.ravel() for name, column in columns.items()},
        }
    ).with_columns(
        pl.lit(None, dtype=kind).alias(name)
        for name, kind in {
            "visit_date": pl.Date,
            "infant_birth_date": pl.Date,
            "measured": pl.String,
            "muac_cm": pl.Float64,
            "triceps_skinfold_mm": pl.Float64,
            "subscapular_skinfold_mm": pl.Float64,
        }.items()
    )


def _lms(table: str, days: np.ndarray, male: np.ndarray) -> list[np.ndarray]:
    rows = who_lms().filter(indicator=table).sort("sex", "x")
    flat = {name: rows[name].to_numpy() for name in ("l", "m", "s")}
    at = days.astype(np.int64) + np.where(male, 1827, 0)[:, None]  # girls first: `female` sorts before `male`
    return [flat[name][at] for name in ("l", "m", "s")]


def judged(table: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, float]:
    """The scored table, the coded rules' drafts on it, and the CPU seconds that suspicion took."""
    people = table.select("participant_id", "infant_id").unique(maintain_order=True)
    people = people.with_columns(row_id="infant_id", infant_sex=pl.lit(None, dtype=pl.String))
    scored = growth.score(table, people, schedule={})
    start = time.process_time()
    suspected = suspicions(scored, people)
    seconds = time.process_time() - start
    seen = views({"growth": scored, "participants": people}, suspected=suspected)
    mine = [rule for rule in rules.all_rules() if rule.table == "growth"]
    return scored, rules.check(seen, rules=mine).drafts, seconds


Damage = Callable[[pl.Expr], Mapping[str, pl.Expr]]
_W, _L, _H = pl.col("weight_kg"), pl.col("length_cm"), pl.col("head_circumference_cm")
# What is done to a planted row, and the rule that should name it.
ERRORS: Mapping[str, tuple[Mapping[str, pl.Expr], str]] = {
    "weight in pounds": ({"weight_kg": (_W / POUND).round(1)}, "growth.weight_kg.unit"),
    "weight in ounces": ({"weight_kg": (_W / OUNCE).round(0)}, "growth.weight_kg.unit"),
    "weight in grams": ({"weight_kg": (_W * 1000).round(0)}, "growth.weight_kg.unit"),
    "weight ten times too high": ({"weight_kg": _W * 10}, "growth.weight_kg.unit"),
    "weight ten times too low": ({"weight_kg": _W / 10}, "growth.weight_kg.unit"),
    "length in millimetres": ({"length_cm": _L * 10}, "growth.length_cm.unit"),
    "length in metres": ({"length_cm": (_L / 100).round(3)}, "growth.length_cm.unit"),
    "length in inches": ({"length_cm": (_L / INCH).round(1)}, "growth.length_cm.unit"),
    "head in inches": (
        {"head_circumference_cm": (_H / INCH).round(1)},
        "growth.head_circumference_cm.unit",
    ),
    "weight and length swapped": (
        {"weight_kg": _L, "length_cm": _W},
        "growth.weight_length.swapped",
    ),
    "length and head swapped": (
        {"length_cm": _H, "head_circumference_cm": _L},
        "growth.length_head.swapped",
    ),
}

# What the finding must say, so that the suggestion is the right one.
READS: Mapping[str, str] = {
    "weight in pounds": "if written in pounds",
    "weight in ounces": "if written in ounces",
    "weight in grams": "if written in grams",
    "weight ten times too high": "if ten times too high",
    "weight ten times too low": "if ten times too low",
    "length in millimetres": "if written in millimetres",
    "length in metres": "if written in metres",
    "length in inches": "if written in inches",
    "head in inches": "if written in inches",
    "weight and length swapped": "the two exchanged",
    "length and head swapped": "the two exchanged",
}


def planted(table: pl.DataFrame, error: str, *, share: float, seed: int) -> tuple[pl.DataFrame, set[str]]:
    """`table` with the error in a share of its rows, and the ids of these rows."""
    rng = np.random.default_rng(seed)
    hit = pl.Series(rng.random(table.height) < share)
    damage, _ = ERRORS[error]
    spoilt = table.with_columns(
        pl.when(hit).then(changed).otherwise(pl.col(name)).alias(name) for name, changed in damage.items()
    )
    return spoilt, set(table.filter(hit)["row_id"])


def moved(table: pl.DataFrame, *, share: float, seed: int) -> tuple[pl.DataFrame, set[str]]:
    """`table` with, in a share of the rows, the measures of the child's next visit: its date is the wrong one."""
    rng = np.random.default_rng(seed)
    coming = [pl.col(name).shift(-1).over("infant_id", order_by="age_reported_days") for name in TABLES]
    last = pl.col("weight_kg").shift(-1).over("infant_id", order_by="age_reported_days").is_null()
    hit = table.select(pl.Series(rng.random(table.height) < share) & ~last).to_series()
    spoilt = table.with_columns(
        pl.when(hit).then(value).otherwise(pl.col(name)).alias(name)
        for name, value in zip(TABLES, coming, strict=True)
    )
    return spoilt, set(table.filter(hit)["row_id"])


def found(drafts: pl.DataFrame, rule: str, rows: set[str]) -> float:
    """The share of `rows` that the rule names."""
    told = set(drafts.filter(pl.col("rule_id") == rule)["row_id"])
    return len(told & rows) / max(len(rows), 1)


def rightly(drafts: pl.DataFrame, error: str, rows: set[str]) -> float:
    """Of the planted rows that have any suggestion, the share whose suggestion is what was done to them."""
    suggested = drafts.filter(
        pl.col("rule_id").str.contains(r"\.(unit|swapped)$") & pl.col("row_id").is_in(list(rows))
    )
    right = (pl.col("rule_id") == ERRORS[error][1]) & pl.col("expected").str.contains(
        READS[error], literal=True
    )
    return suggested.select(right.mean()).item() if suggested.height else 0.0


HEALTHY = (
    Population("11 visits in 3 years", DENSE),
    Population("birth, 3 and 12 months", SPARSE),
    Population("one visit (a survey)", SURVEY),
    Population("small children, mean z -2.5", DENSE, mean=-2.5),
    Population("heavy tails (t, 4)", DENSE, tails=4.0),
    Population("every child small at every visit, z -5", DENSE, mean=-5.0, sd=0.5),
    Population("every child big at every visit, z +4", DENSE, mean=4.0, sd=0.5),
)


def run(children: int = 2000) -> Iterator[dict[str, object]]:
    """Rows of the table: false alarms by population, power by error, speed."""
    for population in HEALTHY:
        table = simulated(population, children, seed=1)
        _, drafts, _ = judged(table)
        mine = drafts.filter(
            pl.col("severity").is_in(["warning", "critical"])
            & pl.col("rule_id").str.contains(
                r"\.(unit|unit_batch|swapped|velocity|carried|same_day|two_visits|fits|shrinks)"
            )
        )
        warned = mine["row_id"].n_unique() / table.height
        named = mine.filter(pl.col("rule_id").str.contains(r"\.(?:unit|unit_batch|swapped)$"))[
            "row_id"
        ].n_unique()
        yield {
            "what": f"healthy: {population.name}",
            "rows": table.height,
            "warned": warned,
            "unit_or_swap": named / table.height,
            "within": warned < MOST_WARNED,
        }
    for population in (
        Population("11 visits", DENSE),
        Population("3 visits", SPARSE),
        Population("1 visit", SURVEY),
        Population("11 visits, oedema", DENSE, oedema=True),
    ):
        table = simulated(population, max(children // 2, 200), seed=2)
        for error, (_, rule) in ERRORS.items():
            spoilt, rows = planted(table, error, share=0.05, seed=3)
            scored, drafts, _ = judged(spoilt)
            flags = pl.any_horizontal(
                pl.col("waz_flag", "laz_flag", "wlz_flag", "baz_flag", "hcz_flag").fill_null(value=False)
            )
            flagged = scored.filter(flags & pl.col("row_id").is_in(list(rows))).height / max(len(rows), 1)
            share = found(drafts, rule, rows)
            yield {
                "what": f"{error}, {population.name}",
                "rows": len(rows),
                "found": share,
                "right": rightly(drafts, error, rows),
                "who_flags": flagged,
                "within": share >= LEAST_FOUND or len(population.months) == 1,
            }
    for name, course in COURSES.items():
        for population in (Population("11 visits", DENSE), Population("3 visits", SPARSE)):
            spoilt, rows = course.plant(simulated(population, max(children // 2, 200), seed=8), 0.05, 9)
            scored, drafts, _ = judged(spoilt)
            yield {
                "what": f"{name}, {population.name}",
                "rows": len(rows),
                "found": told_share(drafts, scored, course, rows),
            }
    table = simulated(HEALTHY[0], max(children // 2, 200), seed=4)
    spoilt, rows = moved(table, share=0.05, seed=5)
    _, drafts, _ = judged(spoilt)
    yield {
        "what": "measures of the next visit, 11 visits",
        "rows": len(rows),
        "found": found(drafts, "growth.visit.fits_next", rows),
    }
    big = simulated(HEALTHY[0], 9100, seed=6)
    spoilt, _ = planted(big, "weight in pounds", share=0.02, seed=7)
    *_, seconds = judged(spoilt)
    start = time.process_time()
    growth.score(spoilt, spoilt.select("participant_id", "infant_id").unique(), schedule={})
    peer = time.process_time() - start
    yield {
        "what": "CPU seconds for 100,000 visits, and times the scoring",
        "rows": spoilt.height,
        "seconds": seconds,
        "ratio": seconds / peer,
        "within": seconds < 60,
    }
