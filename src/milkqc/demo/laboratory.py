"""Milk: the tubes that the field sends, and the results of two laboratories as their files hold them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.random import Generator

from milkqc.demo import plates
from milkqc.demo.controls import AGAIN, reading
from milkqc.demo.people import Dyad, Visit

Row = dict[str, Any]
STUDY = "SIMULATED-DEMO"


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
FAT_SOLUBLE, OTHERS = ("Retinol", "Vitamin E"), ("Iodine", "B12", "Folate")

# Limits of detection in the unit of the test, by plate in turn. Those of retinol and vitamin E are high, as where
# little milk is left for the assay: some samples fall below.
LIMITS = {
    "Iodine": (0.7,),
    "B12": (24.0, 30.0),
    "Folate": (5.0, 6.0),
    "Retinol": (0.6, 0.6, 1.0),
    "Vitamin E": (1.38,),
}
HPLC_PLATE, ASSAY_PLATE = 40, 36
# Results below this share of the limit are written ND, other ones below it <LOD.
NOT_DETECTED = 0.7
# The SD of the logarithm between two readings of one sample.
REPLICATE_SIGMA = 0.05
# This plate's controls failed: it read too high, and all of it was run again two weeks later.
RUN_AGAIN, TOO_HIGH, RUN_AGAIN_WEEKS = "I3", 1.5, 2
FIRST_RUN = dt.date(2024, 10, 14)

# Barcodes come in rolls: T0001 ... (colostrum), T0301 ... and T0601 ... (mature milk, one for each laboratory).
ROLL = 300


def results(rng: Generator, people: tuple[Dyad, ...]) -> dict[str, list[Row]]:
    """The rows of the wide and the long results, the wells of the plate reader, and whose each tube is."""
    tubes = list(_tubes(people))
    # The laboratory's own rows are drawn apart: the samples do not hang on them.
    own = rng.spawn(1)[0]
    zinc = [tube.barcode for tube in tubes if tube.tests == OTHERS]
    return {
        "milk_results.xlsx": list(_wide(rng, own, tubes)),
        "milk_long.csv": list(_long(rng, own, tubes)),
        "zinc_plates.csv": list(plates.wells(own, zinc)),
        "tubes.csv": [_listed(rng, tube) for tube in tubes],
    }


def _tubes(people: tuple[Dyad, ...]) -> Iterator[Tube]:
    """One tube of colostrum for the fat-soluble vitamins, then two of mature milk from those who came."""
    for roll, (visit, tests) in enumerate(((0, FAT_SOLUBLE), (1, FAT_SOLUBLE), (1, OTHERS))):
        for dyad in people:
            sampled = dyad.infants[0].visits[visit]
            if dyad.outcome(sampled.name) == "seen":
                yield Tube(f"T{ROLL * roll + dyad.number:04d}", dyad, sampled, tests)


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
    """One drawn concentration in the unit of its test."""
    level = LEVELS[test]
    drawn = level.median[tube.visit.name] * math.exp(level.sigma * float(rng.standard_normal()))
    return drawn * (level.arm if tube.dyad.arm == 1 else 1.0)


def limit(test: str, plate: int) -> float:
    """The limit of detection of a test on its plate (counted from 0)."""
    return LIMITS[test][plate % len(LIMITS[test])]


def _reported(test: str, value: float, plate: int) -> str | float:
    rounded = round(value, LEVELS[test].digits)
    if rounded >= limit(test, plate):
        return rounded
    return "ND" if value < NOT_DETECTED * limit(test, plate) else "<LOD"


def _run_date(weeks: int) -> str:
    return (FIRST_RUN + dt.timedelta(weeks=weeks)).isoformat()


def _wide(rng: Generator, own: Generator, tubes: list[Tube]) -> Iterator[Row]:
    """One row a tube, a plate's controls before and after them; the limit is the plate's and stands elsewhere."""
    mine = [tube for tube in tubes if tube.tests == FAT_SOLUBLE]
    for plate, first in enumerate(range(0, len(mine), HPLC_PLATE)):
        samples = [
            (tube.barcode, {test: concentration(rng, test, tube) for test in FAT_SOLUBLE})
            for tube in mine[first : first + HPLC_PLATE]
        ]
        materials = [
            [
                (f"QC {level}", "", {test: reading(own, test, level) for test in FAT_SOLUBLE})
                for level in ("low", "high")
            ]
            for _ in range(2)
        ]
        again = [
            ("duplicate", tube, {test: _again(own, value) for test, value in values.items()})
            for place, (tube, values) in enumerate(samples)
            if place in AGAIN
        ]
        rows = [
            ("blank", "", dict.fromkeys(FAT_SOLUBLE, 0.0)),
            *materials[0],
            *(("sample", tube, values) for tube, values in samples),
            *again,
            *materials[1],
        ]
        for position, (kind, tube, values) in enumerate(rows, start=1):
            yield {
                "Sample ID": tube,
                "Type": kind,
                "Plate": f"P{plate + 1}",
                "Position": position,
                "Run date": _run_date(plate // 2),
                **{
                    f"{test} ({LEVELS[test].unit})": _reported(test, values[test], plate)
                    for test in FAT_SOLUBLE
                },
                "Comment": "simulated",
            }


def _again(rng: Generator, value: float) -> float:
    """A second reading of a sample."""
    return value * math.exp(REPLICATE_SIGMA * float(rng.standard_normal()))


def _long(rng: Generator, own: Generator, tubes: list[Tube]) -> Iterator[Row]:
    """One row a tube, test and replicate, as text, with its limit; the plate that was run again comes last.

    Vitamin B12 is read in duplicate, the others once, with two samples of a plate read again.
    """
    again: list[Row] = []
    mine = [tube for tube in tubes if tube.tests == OTHERS]
    for test in OTHERS:
        for plate, first in enumerate(range(0, len(mine), ASSAY_PLATE)):
            name = f"{test[:1]}{plate + 1}"
            values = [(tube, concentration(rng, test, tube)) for tube in mine[first : first + ASSAY_PLATE]]
            wrong = TOO_HIGH if name == RUN_AGAIN else 1.0
            yield from _plate(rng, own, test, values, plate, name, wrong, _run_date(plate))
            if name == RUN_AGAIN:
                again += _plate(
                    None, own, test, values, plate, f"{name}R", 1.0, _run_date(plate + RUN_AGAIN_WEEKS)
                )
    yield from again


def _plate(
    rng: Generator | None,
    own: Generator,
    test: str,
    values: list[tuple[Tube, float]],
    plate: int,
    name: str,
    wrong: float,
    date: str,
) -> Iterator[Row]:
    """The rows of a plate in run order: a blank and two materials, the samples, two of them again, the materials."""
    materials = [[(level, reading(own, test, level)) for level in ("low", "high")] for _ in range(2)]
    rows: list[tuple[str, str, str, str, float]] = [("BLK", "", "", "1", 0.0)]
    rows += [("QC", level, "", "1", value * wrong) for level, value in materials[0]]
    for tube, drawn in values:
        for replicate in ("1", "2") if test == "B12" else ("1",):
            value = drawn if rng is None else _again(rng, drawn)
            rows.append(("S", "", tube.barcode, replicate, value * wrong))
    if test != "B12":
        rows += [
            ("DUP", "", values[place][0].barcode, "1", _again(own, values[place][1]) * wrong)
            for place in AGAIN
        ]
    rows += [("QC", level, "", "1", value * wrong) for level, value in materials[1]]
    for position, (kind, level, barcode, replicate, value) in enumerate(rows, start=1):
        yield {
            "SAMPLE": barcode,
            "TYPE": kind,
            "MATERIAL": level,
            **_assayed(test, plate, value, date),
            "REP": replicate,
            "PLATE": name,
            "POSITION": str(position),
            "STUDY": STUDY,
        }


def _assayed(test: str, plate: int, value: float, date: str) -> Row:
    reported = _reported(test, value, plate)
    blank = value == 0
    return {
        "TEST": test,
        "RESULT": "<LOD"
        if blank
        else reported
        if isinstance(reported, str)
        else f"{reported:.{LEVELS[test].digits}f}",
        "UNIT": LEVELS[test].unit,
        "LOD": f"{limit(test, plate):g}",
        "RUN_DATE": date,
    }
