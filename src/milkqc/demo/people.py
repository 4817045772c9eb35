"""Simulated mothers and infants: who they are, which visits they came to, how large the infants are at each."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from numpy.random import Generator

DYADS = 186
FIRST_BIRTH = dt.date(2024, 1, 8)
RECRUITMENT_DAYS = 150

# By design and not drawn, so that every seed has them in the same places: twins (born early), visits at month 3
# that were missed, and mothers who withdrew before. Numbers count from 1, as in SIM-017.
TWINS = frozenset({17, 77, 141})
MISSED = frozenset({37, 92, 151, 179})
WITHDRAWN = frozenset({64, 133})

Sex = Literal["male", "female"]
VisitName = Literal["birth", "month_3"]
Outcome = Literal["seen", "missed", "withdrawn"]
Indicator = Literal["wfa", "lhfa", "hcfa", "acfa"]
Sizes = Callable[[Indicator, Sex, int, float], float]

VISITS: tuple[VisitName, VisitName] = ("birth", "month_3")

# Mean z-scores of a population that is small at birth and stays so, as in rural Pakistan (about -1).
MEAN_Z: dict[Indicator, float] = {"wfa": -1.0, "lhfa": -1.0, "hcfa": -0.8, "acfa": -0.9}
# Twins born at 35 weeks are smaller still by WHO's tables, which know no gestational age.
TWIN_Z = -1.3
# The share of a z-score that stays with a child; the rest is the visit's own.
STAYS = 0.85
# The WHO table of arm circumference begins at this day.
ARM_FROM_DAY = 91


@dataclass(frozen=True)
class Visit:
    """One infant's measures at one visit: true ones, in kg and cm, before anybody reads a scale."""

    name: VisitName
    date: dt.date
    weight_kg: float
    length_cm: float
    head_cm: float
    arm_cm: float | None


@dataclass(frozen=True)
class Infant:
    """One infant with both visits; `birth_weight_g` is what the midwife wrote down, to 10 g."""

    infant_id: str
    sex: Sex
    birth_date: dt.date
    birth_order: int
    birth_weight_g: int
    visits: tuple[Visit, Visit]


@dataclass(frozen=True)
class Dyad:
    """A mother with her infant, or her twins. `month_3` says what became of the second visit; sites are 1 to 3."""

    number: int
    participant_id: str
    site: int
    arm: int
    team: int
    age_years: int
    height_cm: float
    weight_kg: float
    parity: int
    gestation_days: int
    randomised: dt.date
    month_3: Outcome
    exit_date: dt.date | None
    infants: tuple[Infant, ...]

    def outcome(self, visit: VisitName) -> Outcome:
        """What became of a visit; everybody was seen at birth."""
        return "seen" if visit == "birth" else self.month_3


def dyads(rng: Generator, size: Sizes) -> tuple[Dyad, ...]:
    """DYADS simulated dyads, some of them with twins.

    `size(indicator, sex, day, z)` gives the measure with that z-score (WHO, kg or cm). Everything is drawn in one
    fixed order, so that the same generator gives the same people.
    """
    return tuple(_dyad(rng, size, number) for number in range(1, DYADS + 1))


def _dyad(rng: Generator, size: Sizes, number: int) -> Dyad:
    twins = number in TWINS
    participant = f"SIM-{number:03d}"
    born = FIRST_BIRTH + dt.timedelta(days=int(rng.integers(RECRUITMENT_DAYS)))
    gestation = 249 if twins else min(max(round(277 + 8 * rng.standard_normal()), 259), 294)
    first, second = int(rng.integers(0, 3)), min(max(round(91 + 10 * rng.standard_normal()), 62), 120)
    infants = tuple(
        _infant(
            rng,
            size,
            infant_id=f"{participant}{'AB'[order]}" if twins else participant,
            birth=born,
            days=(first, second),
            order=order + 1,
            shift=TWIN_Z if twins else 0.0,
        )
        for order in range(2 if twins else 1)
    )
    age = int(rng.integers(15, 26))
    site = 1 + (number - 1) % 3
    left = born + dt.timedelta(days=int(rng.integers(20, 50)))
    return Dyad(
        number=number,
        participant_id=participant,
        site=site,
        arm=int(rng.integers(1, 3)),
        # Two teams at each site.
        team=2 * site - number % 2,
        age_years=age,
        height_cm=round(154 + 5.5 * rng.standard_normal(), 1),
        # Nobody beyond three SD: no mother of 28 kg, whom every check would rightly doubt.
        weight_kg=round(50 * math.exp(0.12 * min(max(float(rng.standard_normal()), -3.0), 3.0)), 1),
        parity=int(rng.integers(0, 1 + min(age - 15, 4))),
        gestation_days=gestation,
        randomised=born - dt.timedelta(days=int(rng.integers(20, 80))),
        month_3="missed" if number in MISSED else "withdrawn" if number in WITHDRAWN else "seen",
        exit_date=left if number in WITHDRAWN else None,
        infants=infants,
    )


def _infant(
    rng: Generator,
    size: Sizes,
    *,
    infant_id: str,
    birth: dt.date,
    days: tuple[int, int],
    order: int,
    shift: float,
) -> Infant:
    sex: Sex = "male" if rng.random() < 0.5 else "female"
    child = rng.standard_normal(4)
    visits = []
    for visit, day in zip(VISITS, days, strict=True):
        length, weight, head, arm = STAYS * child + (1 - STAYS**2) ** 0.5 * rng.standard_normal(4)
        z = {name: mean + shift for name, mean in MEAN_Z.items()}
        # Long infants are heavy: the correlations are those of a plausible child, no published figures.
        z["lhfa"] += float(length)
        z["wfa"] += 0.75 * float(length) + 0.66 * float(weight)
        z["hcfa"] += 0.5 * float(length) + 0.87 * float(head)
        z["acfa"] += 0.53 * float(length) + 0.46 * float(weight) + 0.71 * float(arm)
        visits.append(
            Visit(
                name=visit,
                date=birth + dt.timedelta(days=day),
                weight_kg=size("wfa", sex, day, z["wfa"]),
                length_cm=size("lhfa", sex, day, z["lhfa"]),
                head_cm=size("hcfa", sex, day, z["hcfa"]),
                arm_cm=None if visit == "birth" else size("acfa", sex, max(day, ARM_FROM_DAY), z["acfa"]),
            )
        )
    # A healthy newborn is up to a tenth lighter on days 1 and 2 than at birth.
    lost = 0.02 * days[0] + 0.01 * float(rng.random())
    at_birth = visits[0].weight_kg / (1 - lost)
    return Infant(infant_id, sex, birth, order, 10 * round(100 * at_birth), (visits[0], visits[1]))
