"""The records of an ODM file as the rows of REDCap's own flat export, one subject at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from milkqc.readers.files import File
from milkqc.readers.redcap_export import EVENT, GROUP, INSTANCE, INSTRUMENT, SURVEY
from milkqc.readers.redcap_odm_metadata import Metadata

# What belongs to the record or the event rather than to the form whose group it is listed in.
_OF_RECORD = (GROUP, SURVEY)


@dataclass
class Row:
    """One row while it is filled; `line` is where its first form begins."""

    line: int
    order: tuple[int, int, int]
    cells: dict[str, str] = field(default_factory=dict)


def _nowhere(subject: Sequence[Row]) -> None:
    """Rows that nobody asked for."""


class Rows:
    """Listens to the records; hands the rows of each subject, in REDCap's order, to `take` when it ends."""

    def __init__(self, file: File, metadata: Metadata):
        self.file, self.metadata = file, metadata
        self.take: Callable[[Sequence[Row]], None] = _nowhere
        self.subjects = self.uploads = 0
        self._seen: set[str] = set()
        self._rows: dict[tuple[str, str, str], Row] = {}
        self._row: Row | None = None
        self._subject = self._event = self._event_key = self._form = ""
        self._group = ""

    @property
    def with_events(self) -> bool:
        """Whether the project is longitudinal."""
        return bool(self.metadata.events)

    def start(self, name: str, attributes: Mapping[str, str], line: int) -> None:
        """An element begins."""
        if name == "ItemData":
            self._item(attributes, attributes.get("Value", ""), line)
        elif name == "ItemDataBase64Binary":
            self.uploads += 1
            self._item(attributes, attributes.get("DocName", ""), line)
        elif name == "FormData":
            self._begin_form(attributes, line)
        elif name == "StudyEventData":
            self._begin_event(attributes, line)
        elif name == "SubjectData":
            self._begin_subject(attributes, line)

    def text(self, name: str, text: str) -> None:
        """The text of an element: records keep theirs in attributes."""

    def end(self, name: str) -> None:
        """An element ends."""
        if name == "FormData":
            self._row, self._form = None, ""
        elif name == "StudyEventData":
            self._event, self._event_key = "", ""
        elif name == "SubjectData":
            self.subjects += 1
            self.take(sorted(self._finished(), key=lambda row: row.order))
            self._rows = {}

    def _begin_subject(self, attributes: Mapping[str, str], line: int) -> None:
        self._subject = attributes.get("SubjectKey", "")
        self._group = ""
        if not self._subject:
            raise self.file.error(f"line {line}: a record has no SubjectKey.", "Export it again.")
        if self._subject in self._seen:
            raise self.file.error(
                f"line {line}: a record (SubjectKey) stands twice in the file.",
                "Export the project again; two exports cannot be put together by hand.",
            )
        self._seen.add(self._subject)

    def _begin_event(self, attributes: Mapping[str, str], line: int) -> None:
        oid = attributes.get("StudyEventOID", "")
        self._event = attributes.get("UniqueEventName") or self.metadata.events.get(oid, "")
        if self._event not in self.metadata.event_forms:
            raise self.file.error(
                f"line {line}: the event {oid!r} is not defined in the file's metadata.",
                "Export metadata and data together.",
            )
        self._event_key = attributes.get("StudyEventRepeatKey", "1")

    def _begin_form(self, attributes: Mapping[str, str], line: int) -> None:
        oid = attributes.get("FormOID", "")
        self._form = oid.removeprefix("Form.")
        if self._form not in self.metadata.form_groups:
            raise self.file.error(
                f"line {line}: the form {oid!r} is not defined in the file's metadata.",
                "Export metadata and data together.",
            )
        structure = self.metadata.once
        instrument = instance = ""
        if structure.repeating and (self._event, self._form) in structure.repeating:
            instrument, instance = self._form, attributes.get("FormRepeatKey", "1")
        elif self._event in structure.repeating_events:
            instance = self._event_key if self._event_key != "1" else attributes.get("FormRepeatKey", "1")
        self._row = self._at(instrument, instance, line)

    def _at(self, instrument: str, instance: str, line: int) -> Row:
        key = (self._event, instrument, instance)
        row = self._rows.get(key)
        if row is None:
            number = int(instance) if instance.isdigit() else 0
            row = Row(line, self.metadata.order(self._event, instrument, number))
            row.cells = {self.metadata.dictionary().record_id: self._subject}
            if self.with_events:
                row.cells[EVENT] = self._event
            if instrument:
                row.cells[INSTRUMENT] = instrument
            if instance:
                row.cells[INSTANCE] = instance
            self._rows[key] = row
        return row

    def _item(self, attributes: Mapping[str, str], value: str, line: int) -> None:
        name = attributes.get("ItemOID", "")
        if self._row is None or name not in self.metadata.items:
            raise self.file.error(
                f"line {line}: the item {name!r} (form {self._form or 'none'}) is not defined in the file's metadata.",
                "Export metadata and data together.",
            )
        record_id = self.metadata.dictionary().record_id
        if name == record_id or value == "":
            return
        if name == GROUP:
            self._group = value
        elif name in self._row.cells and self._row.cells[name] != value:
            raise self.file.error(
                f"line {line}: the item {name!r} (form {self._form}) has two values in one record, event and instance.",
                "Export the project again.",
            )
        self._row.cells[name] = value

    def _finished(self) -> list[Row]:
        """A record's data access group stands in every one of its rows, as in the CSV."""
        rows = list(self._rows.values())
        if self._group:
            for row in rows:
                row.cells[GROUP] = self._group
        if not rows and self._subject:
            rows = [Row(0, (0, 0, 0), {self.metadata.dictionary().record_id: self._subject})]
        return rows
