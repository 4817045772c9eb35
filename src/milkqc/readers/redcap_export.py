"""A REDCap project's records in the one form that all its exports are brought to before they become a Source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from milkqc.model import CellFault, Origin
from milkqc.readers.redcap_dictionary import Dictionary
from milkqc.readers.redcap_lines import Named

EVENT, INSTRUMENT, INSTANCE = "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance"
GROUP, SURVEY = "redcap_data_access_group", "redcap_survey_identifier"
# The columns that REDCap adds, with what its exports call them when asked for labels.
SYSTEM = {
    EVENT: "Event",
    INSTRUMENT: "Repeating instrument",
    INSTANCE: "Repeat instance",
    GROUP: "Data access group",
    SURVEY: "Survey identifier",
}
STATUS = {"0": "Incomplete", "1": "Unverified", "2": "Complete"}


@dataclass(frozen=True)
class Structure:
    """How a project is built, as far as its export says so: None is "not said", and the rows must tell.

    `event_forms` are the forms of each unique event name ("" in a project without events); `repeating` are the
    (event, form) that repeat by themselves, `repeating_events` those that repeat as a whole. `event_titles` gives the
    unique name of an event that people call so.
    """

    event_forms: Mapping[str, frozenset[str]] | None = None
    repeating: frozenset[tuple[str, str]] | None = None
    repeating_events: frozenset[str] = frozenset()
    event_titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Export:
    """Records as one flat String frame with raw names and codes (null or '' is blank), and what explains them.

    `lines` tells on which line of the file data rows (from 0) begin. `missing_codes` are those that the export
    itself declares; `faults` are cells that could not be brought to raw codes.
    """

    file: Named
    frame: pl.DataFrame
    dictionary: Dictionary
    origin: Origin
    lines: Callable[[Sequence[int]], list[int]]
    structure: Structure = field(default_factory=Structure)
    missing_codes: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[CellFault, ...] = ()
