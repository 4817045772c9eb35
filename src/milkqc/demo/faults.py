"""The faults seeded in the simulated study: what people, scales and laboratories do to data.

`answer_key.csv` beside this file says of each what was done, where, which rule should say so, and since when one does.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from milkqc import units
from milkqc.demo.field import NOT_DONE, REFUSED, TAG_BROKEN, TAG_REFUSED
from milkqc.demo.simulate import Uploads

Row = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """Cells put into the rows of one upload where each column of `where` holds one of its values."""

    file: str
    where: Mapping[str, tuple[object, ...]]
    put: Callable[[Row], Row]

    def made(self, rows: tuple[Row, ...]) -> tuple[Row, ...]:
        """`rows` with the change made."""
        return tuple(row | self.put(row) if self.fits(row) else row for row in rows)

    def fits(self, row: Row) -> bool:
        """Whether the row is meant."""
        return all(row[name] in values for name, values in self.where.items())


@dataclass(frozen=True)
class Again(Change):
    """The rows that fit, entered a second time with other cells, at the end of the upload."""

    def made(self, rows: tuple[Row, ...]) -> tuple[Row, ...]:
        """`rows`, then the changed copies."""
        return (*rows, *(row | self.put(row) for row in rows if self.fits(row)))


@dataclass(frozen=True)
class Like(Change):
    """The rows that fit, with the cells of `columns` as another row, `like`, has them."""

    like: Mapping[str, object] = field(default_factory=dict)
    columns: tuple[str, ...] = ()

    def made(self, rows: tuple[Row, ...]) -> tuple[Row, ...]:
        """`rows` with the cells copied. StopIteration where no row is like it."""
        other = next(row for row in rows if all(row[name] == value for name, value in self.like.items()))
        copied = {name: other[name] for name in self.columns}
        return tuple(row | copied if self.fits(row) else row for row in rows)


def put(**cells: object) -> Callable[[Row], Row]:
    """The change that puts these cells, whatever stood there."""
    return lambda _row: cells


def swap(one: str, other: str) -> Callable[[Row], Row]:
    """The change that writes each of two cells into the other's place."""
    return lambda row: {one: row[other], other: row[one]}


def _growth(participant: str, visit: int, change: Callable[[Row], Row]) -> Change:
    site = "cab"[int(participant.removeprefix("SIM-")) % 3]
    return Change(f"anthro_{site}.dta", {"PID": (participant,), "VISIT": (visit,)}, change)


def _enrolment(participant: str, change: Callable[[Row], Row]) -> Change:
    return Change("enrolment.sav", {"PID": (participant,)}, change)


def _interview(participant: str, change: Callable[[Row], Row] | None = None, **cells: object) -> Change:
    """A change of the interview at month 3."""
    where = {
        "record_id": (participant,),
        "redcap_event_name": ("month_3_arm_1",),
        "redcap_repeat_instrument": ("",),
    }
    return Change("redcap.csv", where, change or put(**cells))


def _assay(sample: str, test: str, **cells: object) -> Change:
    return Change("milk_long.csv", {"SAMPLE": (sample,), "TEST": (test,)}, put(**cells))


def _year_before(row: Row) -> Row:
    return {"VDATE": row["VDATE"].replace(year=row["VDATE"].year - 1)}


def _left_early(row: Row) -> Row:
    return {"EXITDATE": row["DOB"] + dt.timedelta(days=35), "EXITWHY": 1}


def _digits_exchanged(row: Row) -> Row:
    kilograms, decimals = f"{row['WEIGHT']:.2f}".split(".")
    return {"WEIGHT": float(f"{kilograms}.{decimals[::-1]}")}


def _times(column: str, factor: float, digits: int) -> Callable[[Row], Row]:
    """The change that multiplies a number and rounds it; text such as <LOD stays."""

    def multiplied(row: Row) -> Row:
        cell = row[column]
        if not isinstance(cell, float):
            try:
                return {column: f"{float(cell) * factor:.{digits}f}"}
            except ValueError:
                return {}
        return {column: round(cell * factor, digits)}

    return multiplied


def _half_the_limit(row: Row) -> Row:
    censored = row["Retinol (umol/L)"] in {"<LOD", "ND"}
    return {"Retinol (umol/L)": 0.5} if censored else {}


_FIRST, _THIRD = 0, 3
POUNDS_PER_KG = 2.2046

