"""What the field teams type: the enrolment form (SPSS) and the growth forms of three sites (Stata)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from numpy.random import Generator

from milkqc.demo.people import Dyad, Infant, Visit

Row = dict[str, Any]
STUDY = "SIMULATED-DEMO"

# SPSS user-missing codes of the enrolment form, and Stata's extended missing values of the growth forms.
NOT_DONE, REFUSED = -9, -8
TAG_NOT_DONE, TAG_REFUSED, TAG_BROKEN = "a", "b", "c"

# Site B has a scale that shows grams; site C takes three lengths of every infant.
SITES = {1: "anthro_a.dta", 2: "anthro_b.dta", 3: "anthro_c.dta"}
LENGTH_ERROR_CM = 0.18


def enrolled(rng: Generator, people: tuple[Dyad, ...]) -> list[Row]:
    """One row an infant. About one cell in sixty of three questions is a code for missing."""
    rows = []
    for dyad in people:
        mother: Row = {
            "MAGE": REFUSED if rng.random() < 1 / 60 else dyad.age_years,
            "MHEIGHT": NOT_DONE if rng.random() < 1 / 60 else dyad.height_cm,
        }
        for infant in dyad.infants:
            weight = NOT_DONE if rng.random() < 1 / 60 else infant.birth_weight_g
            rows.append(_enrolled(dyad, infant, mother) | {"BW": weight, "STUDY": STUDY})
    return rows


def _enrolled(dyad: Dyad, infant: Infant, mother: Row) -> Row:
    weeks, days = divmod(dyad.gestation_days, 7)
    return {
        "PID": dyad.participant_id,
        "INFANT_ID": infant.infant_id,
        "SITE": dyad.site,
        "TEAM": dyad.team,
        "ARM": dyad.arm,
        # The statistician's list, joined to the form at the data centre.
        "LISTED": dyad.arm,
        "CONSENT": dyad.randomised - dt.timedelta(days=1),
        "RANDDATE": dyad.randomised,
        **mother,
        "PARITY": dyad.parity,
        "SEX": 1 if infant.sex == "male" else 2,
        "DOB": infant.birth_date,
        "GA": f"{weeks}+{days}",
        "PLURAL": len(dyad.infants),
        "BORDER": infant.birth_order,
        "EXITDATE": dyad.exit_date,
        "EXITWHY": None if dyad.exit_date is None else 1,
    }


def measured(rng: Generator, people: tuple[Dyad, ...]) -> dict[str, list[Row]]:
    """The rows of each site's growth file: every infant at birth, then at month 3, as the teams went round.

    A visit that was missed has a row in which every measure is `.a`; after a withdrawal there is none.
    """
    files: dict[str, list[Row]] = {name: [] for name in SITES.values()}
    for visit in (0, 1):
        for dyad in people:
            outcome = dyad.outcome(dyad.infants[0].visits[visit].name)
            for infant in dyad.infants:
                row = _row(rng, dyad, infant, infant.visits[visit])
                if outcome == "missed":
                    gone = dict.fromkeys(_measures(row), TAG_NOT_DONE)
                    row = row | gone | {"VDATE": None}
                if outcome != "withdrawn":
                    files[SITES[dyad.site]].append(row)
    return files


def _measures(row: Row) -> list[str]:
    return [name for name in row if name.startswith(("WEIGHT", "LEN", "HC", "MUAC", "POSITION"))]


def _row(rng: Generator, dyad: Dyad, infant: Infant, visit: Visit) -> Row:
    lengths = [round(visit.length_cm + LENGTH_ERROR_CM * float(e), 1) for e in rng.standard_normal(3)]
    arm = None if visit.arm_cm is None else round(visit.arm_cm, 1)
    return {
        "PID": dyad.participant_id,
        "INFANT_ID": infant.infant_id,
        "VISIT": 0 if visit.name == "birth" else 3,
        "VDATE": visit.date,
        "TEAM": dyad.team,
        "SEX": 1 if infant.sex == "male" else 2,
        **({"WEIGHT_G": 10 * round(100 * visit.weight_kg)} if dyad.site == 2 else {}),
        **({"WEIGHT": round(visit.weight_kg, 2)} if dyad.site != 2 else {}),
        **(dict(zip(("LEN1", "LEN2", "LEN3"), lengths, strict=True)) if dyad.site == 3 else {}),
        **({"LENGTH": lengths[0]} if dyad.site != 3 else {}),
        "HC": _or_tag(rng, round(visit.head_cm, 1)),
        "MUAC": None if arm is None else _or_tag(rng, arm),
        "POSITION": 1,
        "STUDY": STUDY,
    }


def _or_tag(rng: Generator, measure: float) -> float | str:
    """The measure, or for one in fifty the reason why there is none: Stata keeps it in the value itself."""
    drawn = float(rng.random())
    if drawn >= 0.02:
        return measure
    return TAG_REFUSED if drawn < 0.012 else TAG_BROKEN
