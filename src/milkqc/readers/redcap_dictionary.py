"""A REDCap data dictionary: what each field is, from its CSV by the long or the API's column names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from milkqc.errors import SourceError
from milkqc.readers.delimited import take_apart
from milkqc.readers.files import File
from milkqc.readers.options import ReadOptions
from milkqc.readers.redcap_lines import Named, lines_of

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
    "text validation min": "text_validation_min",
    "text validation max": "text_validation_max",
    "identifier?": "identifier",
    "branching logic (show field only if...)": "branching_logic",
    "required field?": "required_field",
    "matrix group name": "matrix_group_name",
    "field annotation": "field_annotation",
}
_NEEDED = ("field_name", "form_name", "field_type", "field_label", "select_choices_or_calculations")
_CHOSEN = ("radio", "dropdown", "checkbox")
_FIXED = {"yesno": {"1": "Yes", "0": "No"}, "truefalse": {"1": "True", "0": "False"}}


@dataclass(frozen=True)
class Field:
    """One field of a project. `choices` maps codes to labels; `type` and `validation` in REDCap's words.

    `section` is the header that the field stands under, written at it or at an earlier field of its form.
    """

    name: str
    form: str
    type: str
    label: str
    choices: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    validation: str = ""
    identifier: bool = False
    section: str = ""
    minimum: str = ""
    maximum: str = ""
    required: bool = False
    branching: str = ""
    calculation: str = ""
    annotation: str = ""
    matrix: str = ""

    @property
    def details(self) -> dict[str, str]:
        """What `Variable.details` says of the field, by the words of model.py; a word without content is left out."""
        said = {
            "form": self.form,
            "section": self.section,
            "field_type": self.type,
            "note": self.note,
            "validation": self.validation,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "required": "y" if self.required else "",
            "branching": self.branching,
            "calculation": self.calculation,
            "annotation": self.annotation,
            "matrix": self.matrix,
        }
        return {word: text for word, text in said.items() if text}

    @property
    def columns(self) -> dict[str, str]:
        """Its columns in a raw export, in order, each with its code: one for each choice of a checkbox, else itself."""
        if self.type == "checkbox":
            return {checkbox_column(self.name, code): code for code in self.choices}
        return {} if self.type == "descriptive" else {self.name: ""}


@dataclass(frozen=True)
class Dictionary:
    """All fields in order; the first is the record id. `titles` are the forms' names for people, where known."""

    fields: Mapping[str, Field]
    titles: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def record_id(self) -> str:
        """The field that names the record."""
        return next(iter(self.fields))

    @cached_property
    def forms(self) -> tuple[str, ...]:
        """The instruments, in order."""
        return tuple(dict.fromkeys(one.form for one in self.fields.values()))


def read_dictionary(file: File) -> Dictionary:
    """The dictionary in a CSV `file`. SourceError, naming each field at fault, when it is none or cannot be decided."""
    frame = take_apart(file, ReadOptions(), find=False).frame
    return dictionary_of(file, frame, lines=lambda rows: lines_of(file, frame.columns, rows))


def dictionary_of(
    file: Named, frame: pl.DataFrame, *, lines: Callable[[Sequence[int]], list[int]] | None = None
) -> Dictionary:
    """The dictionary in a String `frame`, by its long or API column names; `file` is what messages speak of.

    `lines` tells on which line of it the rows (from 0) begin; without, messages count the fields from 1.
    """
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
    troubles: list[tuple[int, str, str]] = []
    form = section = ""
    for place, row in enumerate(frame.iter_rows(named=True)):
        # R writes an empty cell as NA.
        cells = {
            column: "" if (cell or "").strip() == "NA" else (cell or "").strip()
            for column, cell in row.items()
        }
        name_ = cells["field_name"]
        if not name_:
            continue
        if cells["form_name"] != form:
            form, section = cells["form_name"], ""
        if name_ in fields:
            troubles.append((place, f"{name_} (form {form})", "the field is listed twice"))
        try:
            choices = choices_of(cells["field_type"], cells["select_choices_or_calculations"])
        except ValueError as error:
            troubles.append((place, f"{name_} (form {form})", str(error)))
            choices = {}
        section = cells.get("section_header") or section
        fields[name_] = _field(cells, choices, section)
    if troubles:
        rows = [place for place, _, _ in troubles]
        places = [f"line {line}" for line in lines(rows)] if lines else [f"field {row + 1}" for row in rows]
        said = [f"{place}: {name}: {why}" for place, (_, name, why) in zip(places, troubles, strict=True)]
        raise SourceError(
            file.name,
            f"fields that cannot be read: {'; '.join(said)}.",
            "Write each choice as `code, label` without a | in the label, or give the project's XML as `dictionary`.",
        )
    if not fields:
        raise file.error("lists no fields.", "Download it again.")
    return Dictionary(fields)


def _field(cells: Mapping[str, str], choices: Mapping[str, str], section: str) -> Field:
    return Field(
        name=cells["field_name"],
        form=cells["form_name"],
        type=cells["field_type"],
        label=cells["field_label"],
        choices=choices,
        note=cells.get("field_note", ""),
        validation=cells.get("text_validation_type_or_show_slider_number", ""),
        identifier=cells.get("identifier", "").lower() == "y",
        section=section,
        minimum=cells.get("text_validation_min", ""),
        maximum=cells.get("text_validation_max", ""),
        required=cells.get("required_field", "").lower() == "y",
        branching=cells.get("branching_logic", ""),
        calculation=cells["select_choices_or_calculations"] if cells["field_type"] == "calc" else "",
        annotation=cells.get("field_annotation", ""),
        matrix=cells.get("matrix_group_name", ""),
    )


def checkbox_column(field_name: str, code: str) -> str:
    """The column of one choice of a checkbox: `race` and `-99` give `race____99`."""
    return f"{field_name}___{re.sub('[^a-z0-9_]', '_', code.lower())}"


def choices_of(kind: str, text: str) -> dict[str, str]:
    """Codes and labels, split at | and then at the first comma; ValueError where that does not come out."""
    if kind in _FIXED:
        return dict(_FIXED[kind])
    if kind not in _CHOSEN:
        return {}
    return pairs(text)


def pairs(text: str) -> dict[str, str]:
    """`1, Yes | 0, No` as codes and labels; ValueError where a part is not `code, label`, or a code stands twice."""
    found: dict[str, str] = {}
    for part in text.split("|"):
        if not part.strip():
            continue
        code, comma, label = (piece.strip() for piece in part.partition(","))
        if not comma or not code or " " in code:
            raise ValueError(f"{part.strip()!r} is not `code, label`")
        if code in found:
            raise ValueError(f"code {code!r} is used twice")
        found[code] = label
    return found
