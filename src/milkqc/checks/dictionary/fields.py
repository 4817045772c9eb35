"""The fields of a project as its dictionary describes them, put together from the variables of a source."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from milkqc.model import Source, Variable

# The columns that say which row is whose; no fields of the dictionary.
EVENT, INSTRUMENT, INSTANCE = "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance"
_LONGEST_LABEL = 60


@dataclass(frozen=True)
class Field:
    """One field. `columns` maps its columns to what each stands for: a checkbox's code, else ''.

    `type`, `validation`, `branching` and `calculation` are in REDCap's words; `hidden` by an action tag.
    """

    name: str
    form: str
    type: str
    label: str
    columns: Mapping[str, str]
    validation: str = ""
    minimum: str = ""
    maximum: str = ""
    required: bool = False
    branching: str = ""
    calculation: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    missing_codes: frozenset[str] = frozenset()
    identifier: bool = False
    hidden: bool = False

    @property
    def column(self) -> str:
        """The column of a field that has one; the first of a checkbox."""
        return next(iter(self.columns))

    @property
    def comma(self) -> bool:
        """Whether its decimals are written with a comma."""
        return self.validation.endswith("comma_decimal")


def fields_of(source: Source) -> dict[str, Field]:
    """The fields by name, in the order of the columns; columns that the dictionary does not describe are left out."""
    found: dict[str, Field] = {}
    for variable in source.variables:
        if "form" not in variable.details or variable.name not in source.table.columns:
            continue
        name = variable.details.get("field", variable.name)
        code = variable.details.get("choice", "")
        if name in found:
            found[name] = replace(found[name], columns={**found[name].columns, variable.name: code})
        else:
            found[name] = _field(name, code, variable)
    return found


def record_id(source: Source) -> str | None:
    """The column that names the record, by the mark of the reader. Null where it was dropped as an identifier."""
    marked = (variable.name for variable in source.variables if variable.details.get("record") == "y")
    return next(marked, None)


def _field(name: str, code: str, variable: Variable) -> Field:
    said = variable.details
    tags = set(re.findall(r"@[A-Z-]+", said.get("annotation", "")))
    kind = said.get("field_type", variable.source_type)
    return Field(
        name=name,
        form=said["form"],
        type=kind,
        label=_label(variable, checkbox=kind == "checkbox"),
        columns={variable.name: code},
        validation=said.get("validation", ""),
        minimum=said.get("minimum", ""),
        maximum=said.get("maximum", ""),
        required=said.get("required", "").lower() == "y",
        branching=said.get("branching", ""),
        # @CALCTEXT and @CALCDATE stand in the annotation of text fields, and their results are no numbers.
        calculation=said.get("calculation", "") if kind == "calc" else "",
        choices=variable.value_labels,
        missing_codes=frozenset(variable.missing_codes),
        identifier=variable.identifier,
        hidden=bool(tags & {"@HIDDEN", "@HIDDEN-FORM"}),
    )


def _label(variable: Variable, *, checkbox: bool) -> str:
    """The label as a sentence can hold it: without HTML, on one line, not too long; the name where there is none."""
    text = variable.label.rpartition(": ")[0] or variable.label if checkbox else variable.label
    plain = " ".join(re.sub(r"<[^<>]*>", " ", text).split())
    plain = plain if len(plain) <= _LONGEST_LABEL else plain[: _LONGEST_LABEL - 1] + "…"
    return plain or variable.details.get("field", variable.name)


def forms_of(fields: Sequence[Field]) -> tuple[str, ...]:
    """The forms that the fields stand on, in order."""
    return tuple(dict.fromkeys(each.form for each in fields))
