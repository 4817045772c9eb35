"""What an ODM file says of the project: its fields as the data dictionary has them, its events, what repeats."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from milkqc.readers.files import File
from milkqc.readers.redcap_dictionary import Dictionary, Field, checkbox_column, pairs
from milkqc.readers.redcap_export import GROUP, SURVEY, Structure
from milkqc.readers.redcap_missing import codes_in

# ODM's words -> the data dictionary's.
_TYPES = {"select": "dropdown", "textarea": "notes"}
_VALIDATIONS = {"float": "number", "int": "integer", "date": "date_ymd", "datetime": "datetime_ymd"}


@dataclass
class _Item:
    """An ItemDef while it is being read."""

    attributes: Mapping[str, str]
    line: int
    label: str = ""
    limits: dict[str, str] = field(default_factory=dict)
    choices: str = ""


class Metadata:
    """Listens to a file's metadata. Its questions may be asked once the first records have begun."""

    def __init__(self, file: File):
        self.file = file
        self.version = ""
        self.record_id = ""
        self.titles: dict[str, str] = {}
        self.events: dict[str, str] = {}
        self.event_forms: dict[str, list[str]] = {}
        self.event_titles: dict[str, str] = {}
        self.groups: dict[str, list[str]] = {}
        self.form_groups: dict[str, list[str]] = {}
        self.items: dict[str, _Item] = {}
        self.lists: dict[str, dict[str, str]] = {}
        self.boxes: dict[str, str] = {}
        self.repeating: set[tuple[str, str]] = set()
        self.repeating_events: set[str] = set()
        self.codes = ""
        self._event = self._form = self._group = self._item = self._list = self._code = self._bound = ""
        self._where = ""
        self._known: Dictionary | None = None

    # What the stream tells.

    def start(self, name: str, attributes: Mapping[str, str], line: int) -> None:
        """An element begins."""
        if name == "ODM":
            self.version = attributes.get("SourceSystemVersion", "")
        elif name == "MetaDataVersion":
            self.record_id = attributes.get("RecordIdField", "")
        elif name == "RepeatingInstrument":
            self.repeating.add(
                (attributes.get("UniqueEventName", ""), attributes.get("RepeatInstrument", ""))
            )
        elif name == "RepeatingEvent":
            self.repeating_events.add(attributes.get("UniqueEventName", ""))
        elif name == "StudyEventDef":
            oid = attributes.get("OID", "")
            self._event = attributes.get("UniqueEventName") or oid.removeprefix("Event.")
            self.events[oid] = self._event
            self.event_forms[self._event] = []
            self.event_titles[attributes.get("Name", "")] = self._event
        elif name == "FormRef" and self._event:
            self.event_forms[self._event].append(_form_name(attributes))
        elif name == "FormDef":
            self._form = attributes.get("FormName") or attributes.get("OID", "").removeprefix("Form.")
            self.titles[self._form] = attributes.get("Name", "")
            self.form_groups[self._form] = []
        elif name == "ItemGroupRef" and self._form:
            self.form_groups[self._form].append(attributes.get("ItemGroupOID", ""))
        elif name == "ItemGroupDef":
            self._group = attributes.get("OID", "")
            self.groups.setdefault(self._group, [])
        elif name == "ItemRef" and self._group:
            self.groups[self._group].append(attributes.get("ItemOID", ""))
        elif name == "ItemDef":
            self._item = attributes.get("OID", "")
            self.items[self._item] = _Item(dict(attributes), line)
        elif name == "RangeCheck":
            self._bound = {"GE": "minimum", "LE": "maximum"}.get(attributes.get("Comparator", ""), "")
        elif name == "CodeListRef" and self._item:
            self.items[self._item].choices = attributes.get("CodeListOID", "")
        elif name == "CodeList":
            self._list = attributes.get("OID", "")
            self.lists[self._list] = {}
            if "CheckboxChoices" in attributes:
                self.boxes[attributes.get("Variable", "")] = attributes["CheckboxChoices"]
        elif name == "CodeListItem" and self._list:
            self._code = attributes.get("CodedValue", "")
            self.lists[self._list][self._code] = ""
        elif name in {"Question", "ErrorMessage", "Decode"}:
            self._where = name

    def text(self, name: str, text: str) -> None:
        """The text of an element."""
        if name == "MissingDataCodes":
            self.codes = text
        elif name == "CheckValue" and self._item and self._bound:
            self.items[self._item].limits[self._bound] = text
        elif name == "TranslatedText" and self._where == "Question" and self._item:
            self.items[self._item].label = text
        elif name == "TranslatedText" and self._where == "Decode" and self._list:
            self.lists[self._list][self._code] = text

    def end(self, name: str) -> None:
        """An element ends."""
        if name == "StudyEventDef":
            self._event = ""
        elif name == "FormDef":
            self._form = ""
        elif name == "ItemGroupDef":
            self._group = ""
        elif name == "ItemDef":
            self._item = ""
        elif name == "CodeList":
            self._list = ""

    # What it then knows.

    def has_item(self, name: str) -> bool:
        """Whether the file defines an item of that name."""
        return name in self.items

    def dictionary(self) -> Dictionary:
        """The fields form by form as the data dictionary lists them, and the forms' titles."""
        if self._known is None:
            self._known = self._dictionary()
        return self._known

    def _dictionary(self) -> Dictionary:
        fields: dict[str, Field] = {}
        for form, groups in self.form_groups.items():
            section = ""
            for oid in (item for group in groups for item in self.groups.get(group, [])):
                item = self.items.get(oid)
                if item is None:
                    raise self.file.error(
                        f"form {form!r} lists the item {oid!r}, which is not defined.", "Export it again."
                    )
                name = item.attributes.get("Variable") or oid
                if name in fields or self._added(name, form):
                    continue
                section = item.attributes.get("SectionHeader", "").strip() or section
                fields[name] = self._field(name, form, item, section)
        if not fields:
            raise self.file.error(
                "defines no form with fields.", "Export it again, with the metadata of the project."
            )
        if self.record_id and self.record_id in fields and next(iter(fields)) != self.record_id:
            fields = {self.record_id: fields[self.record_id], **fields}
        return Dictionary(fields, dict(self.titles))

    @staticmethod
    def _added(name: str, form: str) -> bool:
        """What REDCap adds to the fields of a form."""
        return name in {GROUP, SURVEY, f"{form}_complete", f"{form}_timestamp"}

    def _field(self, name: str, form: str, item: _Item, section: str) -> Field:
        said = item.attributes
        kind = _TYPES.get(said.get("FieldType", "text"), said.get("FieldType", "text"))
        validation = said.get("TextValidationType", "")
        calculation = said.get("Calculation", "") if kind == "calc" else ""
        return Field(
            name=name,
            form=form,
            type=kind,
            label=item.label,
            choices=self._choices(name, form, kind, item),
            note=said.get("FieldNote", ""),
            validation=_VALIDATIONS.get(validation, validation),
            identifier=said.get("Identifier", "").lower() == "y",
            section=section,
            minimum=item.limits.get("minimum", ""),
            maximum=item.limits.get("maximum", ""),
            required=said.get("RequiredField", "").lower() == "y",
            branching=said.get("BranchingLogic", ""),
            calculation=calculation,
            annotation=said.get("FieldAnnotation", ""),
            matrix=said.get("MatrixGroupName", ""),
        )

    def _choices(self, name: str, form: str, kind: str, item: _Item) -> dict[str, str]:
        if kind == "checkbox":
            text = self.boxes.get(name, "")
            try:
                return pairs(text)
            except ValueError:
                return self._split_by_columns(name, form, text, item.line)
        return dict(self.lists.get(item.choices, {}))

    def _split_by_columns(self, name: str, form: str, text: str, line: int) -> dict[str, str]:
        """A checkbox whose labels hold a |: the items tell which codes there are, so the text can be cut at them."""
        wanted = [oid for oid, item in self.items.items() if item.attributes.get("Variable") == name]
        marks = [
            (match.start(1), match.group(1))
            for match in re.finditer(r"(?:^|\|)\s*([^\s,|]+)\s*,", text)
            if checkbox_column(name, match.group(1)) in wanted
        ]
        codes = [code for _, code in marks]
        if sorted(checkbox_column(name, code) for code in codes) != sorted(set(wanted)):
            raise self.file.error(
                f"line {line}: field {name!r} (form {form}) has choices that cannot be told apart.",
                "Take the | out of the labels of its choices in REDCap, and export again.",
            )
        ends = [place for place, _ in marks[1:]] + [len(text)]
        return {
            code: text[place:end].partition(",")[2].strip().rstrip("|").strip()
            for (place, code), end in zip(marks, ends, strict=True)
        }

    def unlisted_boxes(self, one: Field) -> list[str]:
        """A checkbox's items that are no choice of it: the missing-data codes of the project."""
        if one.type != "checkbox":
            return []
        return [
            oid
            for oid in self.items
            if oid.partition("___")[0] == one.name and "___" in oid and oid not in one.columns
        ]

    def structure(self) -> Structure:
        """Events, their forms, and what repeats; a project without events has the one event ""."""
        if not self.event_forms:
            forms = frozenset(self.form_groups)
            return Structure({"": forms}, frozenset(("", form) for _, form in self.repeating))
        held = {event: frozenset(forms) for event, forms in self.event_forms.items()}
        return Structure(
            held, frozenset(self.repeating), frozenset(self.repeating_events), dict(self.event_titles)
        )

    @cached_property
    def once(self) -> Structure:
        """The structure, when all metadata have been read."""
        return self.structure()

    @cached_property
    def _places(self) -> tuple[dict[str, int], dict[str, int]]:
        return (
            {event: place for place, event in enumerate(self.event_forms)},
            {form: place for place, form in enumerate(["", *self.form_groups])},
        )

    def order(self, event: str, instrument: str, instance: int) -> tuple[int, int, int]:
        """Where a row stands among those of its record in REDCap's own CSV."""
        events, forms = self._places
        return events.get(event, 0), forms[instrument], instance

    def missing_codes(self) -> dict[str, str]:
        """The project's own missing-data codes."""
        try:
            return codes_in(self.codes)
        except ValueError as error:
            raise self.file.error(
                f"its missing-data codes cannot be read: {error}.",
                "Mend them under Project Setup, Additional customizations, and export again.",
            ) from None


def _form_name(attributes: Mapping[str, str]) -> str:
    return attributes.get("FormName") or attributes.get("FormOID", "").removeprefix("Form.")
