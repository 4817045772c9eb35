"""What the nurses enter in REDCap: visits and interviews by event, episodes of illness as a repeating instrument.

The export is raw: one flat table in which rows of different kinds leave each other's cells empty.
`redcap_dictionary.csv` beside this file is the project's data dictionary, written by hand.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from numpy.random import Generator

from milkqc.demo.people import Dyad, Visit

Row = dict[str, Any]
EVENTS = {"birth": "birth_arm_1", "month_3": "month_3_arm_1"}
OUTCOMES = {"seen": "1", "missed": "2", "withdrawn": "3"}
GROUPS = {1: "simulated_site_a", 2: "simulated_site_b", 3: "simulated_site_c"}
NOT_DONE = "-9"
COMPLETE = "2"

COLUMNS = (
    "record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance",
    "redcap_data_access_group", "mother_name", "mother_phone", "consent_date", "contact_complete", "visit_date",
    "visit_status", "visit_complete", "mother_weight", "feeding", "adherence", "mastitis", "mother_ill",
    "infant_ill", "symptoms___1", "symptoms___2", "symptoms___3", "interview_complete", "episode_start",
    "episode_days", "episode_kind", "illness_episode_complete",
)  # fmt: skip


def exported(rng: Generator, people: tuple[Dyad, ...]) -> list[Row]:
    """The rows of the raw export, record by record: one for each event, then one for each episode of illness."""
    rows = []
    for dyad in people:
        for place, visit in enumerate(dyad.infants[0].visits):
            row = _plain(dyad, visit)
            if place == 0:
                row |= _contact(dyad)
            rows.append(row | _interview(rng, dyad, visit))
        rows += _episodes(rng, dyad)
    return rows


def _blank(dyad: Dyad, visit: Visit) -> Row:
    row: Row = dict.fromkeys(COLUMNS, "")
    return row | {
        "record_id": dyad.participant_id,
        "redcap_event_name": EVENTS[visit.name],
        "redcap_data_access_group": GROUPS[dyad.site],
    }


def _contact(dyad: Dyad) -> Row:
    # Identifiers: milkqc drops them at reading, and a test looks for them in every output.
    return {
        "mother_name": f"Simulata Nomen-{dyad.number:03d}",
        "mother_phone": f"+000 5550 {7 * dyad.number:04d}",
        "consent_date": (dyad.randomised - dt.timedelta(days=1)).isoformat(),
        "contact_complete": COMPLETE,
    }


def _plain(dyad: Dyad, visit: Visit) -> Row:
    outcome = dyad.outcome(visit.name)
    return _blank(dyad, visit) | {
        "visit_date": visit.date.isoformat() if outcome == "seen" else "",
        "visit_status": OUTCOMES[outcome],
        "visit_complete": COMPLETE,
        # REDCap exports a box that was on nobody's screen as 0.
        "symptoms___1": "0",
        "symptoms___2": "0",
        "symptoms___3": "0",
    }


def _interview(rng: Generator, dyad: Dyad, visit: Visit) -> Row:
    later = visit.name == "month_3"
    loss = 2.0 * later + 0.8 * float(rng.standard_normal())
    weight = f"{dyad.weight_kg + 3 - loss:.1f}"
    ill = float(rng.random()) < (0.15 if later else 0.03)
    asked = {
        "mother_weight": NOT_DONE if rng.random() < 0.015 else weight,
        "feeding": "1" if rng.random() < (0.55 if later else 0.9) else str(rng.integers(2, 4)),
        "adherence": str(25 * int(rng.choice(5, p=(0.05, 0.05, 0.1, 0.2, 0.6)))),
        "mastitis": str(int(rng.random() < 0.05)),
        "mother_ill": str(int(rng.random() < 0.06)),
        "infant_ill": str(int(ill)),
        **{f"symptoms___{code}": str(int(rng.random() < 0.5 and ill)) for code in (1, 2, 3)},
        "interview_complete": COMPLETE,
    }
    if not later:
        # The first sachets are given at the first visit.
        asked["adherence"] = ""
    return asked if dyad.outcome(visit.name) == "seen" else {}


def _episodes(rng: Generator, dyad: Dyad) -> list[Row]:
    visit = dyad.infants[0].visits[1]
    episodes = []
    for instance in range(1, 1 + int(rng.poisson(0.25))):
        start = visit.date - dt.timedelta(days=int(rng.integers(5, 55)))
        episodes.append(
            _blank(dyad, visit)
            | {
                "redcap_repeat_instrument": "illness_episode",
                "redcap_repeat_instance": str(instance),
                "episode_start": start.isoformat(),
                "episode_days": str(rng.integers(1, 9)),
                "episode_kind": str(rng.integers(1, 4)),
                "illness_episode_complete": COMPLETE,
            }
        )
    return episodes if dyad.month_3 == "seen" else []
