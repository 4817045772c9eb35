"""The simulated study as it arrives: the rows of every uploaded file, without a fault in them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

from numpy.random import default_rng

from milkqc.demo import field, laboratory, redcap
from milkqc.demo.people import Indicator, Sex, dyads
from milkqc.reference.growth import who_lms

SEED = 20240108
Uploads = dict[str, tuple[dict[str, Any], ...]]


def simulate(seed: int = SEED) -> Uploads:
    """The rows of each upload by its file name, without a fault; milkqc.demo.faults plants those.

    None is an empty cell; codes stand as the files hold them. Drawn from numpy's default generator (PCG64) and
    rounded as the instruments round, so that every machine gives the same cells.
    """
    rng = default_rng(seed)
    people = dyads(rng, size)
    made = {
        "enrolment.sav": field.enrolled(rng, people),
        **field.measured(rng, people),
        "redcap.csv": redcap.exported(rng, people),
        **laboratory.results(rng, people),
    }
    return {name: tuple(rows) for name, rows in made.items()}


@cache
def _lms() -> Mapping[tuple[str, str, int], tuple[float, float, float]]:
    rows = who_lms().filter(
        who_lms()["indicator"].is_in(["wfa", "lhfa", "hcfa", "acfa"]) & (who_lms()["x"] <= 130)
    )
    return {(i, sex, round(x)): (l, m, s) for i, sex, x, l, m, s in rows.iter_rows()}


def size(indicator: Indicator, sex: Sex, day: int, z: float) -> float:
    """The measure (kg or cm) with WHO z-score `z` at `day` (0 to 130): the LMS method read backwards.

    Plain LMS beyond +/-3 too, where WHO's restricted scores differ a little: a simulation may.
    """
    l, m, s = _lms()[indicator, sex, day]
    return m * math.pow(1 + l * s * z, 1 / l)
