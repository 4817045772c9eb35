"""The faults planted in the simulated study: what people, scales and laboratories do to data (docs/demo.md)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

from milkqc.demo.simulate import NOT_DONE, REFUSED, TAG_NOT_DONE, TAG_REFUSED, Row, Uploads


def plant(uploads: Uploads) -> Uploads:
    """`uploads` with every fault of docs/demo.md in it; the rows given are not changed."""
    return replace(
        uploads,
        enrolment=_changed(uploads.enrolment, ENROLMENT, key=("PID",)),
        anthropometry=_typed_twice(_changed(uploads.anthropometry, ANTHROPOMETRY, key=("PID", "VISIT"))),
        wide=_filled(uploads.wide, "Sample ID"),
        long=_run_again(_changed(_filled(uploads.long, "SAMPLE"), LONG, key=("SAMPLE", "TEST"))),
        tubes=_filled(uploads.tubes, "TUBE"),
    )


def _year_before(row: Row) -> Row:
    return {"VDATE": row["VDATE"].replace(year=row["VDATE"].year - 1)}


Change = Callable[[Row], Row]


def put(**cells: object) -> Change:
    """The change that puts these cells, whatever stood there."""
    return lambda _row: cells


_FIRST, _THIRD = 0, 3
MEASURED = ("WEIGHT", "LEN1", "LEN2", "HC", "MUAC", "POSITION", "MWEIGHT", "FEEDING", "MASTITIS")

ENROLMENT: dict[tuple[object, ...], Change] = {
    ("SIM-005",): put(BW=NOT_DONE),
    ("SIM-021",): put(MAGE=REFUSED),
    ("SIM-034",): put(MHEIGHT=NOT_DONE),
}

ANTHROPOMETRY: dict[tuple[object, ...], Change] = {
    # Typed in grams where the form asks for kilograms.
    ("SIM-007", _FIRST): lambda row: {"WEIGHT": 1000 * row["WEIGHT"]},
    # The year typed wrong: the visit lies before the birth.
    ("SIM-012", _THIRD): _year_before,
    # The other sex than at enrolment.
    ("SIM-019", _THIRD): lambda row: {"SEX": 3 - row["SEX"]},
    # Nobody measures a three-month-old standing.
    ("SIM-023", _THIRD): put(POSITION=2),
    # No two of the three lengths agree within 0.7 cm.
    ("SIM-028", _THIRD): lambda row: {
        "LEN2": round(row["LEN1"] + 1.4, 1),
        "LEN3": round(row["LEN1"] - 1.2, 1),
    },
    ("SIM-009", _THIRD): put(MUAC=TAG_REFUSED),
    ("SIM-014", _FIRST): put(HC=TAG_NOT_DONE),
    ("SIM-037", _THIRD): put(STATUS=2, VDATE=None, LEN3=None, **dict.fromkeys(MEASURED, TAG_NOT_DONE)),
}

# The tubes of the visit that SIM-037 missed.
NEVER_FILLED = {"T0137", "T0237"}

LONG: dict[tuple[object, ...], Change] = {
    # Iodine of an antiseptic in the milk; the laboratory's software writes thousands with a comma.
    ("T0211", "Iodine"): put(RESULT="4,009.1"),
    # Not detected, and nobody says below what.
    ("T0226", "Iodine"): put(RESULT="ND", LOD=""),
    # A letter lost from the unit.
    ("T0215", "Folate"): put(UNIT="nmo/L"),
    # The letter O for the digit 0: the manifest knows no such tube.
    ("T0230", "Folate"): put(SAMPLE="TO230"),
}


def _changed(
    rows: tuple[Row, ...], changes: dict[tuple[object, ...], Change], *, key: tuple[str, ...]
) -> tuple[Row, ...]:
    """`rows` with each change made to the one row under its key; a key that fits no row is an error."""
    unused = set(changes)
    out = []
    for row in rows:
        place = tuple(row[name] for name in key)
        change = changes.get(place)
        unused.discard(place)
        out.append(row | change(row) if change else row)
    if unused:
        raise KeyError(f"no row under {sorted(map(str, unused))}")
    return tuple(out)


def _filled(rows: tuple[Row, ...], barcode: str) -> tuple[Row, ...]:
    return tuple(row for row in rows if row[barcode] not in NEVER_FILLED)


def _typed_twice(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """One form entered twice, the second time with two digits of the weight exchanged."""
    first = next(row for row in rows if row["PID"] == "SIM-031" and row["VISIT"] == _THIRD)
    kilograms, decimals = f"{first['WEIGHT']:.2f}".split(".")
    return (*rows, first | {"WEIGHT": float(f"{kilograms}.{decimals[::-1]}")})


def _run_again(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """One tube assayed again two weeks later: the later run is the one reported."""
    first = next(row for row in rows if row["SAMPLE"] == "T0204" and row["TEST"] == "B12")
    later = dt.date.fromisoformat(first["RUN_DATE"]) + dt.timedelta(weeks=2)
    return (*rows, first | {"RESULT": "141", "PLATE": "B3", "RUN_DATE": later.isoformat()})
