"""REDCap's list of which events have which forms ("instrument designations" of the project or the API)."""

from __future__ import annotations

from milkqc.readers.delimited import take_apart
from milkqc.readers.files import File
from milkqc.readers.options import ReadOptions

_EVENT, _FORM = "unique_event_name", "form"


def read_event_forms(file: File) -> dict[str, frozenset[str]]:
    """Each event's forms, by the event's unique name. SourceError when the file is no such list."""
    frame = take_apart(file, ReadOptions()).frame
    lacking = [column for column in (_EVENT, _FORM) if column not in frame.columns]
    if lacking:
        raise file.error(
            f"is no list of events and forms: it has no column {', '.join(lacking)}.",
            "Download it under Project Setup, Designate Instruments for My Events.",
        )
    found: dict[str, set[str]] = {}
    for event, form in frame.select(_EVENT, _FORM).iter_rows():
        if (event or "").strip() and (form or "").strip():
            found.setdefault(event.strip(), set()).add(form.strip())
    if not found:
        raise file.error("lists no event with a form.", "Download it again.")
    return {event: frozenset(forms) for event, forms in sorted(found.items())}
