"""The simulated study as its field teams and laboratory would type it: five tables in the words of their files."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from numpy.random import Generator, default_rng

from milkqc.demo.people import Dyad, Indicator, Infant, Sex, Visit, dyads
from milkqc.reference.growth import who_lms

SEED = 20240108
STUDY = "SIMULATED-DEMO"
Row = dict[str, Any]

# SPSS user-missing codes of the enrolment form, and Stata's extended missing values of the growth form.
NOT_DONE, REFUSED = -9, -8
TAG_NOT_DONE, TAG_REFUSED = "a", "b"

# A third length is taken when the first two are further apart (the protocol of this simulated study).
THIRD_LENGTH_CM = 0.4
LENGTH_ERROR_CM = 0.18


@dataclass(frozen=True)
class Uploads:
    """The rows of the five uploaded tables. None is an empty cell; codes stand as the files hold them."""

    enrolment: tuple[Row, ...]
    anthropometry: tuple[Row, ...]
    wide: tuple[Row, ...]
    long: tuple[Row, ...]
    tubes: tuple[Row, ...]


@dataclass(frozen=True)
class Tube:
    """A tube of milk: its label, whose it is, and what the laboratories were asked to measure in it."""

    barcode: str
    dyad: Dyad
    visit: Visit
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Distribution:
    """Log-normal concentration by visit: `median` and `sigma` (SD of the natural logarithm) in `unit`.

    `arm` multiplies it in arm 1: the supplement of the trial raised iodine and vitamin A, not the others.
    """

    unit: str
    median: Mapping[str, float]
    sigma: float
    digits: int
    arm: float = 1.0


def _median(mean: float, sigma: float) -> float:
    return mean / math.exp(sigma**2 / 2)


# Published sigma where there is one; for retinol and vitamin E only means by stage are published, and 0.45 and
# 0.40 are choices of this simulation. Month 3 is mature milk, birth is colostrum.
LEVELS = {
    # Oslo: median 68 ug/L, quartiles 45 and 98.
    "Iodine": Distribution("ug/L", {"month_3": 68.0}, 0.577, 1, arm=1.4),
    # Kenya: median 113 pmol/L, quartiles 61 and 199 (Williams 2016).
    "B12": Distribution("pmol/L", {"month_3": 113.0}, 0.877, 0),
    # Canada (MIREC): mean 116 nmol/L, SD 45, so sigma is sqrt(ln(1 + (45/116)^2)).
    "Folate": Distribution("nmol/L", {"month_3": _median(116.0, 0.375)}, 0.375, 1),
    # Zhang 2022: means 920.7 (colostrum) and 402.4 ug/L (early mature), over 286.452 g/mol.
    "Retinol": Distribution(
        "umol/L", {"birth": _median(3.214, 0.45), "month_3": _median(1.405, 0.45)}, 0.45, 3, arm=1.2
    ),
    # Xi 2022: means 10.57 (colostrum) and 3.29 mg/L (mature).
    "Vitamin E": Distribution("mg/L", {"birth": _median(10.57, 0.4), "month_3": _median(3.29, 0.4)}, 0.4, 2),
}

# Limits of detection by test and plate, in the unit of the test. Those of retinol and vitamin E are high, as
# where little milk is left for the assay: some samples fall below.
LIMITS = {
    "Iodine": (0.7, 0.7),
    "B12": (24.0, 30.0),
    "Folate": (5.0, 5.0),
    "Retinol": (0.6, 0.6, 0.8),
    "Vitamin E": (1.38, 1.38, 1.38),
}
HPLC_PLATE, ASSAY_PLATE = 30, 20


def simulate(seed: int = SEED) -> Uploads:
    """The whole study without a fault in it; milkqc.demo.faults plants those.

    Drawn from numpy's default generator (PCG64) and rounded as the instruments round, so that every machine gives
    the same cells.
    """
    rng = default_rng(seed)
    people = dyads(rng, size)
    return Uploads(
        enrolment=tuple(_enrolled(dyad, infant) for dyad in people for infant in dyad.infants),
        anthropometry=tuple(_measured(rng, people)),
        wide=tuple(_wide(rng, _tubes(people))),
        long=tuple(_long(rng, _tubes(people))),
        tubes=tuple(_listed(rng, tube) for tube in _tubes(people)),
    )


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


def _enrolled(dyad: Dyad, infant: Infant) -> Row:
    weeks, days = divmod(dyad.gestation_days, 7)
    return {
        "PID": dyad.participant_id,
        "INFANT_ID": infant.infant_id,
        "SITE": dyad.site,
        "TEAM": dyad.team,
        "ARM": dyad.arm,
        "MAGE": dyad.age_years,
        "MHEIGHT": dyad.height_cm,
        "PARITY": dyad.parity,
        "SEX": 1 if infant.sex == "male" else 2,
        "DOB": infant.birth_date,
        "GA": f"{weeks}+{days}",
        "BW": infant.birth_weight_g,
        "PLURAL": len(dyad.infants),
        "BORDER": infant.birth_order,
        "STUDY": STUDY,
    }


def _measured(rng: Generator, people: tuple[Dyad, ...]) -> list[Row]:
    """Every infant at birth, then every infant at month 3, as the teams went round."""
    rows = []
    for visit in (0, 1):
        for dyad in people:
            # What belongs to the mother is asked once and stands in each twin's row.
            loss = 2.0 * visit + 0.8 * float(rng.standard_normal())
            mother: Row = {
                "MWEIGHT": round(dyad.weight_kg + 3 - loss, 1),
                "FEEDING": 1 if rng.random() < (0.9, 0.55)[visit] else int(rng.integers(2, 5)),
                "MASTITIS": int(rng.random() < 0.05),
            }
            rows += [_row(rng, dyad, infant, infant.visits[visit], mother) for infant in dyad.infants]
    return rows


def _row(rng: Generator, dyad: Dyad, infant: Infant, visit: Visit, mother: Row) -> Row:
    lengths = [round(visit.length_cm + LENGTH_ERROR_CM * float(e), 1) for e in rng.standard_normal(3)]
    third = abs(lengths[0] - lengths[1]) > THIRD_LENGTH_CM
    return {
        "PID": dyad.participant_id,
        "INFANT_ID": infant.infant_id,
        "VISIT": 0 if visit.name == "birth" else 3,
        "STATUS": 1,
        "VDATE": visit.date,
        "TEAM": dyad.team,
        "SEX": 1 if infant.sex == "male" else 2,
        "WEIGHT": round(visit.weight_kg, 2),
        "LEN1": lengths[0],
        "LEN2": lengths[1],
        "LEN3": lengths[2] if third else None,
        "HC": round(visit.head_cm, 1),
        "MUAC": None if visit.arm_cm is None else round(visit.arm_cm, 1),
        "POSITION": 1,
        **mother,
        "STUDY": STUDY,
    }


# Barcodes come in rolls of a hundred: T0001 ..., T0101 ..., T0201 ...
ROLL = 100


def _tubes(people: tuple[Dyad, ...]) -> list[Tube]:
    """One tube of colostrum for the fat-soluble vitamins, then two of mature milk: one for each laboratory."""
    wanted = (
        (0, ("Retinol", "Vitamin E")),
        (1, ("Retinol", "Vitamin E")),
        (1, ("Iodine", "B12", "Folate")),
    )
    return [
        Tube(f"T{1 + ROLL * roll + place:04d}", dyad, dyad.infants[0].visits[visit], tests)
        for roll, (visit, tests) in enumerate(wanted)
        for place, dyad in enumerate(people)
    ]


def _listed(rng: Generator, tube: Tube) -> Row:
    return {
        "TUBE": tube.barcode,
        "PID": tube.dyad.participant_id,
        "VISIT": "birth" if tube.visit.name == "birth" else "3 months",
        "SDATE": f"{tube.visit.date:%d/%m/%Y}",
        "VOLUME": f"{4 + 8 * float(rng.random()):.1f}".replace(".", ","),
        "EXPRESSION": "whole",
        "SIDE": "left" if rng.random() < 0.5 else "right",
        "STUDY": STUDY,
    }


def concentration(rng: Generator, test: str, tube: Tube) -> float:
    """One drawn concentration in the unit of its test, rounded as the laboratory reports it."""
    level = LEVELS[test]
    drawn = level.median[tube.visit.name] * math.exp(level.sigma * float(rng.standard_normal()))
    return round(drawn * (level.arm if tube.dyad.arm == 1 else 1.0), level.digits)


def _run_date(weeks: int) -> str:
    return (dt.date(2024, 9, 2) + dt.timedelta(weeks=weeks)).isoformat()


def _wide(rng: Generator, tubes: list[Tube]) -> list[Row]:
    """One row a tube; a value below its plate's limit is written `<LOD`, the limit being the plate's."""
    rows = []
    for place, tube in enumerate(tube for tube in tubes if "Retinol" in tube.tests):
        plate = place // HPLC_PLATE
        row: Row = {"Sample ID": tube.barcode, "Plate": f"P{plate + 1}", "Run date": _run_date(plate)}
        for test in tube.tests:
            value = concentration(rng, test, tube)
            row[f"{test} ({LEVELS[test].unit})"] = "<LOD" if value < LIMITS[test][plate] else value
        rows.append({**row, "Comment": "simulated"})
    return rows


def _long(rng: Generator, tubes: list[Tube]) -> list[Row]:
    """One row a tube and test, as text; the limit stands in its own column."""
    rows = []
    for test in ("Iodine", "B12", "Folate"):
        level = LEVELS[test]
        for place, tube in enumerate(tube for tube in tubes if test in tube.tests):
            plate = place // ASSAY_PLATE
            value, limit = concentration(rng, test, tube), LIMITS[test][plate]
            rows.append(
                {
                    "SAMPLE": tube.barcode,
                    "TEST": test,
                    "RESULT": "<LOD" if value < limit else f"{value:.{level.digits}f}",
                    "UNIT": level.unit,
                    "LOD": f"{limit:g}",
                    "PLATE": f"{test[:1]}{plate + 1}",
                    "RUN_DATE": _run_date(plate),
                    "STUDY": STUDY,
                }
            )
    return rows
