"""What is wrong with what holds for the whole study: its days, its schedule, and what it says it has not."""

from __future__ import annotations

import datetime as dt

from milkqc import reference
from milkqc.mapping import targets
from milkqc.mapping.faults import FaultList, nearest
from milkqc.mapping.language import Mapping
from milkqc.mapping.lint_options import is_iso_date
from milkqc.model import TABLES


def study(mapping: Mapping, faults: FaultList) -> None:
    """Note faults of the study's dates, schedule and `not_collected`."""
    _dates(mapping, faults)
    _schedule(mapping, faults)
    _not_collected(mapping, faults)


def _dates(mapping: Mapping, faults: FaultList) -> None:
    days = {"study_start": mapping.study_start, "data_cutoff": mapping.data_cutoff}
    read = {}
    for name, day in days.items():
        if day is None:
            continue
        if is_iso_date(day):
            read[name] = dt.date.fromisoformat(day)
        else:
            faults.add((name,), "M113", f"{day!r} is not a date.", "Write it as YYYY-MM-DD.")
    if len(read) == len(days) and read["study_start"] > read["data_cutoff"]:
        faults.add(
            ("data_cutoff",),
            "M113",
            f"the data end ({mapping.data_cutoff}) before the study starts ({mapping.study_start}).",
            "Correct one of the two.",
        )


def _schedule(mapping: Mapping, faults: FaultList) -> None:
    for visit, planned in mapping.schedule.items():
        if planned.window is None:
            continue
        low, high = planned.window
        if low > high:
            faults.add(
                ("schedule", visit, "window"), "M113", "the window ends before it starts.", "Swap the two."
            )
        elif not low <= planned.day <= high:
            faults.add(
                ("schedule", visit, "window"),
                "M113",
                f"day {planned.day:g} is outside its own window.",
                "Correct the day or the window; both count days of life.",
            )


def _not_collected(mapping: Mapping, faults: FaultList) -> None:
    """Names that nothing is known of, and variables that are mapped all the same."""
    variables = {table: set(targets.mappable(table)) for table in TABLES}
    names = {name for known in variables.values() for name in known} | set(reference.analytes())
    mapped = {
        (table, name)
        for table, _, block in mapping.blocks()
        for section in (block.columns, block.analytes)
        for name, spec in section.items()
        if spec.match != "not_collected"
    }
    for entry in mapping.not_collected:
        path = ("not_collected", entry)
        table, _, name = entry.partition(".")
        if table not in TABLES or not name:
            table, name = "", entry
        if name not in (names if not table else variables[table] | set(reference.analytes())):
            faults.add(
                path, "M121", f"{entry!r} is not a variable or an analyte.", nearest(name, sorted(names))
            )
            continue
        found = [one for one, what in mapped if what == name and table in {"", one}]
        if found and (table or len(_homes(name)) == 1):
            faults.add(
                path,
                "M123",
                f"{name} is listed as not collected, and {found[0]} maps it.",
                "Take it out of one of the two.",
            )


def _homes(name: str) -> list[str]:
    """The tables that a variable or an analyte could stand in."""
    return [table for table in TABLES if name in targets.mappable(table)] or ["milk"]