SEEDED: dict[str, tuple[Change, ...]] = {
    "weight_in_g": (_growth("SIM-007", _FIRST, put(WEIGHT=2720.0)),),
    "weight_in_lb": (_growth("SIM-010", _THIRD, _times("WEIGHT", POUNDS_PER_KG, 2)),),
    "weight_length_swapped": (_growth("SIM-013", _THIRD, swap("WEIGHT", "LENGTH")),),
    "length_in_mm": (_growth("SIM-016", _THIRD, _times("LENGTH", 10, 0)),),
    "head_length_swapped": (_growth("SIM-019", _FIRST, swap("HC", "LENGTH")),),
    "date_before_birth": (_growth("SIM-012", _THIRD, _year_before),),
    "visit_after_exit": (_enrolment("SIM-022", _left_early),),
    "sex_code": (_enrolment("SIM-025", put(SEX=3)),),
    "sex_differs": (_growth("SIM-028", _THIRD, lambda row: {"SEX": 3 - row["SEX"]}),),
    "lost_minus": (
        Change(
            "redcap.csv",
            {"record_id": ("SIM-034",), "redcap_event_name": ("birth_arm_1",)},
            put(mother_weight="9"),
        ),
    ),
    "standing_at_birth": (_growth("SIM-008", _FIRST, put(POSITION=2)),),
    "standing_at_month_3": (_growth("SIM-023", _THIRD, put(POSITION=2)),),
    "lengths_disagree": (
        _growth(
            "SIM-030",
            _THIRD,
            lambda row: {"LEN2": round(row["LEN1"] + 1.4, 1), "LEN3": round(row["LEN1"] - 1.2, 1)},
        ),
    ),
    "typed_twice": (Again("anthro_a.dta", {"PID": ("SIM-049",), "VISIT": (_THIRD,)}, _digits_exchanged),),
    "orphan_sample": (_assay("T0640", "Folate", SAMPLE="TO640"),),
    "participant_unknown": (Change("tubes.csv", {"TUBE": ("T0055",)}, put(PID="SIM-955")),),
    "duplicate_sample": (
        Again(
            "milk_results.xlsx",
            {"Sample ID": ("T0343",)},
            put(**{"Retinol (umol/L)": 1.934, "Vitamin E (mg/L)": 4.67}),
        ),
    ),
    "unit_unreadable": (_assay("T0615", "Folate", UNIT="nmo/L"),),
    "nothing_detected": (_assay("T0626", "Iodine", RESULT="ND", LOD=""),),
    # 28.6452 ug/dL is 1 umol/L of retinol.
    "batch_in_ug_dl": (
        Change(
            "milk_results.xlsx",
            {"Plate": ("P8",)},
            _times("Retinol (umol/L)", units.unit_factor("umol/L", "ug/dL", substance="retinol"), 1),
        ),
    ),
    "batch_in_pg_ml": (
        Change(
            "milk_long.csv",
            {"PLATE": ("B4",)},
            _times("RESULT", units.unit_factor("pmol/L", "pg/mL", substance="vitamin_b12"), 0),
        ),
    ),
    "half_limit": (Change("milk_results.xlsx", {"Plate": ("P9",)}, _half_the_limit),),
    "tubes_mixed_up": (
        Change(
            "milk_results.xlsx",
            {"Sample ID": ("T0046", "T0346")},
            lambda row: {"Sample ID": {"T0046": "T0346", "T0346": "T0046"}[row["Sample ID"]]},
        ),
    ),
    "weaned_with_milk": (_interview("SIM-052", feeding="4"),),
    "consent_late": (_enrolment("SIM-058", lambda row: {"CONSENT": row["DOB"] + dt.timedelta(days=14)}),),
    "arm_not_listed": (_enrolment("SIM-061", lambda row: {"LISTED": 3 - row["LISTED"]}),),
    "enrolled_twice": (
        Again("enrolment.sav", {"PID": ("SIM-070",)}, put(PID="SIM-O70", INFANT_ID="SIM-O70")),
    ),
    "form_copied": (
        Like(
            "anthro_a.dta",
            {"PID": ("SIM-088",), "VISIT": (_THIRD,)},
            put(),
            like={"PID": "SIM-079", "VISIT": _THIRD},
            columns=("WEIGHT", "LENGTH", "HC", "MUAC"),
        ),
    ),
    "randomised_1900": (_enrolment("SIM-076", put(RANDDATE=dt.date(1900, 1, 1))),),
    "mother_heavier": (
        _interview("SIM-082", lambda row: {"mother_weight": f"{float(row['mother_weight']) + 20:.1f}"}),
    ),
    "gestation_mistyped": (_enrolment("SIM-085", put(GA="28+0")),),
    "twins_mothers_differ": (
        Change("enrolment.sav", {"INFANT_ID": ("SIM-141A",)}, lambda row: {"MHEIGHT": row["MHEIGHT"] + 10}),
    ),
    # From here on: unusual and right. A check that says something about one of these is wrong.
    "asked_and_missing": (
        _enrolment("SIM-002", put(BW=NOT_DONE)),
        _enrolment("SIM-050", put(MAGE=REFUSED)),
    ),
    "tagged_missing": (
        _growth("SIM-009", _THIRD, put(MUAC=TAG_REFUSED)),
        _growth("SIM-014", _FIRST, put(HC=TAG_BROKEN)),
    ),
    "thousands": (_assay("T0611", "Iodine", RESULT="4,009.1"),),
}


def plant(uploads: Uploads) -> Uploads:
    """`uploads` with every fault of SEEDED in it; the rows given are not changed. KeyError where one has no row."""
    made = dict(uploads)
    for name, changes in SEEDED.items():
        for change in changes:
            if not any(change.fits(row) for row in made[change.file]):
                raise KeyError(f"{name}: no row of {change.file} under {dict(change.where)}")
            made[change.file] = change.made(made[change.file])
    return made


def answer_key() -> tuple[dict[str, str], ...]:
    """The rows of answer_key.csv, whose columns docs/demo.md explains."""
    text = (resources.files("milkqc.demo") / "answer_key.csv").read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))
