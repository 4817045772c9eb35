"""A REDCap data dictionary (CSV): what each field is, by its long or API column names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from milkqc.errors import SourceError
from milkqc.readers.delimited import take_apart
from milkqc.readers.files import File
from milkqc.readers.options import ReadOptions

# Long name as downloaded -> name in the API; older dictionaries have 17 columns, without the annotation.
_COLUMNS = {
    "variable / field name": "field_name",
    "form name": "form_name",
    "section header": "section_header",
    "field type": "field_type",
    "field label": "field_label",
    "choices, calculations, or slider labels": "select_choices_or_calculations",
    "choices or calculations": "select_choices_or_calculations",
    "field note": "field_note",
    "text validation type or show slider number": "text_validation_type_or_show_slider_number",
    "identifier?": "identifier",
}
_NEEDED = ("field_name", "form_name", "field_type", "field_label", "select_choices_or_calculations")
_CHOSEN = ("radio", "dropdown", "checkbox")
_FIXED = {"yesno": {"1": "Yes", "0": "No"}, "truefalse": {"1": "True", "0": "False"}}


@dataclass(frozen=True)
class Field:
    """One field of a project. `choices` maps codes to labels; `type` and `validation` in REDCap's words."""

    name: str
    form: str
    type: str
    label: str
    choices: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    validation: str = ""
    identifier: bool = False


@dataclass(frozen=True)
class Dictionary:
    """All fields in order; the first is the record id."""

    fields: Mapping[str, Field]

    @property
    def record_id(self) -> str:
        """The field that names the record."""
        return next(iter(self.fields))

    @property
    def forms(self) -> tuple[str, ...]:
        """The instruments, in order."""
        return tuple(dict.fromkeys(one.form for one in self.fields.values()))


def read_dictionary(file: File) -> Dictionary:
    """The dictionary in `file`. SourceError, naming each field at fault, when it is none or cannot be decided."""
    frame = take_apart(file, ReadOptions(), find=False).frame
    frame = frame.rename(
        {c: _COLUMNS.get(c.lower(), c.lower().rstrip("?")) for c in frame.columns}, strict=False
    )
    lacking = [column for column in _NEEDED if column not in frame.columns]
    if lacking:
        raise file.error(
            f"is no REDCap data dictionary: it has no column {', '.join(lacking)}.",
            "Download it under Project Setup, Data Dictionary.",
        )
    fields: dict[str, Field] = {}
    troubles: list[str] = []
    for row in frame.iter_rows(named=True):
        # R writes an empty cell as NA.
        cells = {
            column: "" if (cell or "").strip() == "NA" else (cell or "").strip()
            for column, cell in row.items()
        }
        name_ = cells["field_name"]
        if not name_:
            continue
        try:
            choices = _choices(cells["field_type"], cells["select_choices_or_calculations"])
        except ValueError as error:
            troubles.append(f"{name_}: {error}")
            choices = {}
        fields[name_] = Field(
            name=name_,
            form=cells["form_name"],
            type=cells["field_type"],
            label=cells["field_label"],
            choices=choices,
            note=cells.get("field_note", ""),
            validation=cells.get("text_validation_type_or_show_slider_number", ""),
            identifier=cells.get("identifier", "").lower() == "y",
        )
    if troubles:
        raise SourceError(
            file.name,
            f"choices that cannot be told apart: {'; '.join(troubles)}.",
            "Take the | out of the labels, or write each choice as `code, label`.",
        )
    if not fields:
        raise file.error("lists no fields.", "Download it again.")
    return Dictionary(fields)


def checkbox_column(field_name: str, code: str) -> str:
    """The column of one choice of a checkbox: `race` and `-99` give `race____99`."""
    return f"{field_name}___{re.sub('[^a-z0-9_]', '_', code.lower())}"


def _choices(kind: str, text: str) -> dict[str, str]:
    """Codes and labels, split at | and then at the first comma; ValueError where that does not come out."""
    if kind in _FIXED:
        return dict(_FIXED[kind])
    if kind not in _CHOSEN:
        return {}
    choices: dict[str, str] = {}
    for part in text.split("|"):
        if not part.strip():
            continue
        code, comma, label = (piece.strip() for piece in part.partition(","))
        if not comma or not code or " " in code:
            raise ValueError(f"{part.strip()!r} is not `code, label`")
        if code in choices:
            raise ValueError(f"code {code!r} is used twice")
        choices[code] = label
    return choices
